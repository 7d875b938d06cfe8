//! ResetInstanceAttribute: the check of source and destination back on. Kernels can not be chosen, so theirs never changed.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::interfaces;
use crate::lifecycle;
use crate::model::{ResetInstanceAttribute, ResetInstanceAttributeRequest, ResetInstanceAttributeResponse};
use crate::place::Place;
use crate::questions::{on_bare_instance, with_options};

impl Operation for ResetInstanceAttribute {
    type Access = Write;

    fn needs(input: &ResetInstanceAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (question, instance) = on_bare_instance(ec2::ResetInstanceAttribute, at, &input.instance_id)?;
        Ok(match instance {
            Some(instance) => with_options(question, &instance).done(),
            None => question.done(),
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ResetInstanceAttributeResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let instance = lifecycle::get_standing(req.db()?, place, &input.instance_id, req.now)?;
        match input.attribute.as_str() {
            "sourceDestCheck" => {
                faults::dry_run(input.dry_run)?;
                let mut own = interfaces::primary(req.db()?, &instance)?;
                own.source_dest_check = true;
                interfaces::put(req.tx()?, &own)?;
            }
            "kernel" | "ramdisk" => {
                lifecycle::get_stopped(req.db()?, place, &input.instance_id, req.now)?;
                faults::dry_run(input.dry_run)?;
            }
            other => {
                let why = "Only kernel, ramdisk and sourceDestCheck can be reset.";
                return Err(faults::invalid_value(other, "attribute", why));
            }
        }
        Ok(ResetInstanceAttributeResponse {})
    }
}
