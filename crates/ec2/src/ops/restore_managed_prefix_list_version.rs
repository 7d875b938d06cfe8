//! RestoreManagedPrefixListVersion: the entries of an earlier version, as a new one.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::managed_prefix_lists as managed;
use crate::model::{
    RestoreManagedPrefixListVersion, RestoreManagedPrefixListVersionRequest,
    RestoreManagedPrefixListVersionResult,
};
use crate::place::Place;

impl Operation for RestoreManagedPrefixListVersion {
    type Access = Write;

    fn needs(input: &RestoreManagedPrefixListVersionRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(managed::on_list(ec2::RestoreManagedPrefixListVersion, at, &input.prefix_list_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RestoreManagedPrefixListVersionResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        let mut list = managed::own(tx, place, &input.prefix_list_id)?;
        let before = list.earlier.iter().find(|own| own.version == input.previous_version);
        let entries = before.map(|own| own.entries.clone()).ok_or_else(|| {
            let why = "There is no such version.";
            faults::invalid_value(input.previous_version, "PreviousVersion", why)
        })?;
        managed::next_version(&mut list, Some(input.current_version))?;
        list.entries = entries;
        managed::check_most(&list)?;
        faults::dry_run(input.dry_run)?;
        managed::put(tx, place, &list)?;
        let wire = managed::to_wire(tx, place, &list, "restore-in-progress")?;
        Ok(RestoreManagedPrefixListVersionResult { prefix_list: Some(wire) })
    }
}
