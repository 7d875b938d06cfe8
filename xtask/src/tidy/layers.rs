//! Which crate may use which: ARCHITECTURE.md's table. Arrows point down only.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What IAM and STS build on.
const FEDERATION: [&str; 10] =
    ["actions", "base", "door", "env", "identity", "policy", "saml", "sigv4", "store", "wire"];

/// A crate and what it may use, itself left out.
const LAYERS: [(&str, &[&str]); 23] = [
    // Pure: no input or output, no async.
    ("base", &[]),
    ("env", &["base"]),
    ("policy", &["base"]),
    ("sigv4", &["base"]),
    ("wire", &["base"]),
    ("saml", &["base"]),
    ("actions", &["base"]),
    // Core.
    ("store", &["base", "env"]),
    ("identity", &["base", "env", "policy", "store"]),
    ("door", &["actions", "base", "env", "identity", "policy", "sigv4", "store", "wire"]),
    ("blobs", &["base", "env"]),
    ("compute", &["base", "env"]),
    // Services: never one another.
    ("iam", &FEDERATION),
    ("sts", &FEDERATION),
    ("organizations", &["actions", "base", "door", "env", "identity", "policy", "sigv4", "store", "wire"]),
    ("cloudtrail", &["actions", "base", "door", "env", "identity", "store", "wire"]),
    ("ssm", &["actions", "base", "door", "env", "identity", "store", "wire"]),
    ("s3", &["actions", "base", "blobs", "door", "env", "identity", "policy", "sigv4", "store", "wire"]),
    ("ec2", &["actions", "base", "compute", "door", "env", "identity", "policy", "store", "wire"]),
    ("ec2-instance-connect", &["actions", "base", "door", "env", "identity", "store", "wire"]),
    // Edge.
    ("imds", &["actions", "base", "compute", "door", "env", "identity", "policy", "sigv4", "store", "wire"]),
    ("cli", &["base", "compute", "env", "identity", "policy", "server", "sigv4"]),
    ("load", &["base", "env", "sigv4"]),
];

/// Crates that put everything together, or test it: they may use all but one another.
const ABOVE_ALL: [&str; 2] = ["hostile", "server"];
/// The test world: between the door and the services' tests.
const TESTKIT: &[&str] =
    &["actions", "base", "blobs", "compute", "door", "env", "identity", "policy", "sigv4", "store", "wire"];

/// Adds a complaint for each edge that the table does not have, and each crate without the workspace's lints.
pub fn check(root: &Path) -> Result<Vec<String>, String> {
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let output = Command::new("cargo").args(arguments).current_dir(root).output();
    let output = output.map_err(|e| format!("cargo metadata: {e}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))?;
    let path = root.join("Cargo.toml");
    let workspace = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut complaints = Vec::new();
    for package in list(&metadata, "packages") {
        let name = short(text(package, "name"));
        for dependency in list(package, "dependencies") {
            let Some(used) = text(dependency, "name").strip_prefix("rolecall-") else { continue };
            let in_tests = text(dependency, "kind") == "dev";
            if let Some(complaint) = edge(name, used, in_tests) {
                complaints.push(complaint);
            }
        }
        let manifest = text(package, "manifest_path");
        let content = std::fs::read_to_string(manifest).map_err(|e| format!("{manifest}: {e}"))?;
        if !has_lints(name, &content, &workspace) {
            complaints.push(format!("{name}: its Cargo.toml does not take the workspace's lints"));
        }
    }
    Ok(complaints)
}

/// Whether a crate takes the workspace's lints. Crate `compute` repeats them, all but the one on unsafe code.
fn has_lints(name: &str, manifest: &str, workspace: &str) -> bool {
    if name != "compute" {
        return manifest.contains("[lints]\nworkspace = true");
    }
    let lints = workspace.split("[workspace.lints.").skip(1).flat_map(|section| section.lines().skip(1));
    let lints = lints.take_while(|line| !line.starts_with("[profile"));
    lints
        .filter(|line| line.contains(" = ") && !line.starts_with("unsafe_code"))
        .all(|line| manifest.contains(line))
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn short(package: &str) -> &str {
    package.strip_prefix("rolecall-").unwrap_or(package)
}

/// What is wrong with one crate using another.
fn edge(name: &str, used: &str, in_tests: bool) -> Option<String> {
    // Tests may use the test world, and their own crate with its test features.
    if in_tests && (used == "testkit" || used == name) {
        return None;
    }
    if ABOVE_ALL.contains(&name) {
        let beside = matches!(used, "cli" | "load" | "xtask") || (used == "testkit" && name == "server");
        return beside.then(|| format!("{name} may not use {used}"));
    }
    if name == "testkit" {
        return (!TESTKIT.contains(&used)).then(|| format!("{name} may not use {used}"));
    }
    match LAYERS.iter().find(|(crate_name, _)| *crate_name == name) {
        Some((_, may)) if may.contains(&used) => None,
        Some((_, may)) => Some(format!("{name} may use {}; not {used}", may.join(", "))),
        None => Some(format!("{name} uses {used}, but has no row in xtask/src/tidy/layers.rs")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_point_down() {
        assert_eq!(edge("iam", "door", false), None);
        assert!(edge("door", "iam", false).is_some());
        assert!(edge("policy", "store", false).is_some());
    }

    #[test]
    fn services_do_not_know_one_another() {
        assert!(edge("ec2", "iam", false).is_some());
        assert!(edge("ec2", "iam", true).is_some());
    }

    #[test]
    fn tests_may_use_the_test_world() {
        assert_eq!(edge("iam", "testkit", true), None);
        assert!(edge("iam", "testkit", false).is_some());
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        assert!(edge("console", "door", false).is_some());
    }
}
