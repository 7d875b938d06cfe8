//! UploadServerCertificate: a certificate with its private key, which nobody is ever shown again.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::certificate;
use crate::entity::Target;
use crate::model::{
    UploadServerCertificate, UploadServerCertificateRequest, UploadServerCertificateResponse, fault,
};
use crate::quota::Quotas;
use crate::records::ServerCertificate;
use crate::server_certificate::{self, Part};
use crate::tags;

impl Operation for UploadServerCertificate {
    type Access = Write;

    fn needs(input: &UploadServerCertificateRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (path, name) = (input.path.as_deref(), &input.server_certificate_name);
        let target = Target::<ServerCertificate>::new(at.account(), path, name);
        Ok(Needs::action(iam::UploadServerCertificate)
            .on(&target)
            .request_tags(tags::pairs(input.tags.as_ref()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UploadServerCertificateResponse, Fault> {
        let (input, env, vault) = (req.input, req.env, &req.identity.vault);
        let parsed = certificate::parse(&input.certificate_body)?;
        parsed.check_key(&input.private_key)?;
        if let Some(chain) = &input.certificate_chain {
            parsed.check_chain(chain)?;
        }
        if !parsed.is_current(req.now) {
            return Err(fault::malformed_certificate("The certificate has expired or is not yet valid."));
        }
        let new = ServerCertificate {
            account: req.account(),
            name: input.server_certificate_name.clone(),
            path: input.path.clone().unwrap_or_else(|| "/".into()),
            id: env.unique_id("ASCA"),
            uploaded: req.now.whole_seconds(),
            expires: parsed.not_after,
            tags: tags::first(input.tags.as_ref(), "TagsPerServerCertificate")?,
        };
        let quotas = Quotas::of(req.extensions);
        let tx = req.tx()?;
        server_certificate::create(tx, &new, &quotas)?;
        server_certificate::write(tx, &new, Part::Body, &input.certificate_body)?;
        if let Some(chain) = &input.certificate_chain {
            server_certificate::write(tx, &new, Part::Chain, chain)?;
        }
        server_certificate::write_key(tx, env, vault, &new, &input.private_key)?;
        Ok(UploadServerCertificateResponse {
            server_certificate_metadata: Some(server_certificate::to_wire(&new)),
            tags: tags::to_wire(&new.tags),
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use rolecall_base::Fault;
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::*;
    use crate::records::CertificateParts;
    use crate::scene::Scene;

    const BODY: &str = include_str!("../../tests/certificates/rsa.pem");
    const KEY: &str = include_str!("../../tests/certificates/rsa.key");
    const MIDDLE: &str = include_str!("../../tests/certificates/middle.pem");
    const ROOT: &str = include_str!("../../tests/certificates/root.pem");

    fn input(name: &str) -> UploadServerCertificateRequest {
        UploadServerCertificateRequest {
            server_certificate_name: name.into(),
            certificate_body: BODY.into(),
            private_key: KEY.into(),
            ..Default::default()
        }
    }

    fn upload(scene: &Scene, name: &str) -> Result<ServerCertificateMetadata, Fault> {
        let response = scene.call::<UploadServerCertificate>(input(name));
        response.map(|response| response.server_certificate_metadata.unwrap())
    }

    fn get(scene: &Scene, name: &str) -> Result<ServerCertificate, Fault> {
        let input = GetServerCertificateRequest { server_certificate_name: name.into() };
        scene.call::<GetServerCertificate>(input).map(|response| response.server_certificate)
    }

    #[test]
    fn a_certificate_is_shown_with_its_chain_and_without_its_key() {
        let scene = Scene::new();
        let chain = format!("{MIDDLE}{ROOT}");
        let shown = scene.call::<UploadServerCertificate>(UploadServerCertificateRequest {
            path: Some("/cloudfront/".into()),
            certificate_chain: Some(chain.clone()),
            tags: Some(vec![Tag { key: "a".into(), value: "b".into() }]),
            ..input("web")
        });
        let shown = shown.unwrap().server_certificate_metadata.unwrap();
        assert_eq!(shown.arn, "arn:aws:iam::000000000000:server-certificate/cloudfront/web");
        assert!(shown.server_certificate_id.starts_with("ASCA"));
        assert_eq!(shown.expiration.unwrap().iso_seconds(), "2100-01-01T00:00:00Z");
        let got = get(&scene, "WEB").unwrap();
        assert_eq!((got.certificate_body.as_str(), got.certificate_chain.as_ref()), (BODY, Some(&chain)));
        assert_eq!(got.tags.unwrap().len(), 1);

        // The key is kept sealed, and opens for this certificate only.
        let db = scene.world.store.read().unwrap();
        let place = (ACCOUNT, shown.server_certificate_id.clone(), "key".to_owned(), 0_u32);
        let kept = db.get::<CertificateParts>(&place).unwrap().unwrap().text;
        let sealed = base64::engine::general_purpose::STANDARD.decode(kept).unwrap();
        let vault = &scene.world.door.identity.vault;
        let opened = vault.unseal(&shown.server_certificate_id, &sealed).unwrap();
        assert_eq!(opened.as_slice(), KEY.as_bytes());
        assert!(vault.unseal("ASCAOTHER", &sealed).is_err());
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let scene = Scene::new();
        let call = |input| scene.call::<UploadServerCertificate>(input);
        let other = include_str!("../../tests/certificates/other.pem");
        check_fault(
            call(UploadServerCertificateRequest { certificate_body: other.into(), ..input("a") }),
            "KeyPairMismatch",
        );
        let chain = Some(ROOT.to_owned());
        check_fault(
            call(UploadServerCertificateRequest { certificate_chain: chain, ..input("a") }),
            "MalformedCertificate",
        );
        let old = include_str!("../../tests/certificates/old.pem");
        check_fault(
            call(UploadServerCertificateRequest { certificate_body: old.into(), ..input("a") }),
            "MalformedCertificate",
        );
        upload(&scene, "a").unwrap();
        check_fault(upload(&scene, "A"), "EntityAlreadyExists");
    }

    #[test]
    fn twenty_are_the_most() {
        let scene = Scene::new();
        for number in 0..20 {
            upload(&scene, &format!("c{number}")).unwrap();
        }
        let message = check_fault(upload(&scene, "more"), "LimitExceeded");
        assert_eq!(message, "Cannot exceed quota for ServerCertificatesPerAccount: 20");
        let listed = scene.call::<ListServerCertificates>(Default::default()).unwrap();
        assert_eq!(listed.server_certificate_metadata_list.len(), 20);
    }

    #[test]
    fn a_certificate_is_renamed_tagged_and_deleted_whole() {
        let scene = Scene::new();
        let id = upload(&scene, "a").unwrap().server_certificate_id;
        upload(&scene, "b").unwrap();
        let rename = |to: &str| {
            let input = UpdateServerCertificateRequest {
                server_certificate_name: "a".into(),
                new_path: Some("/x/".into()),
                new_server_certificate_name: Some(to.into()),
            };
            scene.call::<UpdateServerCertificate>(input)
        };
        check_fault(rename("B"), "EntityAlreadyExists");
        rename("c").unwrap();
        check_fault(get(&scene, "a"), "NoSuchEntity");
        let got = get(&scene, "c").unwrap();
        assert_eq!(got.certificate_body, BODY);
        assert_eq!(got.server_certificate_metadata.arn, "arn:aws:iam::000000000000:server-certificate/x/c");
        let name = || "c".to_owned();
        let tags = vec![Tag { key: "k".into(), value: "v".into() }];
        let input = TagServerCertificateRequest { server_certificate_name: name(), tags };
        scene.call::<TagServerCertificate>(input).unwrap();
        let tags = || {
            let input =
                ListServerCertificateTagsRequest { server_certificate_name: name(), ..Default::default() };
            scene.call::<ListServerCertificateTags>(input).unwrap().tags
        };
        assert_eq!(tags().len(), 1);
        let input =
            UntagServerCertificateRequest { server_certificate_name: name(), tag_keys: vec!["K".into()] };
        scene.call::<UntagServerCertificate>(input).unwrap();
        assert!(tags().is_empty());
        let input = DeleteServerCertificateRequest { server_certificate_name: name() };
        scene.call::<DeleteServerCertificate>(input.clone()).unwrap();
        check_fault(scene.call::<DeleteServerCertificate>(input), "NoSuchEntity");
        let db = scene.world.store.read().unwrap();
        assert!(!db.any::<CertificateParts>(&(ACCOUNT, id)).unwrap(), "nothing of it is left");
    }
}
