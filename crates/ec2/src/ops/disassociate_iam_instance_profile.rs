//! DisassociateIamInstanceProfile: the instance has no role any more; sessions it holds end by themselves.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::lifecycle;
use crate::model::{
    DisassociateIamInstanceProfile, DisassociateIamInstanceProfileRequest,
    DisassociateIamInstanceProfileResult,
};
use crate::place::Place;
use crate::profiles;
use crate::questions::on_instance;
use crate::records::Associations;

impl Operation for DisassociateIamInstanceProfile {
    type Access = Write;

    fn needs(input: &DisassociateIamInstanceProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let found = at.db()?.get::<Associations>(&Place::of(at).key(&input.association_id))?;
        let instance = found.map_or_else(|| "*".to_owned(), |association| association.instance);
        Ok(on_instance(ec2::DisassociateIamInstanceProfile, at, &instance)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DisassociateIamInstanceProfileResult, Fault> {
        let place = Place::here(req);
        let id = &req.input.association_id;
        let (association, mut instance) = profiles::association(req.db()?, place, id)?;
        let profile =
            instance.profile.take().ok_or_else(|| Fault::internal("an association without a profile"))?;
        let answer = profiles::to_wire(&association, &profile, "disassociating", false);
        req.tx()?.delete::<Associations>(&place.key(id))?;
        lifecycle::write(req.tx()?, &instance)?;
        Ok(DisassociateIamInstanceProfileResult { iam_instance_profile_association: Some(answer) })
    }
}
