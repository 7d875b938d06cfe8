//! DescribeSnapshots: an account's snapshots, and those that others share with it.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::pick;
use crate::model::{DescribeSnapshots, DescribeSnapshotsRequest, DescribeSnapshotsResult};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::Snapshot;
use crate::snapshots::{self, Shown, is_of};
use crate::tags;

impl Operation for DescribeSnapshots {
    type Access = Read;

    fn needs(_: &DescribeSnapshotsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeSnapshots, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeSnapshotsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let ids = input.snapshot_ids.as_deref().unwrap_or_default();
        let mut list: Vec<Snapshot> = if ids.is_empty() {
            snapshots::all(req.db()?, place)?
        } else {
            ids.iter().map(|id| snapshots::get(req.db()?, place, id)).collect::<Result<_, _>>()?
        };
        let owners = input.owner_ids.as_deref().unwrap_or_default();
        let users = input.restorable_by_user_ids.as_deref().unwrap_or_default();
        list.retain(|snapshot| {
            (owners.is_empty() || owners.iter().any(|own| is_of(snapshot, own, place.account)))
                && (users.is_empty() || users.iter().any(|user| is_restorable(snapshot, user, place)))
        });
        let mut found = Vec::new();
        for snapshot in list {
            let tags = tags::of(req.db()?, place, &snapshot.id)?;
            found.push(Shown { snapshot, tags });
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |shown| shown.snapshot.id.clone())?;
        let list = page.items.iter().map(Shown::to_wire).collect();
        Ok(DescribeSnapshotsResult { snapshots: Some(list), next_token: page.next })
    }
}

/// Whether a user may make volumes of a snapshot: `all`, `self`, or an account.
fn is_restorable(snapshot: &Snapshot, user: &str, place: Place<'_>) -> bool {
    match user {
        "all" => snapshot.public,
        "self" => snapshot.is_for(place.account) && !snapshot.public,
        account => snapshot.shared.iter().any(|own| own.to_string() == account),
    }
}
