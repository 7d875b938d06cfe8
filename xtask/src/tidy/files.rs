//! What every file must be: opened by a sentence on what it is for, short, named after a thing.

use std::path::Path;

/// A hand-written file without its tests should stay under this many lines …
const LINES: usize = 400;
/// … and must stay under this.
const LINES_HARD: usize = 500;

/// Names that say nothing about what is inside.
const BANNED: [&str; 9] =
    ["util", "utils", "common", "helper", "helpers", "manager", "managers", "misc", "types"];

/// Adds what is wrong with one file.
pub fn check(path: &Path, text: &str, machine: &[String], complaints: &mut Vec<String>) {
    let shown = path.display();
    for folder in machine.iter().filter(|folder| text.contains(folder.as_str())) {
        complaints.push(format!("{shown}: names {folder}, which is on one machine only"));
    }
    if path.extension().is_none_or(|extension| extension != "rs") {
        return;
    }
    for part in path.with_extension("").iter().filter_map(|part| part.to_str()) {
        if BANNED.contains(&part) {
            complaints.push(format!("{shown}: `{part}` does not say what is inside"));
        }
    }
    let first = text.lines().next().unwrap_or_default();
    if !first.starts_with("//! ") {
        complaints.push(format!("{shown}: the first line must say what the file is for (`//! …`)"));
    }
    if is_generated(path) {
        let head = text.lines().take(2).any(|line| line.contains("enerated by `cargo xtask "));
        if !head {
            complaints.push(format!("{shown}: generated, but its head does not say by what"));
        }
        return;
    }
    if !is_test(path) {
        measure(path, text, complaints);
        unsafe_code(path, text, complaints);
    }
}

/// The files that `cargo xtask codegen` and `actions` write.
fn is_generated(path: &Path) -> bool {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    match parts.as_slice() {
        ["crates", _, "src", "model.rs"] | ["crates", _, "src", "ops", "mod.rs"] => true,
        ["crates", "wire", "tests", "protocols", file] => *file != "main.rs",
        ["crates", "actions", "src", file] => matches!(*file, "ec2.rs" | "iam.rs" | "s3.rs" | "sts.rs"),
        _ => false,
    }
}

/// Tests and benchmarks, which may be as long as they have cases.
fn is_test(path: &Path) -> bool {
    let is_test = |part: &str| matches!(part, "tests" | "benches" | "tests.rs");
    path.iter().filter_map(|part| part.to_str()).any(is_test)
}

fn measure(path: &Path, text: &str, complaints: &mut Vec<String>) {
    let lines = lines_without_tests(text);
    if lines > LINES_HARD {
        complaints.push(format!("{}: {lines} lines without tests; {LINES_HARD} is the end", path.display()));
    } else if lines > LINES {
        eprintln!("xtask tidy: note: {}: {lines} lines without tests; aim at {LINES}", path.display());
    }
}

/// Lines up to the file's own tests, which stand last.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(
        |pair| matches!(pair, ["#[cfg(test)]", next] if next.starts_with("mod ") && next.ends_with('{')),
    );
    tests.unwrap_or(lines.len())
}

/// Only crate `compute` talks to the kernel below the standard library.
fn unsafe_code(path: &Path, text: &str, complaints: &mut Vec<String>) {
    let allows = ["allow(unsafe", "expect(unsafe"].iter().any(|start| {
        let attribute = format!("{start}_code");
        text.contains(&attribute)
    });
    if allows && !path.starts_with("crates/compute") {
        complaints.push(format!("{}: unsafe code belongs into crate compute only", path.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let mut complaints = Vec::new();
        check(Path::new(path), text, &["/somewhere/else/".to_owned()], &mut complaints);
        complaints
    }

    #[test]
    fn a_file_that_opens_with_its_purpose_is_fine() {
        assert_eq!(found("crates/base/src/arn.rs", "//! ARNs.\n"), [""; 0]);
    }

    #[test]
    fn names_that_say_nothing_are_refused() {
        assert_eq!(found("crates/base/src/utils.rs", "//! Things.\n").len(), 1);
        assert_eq!(found("crates/common/src/lib.rs", "//! Things.\n").len(), 1);
    }

    #[test]
    fn a_file_without_purpose_is_refused() {
        assert_eq!(found("crates/base/src/arn.rs", "use std::fmt;\n").len(), 1);
    }

    #[test]
    fn long_files_are_refused_and_their_tests_not_counted() {
        let code = format!("//! Long.\n{}", "fn f() {}\n".repeat(LINES_HARD));
        assert_eq!(found("crates/base/src/arn.rs", &code).len(), 1);
        let tests = format!("//! Short.\n#[cfg(test)]\nmod tests {{\n{}}}\n", "// case\n".repeat(LINES_HARD));
        assert_eq!(found("crates/base/src/arn.rs", &tests), [""; 0]);
    }

    #[test]
    fn the_path_of_one_machine_is_refused_in_any_file() {
        assert_eq!(found("README.md", "cd /somewhere/else/here\n").len(), 1);
    }

    #[test]
    fn generated_files_say_so() {
        assert_eq!(found("crates/iam/src/model.rs", "//! Shapes.\n").len(), 1);
        assert_eq!(found("crates/iam/src/model.rs", "//! Generated by `cargo xtask codegen`.\n"), [""; 0]);
    }
}
