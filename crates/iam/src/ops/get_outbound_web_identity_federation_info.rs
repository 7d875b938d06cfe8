//! GetOutboundWebIdentityFederationInfo: the issuer URL of the account's web identity tokens.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::Issuers;

use crate::model::{GetOutboundWebIdentityFederationInfo, GetOutboundWebIdentityFederationInfoResponse};
use crate::outbound;

impl Operation for GetOutboundWebIdentityFederationInfo {
    type Access = Read;

    fn needs(_input: &Self::Input, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::GetOutboundWebIdentityFederationInfo).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetOutboundWebIdentityFederationInfoResponse, Fault> {
        let row = outbound::current(req.db()?, req.account())?;
        let issuers = req.extensions.get::<Issuers>()?;
        Ok(GetOutboundWebIdentityFederationInfoResponse {
            issuer_identifier: Some(issuers.url(&row.issuer_id)),
            jwt_vending_enabled: Some(row.enabled),
        })
    }
}
