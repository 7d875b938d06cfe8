//! DeleteTrail: the trail goes, its files stay.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{DeleteTrail, DeleteTrailRequest, DeleteTrailResponse};
use crate::records::{Deliveries, Digests, Trails};
use crate::target;

impl Operation for DeleteTrail {
    type Access = Write;

    fn needs(input: &DeleteTrailRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(cloudtrail::DeleteTrail).on(&target::of(at, &input.name)?).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteTrailResponse, Fault> {
        let (input, account, region) = (req.input, req.account(), req.region);
        let tx = req.tx()?;
        let trail = target::find(tx, account, region, &input.name)?.at_home(region)?;
        tx.delete_prefix::<Digests>(&(account, trail.region.as_str(), trail.name.as_str()))?;
        let key = (account, trail.region, trail.name);
        tx.delete::<Trails>(&key)?;
        tx.delete::<Deliveries>(&key)?;
        Ok(DeleteTrailResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::model::{GetTrail, GetTrailRequest};
    use crate::scene::Scene;

    #[test]
    fn a_deleted_trail_is_gone() {
        let scene = Scene::new();
        let arn = scene.trail("trail").unwrap().trail_arn.unwrap();
        scene.call::<DeleteTrail>(DeleteTrailRequest { name: arn.clone() }).unwrap();
        check_fault(scene.call::<GetTrail>(GetTrailRequest { name: arn }), "TrailNotFoundException");
    }
}
