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
        // Without ids AWS lists only the instances that burst without limit, or did so before they got another type.
        let found = list.into_iter().map(credits).filter(|own| !ids.is_empty() || own.unlimited);
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

/// An instance that is not burstable has the option standard, unless it was told another while it was.
fn credits(instance: Instance) -> Credits {
    let burstable = instance_types::find(&instance.instance_type);
    let unlimited = burstable.and_then(|size| settings::unlimited(&instance, size));
    let unlimited = unlimited.or(instance.settings.unlimited).unwrap_or(false);
    Credits { id: instance.id, unlimited }
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

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World};

    use crate::model::*;
    use crate::scene::{launch, request, stop};

    #[test]
    fn an_instance_keeps_its_option_when_it_gets_another_type() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let large = RunInstancesRequest { instance_type: Some("m5.large".into()), ..request() };
        let (small, large) = (launch(&world, request()), launch(&world, large));
        let shown = |ids: &[&String]| {
            let ids = ids.iter().map(|id| (*id).clone()).collect::<Vec<_>>();
            let input = DescribeInstanceCreditSpecificationsRequest {
                instance_ids: (!ids.is_empty()).then_some(ids),
                ..Default::default()
            };
            let answer = world.call::<DescribeInstanceCreditSpecifications>(&root, input).unwrap();
            let list = answer.instance_credit_specifications.unwrap().into_iter();
            list.map(|own| (own.instance_id.unwrap(), own.cpu_credits.unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(shown(&[&large]), [(large.clone(), "standard".to_owned())]);
        assert_eq!(shown(&[]), [(small.clone(), "unlimited".to_owned())]);
        stop(&world, &small);
        let change = ModifyInstanceAttributeRequest {
            instance_id: small.clone(),
            instance_type: Some(AttributeValue { value: Some("m5.large".into()) }),
            ..Default::default()
        };
        world.call::<ModifyInstanceAttribute>(&root, change).unwrap();
        assert_eq!(shown(&[]), [(small.clone(), "unlimited".to_owned())]);
    }
}
