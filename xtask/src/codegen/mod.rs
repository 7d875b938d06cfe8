//! `cargo xtask codegen [--check] [SERVICE…] [--all | --with Op,Op]`: writes `src/model.rs` and `src/ops/mod.rs` of
//! the services from the pinned models, for the operations that have a file in `src/ops`. With `--check` it only
//! compares. `--all` and `--with` add shapes for operations that have no file yet. The service `suites` stands for
//! the shapes and cases of botocore's protocol tests, in `crates/wire/tests/protocols`.

mod codecs;
mod emit;
mod faults;
mod fetch;
mod http;
mod model;
mod names;
mod ops;
mod patterns;
mod reach;
mod record;
mod rules;
mod structs;
mod suites;

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use model::{Model, Patches};

/// The services with generated code: crate, and the model's folder.
const SERVICES: [(&str, &str); 8] = [
    ("iam", "iam/2010-05-08"),
    ("sts", "sts/2011-06-15"),
    ("ec2", "ec2/2016-11-15"),
    ("s3", "s3/2006-03-01"),
    ("cloudtrail", "cloudtrail/2013-11-01"),
    ("ec2-instance-connect", "ec2-instance-connect/2018-04-02"),
    ("organizations", "organizations/2016-11-28"),
    ("ssm", "ssm/2014-11-06"),
];

/// What the command line asks for.
#[derive(Debug, Default)]
struct Wish {
    check: bool,
    services: Vec<String>,
    all: bool,
    with: BTreeSet<String>,
}

/// Runs the subcommand from the repository's root.
pub fn run(root: &Path, words: &[String]) -> ExitCode {
    match wish(words).and_then(|wish| generate(root, &wish)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask codegen: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn wish(words: &[String]) -> Result<Wish, String> {
    let mut wish = Wish::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--check" => wish.check = true,
            "--all" => wish.all = true,
            "--with" => {
                let list = words.next().ok_or("--with needs a list of operations")?;
                wish.with.extend(list.split(',').map(str::to_owned));
            }
            service if service == "suites" || SERVICES.iter().any(|(name, _)| *name == service) => {
                wish.services.push(service.to_owned())
            }
            other => return Err(format!("unknown argument {other}")),
        }
    }
    Ok(wish)
}

fn generate(root: &Path, wish: &Wish) -> Result<(), String> {
    let pin = fetch::pin(root)?;
    let patches = root.join("codegen/model-patches.json");
    let text = std::fs::read_to_string(&patches).map_err(|e| format!("{}: {e}", patches.display()))?;
    let mut patches: HashMap<String, Patches> =
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", patches.display()))?;
    let mut stale = Vec::new();
    for (service, folder) in SERVICES {
        if !wish.services.is_empty() && !wish.services.iter().any(|name| name == service) {
            continue;
        }
        let path = fetch::file(root, &pin, &format!("botocore/data/{folder}/service-2.json"))?;
        let model = Model::read(&path, patches.remove(service).unwrap_or_default())?;
        let source = root.join("crates").join(service).join("src");
        let files = ops::files(&source.join("ops"), &model)?;
        let shaped = shaped(&model, &files, wish)?;
        let origin = format!("{} {}", pin.package, pin.version);
        let texts = [
            ("model.rs", emit::model(service, &model, &shaped, &origin)?),
            ("ops/mod.rs", ops::module(service, &model, &files)?),
        ];
        for (name, text) in texts {
            keep(root, source.join(name), text, wish.check, &mut stale)?;
        }
    }
    if wish.services.is_empty() || wish.services.iter().any(|name| name == "suites") {
        for (name, text) in suites::files(root, &pin)? {
            let path = root.join("crates/wire/tests/protocols").join(name);
            keep(root, path, text, wish.check, &mut stale)?;
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("not what `cargo xtask codegen` writes: {}", stale.join(", ")))
}

/// Writes a file that differs, or with `check` only notes it.
fn keep(
    root: &Path,
    path: PathBuf,
    text: String,
    check: bool,
    stale: &mut Vec<String>,
) -> Result<(), String> {
    let is_code = path.extension().is_some_and(|extension| extension == "rs");
    let text = if is_code { formatted(root, &text)? } else { text };
    if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if check {
        stale.push(path.display().to_string());
        return Ok(());
    }
    let folder = path.parent().unwrap_or(&path);
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// The operations that get shapes.
fn shaped(model: &Model, files: &BTreeSet<String>, wish: &Wish) -> Result<BTreeSet<String>, String> {
    let known: BTreeSet<String> = model.operations.0.iter().map(|(name, _)| name.clone()).collect();
    if wish.all {
        return Ok(known);
    }
    if let Some(unknown) = wish.with.iter().find(|name| !known.contains(*name)) {
        return Err(format!("{unknown} is no operation of the model"));
    }
    Ok(files.union(&wish.with).cloned().collect())
}

/// Runs rustfmt with the repository's settings.
fn formatted(root: &Path, text: &str) -> Result<String, String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root.join("rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("rustfmt: {e}"))?;
    let mut stdin = child.stdin.take().ok_or("rustfmt takes no input")?;
    let input = text.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().map_err(|e| format!("rustfmt: {e}"))?;
    let fed = feeder.join().map_err(|_| "rustfmt's feeder failed")?;
    fed.map_err(|e| format!("rustfmt: {e}"))?;
    if !output.status.success() {
        return Err("rustfmt refuses the generated code".to_owned());
    }
    String::from_utf8(output.stdout).map_err(|e| format!("rustfmt: {e}"))
}
