//! DescribePrefixLists: the addresses of services that have gateway endpoints.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{self, DescribePrefixLists, DescribePrefixListsRequest, DescribePrefixListsResult};
use crate::network::Network;
use crate::paging::Turn;
use crate::place::Place;
use crate::prefix_lists::{PrefixLists, no_list};
use crate::questions::anywhere;
use crate::records::PrefixList;

impl Operation for DescribePrefixLists {
    type Access = Read;

    fn needs(_: &DescribePrefixListsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribePrefixLists, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribePrefixListsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let network = Network::load(req.db()?, place)?;
        let lists = PrefixLists::load(req.db()?, place, &network)?;
        let mut found: Vec<_> = lists.all().iter().filter(|list| list.aws).cloned().map(Shown).collect();
        let ids = input.prefix_list_ids.as_deref().unwrap_or_default();
        if let Some(missing) = ids.iter().find(|id| !found.iter().any(|own| own.0.id == **id)) {
            return Err(no_list(missing));
        }
        found.retain(|own| ids.is_empty() || ids.contains(&own.0.id));
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn { least: 1, ..Turn::new(input.next_token.as_deref(), input.max_results) };
        let page = turn.cut(found, |own| own.0.id.clone())?;
        let wire = |own: Shown| model::PrefixList {
            cidrs: Some(own.0.entries.into_iter().map(|entry| entry.cidr).collect()),
            prefix_list_id: Some(own.0.id),
            prefix_list_name: Some(own.0.name),
        };
        let lists = page.items.into_iter().map(wire).collect();
        Ok(DescribePrefixListsResult { prefix_lists: Some(lists), next_token: page.next })
    }
}

struct Shown(PrefixList);

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &["prefix-list-id", "prefix-list-name"];

    fn values(&self, name: &str) -> Vec<String> {
        vec![if name == "prefix-list-id" { self.0.id.clone() } else { self.0.name.clone() }]
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;

    #[test]
    fn the_lists_of_s3_and_dynamodb_are_there() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let lists =
            world.call::<DescribePrefixLists>(&root, Default::default()).unwrap().prefix_lists.unwrap();
        let mut names: Vec<_> = lists.iter().map(|own| own.prefix_list_name.as_deref().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, ["com.amazonaws.us-east-1.dynamodb", "com.amazonaws.us-east-1.s3"]);
        let input =
            DescribePrefixListsRequest { prefix_list_ids: Some(vec!["pl-0".into()]), ..Default::default() };
        check_fault(world.call::<DescribePrefixLists>(&root, input), "InvalidPrefixListID.NotFound");
        let services = world.call::<DescribeVpcEndpointServices>(&root, Default::default()).unwrap();
        assert_eq!(services.service_names.unwrap().len(), 6);
        assert_eq!(services.service_details.unwrap().len(), 8);
    }
}
