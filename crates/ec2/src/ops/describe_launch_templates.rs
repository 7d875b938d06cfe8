//! DescribeLaunchTemplates: the templates of this account and region.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{DescribeLaunchTemplates, DescribeLaunchTemplatesRequest, DescribeLaunchTemplatesResult};
use crate::network::rows;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{LaunchTemplate, LaunchTemplates};
use crate::tags;
use crate::templates::{self, Named};

impl Operation for DescribeLaunchTemplates {
    type Access = Read;

    fn needs(_: &DescribeLaunchTemplatesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeLaunchTemplates, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeLaunchTemplatesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let mut shown = Vec::new();
        for row in wanted(req)? {
            let tags = tags::of(req.db()?, place, &row.id)?;
            shown.push(Shown { row, tags });
        }
        let shown = pick(shown, input.filters.as_deref())?;
        let turn =
            Turn { least: 1, greatest: 200, token: input.next_token.as_deref(), max: input.max_results };
        let page = turn.cut(shown, |own| own.row.id.clone())?;
        let wire = |own: &Shown| templates::to_wire(&own.row, &own.tags);
        Ok(DescribeLaunchTemplatesResult {
            launch_templates: Some(page.items.iter().map(wire).collect()),
            next_token: page.next,
        })
    }
}

/// The templates that are named, or all.
fn wanted(req: &Authorized<'_, DescribeLaunchTemplates>) -> Result<Vec<LaunchTemplate>, Fault> {
    let (place, input, db) = (Place::here(req), req.input, req.db()?);
    let ids = input.launch_template_ids.as_deref().unwrap_or_default();
    let names = input.launch_template_names.as_deref().unwrap_or_default();
    if ids.is_empty() && names.is_empty() {
        return rows::<LaunchTemplates>(db, place);
    }
    let mut found = Vec::<LaunchTemplate>::new();
    let mut keep = |own: LaunchTemplate| {
        if !found.iter().any(|other| other.id == own.id) {
            found.push(own);
        }
    };
    for id in ids {
        keep(Named::Id(id).get(db, place)?);
    }
    for name in names {
        let text = "At least one of the launch templates specified in the request does not exist.";
        let missing = || faults::other("InvalidLaunchTemplateName.NotFoundException", text);
        keep(Named::Name(name).seek(db, place)?.ok_or_else(missing)?);
    }
    Ok(found)
}

struct Shown {
    row: LaunchTemplate,
    tags: Tags,
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &["create-time", "launch-template-name"];

    fn values(&self, name: &str) -> Vec<String> {
        vec![match name {
            "create-time" => self.row.created.iso_millis(),
            _ => self.row.name.clone(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{tagged, template};

    #[test]
    fn templates_are_found_by_id_name_and_tag() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let mut ids = Vec::new();
        for name in ["one", "two"] {
            let mut input = template(name, "t3.micro");
            input.tag_specifications = tagged("launch-template", "name", name);
            let made = world.call::<CreateLaunchTemplate>(&root, input).unwrap().launch_template.unwrap();
            ids.push(made.launch_template_id.unwrap());
        }
        let find = |input| {
            let answer = world.call::<DescribeLaunchTemplates>(&root, input)?;
            let names = answer.launch_templates.unwrap().into_iter();
            Ok(names.map(|own| own.launch_template_name.unwrap()).collect::<Vec<_>>())
        };
        let mut input = DescribeLaunchTemplatesRequest::default();
        assert_eq!(find(input.clone()).unwrap().len(), 2);
        input.launch_template_ids = Some(vec![ids[1].clone()]);
        assert_eq!(find(input.clone()).unwrap(), ["two"]);
        input.launch_template_ids = Some(vec!["lt-00000000000000001".into()]);
        let text = check_fault(find(input.clone()), "InvalidLaunchTemplateId.NotFound");
        assert!(text.contains("with template ID lt-00000000000000001"), "{text}");
        input.launch_template_ids = Some(vec!["web".into()]);
        check_fault(find(input.clone()), "InvalidLaunchTemplateId.Malformed");
        input.launch_template_ids = None;
        input.launch_template_names = Some(vec!["three".into()]);
        check_fault(find(input.clone()), "InvalidLaunchTemplateName.NotFoundException");
        input.launch_template_names = None;
        let one = Filter { name: Some("tag:name".into()), values: Some(vec!["one".into()]) };
        input.filters = Some(vec![one]);
        assert_eq!(find(input).unwrap(), ["one"]);
    }
}
