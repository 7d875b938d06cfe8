//! GetParametersByPath: the parameters below a path.

use rolecall_actions::ssm;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_store::{Scan, Starts};

use crate::filters::{Filters, below, check_path};
use crate::model::{GetParametersByPath, GetParametersByPathRequest, GetParametersByPathResult, Parameter};
use crate::named::{Named, invalid, version};
use crate::page::Turn;
use crate::public::Public;
use crate::records::Parameters;
use crate::show;

/// Parameters of one page.
const MOST: usize = 10;
/// Rows that are looked at in one go.
const STEP: usize = 100;

impl Operation for GetParametersByPath {
    type Access = Read;

    fn needs(input: &GetParametersByPathRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let path = input.path.trim();
        check_path(path)?;
        let recursive = if input.recursive == Some(true) { "true" } else { "false" };
        let asked = Needs::action(ssm::GetParametersByPath).on(&named(at, path));
        Ok(asked.key(ssm::key::Recursive, Some(recursive)).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetParametersByPathResult, Fault> {
        let input = req.input;
        let filters = Filters::new(input.parameter_filters.as_deref(), true)?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results, MOST)?;
        let named = named(&req.at(), input.path.trim());
        let (parameters, next_token) = if named.is_public() {
            published(req, &named, &filters, &turn)?
        } else {
            if named.name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("/ssm")) {
                return Err(invalid("Parameter name: can't be prefixed with \"ssm\" (case-insensitive)."));
            }
            own(req, &named, &filters, &turn)?
        };
        Ok(GetParametersByPathResult { parameters: Some(parameters), next_token })
    }
}

type Page = (Vec<Parameter>, Option<String>);

/// The path, as a policy names it.
fn named(at: &At<'_>, path: &str) -> Named {
    let name = path.trim_end_matches('/').to_owned();
    let (account, region) = (at.account(), at.region.to_owned());
    Named { account, region, name, selector: None, parameter: None }
}

fn published(
    req: &Authorized<'_, GetParametersByPath>,
    named: &Named,
    filters: &Filters,
    turn: &Turn,
) -> Result<Page, Fault> {
    let (path, recursive) = (format!("{}/", named.name), req.input.recursive == Some(true));
    let public = req.extensions.get::<Public>()?;
    let mut page: Vec<Parameter> = Vec::new();
    for (name, fact) in public.below(&path, turn.after.as_deref()) {
        if !below(&path, name, recursive) || !filters.pass_public() {
            continue;
        }
        if page.len() == turn.limit {
            let last = page.last().and_then(|last| last.name.as_deref()).map(Turn::token);
            return Ok((page, last));
        }
        page.push(show::fact(req.region, name, fact));
    }
    Ok((page, None))
}

fn own(
    req: &Authorized<'_, GetParametersByPath>,
    named: &Named,
    filters: &Filters,
    turn: &Turn,
) -> Result<Page, Fault> {
    let (db, account, region) = (req.db()?, req.account(), req.region.to_owned());
    let (recursive, decrypt) = (req.input.recursive == Some(true), req.input.with_decryption == Some(true));
    let prefix = if named.name.is_empty() { String::new() } else { format!("{}/", named.name) };
    let starts = Starts((account, region.clone()), prefix.as_str());
    let mut after = turn.after.clone().map(|name| (account, region.clone(), name));
    let mut page: Vec<Parameter> = Vec::new();
    loop {
        let scan = Scan::<Parameters>::new(&starts).limit(STEP);
        let rows = db.run(&after.iter().fold(scan, |scan, key| scan.after(key)))?;
        let is_last = rows.len() < STEP;
        for (key, parameter) in rows {
            if below(&named.name, &parameter.name, recursive) && filters.pass(&parameter) {
                if page.len() == turn.limit {
                    return Ok((page, after.map(|(_, _, name)| Turn::token(&name))));
                }
                let newest = parameter.newest.number;
                let number = filters.labeled(&parameter).unwrap_or(newest);
                if let Some(version) = version(db, &parameter, number)? {
                    page.push(show::parameter(&req.identity.vault, &parameter, &version, None, decrypt)?);
                }
            }
            after = Some(key);
        }
        if is_last {
            return Ok((page, None));
        }
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::model::ParameterStringFilter;
    use crate::scene::Scene;

    fn ask(path: &str, recursive: bool) -> GetParametersByPathRequest {
        GetParametersByPathRequest { path: path.into(), recursive: Some(recursive), ..Default::default() }
    }

    fn names(scene: &Scene, input: GetParametersByPathRequest) -> Vec<String> {
        let answer = scene.call::<GetParametersByPath>(input).unwrap();
        answer.parameters.unwrap().into_iter().map(|shown| shown.name.unwrap()).collect()
    }

    #[test]
    fn a_path_shows_one_level_or_all() {
        let scene = Scene::new();
        for name in ["/a/x", "/a/y/z", "/ab/x", "plain"] {
            scene.put(name, "1");
        }
        assert_eq!(names(&scene, ask("/a", false)), ["/a/x"]);
        assert_eq!(names(&scene, ask("/a/", true)), ["/a/x", "/a/y/z"]);
        assert_eq!(names(&scene, ask("/", true)), ["/a/x", "/a/y/z", "/ab/x", "plain"]);
        assert_eq!(names(&scene, ask("/", false)), ["plain"]);
        check_fault(scene.call::<GetParametersByPath>(ask("a", true)), "ValidationException");
    }

    #[test]
    fn pages_hold_ten_and_miss_nothing() {
        let scene = Scene::new();
        let all: Vec<String> = (0..25).map(|n| format!("/many/{n:02}")).collect();
        for name in &all {
            scene.put(name, "1");
        }
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let input = GetParametersByPathRequest { next_token: token, ..ask("/many", true) };
            let answer = scene.call::<GetParametersByPath>(input).unwrap();
            let page: Vec<String> = answer.parameters.unwrap().into_iter().map(|p| p.name.unwrap()).collect();
            assert!(page.len() <= 10);
            seen.extend(page);
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        let bad = GetParametersByPathRequest { next_token: Some("%".into()), ..ask("/many", true) };
        check_fault(scene.call::<GetParametersByPath>(bad), "InvalidNextToken");
    }

    #[test]
    fn filters_are_by_type_key_and_label() {
        let scene = Scene::new();
        scene.put("/f/a", "1");
        scene.overwrite("/f/a", "2");
        scene.label("/f/a", 1, "old");
        scene.put_kind("SecureString", "/f/b", "x");
        let by = |key: &str, value: &str| {
            let values = Some(vec![value.to_owned()]);
            let filter = ParameterStringFilter { key: key.into(), option: None, values };
            GetParametersByPathRequest { parameter_filters: Some(vec![filter]), ..ask("/f", true) }
        };
        assert_eq!(names(&scene, by("Type", "SecureString")), ["/f/b"]);
        assert_eq!(names(&scene, by("KeyId", "alias/aws/ssm")), ["/f/b"]);
        let labeled = scene.call::<GetParametersByPath>(by("Label", "old")).unwrap().parameters.unwrap();
        assert_eq!(labeled[0].value.as_deref(), Some("1"));
        check_fault(scene.call::<GetParametersByPath>(by("Tier", "Standard")), "InvalidFilterKey");
    }

    #[test]
    fn public_parameters_are_below_their_own_path() {
        let scene = Scene::new();
        let found = names(&scene, ask("/aws/service/ami-amazon-linux-latest", false));
        assert_eq!(found, ["/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"]);
        assert!(names(&scene, ask("/aws/service", false)).is_empty());
        assert_eq!(names(&scene, ask("/aws/service", true)).len(), 2);
    }
}
