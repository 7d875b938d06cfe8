//! The lists of users that an engine reads from a container's root before its first process runs. It follows what stands
//! there and would wait for a pipe without end, with its locks held: so what is no file is not handed to it.

use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use serde::Deserialize;

use super::Engine;
use super::client::Sent;
use crate::ComputeError;

const LISTS: &[&str] = &["/etc/passwd", "/etc/group"];
/// What engines tell of a path in a container.
const STAT: &str = "x-docker-container-path-stat";

/// In an image of the store.
pub(super) fn check_image(root: &Path) -> Result<(), ComputeError> {
    // The folder above may be a link: then what it leads to is not looked up outside of the image.
    let etc = root.join("etc");
    if etc.symlink_metadata().is_ok_and(|about| !about.is_dir()) {
        return Err(no_file("/etc", "folder"));
    }
    for list in LISTS {
        let name = Path::new(list).file_name().unwrap_or_default();
        match etc.join(name).symlink_metadata() {
            Ok(about) if !about.is_file() => return Err(no_file(list, "file")),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ComputeError::failed("look at the image", error));
            }
            _ => {}
        }
    }
    Ok(())
}

impl Engine {
    /// On the disk of an instance that ran.
    pub(super) async fn check_accounts(&self, container: &str) -> Result<(), ComputeError> {
        self.check("look at the disk")?;
        for list in LISTS {
            let path = format!("/containers/{container}/archive?path={list}");
            let answer = match self.client.ask(Method::HEAD, &path, Sent::Nothing).await {
                Ok(answer) => answer,
                Err(error) if error.has_status(StatusCode::NOT_FOUND) => continue,
                Err(error) => return Err(self.failed("look at the disk", error)),
            };
            let told = answer.headers.get(STAT).map(|told| told.as_bytes().to_vec());
            if !told.is_some_and(|told| is_file(&told)) {
                return Err(no_file(list, "file"));
            }
        }
        Ok(())
    }
}

/// Whether a path is a plain file, by what an engine tells of it.
fn is_file(told: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Told {
        mode: u32,
    }
    /// As Go numbers them: folder, link, device, pipe, socket, character device, anything else.
    const OTHER_KINDS: u32 = 1 << 31 | 1 << 27 | 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19;
    let told = STANDARD.decode(told).ok().and_then(|told| serde_json::from_slice::<Told>(&told).ok());
    told.is_some_and(|told| told.mode & OTHER_KINDS == 0)
}

fn no_file(path: &str, wanted: &str) -> ComputeError {
    ComputeError::Invalid(format!("{path} is no {wanted}, and the engine would wait for it"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{check_image, is_file};

    #[test]
    fn what_is_no_file_is_told_by_an_engine_s_own_numbers() {
        let told = |mode: u32| {
            STANDARD.encode(format!("{{\"name\":\"passwd\",\"mode\":{mode},\"linkTarget\":\"\"}}"))
        };
        assert!(is_file(told(0o644).as_bytes()));
        assert!(!is_file(told(0o644 | 1 << 25).as_bytes()) && !is_file(told(0o777 | 1 << 27).as_bytes()));
        assert!(!is_file(b"?"));
    }

    #[test]
    fn an_image_with_anything_else_for_its_users_is_refused() {
        let root = tempfile::tempdir().unwrap();
        check_image(root.path()).unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        fs::write(root.path().join("etc/passwd"), "").unwrap();
        check_image(root.path()).unwrap();
        symlink("/dev/zero", root.path().join("etc/group")).unwrap();
        let refused = check_image(root.path()).unwrap_err().to_string();
        assert!(refused.starts_with("/etc/group is no file"), "{refused}");
        fs::remove_dir_all(root.path().join("etc")).unwrap();
        symlink("/", root.path().join("etc")).unwrap();
        check_image(root.path()).unwrap_err();
    }
}
