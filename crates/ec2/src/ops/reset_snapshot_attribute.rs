//! ResetSnapshotAttribute: a snapshot is nobody else's again.

use rolecall_actions::ec2::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_snapshot;
use crate::model::{ResetSnapshotAttribute, ResetSnapshotAttributeRequest, ResetSnapshotAttributeResponse};
use crate::place::Place;
use crate::{faults, snapshots};

impl Operation for ResetSnapshotAttribute {
    type Access = Write;

    fn needs(input: &ResetSnapshotAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_snapshot(ec2::ResetSnapshotAttribute, at, &input.snapshot_id)?;
        Ok(question.key(key::Attribute, Some("CreateVolumePermission")).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ResetSnapshotAttributeResponse, Fault> {
        let mut snapshot = snapshots::own(req.db()?, Place::here(req), &req.input.snapshot_id)?;
        if req.input.attribute != "createVolumePermission" {
            return Err(faults::invalid("Only createVolumePermission can be reset."));
        }
        faults::dry_run(req.input.dry_run)?;
        snapshot.public = false;
        snapshot.shared.clear();
        snapshots::put(req.tx()?, &snapshot)?;
        Ok(ResetSnapshotAttributeResponse {})
    }
}
