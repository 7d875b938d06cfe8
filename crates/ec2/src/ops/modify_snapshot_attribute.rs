//! ModifySnapshotAttribute: who may make volumes of a snapshot.

use rolecall_actions::ec2::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_snapshot;
use crate::model::{
    CreateVolumePermission, ModifySnapshotAttribute, ModifySnapshotAttributeRequest,
    ModifySnapshotAttributeResponse,
};
use crate::permissions::Change;
use crate::place::Place;
use crate::{faults, snapshots};

impl Operation for ModifySnapshotAttribute {
    type Access = Write;

    fn needs(input: &ModifySnapshotAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let change = change(input);
        let question = || {
            let question = on_snapshot(ec2::ModifySnapshotAttribute, at, &input.snapshot_id)?;
            Ok::<_, Fault>(question.key(key::Attribute, Some("CreateVolumePermission")))
        };
        // The keys hold one value each: everybody who is let in or shut out is asked about.
        let mut asked = Vec::new();
        for user in &change.add_users {
            asked.push(question()?.key(key::AddUserId, Some(user.as_str())).done());
        }
        for user in &change.remove_users {
            asked.push(question()?.key(key::RemoveUserId, Some(user.as_str())).done());
        }
        for group in &change.add_groups {
            asked.push(question()?.key(key::AddGroup, Some(group.as_str())).done());
        }
        for group in &change.remove_groups {
            asked.push(question()?.key(key::RemoveGroup, Some(group.as_str())).done());
        }
        if asked.is_empty() {
            return Ok(question()?.done());
        }
        Ok(Needs::all(asked))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifySnapshotAttributeResponse, Fault> {
        let input = req.input;
        let mut snapshot = snapshots::own(req.db()?, Place::here(req), &input.snapshot_id)?;
        if input.attribute.as_deref() == Some("productCodes") {
            return Err(faults::unsupported("Product codes of a snapshot"));
        }
        change(input).apply(&mut snapshot.public, &mut snapshot.shared)?;
        faults::dry_run(input.dry_run)?;
        snapshots::put(req.tx()?, &snapshot)?;
        Ok(ModifySnapshotAttributeResponse {})
    }
}

/// What the two forms of the request say together.
fn change(input: &ModifySnapshotAttributeRequest) -> Change {
    let mut change = Change::default();
    let groups = input.group_names.as_deref().unwrap_or_default();
    change.add_older(input.operation_type.as_deref(), input.user_ids.as_deref().unwrap_or_default(), groups);
    let wish = input.create_volume_permission.as_ref();
    let list = |list: Option<&Vec<CreateVolumePermission>>| {
        let list = list.map(Vec::as_slice).unwrap_or_default();
        let users = list.iter().filter_map(|one| one.user_id.clone()).collect::<Vec<_>>();
        let groups = list.iter().filter_map(|one| one.group.clone()).collect::<Vec<_>>();
        (users, groups)
    };
    let (users, groups) = list(wish.and_then(|wish| wish.add.as_ref()));
    change.add_users.extend(users);
    change.add_groups.extend(groups);
    let (users, groups) = list(wish.and_then(|wish| wish.remove.as_ref()));
    change.remove_users.extend(users);
    change.remove_groups.extend(groups);
    change
}
