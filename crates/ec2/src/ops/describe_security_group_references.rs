//! DescribeSecurityGroupReferences: which VPCs on the other side of a connection refer to a group. There are no
//! connections between VPCs here, so none does.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::groups::{self, on_group};
use crate::model::{
    DescribeSecurityGroupReferences, DescribeSecurityGroupReferencesRequest,
    DescribeSecurityGroupReferencesResult,
};
use crate::network::Network;
use crate::place::Place;

impl Operation for DescribeSecurityGroupReferences {
    type Access = Read;

    fn needs(input: &DescribeSecurityGroupReferencesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let mut needs = Vec::new();
        for id in &input.group_id {
            needs.push(on_group(ec2::DescribeSecurityGroupReferences, at, Some(id), None)?.done());
        }
        if needs.is_empty() {
            needs.push(on_group(ec2::DescribeSecurityGroupReferences, at, None, None)?.done());
        }
        Ok(Needs::all(needs))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeSecurityGroupReferencesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        if input.group_id.is_empty() {
            return Err(faults::missing("GroupId"));
        }
        let network = Network::load(req.db()?, place)?;
        for id in &input.group_id {
            groups::named(&network, Some(id), None)?;
        }
        faults::dry_run(input.dry_run)?;
        Ok(DescribeSecurityGroupReferencesResult { security_group_reference_set: Some(Vec::new()) })
    }
}
