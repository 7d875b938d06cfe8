//! GetParameterHistory: all versions of a parameter, oldest first.

use rolecall_actions::ssm;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_store::Scan;

use crate::model::{GetParameterHistory, GetParameterHistoryRequest, GetParameterHistoryResult, fault};
use crate::page::Turn;
use crate::records::Versions;
use crate::{named, show};

/// Versions of one page.
const MOST: usize = 50;

impl Operation for GetParameterHistory {
    type Access = Read;

    fn needs(input: &GetParameterHistoryRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(ssm::GetParameterHistory).on(&named::any(at, &input.name)?).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetParameterHistoryResult, Fault> {
        let input = req.input;
        let named = named::any(&req.at(), &input.name)?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results, MOST)?;
        let parameter = named.there()?;
        let (account, region, name) = parameter.key();
        let scan = Scan::<Versions>::new(&(account, region.as_str(), name.as_str())).limit(turn.limit);
        let after = turn.after.as_deref().map(str::parse::<u64>).transpose();
        let after = after.map_err(|_| fault::invalid_next_token("The specified token isn't valid."))?;
        let after = after.map(|number| (account, region.clone(), name.clone(), number));
        let rows = req.db()?.run(&after.iter().fold(scan, |scan, key| scan.after(key)))?;
        let mut versions: Vec<_> = rows.into_iter().map(|(_, version)| version).collect();
        // The newest is the parameter's own, and comes last.
        let newest = &parameter.newest;
        let is_room = versions.len() < turn.limit && after.is_none_or(|(.., number)| number < newest.number);
        if is_room {
            versions.push(newest.clone());
        }
        let last = versions.last().map(|version| version.number);
        let next_token = last.filter(|last| *last < newest.number).map(|last| Turn::token(&last.to_string()));
        let (vault, decrypt) = (&req.identity.vault, input.with_decryption == Some(true));
        let shown: Result<Vec<_>, Fault> =
            versions.iter().map(|version| show::history(vault, parameter, version, decrypt)).collect();
        Ok(GetParameterHistoryResult { parameters: Some(shown?), next_token })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::scene::Scene;

    #[test]
    fn every_version_is_there_with_its_labels() {
        let scene = Scene::new();
        scene.put("/a", "1");
        scene.overwrite("/a", "2");
        scene.overwrite("/a", "3");
        scene.label("/a", 2, "prod");
        let mut input =
            GetParameterHistoryRequest { name: "/a".into(), max_results: Some(2), ..Default::default() };
        let mut seen = Vec::new();
        loop {
            let answer = scene.call::<GetParameterHistory>(input.clone()).unwrap();
            let shown = answer.parameters.unwrap();
            seen.extend(shown.into_iter().map(|shown| (shown.value.unwrap(), shown.labels.unwrap())));
            input.next_token = answer.next_token;
            if input.next_token.is_none() {
                break;
            }
        }
        let none: Vec<String> = Vec::new();
        let labeled = vec!["prod".to_owned()];
        assert_eq!(seen, [("1".to_owned(), none.clone()), ("2".into(), labeled), ("3".into(), none)]);
    }

    #[test]
    fn secure_values_stay_sealed_unless_they_are_to_be_decrypted() {
        let scene = Scene::new();
        scene.put_kind("SecureString", "/s", "one");
        scene.overwrite("/s", "two");
        let ask = |decrypt| {
            let name = "/s".to_owned();
            let input =
                GetParameterHistoryRequest { name, with_decryption: Some(decrypt), ..Default::default() };
            let shown = scene.call::<GetParameterHistory>(input).unwrap().parameters.unwrap();
            shown.into_iter().map(|shown| shown.value.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(ask(true), ["one", "two"]);
        assert!(ask(false).iter().all(|value| value != "one" && value != "two"));
        let input = GetParameterHistoryRequest { name: "/none".into(), ..Default::default() };
        check_fault(scene.call::<GetParameterHistory>(input), "ParameterNotFound");
    }
}
