//! Writes `crates/actions/data/services.bin`: every service of AWS by name, with its resource kinds and actions.
//!
//! The file is deflated text of tab-separated lines: `=prefix name` begins a service; its `#kind arn` lines are its
//! resource kinds; its `-action access kinds` lines are its actions, sorted, with the first letter of the access
//! level (`L`, `R`, `W`, `T`agging, `P`ermissions management) and the kinds' names between commas.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Deserialize;

use super::reference::json;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    name: String,
    access_level: String,
    resource_types: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Kind {
    key: String,
    arn: String,
}

/// The catalogue as text, from the folder of the reference.
pub fn text(folder: &Path) -> Result<String, String> {
    let names: BTreeMap<String, String> = json(&folder.join("serviceNames.json"))?;
    let mut out = String::new();
    for (prefix, name) in names {
        let _ = writeln!(out, "={prefix}\t{name}");
        let kinds: BTreeMap<String, Kind> =
            json(&folder.join("resourceTypes").join(format!("{prefix}.json")))?;
        for kind in kinds.values() {
            let _ = writeln!(out, "#{}\t{}", kind.key, kind.arn);
        }
        let actions: BTreeMap<String, Action> = json(&folder.join("actions").join(format!("{prefix}.json")))?;
        let mut actions: Vec<Action> = actions.into_values().collect();
        actions.sort_by_key(|action| action.name.to_ascii_lowercase());
        for action in actions {
            let level = action.access_level.get(..1).unwrap_or("W");
            let mut on: Vec<String> = Vec::new();
            for kind in action.resource_types {
                if !on.contains(&kind.name) {
                    on.push(kind.name);
                }
            }
            let _ = writeln!(out, "-{}\t{level}\t{}", action.name, on.join(","));
        }
    }
    Ok(out)
}

/// Writes the file where its text is another one; `false` where it is not and only a look was asked for.
pub fn place(target: &Path, text: &str, check: bool) -> Result<bool, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", target.display());
    let mut old = String::new();
    let same = std::fs::read(target)
        .is_ok_and(|bytes| DeflateDecoder::new(bytes.as_slice()).read_to_string(&mut old).is_ok());
    if same && old == text {
        return Ok(true);
    }
    if check {
        return Ok(false);
    }
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).map_err(failed)?;
    let bytes = encoder.finish().map_err(failed)?;
    std::fs::create_dir_all(target.parent().unwrap_or(target)).map_err(failed)?;
    std::fs::write(target, bytes).map_err(failed)?;
    Ok(true)
}
