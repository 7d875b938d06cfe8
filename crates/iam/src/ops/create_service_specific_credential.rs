//! CreateServiceSpecificCredential: a password or API key of a user for one service, shown this once.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::model::{
    CreateServiceSpecificCredential, CreateServiceSpecificCredentialRequest,
    CreateServiceSpecificCredentialResponse,
};
use crate::service_credential;

impl Operation for CreateServiceSpecificCredential {
    type Access = Write;

    fn needs(input: &CreateServiceSpecificCredentialRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        let days = input.credential_age_days.map(|days| days.to_string());
        Ok(Needs::action(iam::CreateServiceSpecificCredential)
            .on(&user)
            .key(iam::key::ServiceSpecificCredentialServiceName, Some(input.service_name.as_str()))
            .key(iam::key::ServiceSpecificCredentialAgeDays, days)
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateServiceSpecificCredentialResponse, Fault> {
        let (input, account, env, now) = (req.input, req.account(), req.env, req.now);
        let tx = req.tx()?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        let service = service_credential::service(&input.service_name)?;
        let made = service_credential::create(tx, env, now, &user, service, input.credential_age_days)?;
        let shown = service_credential::to_wire(&user, made, now);
        Ok(CreateServiceSpecificCredentialResponse { service_specific_credential: Some(shown) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::Engine as _;
    use rolecall_base::Fault;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    const GIT: &str = "codecommit.amazonaws.com";
    const BEDROCK: &str = "bedrock.amazonaws.com";

    fn create(
        scene: &Scene,
        user: &str,
        service: &str,
        days: Option<i32>,
    ) -> Result<ServiceSpecificCredential, Fault> {
        let input = CreateServiceSpecificCredentialRequest {
            user_name: user.into(),
            service_name: service.into(),
            credential_age_days: days,
        };
        let response = scene.call::<CreateServiceSpecificCredential>(input);
        response.map(|response| response.service_specific_credential.unwrap())
    }

    fn list(
        scene: &Scene,
        input: ListServiceSpecificCredentialsRequest,
    ) -> Vec<ServiceSpecificCredentialMetadata> {
        let response = scene.call::<ListServiceSpecificCredentials>(input);
        response.unwrap().service_specific_credentials.unwrap()
    }

    fn of(user: &str) -> ListServiceSpecificCredentialsRequest {
        ListServiceSpecificCredentialsRequest { user_name: Some(user.into()), ..Default::default() }
    }

    #[test]
    fn a_password_is_shown_once_and_two_are_the_most_per_service() {
        let scene = Scene::new();
        scene.user("ann");
        let first = create(&scene, "ann", GIT, None).unwrap();
        assert_eq!(first.service_user_name.as_deref(), Some("ann-at-000000000000"));
        assert_eq!(first.service_password.unwrap().len(), 44);
        assert_eq!((first.service_credential_secret, first.expiration_date), (None, None));
        let second = create(&scene, "ann", GIT, None).unwrap();
        assert_eq!(second.service_user_name.as_deref(), Some("ann+1-at-000000000000"));
        check_fault(create(&scene, "ann", GIT, None), "LimitExceeded");
        create(&scene, "ann", "cassandra.amazonaws.com", None).unwrap();
        assert_eq!(list(&scene, of("ann")).len(), 3);
        let only = ListServiceSpecificCredentialsRequest { service_name: Some(GIT.into()), ..of("ann") };
        assert_eq!(list(&scene, only).len(), 2);
    }

    #[test]
    fn only_some_services_have_such_credentials_and_fewer_an_age() {
        let scene = Scene::new();
        scene.user("ann");
        let text = check_fault(create(&scene, "ann", "lambda.amazonaws.com", None), "NoSuchEntity");
        assert_eq!(
            text,
            "No such service lambda.amazonaws.com is supported for Service Specific Credentials"
        );
        check_fault(create(&scene, "ann", GIT, Some(3)), "ValidationError");
        check_fault(create(&scene, "bob", GIT, None), "NoSuchEntity");
    }

    #[test]
    fn an_api_key_has_the_users_name_inside_and_expires() {
        let scene = Scene::new();
        scene.user("ann");
        let key = create(&scene, "ann", BEDROCK, Some(3)).unwrap();
        assert_eq!((key.service_user_name, key.service_password), (None, None));
        let alias = key.service_credential_alias.unwrap();
        let secret = key.service_credential_secret.unwrap();
        let inside = base64::engine::general_purpose::STANDARD.decode(&secret[4..]).unwrap();
        assert!(secret.starts_with("ABSK") && inside.starts_with(format!("{alias}:").as_bytes()));
        assert_eq!(list(&scene, of("ann"))[0].status, "Active");
        scene.world.env.advance(Duration::from_secs(3 * 86_400));
        assert_eq!(list(&scene, of("ann"))[0].status, "Expired");
    }

    #[test]
    fn a_credential_is_reset_switched_off_and_deleted_before_its_user() {
        let scene = Scene::new();
        scene.user("ann");
        let first = create(&scene, "ann", GIT, None).unwrap();
        let id = || first.service_specific_credential_id.clone();
        let user_name = || Some("ann".to_owned());
        let input = ResetServiceSpecificCredentialRequest {
            user_name: user_name(),
            service_specific_credential_id: id(),
        };
        let again = scene.call::<ResetServiceSpecificCredential>(input).unwrap();
        let again = again.service_specific_credential.unwrap();
        assert_eq!(again.service_user_name, first.service_user_name);
        assert_ne!(again.service_password, first.service_password);
        let update = |status: &str, id: String| {
            scene.call::<UpdateServiceSpecificCredential>(UpdateServiceSpecificCredentialRequest {
                user_name: user_name(),
                service_specific_credential_id: id,
                status: status.into(),
            })
        };
        check_fault(update("Expired", id()), "ValidationError");
        update("Inactive", id()).unwrap();
        assert_eq!(list(&scene, of("ann"))[0].status, "Inactive");
        let other = "ACCAAAAAAAAAAAAAAAAAA".to_owned();
        let text = check_fault(update("Inactive", other.clone()), "NoSuchEntity");
        assert_eq!(text, format!("No such credential {other} exists"));

        let gone = || scene.call::<DeleteUser>(DeleteUserRequest { user_name: "ann".into() });
        check_fault(gone(), "DeleteConflict");
        let input = DeleteServiceSpecificCredentialRequest {
            user_name: user_name(),
            service_specific_credential_id: id(),
        };
        scene.call::<DeleteServiceSpecificCredential>(input).unwrap();
        gone().unwrap();
    }

    #[test]
    fn those_of_all_users_are_listed_for_a_service() {
        let scene = Scene::new();
        for user in ["ann", "bob"] {
            scene.user(user);
            create(&scene, user, GIT, None).unwrap();
        }
        create(&scene, "ann", BEDROCK, None).unwrap();
        let all = |service: &str, max_items, marker| ListServiceSpecificCredentialsRequest {
            service_name: Some(service.into()),
            all_users: Some(true),
            max_items,
            marker,
            ..Default::default()
        };
        assert_eq!(list(&scene, all(GIT, None, None)).len(), 2);
        assert_eq!(list(&scene, all(BEDROCK, None, None))[0].user_name, "ann");
        let first = scene.call::<ListServiceSpecificCredentials>(all(GIT, Some(1), None)).unwrap();
        let second = scene.call::<ListServiceSpecificCredentials>(all(GIT, Some(1), first.marker)).unwrap();
        let names = [first.service_specific_credentials, second.service_specific_credentials]
            .map(|list| list.unwrap()[0].user_name.clone());
        assert!(names[0] != names[1] && second.is_truncated == Some(false), "{names:?}");
        let both = ListServiceSpecificCredentialsRequest { all_users: Some(true), ..of("ann") };
        check_fault(scene.call::<ListServiceSpecificCredentials>(both), "ValidationError");
    }
}
