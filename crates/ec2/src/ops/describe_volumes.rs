//! DescribeVolumes: volumes by id and filter.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::pick;
use crate::model::{DescribeVolumes, DescribeVolumesRequest, DescribeVolumesResult};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::Volume;
use crate::tags;
use crate::volumes::{self, Shown};

impl Operation for DescribeVolumes {
    type Access = Read;

    fn needs(_: &DescribeVolumesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeVolumes, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeVolumesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let mut found = Vec::new();
        for volume in named(req, input.volume_ids.as_deref())? {
            let tags = tags::of(req.db()?, place, &volume.id)?;
            found.push(Shown { volume, tags });
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |shown| shown.volume.id.clone())?;
        let volumes = page.items.iter().map(Shown::to_wire).collect();
        Ok(DescribeVolumesResult { volumes: Some(volumes), next_token: page.next })
    }
}

/// The volumes of some ids; all of them without any.
pub(super) fn named<Op: Operation>(
    req: &Authorized<'_, Op>,
    ids: Option<&[String]>,
) -> Result<Vec<Volume>, Fault> {
    let place = Place::here(req);
    match ids.filter(|ids| !ids.is_empty()) {
        None => volumes::all(req.db()?, place),
        Some(ids) => ids.iter().map(|id| volumes::get(req.db()?, place, id)).collect(),
    }
}
