//! DescribeVolumeAttribute: one attribute of one volume.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::disk_questions::on_volume;
use crate::model::{
    AttributeBooleanValue, DescribeVolumeAttribute, DescribeVolumeAttributeRequest,
    DescribeVolumeAttributeResult,
};
use crate::place::Place;
use crate::{faults, volumes};

impl Operation for DescribeVolumeAttribute {
    type Access = Read;

    fn needs(input: &DescribeVolumeAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_volume(ec2::DescribeVolumeAttribute, at, &input.volume_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeVolumeAttributeResult, Fault> {
        let volume = volumes::get(req.db()?, Place::here(req), &req.input.volume_id)?;
        faults::dry_run(req.input.dry_run)?;
        let mut answer = DescribeVolumeAttributeResult { volume_id: Some(volume.id), ..Default::default() };
        if req.input.attribute == "autoEnableIO" {
            answer.auto_enable_io = Some(AttributeBooleanValue { value: Some(volume.auto_enable_io) });
        } else {
            answer.product_codes = Some(Vec::new());
        }
        Ok(answer)
    }
}
