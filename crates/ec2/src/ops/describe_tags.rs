//! DescribeTags: every tag of this account and region.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, matches};
use crate::kinds::kind_of;
use crate::model::{DescribeTags, DescribeTagsRequest, DescribeTagsResult, Filter, TagDescription};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::TagSets;

impl Operation for DescribeTags {
    type Access = Read;

    fn needs(_: &DescribeTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeTags, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeTagsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let sets = req.db()?.scan::<TagSets>(&(place.account, place.region), None, usize::MAX)?;
        let mut all = Vec::new();
        for ((_, _, id), set) in sets {
            for tag in &set.tags {
                all.push(OneTag { id: id.clone(), key: tag.key.clone(), value: tag.value.clone() });
            }
        }
        let filters = input.filters.as_deref().unwrap_or_default();
        let (by_tag, plain): (Vec<_>, Vec<_>) =
            filters.iter().cloned().partition(|filter| tag_key(filter).is_some());
        // Here `tag:KEY` means tags of that key, not resources that have it.
        all.retain(|tag| by_tag.iter().all(|filter| tag.is(filter)));
        let all = crate::filters::pick(all, Some(&plain))?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(all, |tag| format!("{}/{}", tag.id, tag.key))?;
        let tags = page.items.into_iter().map(OneTag::into_wire).collect();
        Ok(DescribeTagsResult { tags: Some(tags), next_token: page.next })
    }
}

fn tag_key(filter: &Filter) -> Option<&str> {
    filter.name.as_deref().and_then(|name| name.strip_prefix("tag:"))
}

struct OneTag {
    id: String,
    key: String,
    value: String,
}

impl OneTag {
    fn is(&self, filter: &Filter) -> bool {
        let values = filter.values.as_deref().unwrap_or_default();
        tag_key(filter) == Some(self.key.as_str()) && values.iter().any(|value| matches(value, &self.value))
    }

    fn into_wire(self) -> TagDescription {
        TagDescription {
            resource_type: kind_of(&self.id).map(str::to_owned),
            resource_id: Some(self.id),
            key: Some(self.key),
            value: Some(self.value),
        }
    }
}

impl Filtered for OneTag {
    const NAMES: &'static [&'static str] = &["key", "resource-id", "resource-type", "value"];

    fn values(&self, name: &str) -> Vec<String> {
        vec![match name {
            "key" => self.key.clone(),
            "resource-id" => self.id.clone(),
            "resource-type" => kind_of(&self.id).unwrap_or_default().to_owned(),
            _ => self.value.clone(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}
