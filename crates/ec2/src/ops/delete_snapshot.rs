//! DeleteSnapshot: a snapshot that no image needs. Its bytes go when nothing is made of them any more.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_snapshot;
use crate::disks;
use crate::model::{DeleteSnapshot, DeleteSnapshotRequest, DeleteSnapshotResponse};
use crate::place::Place;
use crate::{faults, snapshots};

impl Operation for DeleteSnapshot {
    type Access = Write;

    fn needs(input: &DeleteSnapshotRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_snapshot(ec2::DeleteSnapshot, at, &input.snapshot_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteSnapshotResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let snapshot = snapshots::own(req.db()?, place, &input.snapshot_id)?;
        if let Some(image) = disks::image_of(req.db()?, Place::here(req), &snapshot.id)? {
            let text = format!("The snapshot {} is currently in use by {image}", snapshot.id);
            return Err(faults::other("InvalidSnapshot.InUse", text));
        }
        faults::dry_run(input.dry_run)?;
        disks::delete_snapshot(req.tx()?, &snapshot)?;
        Ok(DeleteSnapshotResponse {})
    }
}
