//! EnableOrganizationsRootSessions: lets the management account do root's tasks in member accounts.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::central_root::{self, Feature};
use crate::model::{EnableOrganizationsRootSessions, EnableOrganizationsRootSessionsResponse};

impl Operation for EnableOrganizationsRootSessions {
    type Access = Write;

    fn needs(_input: &Self::Input, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::EnableOrganizationsRootSessions).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<EnableOrganizationsRootSessionsResponse, Fault> {
        let (account, now) = (req.account(), req.now);
        let (id, features) = central_root::switch(req.tx()?, account, Feature::RootSessions, true, now)?;
        Ok(EnableOrganizationsRootSessionsResponse {
            organization_id: Some(id),
            enabled_features: Some(features),
        })
    }
}
