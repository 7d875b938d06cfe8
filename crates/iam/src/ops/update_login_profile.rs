//! UpdateLoginProfile: another password for a user, or whether it must choose one itself.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Prepare, Slow, Write};

use crate::access_key;
use crate::login_profile;
use crate::model::{UpdateLoginProfile, UpdateLoginProfileRequest, UpdateLoginProfileResponse};

impl Operation for UpdateLoginProfile {
    type Access = Write;

    const PREPARE: Option<Prepare<Self>> = Some(prepare);

    fn needs(input: &UpdateLoginProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, Some(&input.user_name))?;
        Ok(Needs::action(iam::UpdateLoginProfile).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateLoginProfileResponse, Fault> {
        let (input, caller, now) = (req.input, req.caller, req.now.whole_seconds());
        let found = input.password.as_ref().map(|_| login_profile::prepared(req)).transpose()?;
        let tx = req.tx()?;
        let (owner, name) = login_profile::owner(tx, caller, Some(&input.user_name))?;
        let mut profile = login_profile::get(tx, caller, &owner, &name)?;
        if let (Some(password), Some(found)) = (&input.password, found) {
            found.check_unchanged(&name, Some(&profile))?;
            found.check_policy(tx, caller, password)?;
            found.replace(&mut profile, now);
        }
        profile.reset_required = input.password_reset_required.unwrap_or(profile.reset_required);
        login_profile::put(tx, caller, &owner, &profile)?;
        Ok(UpdateLoginProfileResponse {})
    }
}

fn prepare(input: &UpdateLoginProfileRequest, at: &At<'_>) -> Result<Slow, Fault> {
    let (db, caller) = (at.db()?, at.caller);
    let (owner, name) = login_profile::owner(db, caller, Some(&input.user_name))?;
    login_profile::get(db, caller, &owner, &name)?;
    match &input.password {
        Some(password) => login_profile::prepare(at, &owner, None, password),
        None => Ok(Box::new(|| Ok(Box::new(())))),
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_identity::passwords::{NotSignedIn, SignedIn};
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::*;
    use crate::scene::Scene;

    fn update(scene: &Scene, password: Option<&str>, reset: Option<bool>) -> Result<(), Fault> {
        let input = UpdateLoginProfileRequest {
            user_name: "ann".into(),
            password: password.map(str::to_owned),
            password_reset_required: reset,
        };
        scene.call::<UpdateLoginProfile>(input).map(|_| ())
    }

    fn sign_in(scene: &Scene, password: &str) -> Result<SignedIn, NotSignedIn> {
        scene.world.door.identity.verify_password(ACCOUNT, "ann", password)
    }

    #[test]
    fn the_new_password_takes_the_old_ones_place_and_the_date_stays() {
        let scene = Scene::new();
        scene.user("ann");
        check_fault(update(&scene, Some("Correct-horse2"), None), "NoSuchEntity");
        let first = scene.password("ann", "Correct-horse1").unwrap();
        scene.world.env.advance(std::time::Duration::from_secs(60));
        update(&scene, Some("Correct-horse2"), Some(true)).unwrap();
        assert!(sign_in(&scene, "Correct-horse1").is_err());
        assert!(sign_in(&scene, "Correct-horse2").unwrap().must_change);
        update(&scene, None, Some(false)).unwrap();
        assert!(!sign_in(&scene, "Correct-horse2").unwrap().must_change);
        let input = GetLoginProfileRequest { user_name: Some("ann".into()) };
        let shown = scene.call::<GetLoginProfile>(input).unwrap().login_profile;
        assert_eq!(shown.create_date, first.create_date);
    }

    #[test]
    fn former_passwords_are_refused_as_far_back_as_the_policy_says() {
        let scene = Scene::new();
        scene.user("ann");
        scene.password("ann", "Correct-horse1").unwrap();
        let input =
            UpdateAccountPasswordPolicyRequest { password_reuse_prevention: Some(2), ..Default::default() };
        scene.call::<UpdateAccountPasswordPolicy>(input).unwrap();
        let text = check_fault(update(&scene, Some("Correct-horse1"), None), "PasswordPolicyViolation");
        assert_eq!(
            text,
            "Policy constraint violation with password reuse prevention during password change."
        );
        update(&scene, Some("Correct-horse2"), None).unwrap();
        check_fault(update(&scene, Some("Correct-horse1"), None), "PasswordPolicyViolation");
        update(&scene, Some("Correct-horse3"), None).unwrap();
        update(&scene, Some("Correct-horse1"), None).unwrap();
        // A stricter policy finds what was used before it came.
        let input =
            UpdateAccountPasswordPolicyRequest { password_reuse_prevention: Some(24), ..Default::default() };
        scene.call::<UpdateAccountPasswordPolicy>(input).unwrap();
        check_fault(update(&scene, Some("Correct-horse2"), None), "PasswordPolicyViolation");
    }

    #[test]
    fn a_password_expires_and_may_then_be_changed_or_not() {
        let scene = Scene::new();
        scene.user("ann");
        scene.password("ann", "Correct-horse1").unwrap();
        let expiring = |hard| UpdateAccountPasswordPolicyRequest {
            max_password_age: Some(90),
            hard_expiry: Some(hard),
            ..Default::default()
        };
        scene.call::<UpdateAccountPasswordPolicy>(expiring(false)).unwrap();
        scene.world.env.advance(std::time::Duration::from_secs(90 * 86_400 - 1));
        assert!(!sign_in(&scene, "Correct-horse1").unwrap().must_change);
        scene.world.env.advance(std::time::Duration::from_secs(1));
        assert!(sign_in(&scene, "Correct-horse1").unwrap().must_change);
        scene.call::<UpdateAccountPasswordPolicy>(expiring(true)).unwrap();
        assert!(matches!(sign_in(&scene, "Correct-horse1"), Err(NotSignedIn::Expired)));
        assert!(matches!(sign_in(&scene, "Correct-horse2"), Err(NotSignedIn::Wrong)));
        update(&scene, Some("Correct-horse2"), None).unwrap();
        assert!(!sign_in(&scene, "Correct-horse2").unwrap().must_change);
    }
}
