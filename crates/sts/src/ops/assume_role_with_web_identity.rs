//! AssumeRoleWithWebIdentity: temporary credentials of a role, for whom a provider of OpenID Connect vouches.

use rolecall_actions::sts::{self, key};
use rolecall_base::{AccountId, Fault};
use rolecall_door::{At, Authorized, Needs, Operation, Pending, Proving, Read, Resource};
use rolecall_identity::{Caller, Federation, Who};

use crate::assumed::{self, Target};
use crate::federated::{self, Asked};
use crate::model::{
    AssumeRoleWithWebIdentity, AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse, fault,
};
use crate::web_identity::{self, Token};

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

impl Proving for AssumeRoleWithWebIdentity {
    fn account(input: &AssumeRoleWithWebIdentityRequest) -> Option<AccountId> {
        federated::account(&input.role_arn)
    }

    fn prove<'a>(
        input: &'a AssumeRoleWithWebIdentityRequest,
        at: &'a At<'a>,
    ) -> Pending<'a, Result<Caller, Fault>> {
        Box::pin(prove(input, at))
    }
}

async fn prove(input: &AssumeRoleWithWebIdentityRequest, at: &At<'_>) -> Result<Caller, Fault> {
    let account =
        federated::account(&input.role_arn).ok_or_else(|| Fault::validation("Request ARN is invalid"))?;
    if let Some(provider) = &input.provider_id {
        // Access tokens of OAuth 2.0, which only two providers' own services can verify.
        return Err(fault::invalid_identity_token(format!(
            "OAuth 2.0 access tokens of {provider} are not supported; pass an OpenID Connect ID token and no ProviderId."
        )));
    }
    let token = Token::parse(&input.web_identity_token)?;
    let issuer = token.text("iss");
    let issuer = issuer.ok_or_else(|| fault::invalid_identity_token("Missing a required claim: iss"))?;
    let provider = web_identity::find(at.db()?, account, issuer)?;
    let federation = web_identity::verify(at, &provider, &token).await?;
    let name = format!("{}:{}:{}", federation.provider, federation.audience, federation.subject);
    Ok(Caller::federated(Who::WebIdentity, account, name, federation))
}

impl Operation for AssumeRoleWithWebIdentity {
    type Access = Read;

    fn needs(input: &AssumeRoleWithWebIdentityRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let federation = federated::of(at, ACTION)?;
        // As it is now: while keys were fetched, the provider may have been deleted, or have lost this audience.
        let provider = web_identity::registered(at.db()?, &federation.provider)?;
        let provider = provider.ok_or_else(|| {
            let text = format!("No OpenIDConnect provider found in your account for {}", federation.issuer);
            fault::invalid_identity_token(text)
        })?;
        if !provider.client_ids.contains(&federation.audience) {
            return Err(fault::invalid_identity_token("Incorrect token audience"));
        }
        let target = assumed::find(at, &input.role_arn)?;
        let questions = match &target {
            Target::Role(role) => questions(input, federation, &**role),
            Target::Nothing(role) => questions(input, federation, role),
        };
        at.keep(target);
        Ok(questions)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AssumeRoleWithWebIdentityResponse, Fault> {
        let input = req.input;
        let Some(Target::Role(target)) = req.take_kept() else {
            return Err(Fault::internal("a role that is gone was allowed"));
        };
        let at = req.at();
        let federation = federated::of(&at, ACTION)?;
        let asked = Asked {
            name: &input.role_session_name,
            policy: input.policy.as_deref(),
            policy_arns: input.policy_arns.as_deref(),
            seconds: input.duration_seconds,
            minimum_size: input.minimum_session_token_size,
        };
        let made = federated::session(req, &target.role, federation, &asked)?;
        Ok(AssumeRoleWithWebIdentityResponse {
            credentials: Some(made.grant.credentials),
            session_token_size: made.grant.size,
            session_token_utilization: made.grant.utilization,
            subject_from_web_identity_token: Some(federation.subject.clone()),
            assumed_role_user: Some(made.user),
            packed_policy_size: made.packed,
            provider: Some(federation.provider.clone()),
            audience: Some(federation.audience.clone()),
            source_identity: federation.source_identity.clone(),
        })
    }
}

/// The role itself, and what its session is to carry: tags, a source identity. All of it is for the trust policy to
/// allow.
fn questions<R>(input: &AssumeRoleWithWebIdentityRequest, federation: &Federation, role: &R) -> Needs
where
    R: Resource<Kind = rolecall_actions::iam::kind::Role>,
{
    let pairs = || federation.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let transitive = &federation.transitive;
    let source = federation.source_identity.as_deref();
    let mut assume = Needs::action(sts::AssumeRoleWithWebIdentity)
        .on(role)
        .key(key::RoleSessionName, Some(input.role_session_name.as_str()))
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
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{AssumeRole, AssumeRoleRequest, GetCallerIdentity, GetCallerIdentityRequest};
    use crate::web_identity::scene::{CLIENT, Scene, assume, guest, input, key, with};

    fn signed_in(scene: &Scene, answer: &AssumeRoleWithWebIdentityResponse) -> Visitor {
        let given = answer.credentials.as_ref().unwrap();
        scene.world.signed_in(&given.access_key_id, Some(&given.session_token)).unwrap()
    }

    #[test]
    fn a_good_token_gives_a_session_of_the_role() {
        let scene = Scene::new();
        let answer = assume(&scene, &guest(&scene), &scene.key.token(&scene.claims())).unwrap();
        assert_eq!(
            answer.provider.as_deref(),
            Some("arn:aws:iam::000000000000:oidc-provider/id.example.com/realm")
        );
        assert_eq!(answer.audience.as_deref(), Some(CLIENT));
        assert_eq!(answer.subject_from_web_identity_token.as_deref(), Some("ann@example.com"));
        let session = signed_in(&scene, &answer);
        let me = scene.world.call::<GetCallerIdentity>(&session, GetCallerIdentityRequest {}).unwrap();
        assert_eq!(me.arn.as_deref(), Some("arn:aws:sts::000000000000:assumed-role/guest/app"));
        let kept = session.caller.session.as_deref().unwrap();
        assert_eq!(kept.provider, answer.provider);
        assert_eq!(
            kept.context,
            [(key("aud"), vec![CLIENT.to_owned()]), (key("sub"), vec!["ann@example.com".to_owned()])]
        );
        assert_eq!(kept.expires.since(kept.issued), Duration::from_secs(3_600));
    }

    #[test]
    fn the_trust_policy_decides_by_what_the_provider_says() {
        let scene = Scene::new();
        let condition = json!({"StringEquals": {key("sub"): "ann@example.com"}, "ForAnyValue:StringEquals": {key("amr"): "mfa"}});
        let arn = scene.trusting("guest", &[ACTION], &condition);
        with(&scene, &arn, &json!({"amr": ["pwd", "mfa"]})).unwrap();
        let refused = check_fault(with(&scene, &arn, &json!({"amr": ["pwd"]})), "AccessDenied");
        assert_eq!(refused, "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        let other = json!({"amr": ["mfa"], "sub": "bob@example.com"});
        check_fault(with(&scene, &arn, &other), "AccessDenied");
        let missing = "arn:aws:iam::000000000000:role/missing";
        assert_eq!(check_fault(with(&scene, missing, &json!({})), "AccessDenied"), refused);
    }

    #[test]
    fn with_an_authorized_party_that_is_the_audience() {
        let scene = Scene::new();
        let arn = scene.trusting(
            "guest",
            &[ACTION],
            &json!({"StringEquals": {key("aud"): CLIENT, key("oaud"): "api"}}),
        );
        let answer = with(&scene, &arn, &json!({"aud": "api", "azp": CLIENT})).unwrap();
        assert_eq!(answer.audience.as_deref(), Some(CLIENT));
        check_fault(with(&scene, &arn, &json!({"aud": CLIENT, "azp": "evil"})), "InvalidIdentityToken");
        check_fault(with(&scene, &arn, &json!({"aud": ["api", CLIENT]})), "AccessDenied");
    }

    #[test]
    fn a_provider_that_can_not_be_reached_is_told_apart() {
        let scene = Scene::new();
        scene.register("down.example.com", &[CLIENT]);
        let outcome = with(&scene, &guest(&scene), &json!({"iss": "https://down.example.com"}));
        check_fault(outcome, "IDPCommunicationError");
    }

    #[test]
    fn tags_and_a_source_identity_come_from_the_token_and_need_the_trust_policys_word() {
        let scene = Scene::new();
        let claims = json!({
            "https://aws.amazon.com/tags": {"principal_tags": {"team": ["blue"], "env": "dev"}, "transitive_tag_keys": ["team"]},
            "https://aws.amazon.com/source_identity": "ann",
        });
        let text = check_fault(with(&scene, &guest(&scene), &claims), "AccessDenied");
        assert_eq!(text, "Not authorized to perform sts:TagSession");
        let tagging = scene.trusting("tagging", &[ACTION, "sts:TagSession"], &json!({}));
        let text = check_fault(with(&scene, &tagging, &claims), "AccessDenied");
        assert_eq!(text, "Not authorized to perform sts:SetSourceIdentity");
        let all = [ACTION, "sts:TagSession", "sts:SetSourceIdentity"];
        let condition = json!({"StringEquals": {"aws:RequestTag/team": "blue"}});
        let must = scene.trusting("must", &[ACTION, "sts:TagSession"], &condition);
        check_fault(with(&scene, &must, &json!({})), "AccessDenied");
        let arn = scene.trusting("all", &all, &json!({}));
        let answer = with(&scene, &arn, &claims).unwrap();
        assert_eq!(answer.source_identity.as_deref(), Some("ann"));
        assert!(answer.packed_policy_size.is_some_and(|percent| percent > 0));
        let session = signed_in(&scene, &answer);
        let tags: Vec<_> =
            session.caller.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(tags, [("env", "dev"), ("team", "blue")]);
        assert_eq!(session.caller.session.as_deref().unwrap().transitive, ["team"]);
        let spread = json!({"https://aws.amazon.com/tags/principal_tags/team": "blue",
            "https://aws.amazon.com/tags/transitive_tag_keys": ["team"]});
        assert_eq!(signed_in(&scene, &with(&scene, &arn, &spread).unwrap()).caller.tags.len(), 1);
        for bad in [
            json!({"https://aws.amazon.com/tags": "team"}),
            json!({"https://aws.amazon.com/tags": {"principal_tags": {"team": ["a", "b"]}}}),
            json!({"https://aws.amazon.com/tags": {"principal_tags": {"": "x"}}}),
            json!({"https://aws.amazon.com/source_identity": "a"}),
            json!({"https://aws.amazon.com/source_identity": "a b"}),
        ] {
            check_fault(with(&scene, &arn, &bad), "IDPRejectedClaim");
        }
    }

    #[test]
    fn the_session_carries_the_provider_into_later_decisions() {
        let scene = Scene::new();
        let answer = with(&scene, &guest(&scene), &json!({})).unwrap();
        let session = signed_in(&scene, &answer);
        let next = |name: &str, condition: Value| {
            let principal = json!({"AWS": session.caller.principal_id});
            scene.role(
                name,
                &json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": principal, "Condition": condition}}),
            )
        };
        let provider = answer.provider.clone().unwrap();
        let good =
            json!({"StringEquals": {"aws:FederatedProvider": provider, key("sub"): "ann@example.com"}});
        let input = |arn: String| AssumeRoleRequest {
            role_arn: arn,
            role_session_name: "s1".into(),
            ..Default::default()
        };
        scene.world.call::<AssumeRole>(&session, input(next("good", good))).unwrap();
        let bad = json!({"StringEquals": {key("sub"): "bob@example.com"}});
        check_fault(scene.world.call::<AssumeRole>(&session, input(next("bad", bad))), "AccessDenied");
    }

    #[test]
    fn limits_are_those_of_assume_role() {
        let scene = Scene::new();
        let arn = guest(&scene);
        let token = scene.key.token(&scene.claims());
        let call = |input| scene.world.prove::<AssumeRoleWithWebIdentity>(input);
        let lasting = |seconds| AssumeRoleWithWebIdentityRequest {
            duration_seconds: Some(seconds),
            ..input(&arn, &token)
        };
        call(lasting(7_200)).unwrap();
        check_fault(call(lasting(7_201)), "ValidationError");
        check_fault(call(lasting(899)), "ValidationError");
        let policy = AssumeRoleWithWebIdentityRequest { policy: Some("{".into()), ..input(&arn, &token) };
        check_fault(call(policy), "MalformedPolicyDocument");
        let oauth = AssumeRoleWithWebIdentityRequest {
            provider_id: Some("graph.facebook.com".into()),
            ..input(&arn, &token)
        };
        check_fault(call(oauth), "InvalidIdentityToken");
        check_fault(assume(&scene, "arn:aws:iam::000000000000:user/ann", &token), "ValidationError");
    }
}
