//! DescribeManagedPrefixLists: the account's own lists and AWS's.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::managed_prefix_lists as managed;
use crate::model::{
    DescribeManagedPrefixLists, DescribeManagedPrefixListsRequest, DescribeManagedPrefixListsResult,
    ManagedPrefixList,
};
use crate::network::Network;
use crate::paging::Turn;
use crate::place::Place;
use crate::prefix_lists::PrefixLists;
use crate::questions::anywhere;
use crate::tags;

impl Operation for DescribeManagedPrefixLists {
    type Access = Read;

    fn needs(_: &DescribeManagedPrefixListsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeManagedPrefixLists, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeManagedPrefixListsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let network = Network::load(req.db()?, place)?;
        let lists = PrefixLists::load(req.db()?, place, &network)?;
        let ids = input.prefix_list_ids.as_deref().unwrap_or_default();
        ids.iter().try_for_each(|id| lists.get(id).map(drop))?;
        let mut found = Vec::new();
        for list in lists.all().iter().filter(|list| ids.is_empty() || ids.contains(&list.id)) {
            let tags = tags::of(req.db()?, place, &list.id)?;
            found.push(Shown { wire: managed::to_wire(req.db()?, place, list, "create-complete")?, tags });
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn =
            Turn { least: 1, greatest: 100, ..Turn::new(input.next_token.as_deref(), input.max_results) };
        let page = turn.cut(found, |own| own.wire.prefix_list_id.clone().unwrap_or_default())?;
        let lists = page.items.into_iter().map(|own| own.wire).collect();
        Ok(DescribeManagedPrefixListsResult { prefix_lists: Some(lists), next_token: page.next })
    }
}

struct Shown {
    wire: ManagedPrefixList,
    tags: Tags,
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &["owner-id", "prefix-list-id", "prefix-list-name"];

    fn values(&self, name: &str) -> Vec<String> {
        let value = match name {
            "owner-id" => &self.wire.owner_id,
            "prefix-list-id" => &self.wire.prefix_list_id,
            _ => &self.wire.prefix_list_name,
        };
        value.iter().cloned().collect()
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
