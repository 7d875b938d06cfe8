//! `cargo xtask aws-policies [--check]`: writes `crates/identity/data/aws-policies.bin`, all of AWS's managed
//! policies, from the documents that PyPI's `moto` carries (names, versions and documents are AWS's facts).
//!
//! The file: length of the index (4 bytes, big-endian), the index (deflated lines of tab-separated fields: path and
//! name, version, created, updated, offset, length), then each document deflated on its own.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::Value;

use crate::actions::fetch;

const TARGET: &str = "crates/identity/data/aws-policies.bin";

/// Runs the subcommand from the repository's root.
pub fn run(root: &Path, check: bool) -> ExitCode {
    let made = generate(root).and_then(|bytes| place(root, &bytes, check));
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask aws-policies: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn place(root: &Path, bytes: &[u8], check: bool) -> Result<(), String> {
    let target = root.join(TARGET);
    if fs::read(&target).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if check {
        return Err(format!("{TARGET} is not what `cargo xtask aws-policies` writes"));
    }
    fs::create_dir_all(target.parent().unwrap_or(root)).map_err(|e| e.to_string())?;
    fs::write(&target, bytes).map_err(|e| format!("{TARGET}: {e}"))
}

fn generate(root: &Path) -> Result<Vec<u8>, String> {
    let lock = fs::read_to_string(root.join("codegen/aws-policies.lock")).map_err(|e| e.to_string())?;
    let pin = lock.lines().find_map(fetch::pin).ok_or("codegen/aws-policies.lock: no pin")?;
    let source = fetch::unpacked(root, &pin)?.join("moto/iam/aws_managed_policies.py");
    let text = fs::read_to_string(&source).map_err(|e| format!("{}: {e}", source.display()))?;
    let json = text.split("\"\"\"").nth(1).ok_or("the documents are not where they were")?;
    let policies: serde_json::Map<String, Value> = serde_json::from_str(json).map_err(|e| e.to_string())?;
    let mut lines: Vec<(String, String, Vec<u8>)> = Vec::new();
    for (name, policy) in &policies {
        let field = |key: &str| policy.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let place = format!("{}{name}", field("Path"));
        let rest = format!("{}\t{}\t{}", field("DefaultVersionId"), field("CreateDate"), field("UpdateDate"));
        let document = policy.get("Document").ok_or_else(|| format!("{name} has no document"))?;
        lines.push((place, rest, deflate(document.to_string().as_bytes())?));
    }
    lines.sort();
    let (mut index, mut bodies) = (String::new(), Vec::new());
    for (place, rest, body) in &lines {
        index.push_str(&format!("{place}\t{rest}\t{}\t{}\n", bodies.len(), body.len()));
        bodies.extend_from_slice(body);
    }
    let index = deflate(index.as_bytes())?;
    let length = u32::try_from(index.len()).map_err(|e| e.to_string())?;
    Ok([&length.to_be_bytes()[..], &index, &bodies].concat())
}

fn deflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).map_err(|e| e.to_string())?;
    encoder.finish().map_err(|e| e.to_string())
}
