//! EnableOutboundWebIdentityFederation: lets the account's principals have STS sign tokens about them.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::Issuers;

use crate::model::{EnableOutboundWebIdentityFederation, EnableOutboundWebIdentityFederationResponse};
use crate::outbound;

impl Operation for EnableOutboundWebIdentityFederation {
    type Access = Write;

    fn needs(_input: &Self::Input, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::EnableOutboundWebIdentityFederation).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<EnableOutboundWebIdentityFederationResponse, Fault> {
        let (account, env) = (req.account(), req.env);
        let issuers = req.extensions.get::<Issuers>()?;
        let row = outbound::enable(req.tx()?, env, account)?;
        let issuer_identifier = Some(issuers.url(&row.issuer_id));
        Ok(EnableOutboundWebIdentityFederationResponse { issuer_identifier })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_identity::{issuer_owner, outbound_federation};
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn an_account_has_one_issuer_whether_or_not_it_is_on() {
        let scene = Scene::new();
        let info = || scene.call::<GetOutboundWebIdentityFederationInfo>(Default::default());
        let enable = || scene.call::<EnableOutboundWebIdentityFederation>(Default::default());
        let disable = || scene.call::<DisableOutboundWebIdentityFederation>(Default::default());
        check_fault(info(), "FeatureDisabled");
        check_fault(disable(), "FeatureDisabled");
        let issuer = enable().unwrap().issuer_identifier.unwrap();
        check_fault(enable(), "FeatureEnabled");
        let shown = info().unwrap();
        assert_eq!(
            (shown.issuer_identifier.as_ref(), shown.jwt_vending_enabled),
            (Some(&issuer), Some(true))
        );
        let id = issuer.strip_prefix("https://roles.example.com/_rolecall/issuer/").unwrap();
        disable().unwrap();
        check_fault(info(), "FeatureDisabled");

        let db = scene.world.store.read().unwrap();
        assert_eq!(outbound_federation(&db, ACCOUNT).unwrap(), None);
        assert_eq!(issuer_owner(&db, id).unwrap(), Some(ACCOUNT), "tokens from before are still verified");
        assert_eq!(enable().unwrap().issuer_identifier, Some(issuer));
    }
}
