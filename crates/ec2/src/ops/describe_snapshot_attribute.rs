//! DescribeSnapshotAttribute: who may make volumes of a snapshot.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::disk_questions::on_snapshot;
use crate::model::{
    CreateVolumePermission, DescribeSnapshotAttribute, DescribeSnapshotAttributeRequest,
    DescribeSnapshotAttributeResult,
};
use crate::place::Place;
use crate::{faults, snapshots};

impl Operation for DescribeSnapshotAttribute {
    type Access = Read;

    fn needs(input: &DescribeSnapshotAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_snapshot(ec2::DescribeSnapshotAttribute, at, &input.snapshot_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeSnapshotAttributeResult, Fault> {
        let snapshot = snapshots::own(req.db()?, Place::here(req), &req.input.snapshot_id)?;
        faults::dry_run(req.input.dry_run)?;
        let mut answer =
            DescribeSnapshotAttributeResult { snapshot_id: Some(snapshot.id.clone()), ..Default::default() };
        if req.input.attribute == "productCodes" {
            answer.product_codes = Some(Vec::new());
            return Ok(answer);
        }
        let all =
            snapshot.public.then(|| CreateVolumePermission { group: Some("all".into()), user_id: None });
        let user = |account: &rolecall_base::AccountId| CreateVolumePermission {
            user_id: Some(account.to_string()),
            group: None,
        };
        let users = snapshot.shared.iter().map(user);
        answer.create_volume_permissions = Some(all.into_iter().chain(users).collect());
        Ok(answer)
    }
}
