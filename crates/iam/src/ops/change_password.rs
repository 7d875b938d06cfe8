//! ChangePassword: a user's own password, for who knows the old one.

use rolecall_actions::iam::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Prepare, Slow, Write};
use rolecall_identity::records::KeyOwner;
use rolecall_identity::{Caller, Who};

use crate::login_profile;
use crate::model::{ChangePassword, ChangePasswordRequest, ChangePasswordResponse, fault};

impl Operation for ChangePassword {
    type Access = Write;

    const PREPARE: Option<Prepare<Self>> = Some(prepare);

    fn needs(_input: &ChangePasswordRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let caller = ByArn::<kind::User>::new(&at.caller.principal_arn, at.account());
        let caller = caller.tagged(at.caller.tags.iter().cloned().collect());
        let account_wide = login_profile::self_service(at)?;
        Ok(Needs::action(iam::ChangePassword).on(&caller).granted_by(account_wide).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ChangePasswordResponse, Fault> {
        let (input, caller, now) = (req.input, req.caller, req.now.whole_seconds());
        let found = login_profile::prepared(req)?;
        let (owner, name) = user(caller)?;
        let tx = req.tx()?;
        let mut profile = login_profile::get(tx, caller, &owner, name)?;
        found.check_unchanged(name, Some(&profile))?;
        if found.too_many {
            return Err(Fault::new("Throttling", 400, "Rate exceeded"));
        }
        if !found.old_is_right {
            return Err(Fault::new("AccessDenied", 403, "The old password was incorrect."));
        }
        found.check_policy(tx, caller, &input.new_password)?;
        found.check_differs(&profile)?;
        found.replace(&mut profile, now);
        profile.reset_required = false;
        login_profile::put(tx, caller, &owner, &profile)?;
        Ok(ChangePasswordResponse {})
    }
}

fn prepare(input: &ChangePasswordRequest, at: &At<'_>) -> Result<Slow, Fault> {
    let (owner, name) = user(at.caller)?;
    login_profile::get(at.db()?, at.caller, &owner, name)?;
    login_profile::prepare(at, &owner, Some(&input.old_password), &input.new_password)
}

/// # Errors
/// InvalidUserType for a caller that is no IAM user.
fn user(caller: &Caller) -> Result<(KeyOwner, &str), Fault> {
    match (caller.who, &caller.user_name) {
        (Who::User, Some(name)) => Ok((KeyOwner::User(caller.principal_id.clone()), name)),
        _ => Err(fault::invalid_user_type("Only IAM Users can change their own password.")),
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_door::Visitor;
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::*;
    use crate::scene::{READ, Scene};

    const OLD: &str = "Correct-horse1";
    const NEW: &str = "Correct-horse2";

    fn change(scene: &Scene, who: &Visitor, old: &str, new: &str) -> Result<(), Fault> {
        let input = ChangePasswordRequest { old_password: old.into(), new_password: new.into() };
        scene.world.call::<ChangePassword>(who, input).map(|_| ())
    }

    fn allow_all(scene: &Scene, yes: bool) {
        let input = UpdateAccountPasswordPolicyRequest {
            allow_users_to_change_password: Some(yes),
            ..Default::default()
        };
        scene.call::<UpdateAccountPasswordPolicy>(input).unwrap();
    }

    fn changer(scene: &Scene) -> Visitor {
        let policy = READ.replace("s3:GetObject", "iam:ChangePassword");
        let ann = scene.world.user("ann", &policy);
        scene.password("ann", OLD).unwrap();
        ann
    }

    #[test]
    fn who_knows_the_old_password_sets_a_new_one() {
        let scene = Scene::new();
        let ann = changer(&scene);
        let text = check_fault(change(&scene, &ann, "Correct-horse0", NEW), "AccessDenied");
        assert_eq!(text, "The old password was incorrect.");
        check_fault(change(&scene, &ann, OLD, "short"), "PasswordPolicyViolation");
        change(&scene, &ann, OLD, NEW).unwrap();
        assert!(scene.world.door.identity.verify_password(ACCOUNT, "ann", NEW).is_ok());
        assert!(scene.world.door.identity.verify_password(ACCOUNT, "ann", OLD).is_err());
    }

    #[test]
    fn no_password_is_in_the_audit_log() {
        let scene = Scene::new();
        let ann = changer(&scene);
        change(&scene, &ann, OLD, NEW).unwrap();
        let input = UpdateLoginProfileRequest {
            user_name: "ann".into(),
            password: Some("Correct-horse3".into()),
            ..Default::default()
        };
        scene.call::<UpdateLoginProfile>(input).unwrap();
        check_fault(change(&scene, &ann, OLD, NEW), "AccessDenied");
        let records = scene.records() + &scene.world.records.all().concat();
        for event in ["CreateLoginProfile", "ChangePassword", "UpdateLoginProfile"] {
            assert!(records.contains(&format!(r#""eventName":"{event}""#)), "{event}");
        }
        assert!(!records.contains("horse"), "{records}");
    }

    #[test]
    fn the_account_may_let_all_users_change_their_own() {
        let scene = Scene::new();
        let ann = scene.world.user("ann", "");
        scene.password("ann", OLD).unwrap();
        let text = check_fault(change(&scene, &ann, OLD, NEW), "AccessDenied");
        assert!(text.contains("is not authorized to perform: iam:ChangePassword"), "{text}");
        allow_all(&scene, true);
        change(&scene, &ann, OLD, NEW).unwrap();
        scene.world.call::<GetAccountPasswordPolicy>(&ann, Default::default()).unwrap();
        allow_all(&scene, false);
        check_fault(change(&scene, &ann, NEW, OLD), "AccessDenied");
        check_fault(scene.world.call::<GetAccountPasswordPolicy>(&ann, Default::default()), "AccessDenied");
    }

    #[test]
    fn a_deny_beats_what_the_account_allows() {
        let scene = Scene::new();
        let deny = READ.replace("Allow", "Deny").replace("s3:GetObject", "iam:ChangePassword");
        let ann = scene.world.user("ann", &deny);
        scene.password("ann", OLD).unwrap();
        allow_all(&scene, true);
        check_fault(change(&scene, &ann, OLD, NEW), "AccessDenied");
    }

    #[test]
    fn a_password_that_must_be_changed_does_not_stay() {
        let scene = Scene::new();
        let ann = changer(&scene);
        let input = UpdateLoginProfileRequest {
            user_name: "ann".into(),
            password_reset_required: Some(true),
            ..Default::default()
        };
        scene.call::<UpdateLoginProfile>(input).unwrap();
        check_fault(change(&scene, &ann, OLD, OLD), "PasswordPolicyViolation");
        change(&scene, &ann, OLD, NEW).unwrap();
        let signed_in = scene.world.door.identity.verify_password(ACCOUNT, "ann", NEW).unwrap();
        assert!(!signed_in.must_change);
    }

    #[test]
    fn who_guesses_the_old_password_is_slowed_down() {
        let scene = Scene::new();
        let ann = changer(&scene);
        for _ in 0..5 {
            check_fault(change(&scene, &ann, "Correct-horse0", NEW), "AccessDenied");
        }
        check_fault(change(&scene, &ann, OLD, NEW), "Throttling");
        scene.world.env.advance(std::time::Duration::from_secs(30));
        change(&scene, &ann, OLD, NEW).unwrap();
    }

    #[test]
    fn root_has_no_password_here_and_a_user_may_have_none() {
        let scene = Scene::new();
        let text = check_fault(change(&scene, &scene.root, OLD, NEW), "InvalidUserType");
        assert_eq!(text, "Only IAM Users can change their own password.");
        let ann = scene.world.user("ann", &READ.replace("s3:GetObject", "iam:*"));
        let text = check_fault(change(&scene, &ann, OLD, NEW), "NoSuchEntity");
        assert_eq!(text, "Login Profile for User ann cannot be found.");
    }
}
