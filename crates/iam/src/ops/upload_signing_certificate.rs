//! UploadSigningCertificate: gives a user, or root, an X.509 certificate to sign with.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    UploadSigningCertificate, UploadSigningCertificateRequest, UploadSigningCertificateResponse, fault,
};
use crate::records::SigningCertificate;
use crate::{access_key, certificate, signing_certificate};

impl Operation for UploadSigningCertificate {
    type Access = Write;

    fn needs(input: &UploadSigningCertificateRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::UploadSigningCertificate).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UploadSigningCertificateResponse, Fault> {
        let (input, account, caller) = (req.input, req.account(), req.caller);
        let parsed = certificate::parse(&input.certificate_body)?;
        if !parsed.is_current(req.now) {
            return Err(fault::invalid_certificate("The certificate has expired or is not yet valid."));
        }
        let new = SigningCertificate {
            id: req.env.certificate_id(),
            body: input.certificate_body.clone(),
            digest: parsed.digest,
            active: true,
            uploaded: req.now.whole_seconds(),
        };
        let tx = req.tx()?;
        let (owner, name) = access_key::owner(tx, caller, input.user_name.as_deref())?;
        signing_certificate::add(tx, account, &owner, &new)?;
        let certificate = signing_certificate::to_wire(name.as_deref(), new);
        Ok(UploadSigningCertificateResponse { certificate })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    const RSA: &str = include_str!("../../tests/certificates/rsa.pem");
    const EC: &str = include_str!("../../tests/certificates/ec.pem");
    const ROOT: &str = include_str!("../../tests/certificates/root.pem");

    fn upload(scene: &Scene, user: Option<&str>, body: &str) -> Result<SigningCertificate, Fault> {
        let input = UploadSigningCertificateRequest {
            user_name: user.map(str::to_owned),
            certificate_body: body.into(),
        };
        scene.call::<UploadSigningCertificate>(input).map(|response| response.certificate)
    }

    fn list(scene: &Scene, user: Option<&str>) -> Vec<SigningCertificate> {
        let input =
            ListSigningCertificatesRequest { user_name: user.map(str::to_owned), ..Default::default() };
        scene.call::<ListSigningCertificates>(input).unwrap().certificates
    }

    #[test]
    fn two_are_the_most_and_no_two_users_have_the_same() {
        let scene = Scene::new();
        scene.user("ann");
        scene.user("bob");
        let first = upload(&scene, Some("ann"), RSA).unwrap();
        assert_eq!((first.certificate_id.len(), first.certificate_body.as_str()), (32, RSA));
        check_fault(upload(&scene, Some("bob"), RSA), "DuplicateCertificate");
        check_fault(upload(&scene, None, RSA), "DuplicateCertificate");
        upload(&scene, Some("ann"), EC).unwrap();
        let message = check_fault(upload(&scene, Some("ann"), ROOT), "LimitExceeded");
        assert_eq!(message, "Cannot exceed quota for SigningCertificatesPerUser: 2");
        check_fault(upload(&scene, Some("bob"), "x"), "MalformedCertificate");
        let old = include_str!("../../tests/certificates/old.pem");
        check_fault(upload(&scene, Some("bob"), old), "InvalidCertificate");
        assert_eq!((list(&scene, Some("ann")).len(), list(&scene, Some("bob")).len()), (2, 0));
    }

    #[test]
    fn a_certificate_is_switched_off_and_deleted_before_its_user() {
        let scene = Scene::new();
        scene.user("ann");
        let id = upload(&scene, Some("ann"), RSA).unwrap().certificate_id;
        let update = |status: &str| {
            let input = UpdateSigningCertificateRequest {
                user_name: Some("ann".into()),
                certificate_id: id.clone(),
                status: status.into(),
            };
            scene.call::<UpdateSigningCertificate>(input)
        };
        check_fault(update("Expired"), "InvalidInput");
        update("Inactive").unwrap();
        assert_eq!(list(&scene, Some("ann"))[0].status, "Inactive");
        let gone = || scene.call::<DeleteUser>(DeleteUserRequest { user_name: "ann".into() });
        let text = check_fault(gone(), "DeleteConflict");
        assert_eq!(text, "Cannot delete entity, must delete signing certificates first.");
        let delete = |user: Option<&str>| {
            let input = DeleteSigningCertificateRequest {
                user_name: user.map(str::to_owned),
                certificate_id: id.clone(),
            };
            scene.call::<DeleteSigningCertificate>(input)
        };
        check_fault(delete(None), "NoSuchEntity");
        delete(Some("ann")).unwrap();
        gone().unwrap();
        let own = upload(&scene, None, RSA).unwrap();
        assert_eq!((own.user_name.as_str(), list(&scene, None).len()), ("", 1), "root has certificates too");
    }
}
