//! Codegen, tidy checks and generated pages.

mod actions;
mod aws_policies;
mod codegen;
mod pages;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let check = words.iter().any(|word| word == "--check");
    // The folder that `cargo xtask` was called for: working trees may share one target folder, and so this program.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let root = Path::new(&package).parent().unwrap_or(Path::new("."));
    match words.first().map(String::as_str) {
        Some("actions") => actions::run(root, check),
        Some("aws-policies") => aws_policies::run(root, check),
        Some("pages") => pages::run(root, check),
        Some("tidy") => tidy::run(root),
        Some("codegen") => codegen::run(root, words.get(1..).unwrap_or_default()),
        _ => {
            eprintln!("usage: cargo xtask actions|aws-policies|codegen|pages [--check], or cargo xtask tidy");
            ExitCode::FAILURE
        }
    }
}
