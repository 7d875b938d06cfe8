//! For tests: a SAML provider with its key, and an account that trusts it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use rolecall_base::{Fault, Tags};
use rolecall_identity::records::{Entities, Entity, Holder, Role, Roles, SamlProvider, SamlProviders, fold};
use rolecall_testkit::{ACCOUNT, World};
use serde_json::{Value, json};

use super::ACTION;
use crate::model::{AssumeRoleWithSAML, AssumeRoleWithSAMLRequest, AssumeRoleWithSAMLResponse};

pub const PROVIDER: &str = "arn:aws:iam::000000000000:saml-provider/idp";
pub const ISSUER: &str = "https://idp.example.com";
/// What stands before a point of P-256 in SubjectPublicKeyInfo.
const SPKI: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

/// An account that has registered a provider.
#[derive(Debug)]
pub struct Scene {
    pub world: World,
    pair: EcdsaKeyPair,
}

/// What an assertion says; made for who it is tried with.
#[derive(Clone, Debug)]
pub struct Says {
    pub id: String,
    pub issuer: String,
    pub subject: String,
    pub format: String,
    pub recipient: String,
    pub audience: String,
    pub status: String,
    /// Seconds from now until the user's session at the provider ends.
    pub session: u64,
    pub attributes: Vec<(String, Vec<String>)>,
}

impl Says {
    /// Puts a value of an attribute of AWS's in.
    pub fn with(mut self, name: &str, values: &[&str]) -> Says {
        let name = if name.contains("://") || name.contains(':') && name.starts_with("urn") {
            name.to_owned()
        } else {
            format!("https://aws.amazon.com/SAML/Attributes/{name}")
        };
        self.attributes.retain(|(own, _)| *own != name);
        if !values.is_empty() {
            self.attributes.push((name, values.iter().map(|value| (*value).to_owned()).collect()));
        }
        self
    }
}

impl Scene {
    pub fn new() -> Scene {
        let world = World::new(1);
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let scene = Scene { world, pair };
        scene.change(|_| ());
        scene
    }

    /// Registers the provider, changed as wanted.
    pub fn change(&self, change: impl Fn(&mut SamlProvider)) {
        let spki = [SPKI, self.pair.public_key().as_ref()].concat();
        let now = self.world.env.now();
        let mut provider = SamlProvider {
            account: ACCOUNT,
            name: "idp".into(),
            uuid: "SAMLSPEXAMPLEEXAMPLE123".into(),
            created: now,
            valid_until: now,
            entity_id: ISSUER.into(),
            signing_keys: vec![spki],
            must_encrypt: false,
            private_keys: vec![],
            tags: Tags::default(),
        };
        change(&mut provider);
        self.world.write(|tx| Ok(tx.put::<SamlProviders>(&(ACCOUNT, "idp".to_owned()), &provider)?));
    }

    pub fn unregister(&self) {
        self.world.write(|tx| Ok(tx.delete::<SamlProviders>(&(ACCOUNT, "idp".to_owned()))?));
    }

    /// A role that trusts the provider's users, for these actions, under this condition; gives its ARN.
    pub fn trusting(&self, name: &str, actions: &[&str], condition: &Value) -> String {
        let world = &self.world;
        let id = world.env.unique_id("AROA");
        let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions,
            "Principal": {"Federated": PROVIDER}, "Condition": condition}});
        let role = Role {
            account: ACCOUNT,
            name: name.into(),
            path: "/".into(),
            id: id.clone(),
            created: world.env.now(),
            trust: trust.to_string(),
            description: None,
            max_session: 7_200,
            tags: Tags::default(),
            boundary: None,
            template: None,
        };
        world.write(|tx| {
            tx.put::<Roles>(&(ACCOUNT, fold(name)), &role)?;
            tx.put::<Entities>(&id, &Entity { account: ACCOUNT, holder: Holder::Role, name: fold(name) })?;
            tx.touch(ACCOUNT);
            Ok(())
        });
        role.arn()
    }

    /// A role for whoever was to come here.
    pub fn guest(&self) -> String {
        let condition = json!({"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}});
        self.trusting("guest", &[ACTION], &condition)
    }

    /// A good assertion for a role.
    pub fn says(&self, role: &str) -> Says {
        let says = Says {
            id: format!("_{}", self.world.env.uuid()),
            issuer: ISSUER.into(),
            subject: "ann@example.com".into(),
            format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".into(),
            recipient: "https://signin.aws.amazon.com/saml".into(),
            audience: "urn:amazon:webservices".into(),
            status: "Success".into(),
            session: 36_000,
            attributes: Vec::new(),
        };
        let pair = format!("{role},{PROVIDER}");
        says.with("Role", &[&pair]).with("RoleSessionName", &["ann"])
    }

    /// A response whose assertion is signed now. It is written in its canonical form to begin with.
    pub fn response(&self, says: &Says) -> String {
        let now = self.world.env.now();
        let at = |seconds: u64| (now + Duration::from_secs(seconds)).iso_seconds();
        let Says { id, issuer, subject, format, recipient, audience, status, session, .. } = says;
        let attributes: String = says
            .attributes
            .iter()
            .map(|(name, values)| {
                let value = |value: &String| format!("<s:AttributeValue>{value}</s:AttributeValue>");
                let values: String = values.iter().map(value).collect();
                format!(r#"<s:Attribute Name="{name}">{values}</s:Attribute>"#)
            })
            .collect();
        let head = format!(
            r#"<s:Assertion xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" IssueInstant="{}" Version="2.0"><s:Issuer>{issuer}</s:Issuer>"#,
            at(0)
        );
        let tail = format!(
            r#"<s:Subject><s:NameID Format="{format}">{subject}</s:NameID><s:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><s:SubjectConfirmationData NotOnOrAfter="{}" Recipient="{recipient}"></s:SubjectConfirmationData></s:SubjectConfirmation></s:Subject><s:Conditions NotBefore="{}" NotOnOrAfter="{}"><s:AudienceRestriction><s:Audience>{audience}</s:Audience></s:AudienceRestriction></s:Conditions><s:AuthnStatement SessionNotOnOrAfter="{}"></s:AuthnStatement><s:AttributeStatement>{attributes}</s:AttributeStatement></s:Assertion>"#,
            at(300),
            at(0),
            at(300),
            at(*session)
        );
        let signature = self.sign(id, &format!("{head}{tail}"));
        let response = format!(
            r#"<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="r{id}" Version="2.0"><p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></p:Status>{head}{signature}{tail}</p:Response>"#
        );
        STANDARD.encode(response)
    }

    fn sign(&self, id: &str, canonical: &str) -> String {
        let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
        let digest = STANDARD.encode(digest(&SHA256, canonical.as_bytes()));
        let info = format!(
            r##"<d:SignedInfo xmlns:d="http://www.w3.org/2000/09/xmldsig#"><d:CanonicalizationMethod Algorithm="{exclusive}"></d:CanonicalizationMethod><d:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"></d:SignatureMethod><d:Reference URI="#{id}"><d:Transforms><d:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></d:Transform><d:Transform Algorithm="{exclusive}"></d:Transform></d:Transforms><d:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></d:DigestMethod><d:DigestValue>{digest}</d:DigestValue></d:Reference></d:SignedInfo>"##
        );
        let value = STANDARD.encode(self.pair.sign(&SystemRandom::new(), info.as_bytes()).unwrap());
        format!(
            r#"<d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#">{info}<d:SignatureValue>{value}</d:SignatureValue></d:Signature>"#
        )
    }

    /// Calls AssumeRoleWithSAML.
    pub fn assume(&self, role: &str, says: &Says) -> Result<AssumeRoleWithSAMLResponse, Fault> {
        self.ask(request(role, self.response(says)))
    }

    pub fn ask(&self, input: AssumeRoleWithSAMLRequest) -> Result<AssumeRoleWithSAMLResponse, Fault> {
        self.world.prove::<AssumeRoleWithSAML>(input)
    }
}

pub fn request(role: &str, response: String) -> AssumeRoleWithSAMLRequest {
    AssumeRoleWithSAMLRequest {
        role_arn: role.into(),
        principal_arn: PROVIDER.into(),
        saml_assertion: response,
        ..Default::default()
    }
}
