//! GetInstanceUefiData: the variables that an instance's firmware keeps. Machines here have no firmware, so there are none.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::lifecycle;
use crate::model::{GetInstanceUefiData, GetInstanceUefiDataRequest, GetInstanceUefiDataResult};
use crate::place::Place;
use crate::questions::on_instance;

impl Operation for GetInstanceUefiData {
    type Access = Read;

    fn needs(input: &GetInstanceUefiDataRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_instance(ec2::GetInstanceUefiData, at, &input.instance_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetInstanceUefiDataResult, Fault> {
        let instance = lifecycle::get(req.db()?, Place::here(req), &req.input.instance_id, req.now)?;
        faults::dry_run(req.input.dry_run)?;
        Ok(GetInstanceUefiDataResult { instance_id: Some(instance.id), uefi_data: Some(String::new()) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::{GetInstanceUefiData, GetInstanceUefiDataRequest};
    use crate::scene::{launch, request};

    #[test]
    fn an_instance_has_no_firmware_variables_and_a_missing_one_is_not_found() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let of = |id: &str| GetInstanceUefiDataRequest { instance_id: id.into(), dry_run: None };
        let answer = world.call::<GetInstanceUefiData>(&root, of(&id)).unwrap();
        assert_eq!((answer.instance_id, answer.uefi_data.as_deref()), (Some(id), Some("")));
        let missing = world.call::<GetInstanceUefiData>(&root, of("i-00000000000000000"));
        check_fault(missing, "InvalidInstanceID.NotFound");
    }
}
