//! RunInstances: new instances, pending until their machines run.

use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::describe::{describe, reservations};
use crate::faults;
use crate::launch::{self, Launch, Plan};
use crate::lifecycle;
use crate::model::{Reservation, RunInstances, RunInstancesRequest};
use crate::place::Place;

impl Operation for RunInstances {
    type Access = Write;

    fn needs(input: &RunInstancesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        launch::questions(input, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Reservation, Fault> {
        let place = Place { account: req.account(), region: req.region };
        let plan = Plan::make(req.db()?, place, req.input);
        let (input, env) = (req.input, req.env);
        let at_once = lifecycle::at_once(req);
        let instances = match launch::repeated(req.tx()?, place, input)? {
            Some(instances) => instances,
            None => {
                let plan = plan?;
                faults::dry_run(input.dry_run)?;
                let role = plan.profile.as_ref().map(|(_, role)| role.arn());
                let passed = role.map(|arn| req.passed_role(&arn)).transpose()?;
                launch::write(req.tx()?, env, place, input, &plan, &Launch { passed, at_once })?
            }
        };
        let described = describe(req.db()?, place, instances)?;
        let reservation = reservations(&described).into_iter().next();
        reservation.ok_or_else(|| Fault::internal("a launch without instances"))
    }
}
