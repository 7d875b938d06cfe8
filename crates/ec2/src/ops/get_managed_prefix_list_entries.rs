//! GetManagedPrefixListEntries: of the current version, or of an earlier one.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::managed_prefix_lists as managed;
use crate::model::{
    GetManagedPrefixListEntries, GetManagedPrefixListEntriesRequest, GetManagedPrefixListEntriesResult,
    PrefixListEntry,
};
use crate::paging::Turn;
use crate::place::Place;

impl Operation for GetManagedPrefixListEntries {
    type Access = Read;

    fn needs(input: &GetManagedPrefixListEntriesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(managed::on_list(ec2::GetManagedPrefixListEntries, at, &input.prefix_list_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetManagedPrefixListEntriesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let list = managed::get(req.db()?, place, &input.prefix_list_id)?;
        let entries = match input.target_version.filter(|version| *version != list.version) {
            None => list.entries,
            Some(version) => {
                let found = list.earlier.into_iter().find(|own| own.version == version);
                let why = "There is no such version.";
                found.ok_or_else(|| faults::invalid_value(version, "TargetVersion", why))?.entries
            }
        };
        faults::dry_run(input.dry_run)?;
        let turn =
            Turn { least: 1, greatest: 100, ..Turn::new(input.next_token.as_deref(), input.max_results) };
        let page = turn.cut(entries, |entry| entry.cidr.clone())?;
        let wire = |entry: crate::records::PrefixEntry| PrefixListEntry {
            cidr: Some(entry.cidr),
            description: entry.description,
        };
        let entries = page.items.into_iter().map(wire).collect();
        Ok(GetManagedPrefixListEntriesResult { entries: Some(entries), next_token: page.next })
    }
}
