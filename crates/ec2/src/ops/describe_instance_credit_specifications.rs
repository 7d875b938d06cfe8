//! DescribeInstanceCreditSpecifications: burstable instances run as their CPUs allow; nothing is metered.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::instance_types;
use crate::lifecycle;
use crate::model::{
    DescribeInstanceCreditSpecifications, DescribeInstanceCreditSpecificationsRequest,
    DescribeInstanceCreditSpecificationsResult, InstanceCreditSpecification,
};
use crate::network::rows;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{Instance, Instances, State};
use crate::settings;

impl Operation for DescribeInstanceCreditSpecifications {
    type Access = Read;

    fn needs(_: &DescribeInstanceCreditSpecificationsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeInstanceCreditSpecifications, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeInstanceCreditSpecificationsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let ids = input.instance_ids.as_deref().unwrap_or_default();
        let mut list = if ids.is_empty() {
            rows::<Instances>(req.db()?, place)?
        } else {
            lifecycle::get_all(req.db()?, place, ids, req.now)?
        };
        list.retain(|instance| instance.state != State::Terminated);
        // Without ids AWS lists only the instances that burst without limit.
        let found = list.into_iter().filter_map(credits).filter(|own| !ids.is_empty() || own.unlimited);
        let found = pick(found.collect(), input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |own: &Credits| own.id.clone())?;
        let wire = |own: &Credits| InstanceCreditSpecification {
            instance_id: Some(own.id.clone()),
            cpu_credits: Some(settings::credits(own.unlimited).to_owned()),
        };
        Ok(DescribeInstanceCreditSpecificationsResult {
            instance_credit_specifications: Some(page.items.iter().map(wire).collect()),
            next_token: page.next,
        })
    }
}

struct Credits {
    id: String,
    unlimited: bool,
}

fn credits(instance: Instance) -> Option<Credits> {
    let size = instance_types::find(&instance.instance_type)?;
    let unlimited = settings::unlimited(&instance, size)?;
    Some(Credits { id: instance.id, unlimited })
}

impl Filtered for Credits {
    const NAMES: &'static [&'static str] = &["instance-id"];

    fn values(&self, _: &str) -> Vec<String> {
        vec![self.id.clone()]
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}
