//! EnableOrganizationsRootCredentialsManagement: lets the management account remove and restore root credentials of members.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::central_root::{self, Feature};
use crate::model::{
    EnableOrganizationsRootCredentialsManagement, EnableOrganizationsRootCredentialsManagementResponse,
};

impl Operation for EnableOrganizationsRootCredentialsManagement {
    type Access = Write;

    fn needs(_input: &Self::Input, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::EnableOrganizationsRootCredentialsManagement).anywhere().done())
    }

    fn run(
        req: &mut Authorized<'_, Self>,
    ) -> Result<EnableOrganizationsRootCredentialsManagementResponse, Fault> {
        let (account, now) = (req.account(), req.now);
        let (id, features) =
            central_root::switch(req.tx()?, account, Feature::RootCredentialsManagement, true, now)?;
        Ok(EnableOrganizationsRootCredentialsManagementResponse {
            organization_id: Some(id),
            enabled_features: Some(features),
        })
    }
}
