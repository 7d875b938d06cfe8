//! GetPasswordData: Windows instances have a password; Linux ones have none.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::lifecycle;
use crate::model::{GetPasswordData, GetPasswordDataRequest, GetPasswordDataResult};
use crate::place::Place;
use crate::questions::on_instance;

impl Operation for GetPasswordData {
    type Access = Read;

    fn needs(input: &GetPasswordDataRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_instance(ec2::GetPasswordData, at, &input.instance_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetPasswordDataResult, Fault> {
        let instance = lifecycle::get(req.db()?, Place::here(req), &req.input.instance_id, req.now)?;
        faults::dry_run(req.input.dry_run)?;
        Ok(GetPasswordDataResult {
            instance_id: Some(instance.id),
            timestamp: Some(req.now),
            password_data: Some(String::new()),
        })
    }
}
