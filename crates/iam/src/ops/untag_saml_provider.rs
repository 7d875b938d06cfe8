//! UntagSAMLProvider: removes tags of a SAML identity provider.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{UntagSAMLProvider, UntagSAMLProviderRequest, UntagSAMLProviderResponse};
use crate::{saml, tags};

impl Operation for UntagSAMLProvider {
    type Access = Write;

    fn needs(input: &UntagSAMLProviderRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = saml::target(at, &input.saml_provider_arn)?;
        Ok(Needs::action(iam::UntagSAMLProvider).on(&target).tag_keys(input.tag_keys.clone()).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UntagSAMLProviderResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut provider = saml::get(tx, account, &input.saml_provider_arn)?;
        tags::remove(&mut provider.tags, &input.tag_keys)?;
        saml::put(tx, &provider)?;
        Ok(UntagSAMLProviderResponse {})
    }
}
