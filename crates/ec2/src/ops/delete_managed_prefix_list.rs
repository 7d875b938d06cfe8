//! DeleteManagedPrefixList: only one that no rule and no route refers to.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::managed_prefix_lists as managed;
use crate::model::{DeleteManagedPrefixList, DeleteManagedPrefixListRequest, DeleteManagedPrefixListResult};
use crate::place::Place;

impl Operation for DeleteManagedPrefixList {
    type Access = Write;

    fn needs(input: &DeleteManagedPrefixListRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(managed::on_list(ec2::DeleteManagedPrefixList, at, &input.prefix_list_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteManagedPrefixListResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        let list = managed::own(tx, place, &input.prefix_list_id)?;
        if !managed::users(tx, place, &list.id)?.is_empty() {
            let text = format!("The prefix list '{}' has dependencies and cannot be deleted.", list.id);
            return Err(faults::other("DependencyViolation", text));
        }
        faults::dry_run(input.dry_run)?;
        let wire = managed::to_wire(tx, place, &list, "delete-in-progress")?;
        managed::remove(tx, place, &list)?;
        Ok(DeleteManagedPrefixListResult { prefix_list: Some(wire) })
    }
}
