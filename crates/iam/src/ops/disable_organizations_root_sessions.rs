//! DisableOrganizationsRootSessions: no more sessions of members' root users.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::central_root::{self, Feature};
use crate::model::{DisableOrganizationsRootSessions, DisableOrganizationsRootSessionsResponse};

impl Operation for DisableOrganizationsRootSessions {
    type Access = Write;

    fn needs(_input: &Self::Input, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::DisableOrganizationsRootSessions).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DisableOrganizationsRootSessionsResponse, Fault> {
        let (account, now) = (req.account(), req.now);
        let (id, features) = central_root::switch(req.tx()?, account, Feature::RootSessions, false, now)?;
        Ok(DisableOrganizationsRootSessionsResponse {
            organization_id: Some(id),
            enabled_features: Some(features),
        })
    }
}
