//! UnmonitorInstances: detailed monitoring off. There are no metrics, so it is only told of the instance.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{UnmonitorInstances, UnmonitorInstancesRequest, UnmonitorInstancesResult};
use crate::monitoring;
use crate::questions::on_instances;

impl Operation for UnmonitorInstances {
    type Access = Write;

    fn needs(input: &UnmonitorInstancesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        on_instances(ec2::UnmonitorInstances, at, &input.instance_ids)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UnmonitorInstancesResult, Fault> {
        let input = req.input;
        let categories = input.metric_category_ids.as_deref();
        let shown = monitoring::switch(req, &input.instance_ids, categories, input.dry_run, false)?;
        Ok(UnmonitorInstancesResult { instance_monitorings: Some(shown) })
    }
}
