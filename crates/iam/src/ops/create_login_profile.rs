//! CreateLoginProfile: a user's first password; in a session of AssumeRoot, the root user's.

use base64::Engine as _;
use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Prepare, Slow, Write};
use rolecall_identity::records::{KeyOwner, LoginProfiles};

use crate::access_key;
use crate::login_profile;
use crate::model::{CreateLoginProfile, CreateLoginProfileRequest, CreateLoginProfileResponse, fault};

impl Operation for CreateLoginProfile {
    type Access = Write;

    const PREPARE: Option<Prepare<Self>> = Some(prepare);

    fn needs(input: &CreateLoginProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::CreateLoginProfile).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateLoginProfileResponse, Fault> {
        let (input, caller, now) = (req.input, req.caller, req.now.whole_seconds());
        let found = login_profile::prepared(req)?;
        let tx = req.tx()?;
        let (owner, name) = login_profile::owner(tx, caller, input.user_name.as_deref())?;
        if tx.exists::<LoginProfiles>(&(caller.account, owner.word().to_owned()))? {
            let text = format!("Login Profile for user {name} already exists.");
            return Err(fault::entity_already_exists(text));
        }
        if owner != KeyOwner::Root {
            found.check_policy(tx, caller, password(input)?)?;
        }
        let profile = found.first(now, input.password_reset_required.unwrap_or(false));
        login_profile::put(tx, caller, &owner, &profile)?;
        Ok(CreateLoginProfileResponse { login_profile: login_profile::to_wire(&name, &profile) })
    }
}

fn prepare(input: &CreateLoginProfileRequest, at: &At<'_>) -> Result<Slow, Fault> {
    let (owner, _) = login_profile::owner(at.db()?, at.caller, input.user_name.as_deref())?;
    if owner == KeyOwner::Root {
        if input.password.is_some() {
            let text = "Password cannot be specified when creating the root user's login profile.";
            return Err(Fault::validation(text));
        }
        // The profile is there to be recovered: until then its password is one that nobody knows.
        let unknown = base64_of(at.env.random::<32>());
        return login_profile::prepare(at, &owner, None, &unknown);
    }
    login_profile::prepare(at, &owner, None, password(input)?)
}

fn base64_of(bytes: [u8; 32]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// # Errors
/// ValidationError: a password may be missing only for the root user.
fn password(input: &CreateLoginProfileRequest) -> Result<&str, Fault> {
    input.password.as_deref().ok_or_else(|| {
        Fault::validation(
            "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null",
        )
    })
}

#[cfg(test)]
mod tests {
    use rolecall_identity::passwords::NotSignedIn;
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn the_password_signs_in_and_another_one_does_not() {
        let scene = Scene::new();
        scene.user("ann");
        let profile = scene.password("ann", "Correct-horse1").unwrap();
        assert_eq!((profile.user_name.as_str(), profile.password_reset_required), ("ann", Some(false)));
        let identity = &scene.world.door.identity;
        let signed_in = identity.verify_password(ACCOUNT, "Ann", "Correct-horse1").unwrap();
        assert!(!signed_in.must_change);
        scene.world.run(identity.password_used(&signed_in.user)).unwrap();
        let input = GetUserRequest { user_name: Some("ann".into()) };
        let user = scene.call::<GetUser>(input).unwrap().user;
        assert_eq!(user.password_last_used, Some(scene.world.env.now()));
        for (name, password) in [("ann", "correct-horse1"), ("bob", "Correct-horse1")] {
            let refused = identity.verify_password(ACCOUNT, name, password);
            assert!(matches!(refused, Err(NotSignedIn::Wrong)), "{name}");
        }
    }

    #[test]
    fn who_guesses_is_locked_out_for_a_while_even_with_the_right_password() {
        let scene = Scene::new();
        scene.user("ann");
        scene.password("ann", "Correct-horse1").unwrap();
        let try_it = |password| scene.world.door.identity.verify_password(ACCOUNT, "ann", password);
        for _ in 0..5 {
            try_it("wrong").unwrap_err();
        }
        try_it("Correct-horse1").unwrap_err();
        scene.world.env.advance(std::time::Duration::from_secs(30));
        try_it("Correct-horse1").unwrap();
    }

    #[test]
    fn a_user_has_one_password_that_the_default_policy_allows() {
        let scene = Scene::new();
        scene.user("ann");
        let text = check_fault(scene.password("ann", "short1!"), "PasswordPolicyViolation");
        assert_eq!(text, "Password should have a minimum length of 8");
        scene.password("ann", "Correct-horse1").unwrap();
        let text = check_fault(scene.password("ann", "Correct-horse2"), "EntityAlreadyExists");
        assert_eq!(text, "Login Profile for user ann already exists.");
        check_fault(scene.password("bob", "Correct-horse1"), "NoSuchEntity");
    }

    #[test]
    fn a_user_with_a_password_is_not_deleted() {
        let scene = Scene::new();
        scene.user("ann");
        scene.password("ann", "Correct-horse1").unwrap();
        let delete = || scene.call::<DeleteUser>(DeleteUserRequest { user_name: "ann".into() });
        let text = check_fault(delete(), "DeleteConflict");
        assert_eq!(text, "Cannot delete entity, must delete login profile first.");
        let input = DeleteLoginProfileRequest { user_name: Some("ann".into()) };
        scene.call::<DeleteLoginProfile>(input.clone()).unwrap();
        let text = check_fault(scene.call::<DeleteLoginProfile>(input), "NoSuchEntity");
        assert_eq!(text, "Login Profile for User ann cannot be found.");
        delete().unwrap();
    }

    #[test]
    fn a_denied_caller_costs_no_digest_and_sets_no_password() {
        let scene = Scene::new();
        scene.user("ann");
        let bob = scene.world.user("bob", "");
        let input = CreateLoginProfileRequest {
            user_name: Some("ann".into()),
            password: Some("Correct-horse1".into()),
            ..Default::default()
        };
        check_fault(scene.world.call::<CreateLoginProfile>(&bob, input), "AccessDenied");
        let input = GetLoginProfileRequest { user_name: Some("ann".into()) };
        check_fault(scene.call::<GetLoginProfile>(input), "NoSuchEntity");
    }

    #[test]
    fn a_member_root_user_gets_a_profile_that_no_password_opens_by_its_task_only() {
        let scene = Scene::new();
        let member = "222222222222".parse().unwrap();
        scene.world.organization(member);
        let create = |visitor: &_, input| scene.world.call::<CreateLoginProfile>(visitor, input);
        let session = scene.world.assumed_root(member, "IAMCreateRootUserPassword");
        let named =
            CreateLoginProfileRequest { password: Some("Correct-horse1".into()), ..Default::default() };
        check_fault(create(&session, named), "ValidationError");
        create(&session, Default::default()).unwrap();
        check_fault(create(&session, Default::default()), "EntityAlreadyExists");
        let delete = |visitor: &_| scene.world.call::<DeleteLoginProfile>(visitor, Default::default());
        let text = check_fault(delete(&session), "AccessDenied");
        assert!(text.contains("with an explicit deny in a session policy"), "{text}");
        delete(&scene.world.assumed_root(member, "IAMDeleteRootUserCredentials")).unwrap();
        // The root user with credentials of its own has no such operation.
        check_fault(create(&scene.world.root(member), Default::default()), "ValidationError");
    }
}
