//! AssumeRoleWithSAML: temporary credentials of a role, for whom a SAML provider vouches.

use rolecall_actions::sts::{self, key};
use rolecall_base::{AccountId, Fault};
use rolecall_door::{At, Authorized, Needs, Operation, Pending, Proving, Resource, Write};
use rolecall_identity::{Caller, Federation, SamlProof};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;

use crate::assumed::{self, Target};
use crate::federated::{self, Asked};
use crate::grant;
use crate::model::{AssumeRoleWithSAML, AssumeRoleWithSAMLRequest, AssumeRoleWithSAMLResponse};
use crate::saml::{self, ACTION};

/// Responses that are looked at at a time. Nobody signed these requests, and opening an encrypted assertion takes long:
/// whoever sends many of them must not hold up all other callers.
static TURNS: Semaphore = Semaphore::const_new(2);

impl Proving for AssumeRoleWithSAML {
    fn account(input: &AssumeRoleWithSAMLRequest) -> Option<AccountId> {
        federated::account(&input.role_arn)
    }

    fn prove<'a>(input: &'a AssumeRoleWithSAMLRequest, at: &'a At<'a>) -> Pending<'a, Result<Caller, Fault>> {
        // Nothing to wait for but a turn: the provider's keys came with its metadata.
        Box::pin(async move {
            let _turn = TURNS.acquire().await.map_err(Fault::internal)?;
            match Handle::current().runtime_flavor() {
                RuntimeFlavor::MultiThread => tokio::task::block_in_place(|| saml::caller(at, input)),
                _ => saml::caller(at, input),
            }
        })
    }
}

impl Operation for AssumeRoleWithSAML {
    /// It writes down which assertions were used.
    type Access = Write;

    fn needs(input: &AssumeRoleWithSAMLRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let federation = federated::of(at, ACTION)?;
        let proof = proof(federation)?;
        saml::still_vouches(at.db()?, proof)?;
        Ok(match &assumed::find(at, &input.role_arn)? {
            Target::Role(role) => questions(federation, proof, &**role),
            Target::Nothing(role) => questions(federation, proof, role),
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AssumeRoleWithSAMLResponse, Fault> {
        let (input, now) = (req.input, req.now);
        let Target::Role(target) = assumed::find(&req.at(), &input.role_arn)? else {
            return Err(Fault::internal("a role that is gone was allowed"));
        };
        let federation = federated::of(&req.at(), ACTION)?.clone();
        let proof = proof(&federation)?;
        saml::use_once(req.tx()?, proof, now)?;
        let mut seconds = input.duration_seconds;
        if seconds.unwrap_or(grant::ROLE_DEFAULT) <= target.role.max_session {
            // Not beyond the user's session at the provider, which is over for nobody who comes here.
            let left = proof.session_ends.map(|ends| ends.since(now).as_secs().max(1));
            let left = left.and_then(|left| i32::try_from(left).ok()).unwrap_or(i32::MAX);
            seconds = Some(seconds.unwrap_or(grant::ROLE_DEFAULT).min(left));
        }
        let asked = Asked {
            name: &proof.session_name,
            policy: input.policy.as_deref(),
            policy_arns: input.policy_arns.as_deref(),
            seconds,
            minimum_size: input.minimum_session_token_size,
        };
        let made = federated::session(req, &target.role, &saml::lasting(&federation), &asked)?;
        Ok(AssumeRoleWithSAMLResponse {
            credentials: Some(made.grant.credentials),
            session_token_size: made.grant.size,
            session_token_utilization: made.grant.utilization,
            assumed_role_user: Some(made.user),
            packed_policy_size: made.packed,
            subject: Some(federation.subject.clone()),
            subject_type: Some(proof.subject_type.clone()),
            issuer: Some(federation.issuer.clone()),
            audience: Some(federation.audience.clone()),
            name_qualifier: Some(proof.name_qualifier.clone()),
            source_identity: federation.source_identity.clone(),
        })
    }
}

fn proof(federation: &Federation) -> Result<&SamlProof, Fault> {
    federation.saml.as_deref().ok_or_else(|| Fault::internal("a SAML caller without an assertion"))
}

/// The role itself, and what its session is to carry: tags, a source identity. All of it is for the trust policy to
/// allow.
fn questions<R>(federation: &Federation, proof: &SamlProof, role: &R) -> Needs
where
    R: Resource<Kind = rolecall_actions::iam::kind::Role>,
{
    let pairs = || federation.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let transitive = &federation.transitive;
    let source = federation.source_identity.as_deref();
    let mut assume = Needs::action(sts::AssumeRoleWithSAML)
        .on(role)
        .key(key::RoleSessionName, Some(proof.session_name.as_str()))
        .key(key::SourceIdentity, source)
        .request_tags(pairs())
        .trust_decides();
    if !transitive.is_empty() {
        assume = assume.list(key::TransitiveTagKeys, transitive.clone());
    }
    let mut needs = assume.done();
    if !federation.tags.is_empty() {
        let mut tag = Needs::action(sts::TagSession).on(role).request_tags(pairs()).trust_decides();
        if !transitive.is_empty() {
            tag = tag.list(key::TransitiveTagKeys, transitive.clone());
        }
        needs = needs.and(tag.done());
    }
    if source.is_some() {
        let set = Needs::action(sts::SetSourceIdentity).on(role).key(key::SourceIdentity, source);
        needs = needs.and(set.trust_decides().done());
    }
    needs
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rolecall_door::Visitor;
    use rolecall_testkit::check_fault;
    use serde_json::json;

    use super::*;
    use crate::model::{GetCallerIdentity, GetCallerIdentityRequest};
    use crate::saml::scene::{ISSUER, PROVIDER, Scene, request};

    fn signed_in(scene: &Scene, answer: &AssumeRoleWithSAMLResponse) -> Visitor {
        let given = answer.credentials.as_ref().unwrap();
        scene.world.signed_in(&given.access_key_id, Some(&given.session_token)).unwrap()
    }

    #[test]
    fn a_good_response_gives_a_session_of_the_role() {
        let scene = Scene::new();
        let role = scene.guest();
        let answer = scene.assume(&role, &scene.says(&role)).unwrap();
        assert_eq!(answer.subject.as_deref(), Some("ann@example.com"));
        assert_eq!(answer.subject_type.as_deref(), Some("persistent"));
        assert_eq!(answer.issuer.as_deref(), Some(ISSUER));
        assert_eq!(answer.audience.as_deref(), Some("https://signin.aws.amazon.com/saml"));
        // printf 'https://idp.example.com000000000000/idp' | openssl sha1 -binary | base64
        assert_eq!(answer.name_qualifier.as_deref(), Some("JwHrUXgxd7uWiNdPf3/xEzUO5dk="));
        let session = signed_in(&scene, &answer);
        let me = scene.world.call::<GetCallerIdentity>(&session, GetCallerIdentityRequest {}).unwrap();
        assert_eq!(me.arn.as_deref(), Some("arn:aws:sts::000000000000:assumed-role/guest/ann"));
        let kept = session.caller.session.as_deref().unwrap();
        assert_eq!(kept.provider.as_deref(), Some(PROVIDER));
        assert_eq!(kept.expires.since(kept.issued), Duration::from_secs(3_600));
        let names: Vec<_> = kept.context.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["saml:sub", "saml:sub_type", "saml:namequalifier"]);
    }

    #[test]
    fn an_assertion_is_good_once() {
        let scene = Scene::new();
        let role = scene.guest();
        let other = scene.trusting("other", &[ACTION], &json!({}));
        let pair = format!("{role},{PROVIDER}");
        let reverse = format!("{PROVIDER}, {other}");
        let says = scene.says(&role).with("Role", &[&pair, &reverse]);
        let response = scene.response(&says);
        // What is refused does not use it up.
        let too_long =
            AssumeRoleWithSAMLRequest { duration_seconds: Some(43_200), ..request(&role, response.clone()) };
        let text = check_fault(scene.ask(too_long), "ValidationError");
        assert_eq!(text, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
        scene.ask(request(&role, response.clone())).unwrap();
        for role in [&role, &other] {
            let text = check_fault(scene.ask(request(role, response.clone())), "InvalidIdentityToken");
            assert_eq!(text, "The SAML assertion has already been used.");
        }
        // Signed anew with the same id it is the same assertion still.
        check_fault(scene.assume(&other, &says), "InvalidIdentityToken");
        scene.assume(&other, &crate::saml::scene::Says { id: "_new".into(), ..says }).unwrap();
    }

    #[test]
    fn used_assertions_are_forgotten_when_they_are_over() {
        use crate::records::UsedAssertions;
        let scene = Scene::new();
        let role = scene.guest();
        for _ in 0..10 {
            scene.assume(&role, &scene.says(&role)).unwrap();
            scene.world.env.advance(Duration::from_secs(400));
        }
        let kept = scene.world.write(|tx| Ok(tx.scan::<UsedAssertions>(&(), None, 100)?.len()));
        assert!(kept <= 2, "{kept}");
    }

    #[test]
    fn the_trust_policy_decides_by_what_the_provider_says() {
        let scene = Scene::new();
        let condition = json!({
            "StringEquals": {"saml:sub": "ann@example.com", "SAML:iss": ISSUER, "saml:doc": "000000000000/idp"},
            "ForAnyValue:StringLike": {"saml:edupersonaffiliation": "staff"},
        });
        let role = scene.trusting("staff", &[ACTION], &condition);
        let affiliation = "urn:oid:1.3.6.1.4.1.5923.1.1.1.1";
        let staff = || scene.says(&role).with(affiliation, &["member", "staff"]);
        scene.assume(&role, &staff()).unwrap();
        let student = scene.says(&role).with(affiliation, &["student"]);
        let text = check_fault(scene.assume(&role, &student), "AccessDenied");
        assert_eq!(text, "Not authorized to perform sts:AssumeRoleWithSAML");
        let bob = crate::saml::scene::Says { subject: "bob".into(), ..staff() };
        check_fault(scene.assume(&role, &bob), "AccessDenied");
    }

    #[test]
    fn a_role_that_was_not_offered_or_is_not_there_is_denied_alike() {
        let scene = Scene::new();
        let (role, other) = (scene.guest(), scene.trusting("other", &[ACTION], &json!({})));
        let denied = check_fault(scene.assume(&other, &scene.says(&role)), "AccessDenied");
        let missing = "arn:aws:iam::000000000000:role/missing";
        assert_eq!(check_fault(scene.assume(missing, &scene.says(missing)), "AccessDenied"), denied);
        let none = scene.says(&role).with("Role", &[]);
        assert_eq!(check_fault(scene.assume(&role, &none), "AccessDenied"), denied);
        let half = scene.says(&role).with("Role", &[&role]);
        check_fault(scene.assume(&role, &half), "AccessDenied");
    }

    #[test]
    fn a_sessions_name_is_required_and_must_be_one() {
        let scene = Scene::new();
        let role = scene.guest();
        let refused = |names: &[&str]| {
            let says = scene.says(&role).with("RoleSessionName", names);
            check_fault(scene.assume(&role, &says), "InvalidIdentityToken")
        };
        assert_eq!(refused(&[]), "RoleSessionName is required in AuthnResponse");
        for bad in [&["a"][..], &["a b"], &["ann", "bob"], &[""]] {
            assert_eq!(refused(bad), "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}");
        }
    }

    #[test]
    fn tags_and_a_source_identity_need_the_trust_policys_word() {
        let scene = Scene::new();
        let says = |role: &str| {
            let says =
                scene.says(role).with("PrincipalTag:team", &["blue"]).with("PrincipalTag:env", &["dev"]);
            says.with("TransitiveTagKeys", &["team"]).with("SourceIdentity", &["ann"])
        };
        let plain = scene.guest();
        let text = check_fault(scene.assume(&plain, &says(&plain)), "AccessDenied");
        assert_eq!(text, "Not authorized to perform sts:TagSession");
        let tagging = scene.trusting("tagging", &[ACTION, "sts:TagSession"], &json!({}));
        let text = check_fault(scene.assume(&tagging, &says(&tagging)), "AccessDenied");
        assert_eq!(text, "Not authorized to perform sts:SetSourceIdentity");
        let all = scene.trusting("all", &[ACTION, "sts:TagSession", "sts:SetSourceIdentity"], &json!({}));
        let answer = scene.assume(&all, &says(&all)).unwrap();
        assert_eq!(answer.source_identity.as_deref(), Some("ann"));
        assert!(answer.packed_policy_size.is_some_and(|percent| percent > 0));
        let session = signed_in(&scene, &answer);
        assert!(session.caller.tags.contains(&("team".into(), "blue".into())));
        assert_eq!(session.caller.session.as_deref().unwrap().transitive, ["team"]);
        for bad in [&["aws:x"][..], &["x"], &["ann", "bob"]] {
            let says = scene.says(&all).with("SourceIdentity", bad);
            let text = check_fault(scene.assume(&all, &says), "InvalidIdentityToken");
            assert!(text.starts_with("Source Identity must match"), "{text}");
        }
        let two = scene.says(&all).with("PrincipalTag:team", &["blue", "red"]);
        check_fault(scene.assume(&all, &two), "InvalidIdentityToken");
        let huge = (0..40).fold(scene.says(&all), |says, n| {
            let value: String = (0..256)
                .map(|k| char::from(b'a' + u8::try_from((k * k * 7 + n * 13 + k * n) % 26).unwrap()))
                .collect();
            says.with(&format!("PrincipalTag:team{n}"), &[&value])
        });
        let team = huge.with("PrincipalTag:team", &["x"]);
        check_fault(scene.assume(&all, &team), "PackedPolicyTooLarge");
    }

    #[test]
    fn a_session_ends_with_the_users_at_the_provider() {
        let scene = Scene::new();
        let role = scene.guest();
        let life = |session: u64, asked: Option<i32>| {
            let says = crate::saml::scene::Says { session, ..scene.says(&role) };
            let input = AssumeRoleWithSAMLRequest {
                duration_seconds: asked,
                ..request(&role, scene.response(&says))
            };
            let session = signed_in(&scene, &scene.ask(input).unwrap());
            let kept = session.caller.session.as_deref().unwrap();
            kept.expires.since(kept.issued).as_secs()
        };
        assert_eq!(life(1_800, None), 1_800);
        assert_eq!(life(1_800, Some(7_200)), 1_800);
        assert_eq!(life(36_000, Some(7_200)), 7_200);
    }

    #[test]
    fn what_is_wrong_with_a_response_is_said_in_awss_words() {
        use crate::saml::scene::Says;
        let scene = Scene::new();
        let role = scene.guest();
        let says = || scene.says(&role);
        let invalid = |says: Says| check_fault(scene.assume(&role, &says), "InvalidIdentityToken");
        let text = invalid(Says { issuer: "https://other".into(), ..says() });
        assert_eq!(text, "Issuer not present in specified provider");
        let text = invalid(Says { audience: "https://other".into(), ..says() });
        assert_eq!(text, "Response does not contain the required audience.");
        invalid(Says { recipient: "https://signin.aws.amazon.com.evil.com/saml".into(), ..says() });
        let failed = Says { status: "Responder".into(), ..says() };
        let fault = scene.assume(&role, &failed).unwrap_err();
        assert_eq!((fault.code(), fault.status()), ("IDPRejectedClaim", 403));
        let response = scene.response(&says());
        let cut = request(&role, response[4..].to_owned());
        check_fault(scene.ask(cut), "InvalidIdentityToken");
        let text = check_fault(scene.ask(request(&role, "!!!!".into())), "InvalidIdentityToken");
        assert_eq!(text, "Invalid base64 SAMLResponse");
        scene.world.env.advance(Duration::from_secs(300));
        let fault = scene.ask(request(&role, response)).unwrap_err();
        assert_eq!((fault.code(), fault.status()), ("ExpiredTokenException", 400));
        assert_eq!(fault.message(), "Token must be redeemed within 5 minutes of issuance");
        let long = request(&role, "A".repeat(100_001));
        check_fault(scene.ask(long), "ValidationError");
    }

    #[test]
    fn only_the_accounts_own_provider_with_its_own_key_vouches() {
        let scene = Scene::new();
        let role = scene.guest();
        let refused = |provider: &str| {
            let input = AssumeRoleWithSAMLRequest {
                principal_arn: provider.into(),
                ..request(&role, scene.response(&scene.says(&role)))
            };
            check_fault(scene.ask(input), "InvalidIdentityToken")
        };
        let doesnt = "Specified provider doesn't exist.";
        assert_eq!(refused("arn:aws:iam::000000000000:saml-provider/other"), doesnt);
        assert_eq!(refused("arn:aws:iam::111111111111:saml-provider/idp"), doesnt);
        let strange = Scene::new();
        let strange = strange.response(&strange.says(&role));
        let text = check_fault(scene.ask(request(&role, strange)), "InvalidIdentityToken");
        assert_eq!(text, "Response signature invalid");
        scene.change(|provider| provider.must_encrypt = true);
        check_fault(scene.assume(&role, &scene.says(&role)), "InvalidIdentityToken");
        scene.unregister();
        assert_eq!(refused(PROVIDER), doesnt);
    }
}
