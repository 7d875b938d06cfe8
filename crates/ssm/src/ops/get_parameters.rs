//! GetParameters: up to ten parameters by name.

use rolecall_actions::ssm;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetParameters, GetParametersRequest, GetParametersResult, Parameter};
use crate::named::{self, Named};
use crate::public::Public;
use crate::show;

impl Operation for GetParameters {
    type Access = Read;

    fn needs(input: &GetParametersRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let mut all = Vec::new();
        for name in &input.names {
            all.push(Needs::action(ssm::GetParameters).on(&named::any(at, name)?).done());
        }
        Ok(Needs::all(all))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetParametersResult, Fault> {
        let (mut parameters, mut missing) = (Vec::new(), Vec::new());
        for asked in &req.input.names {
            match found(req, &named::any(&req.at(), asked)?) {
                Ok(parameter) if parameters.contains(&parameter) => {}
                Ok(parameter) => parameters.push(parameter),
                Err(fault) if fault.code().ends_with("NotFound") => missing.push(asked.clone()),
                Err(fault) => return Err(fault),
            }
        }
        parameters.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(GetParametersResult { parameters: Some(parameters), invalid_parameters: Some(missing) })
    }
}

fn found(req: &Authorized<'_, GetParameters>, named: &Named) -> Result<Parameter, Fault> {
    if named.is_public() {
        let public = req.extensions.get::<Public>()?;
        return show::selected_fact(named, public.find(&named.name).ok_or_else(named::not_found)?);
    }
    let version = named.version(req.db()?)?;
    let decrypt = req.input.with_decryption == Some(true);
    show::parameter(&req.identity.vault, named.there()?, &version, named.selector.as_deref(), decrypt)
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::scene::{IMAGE, Scene};

    #[test]
    fn they_come_in_order_and_what_is_missing_is_told() {
        let scene = Scene::new();
        scene.put("/b", "2");
        scene.put("a", "1");
        let image = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
        let names: Vec<String> = ["/b", "a", "/c", "a:9", image, "a"].map(str::to_owned).into();
        let input = GetParametersRequest { names, with_decryption: None };
        let answer = scene.call::<GetParameters>(input).unwrap();
        let values: Vec<String> = answer.parameters.unwrap().into_iter().map(|p| p.value.unwrap()).collect();
        assert_eq!(values, [IMAGE, "2", "1"]);
        assert_eq!(answer.invalid_parameters.unwrap(), ["/c", "a:9"]);
    }

    #[test]
    fn one_that_may_not_be_read_denies_all() {
        let scene = Scene::new();
        let reader = scene.user("ann", "ssm:GetParameters", "arn:aws:ssm:*:*:parameter/a");
        let ask = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            scene.world.call::<GetParameters>(&reader, GetParametersRequest { names, with_decryption: None })
        };
        assert_eq!(ask(&["a"]).unwrap().invalid_parameters.unwrap(), ["a"]);
        check_fault(ask(&["a", "b"]), "AccessDeniedException");
    }
}
