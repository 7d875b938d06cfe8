//! CopySnapshot: a snapshot of one's own, of the same bytes, in this region.

use rolecall_actions::ec2::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};

use crate::model::{CopySnapshot, CopySnapshotRequest, CopySnapshotResult};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{Snapshot, SnapshotState};
use crate::{faults, snapshots, tags, volumes};

impl Operation for CopySnapshot {
    type Access = Write;

    fn needs(input: &CopySnapshotRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let from = Place { account: at.account(), region: &input.source_region };
        let source = ByArn::new(snapshots::arn(from.region, &input.source_snapshot_id), from.account)
            .tagged(tags::of(at.db()?, from, &input.source_snapshot_id)?);
        let found = snapshots::find(at.db()?, from, &input.source_snapshot_id)?;
        let asked = Needs::action(ec2::CopySnapshot)
            .on(&source)
            .key(key::Region, Some(at.region))
            .key(key::Owner, found.map(|snapshot| snapshot.account.to_string()))
            .done();
        let made = ByArn::new(snapshots::arn(at.region, "*"), at.account());
        let encrypted = (input.encrypted == Some(true)).to_string();
        Ok(asked.and(to_make(
            ec2::CopySnapshot,
            &made,
            Place::of(at),
            input.tag_specifications.as_deref(),
            |question| question.key(key::Encrypted, Some(encrypted)),
        )))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CopySnapshotResult, Fault> {
        let (place, input, now) = (Place::here(req), req.input, req.now);
        volumes::refuse_encryption(input.encrypted, input.kms_key_id.as_deref())?;
        let elsewhere =
            input.destination_outpost_arn.is_some() || input.destination_availability_zone.is_some();
        if elsewhere || input.completion_duration_minutes.is_some() {
            return Err(faults::unsupported("This destination or duration of a copy"));
        }
        if input.destination_region.as_deref().is_some_and(|region| region != place.region) {
            return Err(faults::invalid("The destination must be the region that is called."));
        }
        let from = Place { account: place.account, region: &input.source_region };
        let tags = tags::of_request(input.tag_specifications.as_deref(), &["snapshot"], "snapshot")?;
        let source = snapshots::usable(req.db()?, from, &input.source_snapshot_id)?;
        faults::dry_run(input.dry_run)?;
        let description = input
            .description
            .clone()
            .unwrap_or_else(|| format!("[Copied {} from {}]", source.id, source.region));
        let copy = Snapshot {
            account: place.account,
            region: place.region.to_owned(),
            id: req.env.resource_id("snap"),
            volume: snapshots::NO_VOLUME.to_owned(),
            description,
            state: SnapshotState::Completed,
            reason: None,
            started: now,
            completed: Some(now),
            of: None,
            public: false,
            shared: Vec::new(),
            size: source.size,
            boot: source.boot,
        };
        snapshots::write_new(req.tx()?, &copy, &tags)?;
        Ok(CopySnapshotResult { snapshot_id: Some(copy.id), tags: tags::to_wire_if_any(&tags) })
    }
}
