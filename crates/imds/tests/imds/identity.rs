//! What proves an instance: signed documents and its own session.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, DecodePem as _};

use crate::world::{Guest, text};

const FOLDER: &str = "/latest/dynamic/instance-identity/";

fn decoded(guest: &Guest, name: &str) -> Vec<u8> {
    let lines = text(&guest.get(&format!("{FOLDER}{name}")));
    STANDARD.decode(lines.replace('\n', "")).unwrap()
}

/// The region's public key, as its published certificate has it.
fn public_key(guest: &Guest) -> Vec<u8> {
    let signer = guest.signers.known("eu-west-1").unwrap();
    let certificate = Certificate::from_pem(&signer.certificate).unwrap();
    let key = &certificate.tbs_certificate().subject_public_key_info().subject_public_key;
    key.as_bytes().unwrap().to_vec()
}

#[test]
fn the_document_is_proved_by_the_key_of_the_published_certificate() {
    let guest = Guest::new();
    guest.sign();
    let document = guest.get(&format!("{FOLDER}document")).body;
    let key = public_key(&guest);
    let verify = |signature: &[u8]| {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key).verify(&document, signature).is_ok()
    };
    assert!(verify(&decoded(&guest, "signature")));
    for name in ["pkcs7", "rsa2048"] {
        let outer = ContentInfo::from_der(&decoded(&guest, name)).unwrap();
        let data = outer.content.decode_as::<SignedData>().unwrap();
        let carried = data.encap_content_info.econtent.as_ref().unwrap();
        assert_eq!(carried.value(), &document[..], "{name}");
        let [signer] = data.signer_infos.0.as_slice() else { panic!("one signer of {name}") };
        assert!(verify(signer.signature.as_bytes()), "{name}");
    }
}

#[test]
fn a_proof_is_of_the_document_as_it_is_now() {
    let mut guest = Guest::new();
    guest.sign();
    let first = decoded(&guest, "signature");
    assert_eq!(decoded(&guest, "signature"), first);
    guest.instance.instance_type = "t3.large".into();
    assert_ne!(decoded(&guest, "signature"), first);
}

#[test]
fn a_key_is_kept_and_each_region_has_its_own() {
    let guest = Guest::new();
    guest.sign();
    let again = rolecall_imds::Signers::new(guest.world.door.identity.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let certificate = |region| runtime.block_on(again.of(region)).unwrap().certificate.clone();
    assert_eq!(certificate("eu-west-1"), guest.signers.known("eu-west-1").unwrap().certificate);
    assert!(runtime.block_on(again.existing("us-east-1")).unwrap().is_none());
    assert_ne!(certificate("us-east-1"), certificate("eu-west-1"));
}

#[test]
fn an_instance_has_a_session_of_its_own_that_is_granted_nothing() {
    let guest = Guest::new();
    let json = |path: &str| -> Value { serde_json::from_slice(&guest.get_v2(path).body).unwrap() };
    let info = json("/latest/meta-data/identity-credentials/ec2/info");
    assert_eq!((&info["Code"], &info["AccountId"]), (&"Success".into(), &"000000000000".into()));
    let path = "/latest/meta-data/identity-credentials/ec2/security-credentials/ec2-instance";
    let document = json(path);
    let id = document["AccessKeyId"].as_str().unwrap();
    let visitor = guest.world.signed_in(id, document["Token"].as_str()).unwrap();
    let expected = "arn:aws:sts::000000000000:assumed-role/aws:ec2-instance/i-0123456789abcdef0";
    assert_eq!(visitor.caller.arn, expected);
    assert!(visitor.caller.policies.identity.is_empty());
    assert_eq!(json(path), document);
}
