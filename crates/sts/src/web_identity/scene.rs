//! For tests: an identity provider with its keys, and an account that trusts it.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use rolecall_base::{Fault, Tags};
use rolecall_door::{Extensions, Pending};
use rolecall_identity::records::{Entities, Entity, Holder, OidcProvider, OidcProviders, Role, Roles, fold};
use rolecall_testkit::{ACCOUNT, World};
use serde_json::{Value, json};

use super::{Fetch, ProviderKeys, Source, Trouble};
use crate::model::{
    AssumeRoleWithWebIdentity, AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse,
};

pub const URL: &str = "id.example.com/realm";
pub const CLIENT: &str = "my-client";

/// A key with an id that signs by ES256.
#[derive(Debug)]
pub struct SigningKey {
    pub id: String,
    pair: EcdsaKeyPair,
}

impl SigningKey {
    pub fn new(id: &str) -> SigningKey {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        SigningKey { id: id.into(), pair }
    }

    pub fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
        json!({"kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig", "x": part(1..33), "y": part(33..65)})
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A token of this key.
    pub fn token(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": "ES256", "kid": self.id, "typ": "JWT"}), claims)
    }
}

/// Header and payload.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// What providers publish, by issuer.
#[derive(Debug, Default)]
pub struct Published(Mutex<Vec<(String, Vec<Value>)>>);

impl Published {
    pub fn set(&self, issuer: &str, keys: Vec<Value>) {
        let mut all = self.0.lock().unwrap();
        all.retain(|(own, _)| own != issuer);
        all.push((issuer.to_owned(), keys));
    }
}

impl Fetch for Published {
    fn get<'a>(
        &'a self,
        url: &'a str,
        source: &'a Source,
        _: usize,
    ) -> Pending<'a, Result<Vec<u8>, Trouble>> {
        let issuer = &source.issuer;
        let keys = self.0.lock().unwrap().iter().find(|(own, _)| own == issuer).map(|(_, keys)| keys.clone());
        let answer = match keys {
            None => Err(Trouble::Unreachable("no such host".into())),
            Some(keys) if url.ends_with("/jwks") => Ok(json!({ "keys": keys })),
            Some(_) => Ok(json!({"issuer": issuer, "jwks_uri": format!("{issuer}/jwks")})),
        };
        Box::pin(std::future::ready(answer.map(|json| json.to_string().into_bytes())))
    }
}

/// An account that has registered [`URL`], and a role for whom it vouches.
#[derive(Debug)]
pub struct Scene {
    pub world: World,
    pub published: Arc<Published>,
    pub key: SigningKey,
}

impl Scene {
    pub fn new() -> Scene {
        let published = Arc::new(Published::default());
        let mut extensions = Extensions::default();
        extensions.insert(Arc::new(ProviderKeys::new(published.clone())));
        let scene = Scene { world: World::with(1, extensions), published, key: SigningKey::new("first") };
        scene.published.set(&format!("https://{URL}"), vec![scene.key.jwk()]);
        scene.register(URL, &[CLIENT]);
        scene
    }

    /// Registers a provider with ACCOUNT.
    pub fn register(&self, url: &str, client_ids: &[&str]) {
        let provider = OidcProvider {
            account: ACCOUNT,
            url: url.into(),
            client_ids: client_ids.iter().map(|id| (*id).to_owned()).collect(),
            thumbprints: vec![],
            created: self.world.env.now(),
            tags: Tags::default(),
            plain: false,
        };
        self.world.write(|tx| Ok(tx.put::<OidcProviders>(&(ACCOUNT, url.to_owned()), &provider)?));
    }

    pub fn unregister(&self, url: &str) {
        self.world.write(|tx| Ok(tx.delete::<OidcProviders>(&(ACCOUNT, url.to_owned()))?));
    }

    /// A role with this trust policy; gives its ARN.
    pub fn role(&self, name: &str, trust: &Value) -> String {
        let world = &self.world;
        let id = world.env.unique_id("AROA");
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

    /// A role that trusts the provider's users, for these actions, under this condition.
    pub fn trusting(&self, name: &str, actions: &[&str], condition: &Value) -> String {
        let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{URL}");
        self.role(
            name,
            &json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions,
                "Principal": {"Federated": provider}, "Condition": condition}}),
        )
    }

    /// The claims of a good token that lives for five minutes.
    pub fn claims(&self) -> Value {
        let now = self.world.env.now().seconds();
        json!({"iss": format!("https://{URL}"), "sub": "ann@example.com", "aud": CLIENT, "iat": now, "exp": now + 300})
    }

    /// These claims, with others put in or, where null, taken out.
    pub fn claims_with(&self, other: &Value) -> Value {
        let mut claims = self.claims();
        for (name, value) in other.as_object().unwrap() {
            match value {
                Value::Null => claims.as_object_mut().unwrap().remove(name),
                value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        claims
    }
}

/// The action that trust policies allow.
pub const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

pub fn input(arn: &str, token: &str) -> AssumeRoleWithWebIdentityRequest {
    AssumeRoleWithWebIdentityRequest {
        role_arn: arn.into(),
        role_session_name: "app".into(),
        web_identity_token: token.into(),
        ..Default::default()
    }
}

/// Calls AssumeRoleWithWebIdentity.
pub fn assume(scene: &Scene, arn: &str, token: &str) -> Result<AssumeRoleWithWebIdentityResponse, Fault> {
    scene.world.prove::<AssumeRoleWithWebIdentity>(input(arn, token))
}

/// The same, with a token whose claims are changed.
pub fn with(scene: &Scene, arn: &str, claims: &Value) -> Result<AssumeRoleWithWebIdentityResponse, Fault> {
    assume(scene, arn, &scene.key.token(&scene.claims_with(claims)))
}

/// A condition key of the provider.
pub fn key(claim: &str) -> String {
    format!("{URL}:{claim}")
}

/// A role for everybody who uses the client.
pub fn guest(scene: &Scene) -> String {
    scene.trusting("guest", &[ACTION], &json!({"StringEquals": {key("aud"): CLIENT}}))
}
