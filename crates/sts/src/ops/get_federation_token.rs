//! GetFederationToken: a name of its own within what its user may do.

use rolecall_actions::sts::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Read};
use rolecall_identity::{Session, SessionKind};

use crate::model::{
    FederatedUser, GetFederationToken, GetFederationTokenRequest, GetFederationTokenResponse,
};
use crate::{grant, session_policy, session_tags};

fn arn(at: &At<'_>, name: &str) -> String {
    format!("arn:aws:sts::{}:federated-user/{name}", at.account())
}

impl Operation for GetFederationToken {
    type Access = Read;

    fn needs(input: &GetFederationTokenRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = ByArn::<kind::FederatedUser>::new(arn(at, &input.name), at.account());
        let tags = input.tags.as_deref().unwrap_or_default();
        let pairs = || tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
        let needs = Needs::action(sts::GetFederationToken).on(&user).request_tags(pairs()).done();
        if tags.is_empty() {
            return Ok(needs);
        }
        Ok(needs.and(Needs::action(sts::TagSession).anywhere().request_tags(pairs()).done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetFederationTokenResponse, Fault> {
        grant::only_long_term(req.caller, "GetFederationToken")?;
        let input = req.input;
        let tags = session_tags::gather(req.caller, input.tags.as_deref().unwrap_or_default(), &[])?;
        let arns = session_policy::arns(input.policy_arns.as_deref());
        let packed = session_policy::check(req, req.account(), input.policy.as_deref(), &arns, &tags.all)?;
        let session = Session {
            kind: SessionKind::Federated,
            account: req.caller.account,
            principal_id: req.caller.principal_id.clone(),
            name: input.name.clone(),
            issued: req.now.whole_seconds(),
            expires: grant::ends(req.now, grant::user_seconds(req.caller, input.duration_seconds)),
            tags: tags.all,
            policy: input.policy.clone(),
            policy_arns: arns,
            ..Session::default()
        };
        let grant = grant::credentials(req, &session, input.minimum_session_token_size)?;
        Ok(GetFederationTokenResponse {
            credentials: Some(grant.credentials),
            session_token_size: grant.size,
            session_token_utilization: grant.utilization,
            federated_user: Some(FederatedUser {
                federated_user_id: format!("{}:{}", req.account(), input.name),
                arn: arn(&req.at(), &input.name),
            }),
            packed_policy_size: packed.or(Some(0)),
        })
    }
}
