//! SetSecurityTokenServicePreferences: which version of tokens the account gets from STS's global endpoint.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{SetSecurityTokenServicePreferences, SetSecurityTokenServicePreferencesRequest};
use crate::records::AllAccountSettings;

impl Operation for SetSecurityTokenServicePreferences {
    type Access = Write;

    fn needs(_input: &SetSecurityTokenServicePreferencesRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::SetSecurityTokenServicePreferences).anywhere().done())
    }

    // Tokens of this server are good in all its regions, so both versions are the same here; the setting is kept and
    // shown by GetAccountSummary.
    fn run(req: &mut Authorized<'_, Self>) -> Result<Self::Output, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut settings = tx.get::<AllAccountSettings>(&account)?.unwrap_or_default();
        settings.long_tokens = input.global_endpoint_token_version == "v2Token";
        tx.put::<AllAccountSettings>(&account, &settings)?;
        Ok(Self::Output::default())
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn the_summary_shows_the_version() {
        let scene = Scene::new();
        let version = || {
            let summary = scene.call::<GetAccountSummary>(Default::default()).unwrap().summary_map.unwrap();
            summary.get("GlobalEndpointTokenVersion").copied()
        };
        assert_eq!(version(), Some(1));
        for (word, number) in [("v2Token", 2), ("v1Token", 1)] {
            let global_endpoint_token_version = word.to_owned();
            let input = SetSecurityTokenServicePreferencesRequest { global_endpoint_token_version };
            scene.call::<SetSecurityTokenServicePreferences>(input).unwrap();
            assert_eq!(version(), Some(number));
        }
    }
}
