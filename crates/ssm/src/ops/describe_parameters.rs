//! DescribeParameters: the account's parameters, without their values.

use rolecall_actions::ssm;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_store::Scan;

use crate::filters::Filters;
use crate::model::{DescribeParameters, DescribeParametersRequest, DescribeParametersResult};
use crate::named::invalid;
use crate::page::Turn;
use crate::records::Parameters;
use crate::show;

/// Parameters of one page.
const MOST: usize = 50;
/// Rows that are looked at in one go.
const STEP: usize = 200;

impl Operation for DescribeParameters {
    type Access = Read;

    fn needs(_input: &DescribeParametersRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(ssm::DescribeParameters).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeParametersResult, Fault> {
        let input = req.input;
        let older = input.filters.as_deref().unwrap_or_default();
        let newer = input.parameter_filters.as_deref().unwrap_or_default();
        if !older.is_empty() && !newer.is_empty() {
            return Err(invalid("You can use either Filters or ParameterFilters in a single request."));
        }
        let filters =
            if older.is_empty() { Filters::new(Some(newer), false)? } else { Filters::older(older) };
        let turn = Turn::new(input.next_token.as_deref(), input.max_results, MOST)?;
        // Nothing is ever shared with an account.
        if input.shared == Some(true) {
            return Ok(DescribeParametersResult { parameters: Some(Vec::new()), next_token: None });
        }
        let (db, account, region) = (req.db()?, req.account(), req.region.to_owned());
        let mut after = turn.after.map(|name| (account, region.clone(), name));
        let mut page = Vec::new();
        loop {
            let scan = Scan::<Parameters>::new(&(account, region.as_str())).limit(STEP);
            let rows = db.run(&after.iter().fold(scan, |scan, key| scan.after(key)))?;
            let is_last = rows.len() < STEP;
            for (key, parameter) in rows {
                if filters.pass(&parameter) {
                    if page.len() == turn.limit {
                        let next_token = after.map(|(_, _, name)| Turn::token(&name));
                        return Ok(DescribeParametersResult { parameters: Some(page), next_token });
                    }
                    page.push(show::metadata(&parameter));
                }
                after = Some(key);
            }
            if is_last {
                return Ok(DescribeParametersResult { parameters: Some(page), next_token: None });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::model::{ParameterStringFilter, ParametersFilter};
    use crate::scene::Scene;

    fn by(key: &str, option: Option<&str>, value: &str) -> DescribeParametersRequest {
        let filter = ParameterStringFilter {
            key: key.into(),
            option: option.map(str::to_owned),
            values: Some(vec![value.into()]),
        };
        DescribeParametersRequest { parameter_filters: Some(vec![filter]), ..Default::default() }
    }

    fn names(scene: &Scene, input: DescribeParametersRequest) -> Vec<String> {
        let answer = scene.call::<DescribeParameters>(input).unwrap();
        answer.parameters.unwrap().into_iter().map(|shown| shown.name.unwrap()).collect()
    }

    #[test]
    fn filters_pick_by_name_path_type_and_tag() {
        let scene = Scene::new();
        scene.put("/app/port", "1");
        scene.put("/app/db/host", "1");
        scene.put_kind("SecureString", "/app/password", "x");
        scene.tag("/app/port", "team", "net");
        assert_eq!(names(&scene, by("Name", None, "/app/port")), ["/app/port"]);
        assert_eq!(names(&scene, by("Name", Some("Contains"), "ost")), ["/app/db/host"]);
        let all = ["/app/db/host", "/app/password", "/app/port"];
        assert_eq!(names(&scene, by("Name", Some("BeginsWith"), "/app")), all);
        assert_eq!(names(&scene, by("Path", None, "/app")), ["/app/password", "/app/port"]);
        assert_eq!(names(&scene, by("Path", Some("Recursive"), "/app")), all);
        assert_eq!(names(&scene, by("Type", None, "SecureString")), ["/app/password"]);
        assert_eq!(names(&scene, by("tag:team", None, "net")), ["/app/port"]);
        assert_eq!(names(&scene, by("Tier", None, "Advanced")), Vec::<String>::new());
        let old = ParametersFilter { key: "Name".into(), values: vec!["/app/p".into()] };
        let input = DescribeParametersRequest { filters: Some(vec![old]), ..Default::default() };
        assert_eq!(names(&scene, input), ["/app/password", "/app/port"]);
        let input = DescribeParametersRequest { shared: Some(true), ..Default::default() };
        assert!(names(&scene, input).is_empty());
    }

    #[test]
    fn no_value_is_shown() {
        let scene = Scene::new();
        scene.put("/app/port", "4711");
        let answer = scene.call::<DescribeParameters>(Default::default()).unwrap();
        assert!(!format!("{answer:?}").contains("4711"));
        let user = answer.parameters.unwrap()[0].last_modified_user.clone();
        assert_eq!(user.as_deref(), Some("arn:aws:iam::000000000000:root"));
    }

    #[test]
    fn what_can_not_be_filtered_by_is_refused() {
        let scene = Scene::new();
        let refused = |input, code: &str| check_fault(scene.call::<DescribeParameters>(input), code);
        refused(by("Label", None, "x"), "InvalidFilterKey");
        refused(by("Path", Some("Equals"), "/x"), "InvalidFilterOption");
        refused(by("Type", None, "Number"), "InvalidFilterOption");
        refused(by("Path", None, "x"), "ValidationException");
        let mut twice = by("Name", None, "x");
        let filters = twice.parameter_filters.as_mut().unwrap();
        filters.push(filters[0].clone());
        refused(twice, "InvalidFilterKey");
    }

    #[test]
    fn pages_follow_each_other() {
        let scene = Scene::new();
        for n in 0..5 {
            scene.put(&format!("p{n}"), "1");
        }
        let mut input = DescribeParametersRequest { max_results: Some(2), ..Default::default() };
        let mut seen = Vec::new();
        loop {
            let answer = scene.call::<DescribeParameters>(input.clone()).unwrap();
            seen.extend(answer.parameters.unwrap().into_iter().map(|shown| shown.name.unwrap()));
            input.next_token = answer.next_token;
            if input.next_token.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["p0", "p1", "p2", "p3", "p4"]);
    }
}
