//! ModifyManagedPrefixList: other entries make a new version; another name or size does not.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults::{self, unsupported};
use crate::managed_prefix_lists as managed;
use crate::model::{ModifyManagedPrefixList, ModifyManagedPrefixListRequest, ModifyManagedPrefixListResult};
use crate::place::Place;
use crate::questions::{said, with_named};

impl Operation for ModifyManagedPrefixList {
    type Access = Write;

    fn needs(input: &ModifyManagedPrefixListRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = managed::on_list(ec2::ModifyManagedPrefixList, at, &input.prefix_list_id)?;
        let sync = input.ipam_prefix_list_resolver_sync_enabled;
        let given = [
            ("PrefixListName", input.prefix_list_name.clone()),
            ("MaxEntries", said(input.max_entries)),
            ("IpamPrefixListResolverSyncEnabled", said(sync)),
        ];
        let named = [
            ("AddEntries", input.add_entries.as_ref().is_some_and(|list| !list.is_empty())),
            ("RemoveEntries", input.remove_entries.as_ref().is_some_and(|list| !list.is_empty())),
        ];
        Ok(with_named(question, &given, &named))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyManagedPrefixListResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        if input.ipam_prefix_list_resolver_sync_enabled == Some(true) {
            return Err(unsupported("An IPAM prefix list resolver"));
        }
        let add = input.add_entries.as_deref().unwrap_or_default();
        let gone = input.remove_entries.as_deref().unwrap_or_default();
        let blocks = add.iter().map(|entry| &entry.cidr).chain(gone.iter().map(|entry| &entry.cidr));
        if blocks.into_iter().any(String::is_empty) {
            return Err(faults::missing("Cidr"));
        }
        let changes = !add.is_empty() || !gone.is_empty();
        if !changes && input.prefix_list_name.is_none() && input.max_entries.is_none() {
            return Err(faults::missing("AddEntries"));
        }
        let mut list = managed::own(tx, place, &input.prefix_list_id)?;
        if let Some(name) = &input.prefix_list_name {
            managed::check_name(name)?;
            list.name.clone_from(name);
        }
        if let Some(most) = input.max_entries {
            if changes {
                let text = "Entries and MaxEntries can't be changed in the same request.";
                return Err(faults::combination(text));
            }
            list.most = most;
        }
        if changes {
            managed::next_version(&mut list, input.current_version)?;
        } else if let Some(version) = input.current_version {
            managed::check_version(&list, version)?;
        }
        for entry in gone {
            let cidr = managed::canonical(list.ipv6, &entry.cidr)?;
            let at = list.entries.iter().position(|own| own.cidr == cidr);
            let at =
                at.ok_or_else(|| faults::invalid(format!("The entry {cidr} is not in the prefix list.")))?;
            list.entries.remove(at);
        }
        managed::add(&mut list, add)?;
        managed::check_most(&list)?;
        faults::dry_run(input.dry_run)?;
        managed::put(tx, place, &list)?;
        let wire = managed::to_wire(tx, place, &list, "modify-in-progress")?;
        Ok(ModifyManagedPrefixListResult { prefix_list: Some(wire) })
    }
}
