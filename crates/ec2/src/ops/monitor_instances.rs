//! MonitorInstances: detailed monitoring on. There are no metrics, so it is only told of the instance.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{MonitorInstances, MonitorInstancesRequest, MonitorInstancesResult};
use crate::monitoring;
use crate::questions::on_instances;

impl Operation for MonitorInstances {
    type Access = Write;

    fn needs(input: &MonitorInstancesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        on_instances(ec2::MonitorInstances, at, &input.instance_ids)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<MonitorInstancesResult, Fault> {
        let input = req.input;
        let categories = input.metric_category_ids.as_deref();
        let shown = monitoring::switch(req, &input.instance_ids, categories, input.dry_run, true)?;
        Ok(MonitorInstancesResult { instance_monitorings: Some(shown) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World};

    use crate::model::*;
    use crate::scene::{launch, request, seen};

    #[test]
    fn monitoring_goes_on_and_off() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let state = || seen(&world, &id).monitoring.unwrap().state.unwrap();
        assert_eq!(state(), "disabled");
        let input = MonitorInstancesRequest { instance_ids: vec![id.clone()], ..Default::default() };
        let answer = world.call::<MonitorInstances>(&root, input).unwrap().instance_monitorings.unwrap();
        assert_eq!(answer[0].monitoring.as_ref().unwrap().state.as_deref(), Some("pending"));
        assert_eq!(state(), "enabled");
        let input = UnmonitorInstancesRequest { instance_ids: vec![id.clone()], ..Default::default() };
        world.call::<UnmonitorInstances>(&root, input).unwrap();
        assert_eq!(state(), "disabled");
    }
}
