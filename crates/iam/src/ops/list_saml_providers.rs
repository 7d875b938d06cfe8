//! ListSAMLProviders: the SAML identity providers of the account.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::{SamlProvider, SamlProviders};

use crate::model::{
    ListSAMLProviders, ListSAMLProvidersRequest, ListSAMLProvidersResponse, SAMLProviderListEntry,
};

impl Operation for ListSAMLProviders {
    type Access = Read;

    fn needs(_input: &ListSAMLProvidersRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::ListSAMLProviders).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListSAMLProvidersResponse, Fault> {
        let rows = req.db()?.scan::<SamlProviders>(&(req.account(),), None, usize::MAX)?;
        let entry = |provider: SamlProvider| SAMLProviderListEntry {
            arn: Some(provider.arn()),
            valid_until: Some(provider.valid_until),
            create_date: Some(provider.created),
        };
        let list = rows.into_iter().map(|(_, row)| entry(row)).collect();
        Ok(ListSAMLProvidersResponse { saml_provider_list: Some(list) })
    }
}
