//! LabelParameterVersion: attaches labels to a version, and moves those that another version has.

use rolecall_actions::ssm;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{LabelParameterVersion, LabelParameterVersionRequest, LabelParameterVersionResult, fault};
use crate::records::{Label, Parameters};
use crate::{named, show};

/// Labels of one version.
const MOST: usize = 10;

impl Operation for LabelParameterVersion {
    type Access = Write;

    fn needs(input: &LabelParameterVersionRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(ssm::LabelParameterVersion).on(&named::by_name(at, &input.name)?).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<LabelParameterVersionResult, Fault> {
        let input = req.input;
        let named = named::by_name(&req.at(), &input.name)?;
        let mut parameter = named.there()?.clone();
        let number = match input.parameter_version {
            None => parameter.newest.number,
            Some(asked) => {
                let number = u64::try_from(asked).ok();
                let there = |number: &u64| (parameter.oldest..=parameter.newest.number).contains(number);
                number.filter(there).ok_or_else(|| named::no_version(asked, &named.name))?
            }
        };
        let (good, bad): (Vec<&String>, Vec<&String>) = input.labels.iter().partition(|label| fits(label));
        parameter.labels.retain(|label| !good.contains(&&label.name));
        for name in good {
            if !parameter.labels.iter().any(|label| label.name == *name) {
                parameter.labels.push(Label { name: name.clone(), version: number });
            }
        }
        if parameter.labels_of(number).len() > MOST {
            return Err(fault::parameter_version_label_limit_exceeded(format!(
                "A parameter version can have maximum {MOST} labels. Move one or more labels to another version and try \
                 again."
            )));
        }
        req.tx()?.put::<Parameters>(&parameter.key(), &parameter)?;
        Ok(LabelParameterVersionResult {
            invalid_labels: Some(bad.into_iter().cloned().collect()),
            parameter_version: show::number(number),
        })
    }
}

/// Whether a label may be one: else it is left out, and told.
fn fits(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    label.bytes().all(letters)
        && !label.starts_with(|first: char| first.is_ascii_digit())
        && !lower.starts_with("aws")
        && !lower.starts_with("ssm")
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::scene::Scene;

    fn ask(
        scene: &Scene,
        version: Option<i64>,
        labels: &[&str],
    ) -> Result<LabelParameterVersionResult, Fault> {
        scene.call::<LabelParameterVersion>(LabelParameterVersionRequest {
            name: "/a".into(),
            parameter_version: version,
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        })
    }

    #[test]
    fn a_label_moves_and_bad_ones_are_told() {
        let scene = Scene::new();
        scene.put("/a", "1");
        scene.overwrite("/a", "2");
        let answer = ask(&scene, Some(1), &["prod", "1st", "AWSome", "ssm-x", "a b"]).unwrap();
        assert_eq!(answer.invalid_labels.unwrap(), ["1st", "AWSome", "ssm-x", "a b"]);
        assert_eq!(scene.get("/a:prod").unwrap().value.as_deref(), Some("1"));
        assert_eq!(ask(&scene, None, &["prod"]).unwrap().parameter_version, Some(2));
        assert_eq!(scene.get("/a:prod").unwrap().value.as_deref(), Some("2"));
    }

    #[test]
    fn a_version_has_ten_labels_at_most() {
        let scene = Scene::new();
        check_fault(ask(&scene, None, &["x"]), "ParameterNotFound");
        scene.put("/a", "1");
        let labels: Vec<String> = (0..10).map(|n| format!("l{n}")).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        ask(&scene, None, &labels).unwrap();
        ask(&scene, None, &labels).unwrap();
        check_fault(ask(&scene, None, &["more"]), "ParameterVersionLabelLimitExceeded");
        check_fault(ask(&scene, Some(2), &["more"]), "ParameterVersionNotFound");
        check_fault(ask(&scene, Some(-1), &["more"]), "ParameterVersionNotFound");
    }
}
