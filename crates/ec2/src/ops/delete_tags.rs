//! DeleteTags: removes tags by key, or by key and value; without any, all of them.

use rolecall_actions::ec2::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::kinds::{self, on_tagged};
use crate::model::{DeleteTags, DeleteTagsRequest, DeleteTagsResponse};
use crate::place::Place;
use crate::tags;

impl Operation for DeleteTags {
    type Access = Write;

    fn needs(input: &DeleteTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let given = input.tags.as_deref().unwrap_or_default();
        let removed = || given.iter().filter_map(|tag| Some((tag.key.as_deref()?, tag.value.as_deref())));
        let mut asked = Vec::new();
        for id in &input.resources {
            asked.push(on_tagged(ec2::DeleteTags, at, id)?.removed_tags(removed()).done());
        }
        if asked.is_empty() {
            asked.push(Needs::action(ec2::DeleteTags).anywhere().key(key::Region, Some(at.region)).done());
        }
        Ok(Needs::all(asked))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteTagsResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        if input.resources.is_empty() {
            return Err(faults::missing("ResourceId"));
        }
        for id in &input.resources {
            kinds::exists(req.db()?, place, id)?;
        }
        faults::dry_run(input.dry_run)?;
        for id in &input.resources {
            let mut tags = tags::of(req.db()?, place, id)?;
            match input.tags.as_deref() {
                // Those that AWS set itself stay.
                None | Some([]) => {
                    let own = tags.iter().filter(|tag| !tag.key.starts_with("aws:"));
                    for key in own.map(|tag| tag.key.clone()).collect::<Vec<_>>() {
                        tags.remove(&key);
                    }
                }
                Some(gone) => {
                    for tag in gone {
                        let key = tag.key.as_deref().unwrap_or_default();
                        if key.to_lowercase().starts_with("aws:") {
                            return Err(faults::invalid(tags::RESERVED));
                        }
                        // A value that is given, if only an empty one, must be the tag's.
                        if tag.value.is_none() || tags.get(key) == tag.value.as_deref() {
                            tags.remove(key);
                        }
                    }
                }
            }
            tags::put(req.tx()?, place, id, tags)?;
        }
        Ok(DeleteTagsResponse {})
    }
}
