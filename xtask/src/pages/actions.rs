//! The actions that `crates/actions` has: on which resource kinds, and how AWS spells the condition keys.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;

/// One service's file of `crates/actions`.
#[derive(Debug, Default)]
pub struct Actions {
    /// Action to what it can be asked about: names of kinds, or `*`.
    pub resources: BTreeMap<String, BTreeSet<String>>,
    /// Key type to AWS's spelling, such as `PassedToService` to `iam:PassedToService`.
    pub keys: BTreeMap<String, String>,
}

/// Every service's, by its name; `aws` has the global keys.
pub fn read(root: &Path) -> Result<BTreeMap<String, Actions>, String> {
    let files = [
        ("aws", "global"),
        ("iam", "iam"),
        ("sts", "sts"),
        ("ec2", "ec2"),
        ("s3", "s3"),
        ("organizations", "organizations"),
        ("cloudtrail", "cloudtrail"),
        ("ssm", "ssm"),
        ("ec2-instance-connect", "ec2_instance_connect"),
        ("rolecall", "rolecall"),
    ];
    let mut all = BTreeMap::new();
    for (service, file) in files {
        let path = root.join(format!("crates/actions/src/{file}.rs"));
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        all.insert(service.to_owned(), parse(&text)?);
    }
    Ok(all)
}

fn parse(text: &str) -> Result<Actions, String> {
    let row = Regex::new(
        r#"^\s*(\w+) (?:List|Read|Tagging|Write|PermissionsManagement) Keys\d+ (".*?" )?\[(.*?)\] \[(.*?)\] \["#,
    );
    let row = row.map_err(|e| e.to_string())?;
    let key = Regex::new(r#"^\s*(\w+) "([^" ]+:[^" ]+)""#).map_err(|e| e.to_string())?;
    let mut actions = Actions::default();
    for line in text.lines() {
        if let Some(found) = row.captures(line) {
            let group = |n: usize| found.get(n).map_or("", |part| part.as_str());
            let kinds = group(3).split_whitespace().chain(group(4).split_whitespace());
            let mut resources: BTreeSet<String> = kinds.map(str::to_owned).collect();
            if !group(2).is_empty() {
                resources.insert("*".to_owned());
            }
            actions.resources.insert(group(1).to_owned(), resources);
        } else if let Some(found) = key.captures(line)
            && let (Some(name), Some(spelled)) = (found.get(1), found.get(2))
        {
            actions.keys.insert(name.as_str().to_owned(), spelled.as_str().to_owned());
        }
    }
    Ok(actions)
}
