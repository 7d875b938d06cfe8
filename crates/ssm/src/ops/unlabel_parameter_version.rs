//! UnlabelParameterVersion: takes labels off a version.

use rolecall_actions::ssm;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{UnlabelParameterVersion, UnlabelParameterVersionRequest, UnlabelParameterVersionResult};
use crate::named;
use crate::records::Parameters;

impl Operation for UnlabelParameterVersion {
    type Access = Write;

    fn needs(input: &UnlabelParameterVersionRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(ssm::UnlabelParameterVersion).on(&named::by_name(at, &input.name)?).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UnlabelParameterVersionResult, Fault> {
        let input = req.input;
        let named = named::by_name(&req.at(), &input.name)?;
        let mut parameter = named.there()?.clone();
        let number = u64::try_from(input.parameter_version).ok();
        let there = |number: &u64| (parameter.oldest..=parameter.newest.number).contains(number);
        let number =
            number.filter(there).ok_or_else(|| named::no_version(input.parameter_version, &named.name))?;
        let own = parameter.labels_of(number);
        let (removed, invalid): (Vec<String>, Vec<String>) =
            input.labels.iter().cloned().partition(|label| own.contains(label));
        parameter.labels.retain(|label| !removed.contains(&label.name));
        req.tx()?.put::<Parameters>(&parameter.key(), &parameter)?;
        Ok(UnlabelParameterVersionResult { removed_labels: Some(removed), invalid_labels: Some(invalid) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::scene::Scene;

    #[test]
    fn only_the_labels_of_that_version_go() {
        let scene = Scene::new();
        scene.put("/a", "1");
        scene.overwrite("/a", "2");
        scene.label("/a", 1, "old");
        scene.label("/a", 2, "new");
        let ask = |version| {
            scene.call::<UnlabelParameterVersion>(UnlabelParameterVersionRequest {
                name: "/a".into(),
                parameter_version: version,
                labels: vec!["old".into(), "new".into()],
            })
        };
        let answer = ask(1).unwrap();
        assert_eq!(
            (answer.removed_labels.unwrap(), answer.invalid_labels.unwrap()),
            (vec!["old".into()], vec!["new".into()])
        );
        assert_eq!(scene.get("/a:new").unwrap().value.as_deref(), Some("2"));
        check_fault(ask(3), "ParameterVersionNotFound");
    }
}
