//! ListTrails: all trails of the account, of every region.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{ListTrails, ListTrailsRequest, ListTrailsResponse, TrailInfo, fault};
use crate::target;

impl Operation for ListTrails {
    type Access = Read;

    fn needs(_input: &ListTrailsRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(cloudtrail::ListTrails).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListTrailsResponse, Fault> {
        if req.input.next_token.is_some() {
            // Five trails a region fit into one answer: there never is a token.
            return Err(fault::invalid_next_token("The token is invalid."));
        }
        let trails = target::all(req.db()?, req.account())?;
        let trails = trails.into_iter().map(|trail| TrailInfo {
            trail_arn: Some(trail.arn()),
            name: Some(trail.name),
            home_region: Some(trail.region),
        });
        Ok(ListTrailsResponse { trails: Some(trails.collect()), next_token: None })
    }
}
