//! DescribeIamInstanceProfileAssociations: which instance has which profile.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::filters::{Filtered, pick};
use crate::model::{
    DescribeIamInstanceProfileAssociations, DescribeIamInstanceProfileAssociationsRequest,
    DescribeIamInstanceProfileAssociationsResult,
};
use crate::network::rows;
use crate::paging::Turn;
use crate::place::Place;
use crate::profiles;
use crate::questions::anywhere;
use crate::records::{Association, Associations, ProfileRef};

impl Operation for DescribeIamInstanceProfileAssociations {
    type Access = Read;

    fn needs(_: &DescribeIamInstanceProfileAssociationsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeIamInstanceProfileAssociations, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeIamInstanceProfileAssociationsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let ids: Vec<String> = match input.association_ids.as_deref() {
            Some(ids) if !ids.is_empty() => ids.to_vec(),
            _ => rows::<Associations>(req.db()?, place)?.into_iter().map(|own| own.id).collect(),
        };
        let mut found = Vec::new();
        for id in ids {
            let (association, instance) = profiles::association(req.db()?, place, &id)?;
            let profile =
                instance.profile.ok_or_else(|| Fault::internal("an association without a profile"))?;
            found.push(Held { association, profile });
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |held| held.association.id.clone())?;
        let wire = |held: &Held| profiles::to_wire(&held.association, &held.profile, "associated", true);
        Ok(DescribeIamInstanceProfileAssociationsResult {
            iam_instance_profile_associations: Some(page.items.iter().map(wire).collect()),
            next_token: page.next,
        })
    }
}

struct Held {
    association: Association,
    profile: ProfileRef,
}

impl Filtered for Held {
    const NAMES: &'static [&'static str] = &["instance-id", "state"];

    fn values(&self, name: &str) -> Vec<String> {
        match name {
            "instance-id" => vec![self.association.instance.clone()],
            _ => vec!["associated".to_owned()],
        }
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}
