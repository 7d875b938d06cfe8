//! DeleteParameter: a parameter with all its versions.

use rolecall_actions::ssm;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_store::Tx;

use crate::model::{DeleteParameter, DeleteParameterRequest, DeleteParameterResult};
use crate::named;
use crate::records::{Counts, Parameter, Parameters, Versions};

impl Operation for DeleteParameter {
    type Access = Write;

    fn needs(input: &DeleteParameterRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(ssm::DeleteParameter).on(&named::by_name(at, &input.name)?).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteParameterResult, Fault> {
        let named = named::by_name(&req.at(), &req.input.name)?;
        let parameter = named.there()?;
        delete(req.tx()?, parameter)?;
        Ok(DeleteParameterResult {})
    }
}

/// Deletes a parameter, its versions and labels.
pub(super) fn delete(tx: &mut Tx, parameter: &Parameter) -> Result<(), Fault> {
    let key = parameter.key();
    tx.delete_prefix::<Versions>(&key)?;
    tx.delete::<Parameters>(&key)?;
    Ok(tx.add::<Counts>(&(parameter.account, parameter.region.clone()), -1)?)
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::scene::Scene;

    #[test]
    fn a_deleted_one_is_gone_with_its_past() {
        let scene = Scene::new();
        scene.put("/a", "1");
        scene.overwrite("/a", "2");
        let input = DeleteParameterRequest { name: "/a".into() };
        scene.call::<DeleteParameter>(input.clone()).unwrap();
        check_fault(scene.call::<DeleteParameter>(input), "ParameterNotFound");
        scene.put("/a", "3");
        check_fault(scene.get("/a:2"), "ParameterVersionNotFound");
        assert_eq!(scene.get("/a:1").unwrap().value.as_deref(), Some("3"));
    }
}
