//! DisableOrganizationsRootCredentialsManagement: root credentials of members are their own affair again.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::central_root::{self, Feature};
use crate::model::{
    DisableOrganizationsRootCredentialsManagement, DisableOrganizationsRootCredentialsManagementResponse,
};

impl Operation for DisableOrganizationsRootCredentialsManagement {
    type Access = Write;

    fn needs(_input: &Self::Input, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::DisableOrganizationsRootCredentialsManagement).anywhere().done())
    }

    fn run(
        req: &mut Authorized<'_, Self>,
    ) -> Result<DisableOrganizationsRootCredentialsManagementResponse, Fault> {
        let (account, now) = (req.account(), req.now);
        let (id, features) =
            central_root::switch(req.tx()?, account, Feature::RootCredentialsManagement, false, now)?;
        Ok(DisableOrganizationsRootCredentialsManagementResponse {
            organization_id: Some(id),
            enabled_features: Some(features),
        })
    }
}
