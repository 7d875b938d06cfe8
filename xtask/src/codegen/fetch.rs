//! Brings the pinned botocore source package into `.cache` and takes service models out of it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

/// The pinned package of `codegen/models.lock`.
#[derive(Debug)]
pub struct Pin {
    pub package: String,
    pub version: String,
    sha256: String,
}

/// Reads the lock file: one line of package, version and SHA-256 that is not a comment.
pub fn pin(root: &Path) -> Result<Pin, String> {
    let path = root.join("codegen/models.lock");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let line = text.lines().find(|line| !line.starts_with('#') && !line.trim().is_empty());
    match line.map(|line| line.split_whitespace().collect::<Vec<_>>()).as_deref() {
        Some([package, version, sha256]) => {
            Ok(Pin { package: (*package).into(), version: (*version).into(), sha256: (*sha256).into() })
        }
        _ => Err(format!("{}: expected package, version, sha256", path.display())),
    }
}

/// The path of one file of the package, such as `botocore/data/iam/2010-05-08/service-2.json`.
pub fn file(root: &Path, pin: &Pin, name: &str) -> Result<PathBuf, String> {
    let folder = cache(root).join(format!("{}-{}", pin.package, pin.sha256.get(..16).unwrap_or(&pin.sha256)));
    let path = folder.join(name.replace('/', "-"));
    if !path.exists() {
        let archive = archive(&folder, pin)?;
        let wanted = format!("{}-{}/{name}", pin.package, pin.version);
        let bytes = member(&archive, &wanted)?;
        std::fs::write(&path, bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(path)
}

/// The main checkout's `.cache`, so that all worktrees share one download.
fn cache(root: &Path) -> PathBuf {
    let arguments = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
    let common = Command::new("git")
        .args(arguments)
        .current_dir(root)
        .output()
        .ok()
        .filter(|out| out.status.success());
    let common = common.map(|out| PathBuf::from(String::from_utf8_lossy(&out.stdout).trim().to_owned()));
    let main = common.as_deref().and_then(Path::parent).filter(|main| main.join("Cargo.toml").exists());
    main.unwrap_or(root).join(".cache/models")
}

fn archive(folder: &Path, pin: &Pin) -> Result<Vec<u8>, String> {
    let path = folder.join(format!("{}-{}.tar.gz", pin.package, pin.version));
    if !path.exists() {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let wanted = format!("{}=={}", pin.package, pin.version);
        let arguments = ["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest"];
        let status = Command::new("python3").args(arguments).arg(folder).arg(&wanted).status();
        if !status.map_err(|e| format!("python3: {e}"))?.success() {
            return Err(format!("pip could not download {wanted}"));
        }
    }
    let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if found != pin.sha256 {
        return Err(format!(
            "{}: SHA-256 is {found}, codegen/models.lock says {}",
            path.display(),
            pin.sha256
        ));
    }
    Ok(bytes)
}

/// One file of a gzipped tar archive. Only the plain headers that source packages have are read.
fn member(archive: &[u8], wanted: &str) -> Result<Vec<u8>, String> {
    let mut tar = GzDecoder::new(archive);
    let mut header = [0_u8; 512];
    while tar.read_exact(&mut header).is_ok() {
        let text = |range: std::ops::Range<usize>| {
            let bytes = header.get(range).unwrap_or_default();
            let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
            String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
        };
        let (name, prefix) = (text(0..100), text(345..500));
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let size = u64::from_str_radix(text(124..136).trim(), 8).unwrap_or(0);
        let mut content = Vec::new();
        let failed = |e: std::io::Error| format!("{wanted}: {e}");
        if name == wanted {
            tar.by_ref().take(size).read_to_end(&mut content).map_err(failed)?;
            return Ok(content);
        }
        let padded = size.div_ceil(512).saturating_mul(512);
        std::io::copy(&mut tar.by_ref().take(padded), &mut std::io::sink()).map_err(failed)?;
    }
    Err(format!("{wanted} is not in the package"))
}
