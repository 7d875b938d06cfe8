//! GetAccountProperties: the account's settings by their names.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::account_properties;
use crate::model::{GetAccountProperties, GetAccountPropertiesRequest, GetAccountPropertiesResponse};
use crate::records::AllAccountSettings;

impl Operation for GetAccountProperties {
    type Access = Read;

    fn needs(_input: &GetAccountPropertiesRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        let namespaces = account_properties::namespaces([account_properties::ROLE_MANAGER].into_iter());
        Ok(Needs::action(iam::GetAccountProperties)
            .anywhere()
            .list(iam::key::AccountPropertyNamespaces, namespaces)
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetAccountPropertiesResponse, Fault> {
        let settings = req.db()?.get::<AllAccountSettings>(&req.account())?.unwrap_or_default();
        let properties = account_properties::all(&settings).into_iter().collect();
        Ok(GetAccountPropertiesResponse { properties: Some(properties) })
    }
}
