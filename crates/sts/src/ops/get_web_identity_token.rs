//! GetWebIdentityToken: a token that tells others who the caller is.

use std::time::Duration;

use rolecall_actions::sts::{self, key};
use rolecall_base::{Fault, Time};
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::{Caller, Issuers, Seat, Who, outbound_federation};
use serde_json::{Map, Value, json};

use crate::issuing::{self, NAMESPACE};
use crate::model::{GetWebIdentityToken, GetWebIdentityTokenRequest, GetWebIdentityTokenResponse, fault};
use crate::session_tags;

/// Seconds that a token lives unless asked otherwise.
const DEFAULT: i32 = 300;
/// Bytes of a token's claims.
const LONGEST: usize = 8_192;

impl Operation for GetWebIdentityToken {
    type Access = Write;

    fn needs(input: &GetWebIdentityTokenRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        let tags = input.tags.as_deref().unwrap_or_default();
        let pairs = || tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
        let needs = Needs::action(sts::GetWebIdentityToken)
            .anywhere()
            .list(key::IdentityTokenAudience, input.audience.clone())
            .key(key::DurationSeconds, Some(seconds(input).to_string()))
            .key(key::SigningAlgorithm, Some(input.signing_algorithm.as_str()))
            .request_tags(pairs())
            .done();
        if tags.is_empty() {
            return Ok(needs);
        }
        Ok(needs.and(Needs::action(sts::TagGetWebIdentityToken).anywhere().request_tags(pairs()).done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetWebIdentityTokenResponse, Fault> {
        let input = req.input;
        let algorithm = issuing::algorithm(&input.signing_algorithm).ok_or_else(|| {
            Fault::validation(format!(
                "1 validation error detected: Value '{}' at 'signingAlgorithm' failed to satisfy constraint: Member must \
                 satisfy enum value set: [RS256, ES384]",
                input.signing_algorithm
            ))
        })?;
        let account = req.account();
        let issuer = outbound_federation(req.db()?, account)?.ok_or_else(|| {
            fault::outbound_web_identity_federation_disabled(
                "Outbound web identity federation is not enabled for this account.",
            )
        })?;
        let issued = req.now.whole_seconds();
        let expires = issued + Duration::from_secs(u64::try_from(seconds(input)).unwrap_or(0));
        if req.caller.expires().is_some_and(|end| expires > end) {
            return Err(fault::session_duration_escalation(
                "The requested token duration would extend the session beyond its original expiration time.",
            ));
        }
        // The rules of tags: each key once, none of AWS's own.
        let none = Caller::anonymous();
        let tags = session_tags::gather(&none, input.tags.as_deref().unwrap_or_default(), &[])?;
        let audience = match input.audience.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        let placement = req.identity.placement(account)?;
        let claims = json!({
            "iss": req.extensions.get::<Issuers>()?.url(&issuer.issuer_id),
            "aud": audience,
            "sub": req.caller.principal_arn,
            "iat": issued.seconds(),
            "exp": expires.seconds(),
            "jti": req.env.uuid(),
            NAMESPACE: about(req.caller, placement.seat.as_ref(), req.region, &tags.all),
        });
        if claims.to_string().len() > LONGEST {
            return Err(fault::jwt_payload_size_exceeded(
                "The requested token payload size exceeds the maximum allowed size.",
            ));
        }
        let (env, vault) = (req.env, &req.identity.vault);
        let token = issuing::sign(req.tx()?, env, vault, account, algorithm, &claims)?;
        Ok(GetWebIdentityTokenResponse { web_identity_token: Some(token), expiration: Some(expires) })
    }
}

fn seconds(input: &GetWebIdentityTokenRequest) -> i32 {
    input.duration_seconds.unwrap_or(DEFAULT)
}

/// What AWS tells of the caller beside its name.
fn about(caller: &Caller, seat: Option<&Seat>, region: &str, tags: &[(String, String)]) -> Value {
    let mut about = Map::new();
    let mut put = |name: &str, value: Value| about.insert(name.to_owned(), value);
    let pairs = |tags: &[(String, String)]| {
        tags.iter().map(|(key, value)| (key.clone(), json!(value))).collect::<Map<String, Value>>()
    };
    put("aws_account", json!(caller.account.to_string()));
    put("source_region", json!(region));
    if let Some(seat) = seat {
        put("org_id", json!(seat.organization));
        put("ou_path", json!(seat.paths.concat()));
    }
    if !caller.tags.is_empty() {
        put("principal_tags", Value::Object(pairs(&caller.tags)));
    }
    if !tags.is_empty() {
        put("request_tags", Value::Object(pairs(tags)));
    }
    let Some(session) = caller.session.as_deref() else { return Value::Object(about) };
    if caller.who != Who::User {
        put("original_session_exp", json!(Time::iso_seconds(session.expires)));
    }
    for (name, value) in
        [("source_identity", &session.source_identity), ("federated_provider", &session.provider)]
    {
        if let Some(value) = value {
            put(name, json!(value));
        }
    }
    if let Some(delivery) = &session.delivery {
        put("ec2_role_delivery", json!(delivery.role_delivery));
        put("ec2_source_instance_arn", json!(delivery.instance_arn));
        put("ec2_instance_source_vpc", json!(delivery.vpc));
        put("ec2_instance_source_private_ipv4", json!(delivery.private_ip));
    }
    Value::Object(about)
}

#[cfg(test)]
mod tests {
    use rolecall_door::Visitor;
    use rolecall_identity::records::{OutboundFederation, OutboundFederations};
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use super::*;
    use crate::issuing::IssuingKeys;
    use crate::model::{GetSessionToken, Tag};
    use crate::web_identity::{Key, Token, read_keys};

    const MAY: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*", "Action":
        ["sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken"],
        "Condition": {"NumericLessThanEqualsIfExists": {"sts:DurationSeconds": 600}}}}"#;

    fn world(enabled: bool) -> World {
        let world = World::new(1);
        let row = OutboundFederation { issuer_id: "i".into(), enabled };
        world.write(|tx| Ok(tx.put::<OutboundFederations>(&ACCOUNT, &row)?));
        world
    }

    fn asked(algorithm: &str) -> GetWebIdentityTokenRequest {
        GetWebIdentityTokenRequest {
            audience: vec!["https://api.example.com".into()],
            signing_algorithm: algorithm.into(),
            ..Default::default()
        }
    }

    fn token(world: &World, by: &Visitor, input: GetWebIdentityTokenRequest) -> Result<String, Fault> {
        world.call::<GetWebIdentityToken>(by, input).map(|answer| answer.web_identity_token.unwrap())
    }

    fn published(world: &World) -> Vec<Key> {
        let set = issuing::key_set(&world.store.read().unwrap(), ACCOUNT).unwrap();
        read_keys(set.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn others_verify_the_token_by_the_published_keys() {
        let world = world(true);
        let ann = world.user("ann", MAY);
        let tags = Some(vec![Tag { key: "job".into(), value: "7".into() }]);
        for algorithm in ["ES384", "RS256"] {
            let text =
                token(&world, &ann, GetWebIdentityTokenRequest { tags: tags.clone(), ..asked(algorithm) });
            let text = text.unwrap();
            let token = Token::parse(&text).unwrap();
            let keys = published(&world);
            let fitting: Vec<_> = keys.iter().filter(|key| key.fits(&token)).collect();
            assert!(fitting.len() == 1 && fitting[0].verifies(&token), "{algorithm}");
            assert_eq!(token.text("iss"), Some("https://roles.example.com/_rolecall/issuer/i"));
            assert_eq!(token.text("sub"), Some("arn:aws:iam::000000000000:user/ann"));
            assert_eq!(token.text("aud"), Some("https://api.example.com"));
            let (issued, ends) = (&token.claims["iat"], &token.claims["exp"]);
            assert_eq!(ends.as_i64().unwrap() - issued.as_i64().unwrap(), 300);
            assert_eq!(token.claims[NAMESPACE]["aws_account"], "000000000000");
            assert_eq!(token.claims[NAMESPACE]["request_tags"]["job"], "7");
        }
        assert_eq!(published(&world).len(), 2);
        token(&world, &ann, asked("ES384")).unwrap();
        assert_eq!(published(&world).len(), 2, "the key is made once");
    }

    #[test]
    fn private_keys_are_stored_sealed() {
        let world = world(true);
        let ann = world.user("ann", MAY);
        token(&world, &ann, asked("ES384")).unwrap();
        let place = (ACCOUNT, "ES384".to_owned());
        let row = world.store.read().unwrap().get::<IssuingKeys>(&place).unwrap().unwrap();
        let vault = &world.door.identity.vault;
        assert_eq!(vault.unseal(&row.id, &row.sealed).unwrap().len(), 48);
        assert!(vault.unseal("another", &row.sealed).is_err());
        assert!(!row.published.contains("\"d\""));
    }

    #[test]
    fn it_takes_the_feature_and_the_permission() {
        let off = world(false);
        let ann = off.user("ann", MAY);
        check_fault(token(&off, &ann, asked("ES384")), "OutboundWebIdentityFederationDisabledException");
        let world = world(true);
        check_fault(token(&world, &world.user("bob", ""), asked("ES384")), "AccessDenied");
        let ann = world.user("ann", MAY);
        let long = GetWebIdentityTokenRequest { duration_seconds: Some(601), ..asked("ES384") };
        check_fault(token(&world, &ann, long), "AccessDenied");
        check_fault(token(&world, &ann, asked("ES256")), "ValidationError");
        let twice =
            vec![Tag { key: "a".into(), value: "1".into() }, Tag { key: "A".into(), value: "2".into() }];
        let doubled = GetWebIdentityTokenRequest { tags: Some(twice), ..asked("ES384") };
        check_fault(token(&world, &ann, doubled), "InvalidParameterValue");
        let tag = |n: usize| Tag { key: format!("key-{n}"), value: "x".repeat(250) };
        let large = GetWebIdentityTokenRequest { tags: Some((0..40).map(tag).collect()), ..asked("ES384") };
        check_fault(token(&world, &ann, large), "JWTPayloadSizeExceededException");
    }

    #[test]
    fn what_get_session_token_gave_may_not_ask() {
        let world = world(true);
        let ann = world.user("ann", MAY);
        let given = world.call::<GetSessionToken>(&ann, Default::default()).unwrap().credentials.unwrap();
        let session = world.signed_in(&given.access_key_id, Some(&given.session_token)).unwrap();
        check_fault(token(&world, &session, asked("ES384")), "AccessDenied");
    }

    #[test]
    fn members_of_an_organization_are_told_as_such() {
        let seat = Seat {
            organization: "o-1".into(),
            paths: vec!["o-1/r-1/".into()],
            management: ACCOUNT,
            is_management: true,
            closed: false,
            scps: vec![],
            rcps: vec![],
        };
        let told = about(&Caller::root(ACCOUNT), Some(&seat), "us-east-1", &[]);
        assert_eq!((&told["org_id"], &told["ou_path"]), (&json!("o-1"), &json!("o-1/r-1/")));
        let told = about(&Caller::root(ACCOUNT), None, "us-east-1", &[]);
        assert!(told.get("org_id").is_none());
    }
}
