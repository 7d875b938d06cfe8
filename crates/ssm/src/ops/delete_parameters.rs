//! DeleteParameters: up to ten parameters by name.

use rolecall_actions::ssm;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use super::delete_parameter::delete;
use crate::model::{DeleteParameters, DeleteParametersRequest, DeleteParametersResult};
use crate::named;

impl Operation for DeleteParameters {
    type Access = Write;

    fn needs(input: &DeleteParametersRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let mut all = Vec::new();
        for name in &input.names {
            all.push(Needs::action(ssm::DeleteParameters).on(&named::by_name(at, name)?).done());
        }
        Ok(Needs::all(all))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteParametersResult, Fault> {
        let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
        for name in &req.input.names {
            match named::by_name(&req.at(), name)?.parameter {
                Some(parameter) => {
                    delete(req.tx()?, &parameter)?;
                    deleted.push(name.clone());
                }
                None => invalid.push(name.clone()),
            }
        }
        Ok(DeleteParametersResult { deleted_parameters: Some(deleted), invalid_parameters: Some(invalid) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Scene;

    #[test]
    fn what_is_not_there_is_told_and_the_rest_goes() {
        let scene = Scene::new();
        scene.put("/a", "1");
        let input = DeleteParametersRequest { names: vec!["/a".into(), "/b".into(), "/a".into()] };
        let answer = scene.call::<DeleteParameters>(input).unwrap();
        assert_eq!(answer.deleted_parameters.unwrap(), ["/a"]);
        assert_eq!(answer.invalid_parameters.unwrap(), ["/b", "/a"]);
    }
}
