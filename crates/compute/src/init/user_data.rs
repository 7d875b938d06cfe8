//! User data, once in the life of a disk: a script that starts with `#!` runs as root, and what it prints
//! goes to the console and to `/var/log/cloud-init-output.log`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Step;
use super::command::{Surroundings, into_one_pipe};
use super::console::Console;
use super::files::cloud_folder;
use crate::ExecSpec;
use crate::spec::InstanceSpec;

/// User data that runs, or whose offspring still holds its output open.
#[derive(Debug)]
pub(super) struct UserData {
    pub pid: i32,
    output: File,
    log: Option<File>,
}

impl UserData {
    /// Starts the user data when there is some and it did not run before on this disk.
    pub(super) fn start(
        spec: &InstanceSpec,
        surroundings: &Surroundings,
        console: &mut Console,
    ) -> Step<Option<UserData>> {
        let Some(data) = &spec.user_data else { return Ok(None) };
        let root = surroundings.folder.clone().unwrap_or_else(|| PathBuf::from("/"));
        let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
        let folder = inside(&cloud_folder(&spec.id));
        let done = folder.join("sem/config_scripts_user");
        if done.exists() {
            return Ok(None);
        }
        let script = write_script(&folder, data).map_err(|error| ("write the user data", error))?;
        fs::write(&done, "").map_err(|error| ("mark the user data", error))?;
        if !data.starts_with(b"#!") {
            console.say("user data is not a script (it does not start with #!): kept, not run");
            return Ok(None);
        }
        let log = inside(Path::new("/var/log/cloud-init-output.log"));
        if let Some(parent) = log.parent() {
            fs::create_dir_all(parent).map_err(|error| ("make the log folder", error))?;
        }
        // A log that cannot be opened must not keep the script from running.
        let log = OpenOptions::new().create(true).append(true).open(log).ok();
        let (streams, output) = into_one_pipe().map_err(|error| ("make a pipe", error))?;
        let mut command = ExecSpec::root([script.to_string_lossy()]);
        command.cwd = Some(root);
        let started = surroundings.start(&command, streams)?;
        Ok(Some(UserData { pid: started.pid, output, log }))
    }

    pub(super) fn output(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }

    /// Passes on what was printed; false at the end of it.
    pub(super) fn pass_on(&mut self, console: &mut Console) -> bool {
        let mut buffer = [0; 8192];
        match self.output.read(&mut buffer) {
            Ok(0) => false,
            Ok(length) => {
                let bytes = buffer.get(..length).unwrap_or_default();
                console.write(bytes);
                if let Some(log) = &mut self.log {
                    // The disk may be full; the console has it.
                    let _ = log.write_all(bytes);
                }
                true
            }
            Err(error) => error.kind() == io::ErrorKind::Interrupted,
        }
    }
}

fn write_script(folder: &Path, data: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(folder.join("scripts"))?;
    fs::create_dir_all(folder.join("sem"))?;
    let kept = folder.join("user-data.txt");
    fs::write(&kept, data)?;
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o600))?;
    let script = folder.join("scripts/part-001");
    fs::write(&script, data)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700))?;
    Ok(script)
}
