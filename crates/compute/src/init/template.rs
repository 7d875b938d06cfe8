//! What a fresh `/etc` takes over from the host: public files that programs in `/usr` need. Read once by
//! the supervisor; the child of each instance has it in its memory and never opens the host's `/etc`.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::engine::pack;

/// Nothing here may hold a secret; and a file that not everyone may read is left out whatever its name.
const TAKEN: &[&str] = &[
    "bash.bashrc",
    "bashrc",
    "ca-certificates.conf",
    "debian_version",
    "default/locale",
    "default/useradd",
    "ethertypes",
    "gai.conf",
    "host.conf",
    "inputrc",
    "issue",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "libaudit.conf",
    "locale.alias",
    "locale.conf",
    "localtime",
    "login.defs",
    "lsb-release",
    "magic",
    "magic.mime",
    "manpath.config",
    "mime.types",
    "networks",
    "os-release",
    "pam.conf",
    "pam.d",
    "pki/tls/openssl.cnf",
    "profile",
    "protocols",
    "redhat-release",
    "rpc",
    "security",
    "services",
    "shells",
    "skel",
    "ssl/openssl.cnf",
    "system-release",
    "terminfo",
    "timezone",
    "wgetrc",
    "xattr.conf",
];

/// Top-level names that are links into `/usr` on a merged system.
const TOP_LEVEL: &[&str] = &["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

#[derive(Debug)]
enum Kind {
    Folder,
    File(Vec<u8>),
    Link(PathBuf),
}

#[derive(Debug)]
struct Entry {
    /// Relative to the root.
    path: PathBuf,
    mode: u32,
    kind: Kind,
}

/// Entries in the order they can be made in.
#[derive(Debug, Default)]
pub(crate) struct Template(Vec<Entry>);

impl Template {
    /// Reads the host's files; what is missing or not public is left out.
    pub(crate) fn read() -> Template {
        let mut template = Template::default();
        for name in TOP_LEVEL {
            if let Ok(target) = fs::read_link(Path::new("/").join(name)) {
                template.0.push(Entry { path: name.into(), mode: 0o777, kind: Kind::Link(target) });
            }
        }
        for name in TAKEN {
            template.take(&Path::new("etc").join(name));
        }
        template
    }

    /// Makes everything below `/`, which is the instance's root by now.
    pub(crate) fn write(&self) -> io::Result<()> {
        let mut there = PathBuf::from("/");
        for Entry { path, mode, kind } in &self.0 {
            let path = Path::new("/").join(path);
            // Most stand beside the one before.
            if let Some(parent) = path.parent().filter(|parent| **parent != *there) {
                fs::create_dir_all(parent)?;
                parent.clone_into(&mut there);
            }
            let made = match kind {
                Kind::Folder => fs::DirBuilder::new().mode(*mode).create(&path),
                Kind::Link(target) => symlink(target, &path),
                Kind::File(bytes) => write_new(&path, *mode, bytes),
            };
            match made {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Adds everything to an archive.
    pub(crate) fn pack(&self, archive: &mut tar::Builder<impl io::Write>) -> io::Result<()> {
        for Entry { path, mode, kind } in &self.0 {
            let mut header = pack::header(*mode, 0);
            match kind {
                Kind::Folder => {
                    header.set_entry_type(tar::EntryType::Directory);
                    archive.append_data(&mut header, path, io::empty())?;
                }
                Kind::Link(target) => {
                    header.set_entry_type(tar::EntryType::Symlink);
                    archive.append_link(&mut header, path, target)?;
                }
                Kind::File(bytes) => {
                    header.set_size(bytes.len() as u64);
                    archive.append_data(&mut header, path, bytes.as_slice())?;
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, path: &Path) {
        let host = Path::new("/").join(path);
        let Ok(about) = fs::symlink_metadata(&host) else { return };
        let mode = about.mode() & 0o777;
        let entry = |kind| Entry { path: path.to_owned(), mode, kind };
        if about.is_symlink() {
            if let Ok(target) = fs::read_link(&host) {
                self.0.push(entry(Kind::Link(target)));
            }
        } else if mode & 0o004 == 0 {
            // Not public on the host: nobody else's business inside.
        } else if about.is_dir() {
            self.0.push(entry(Kind::Folder));
            for name in fs::read_dir(&host).into_iter().flatten().flatten() {
                self.take(&path.join(name.file_name()));
            }
        } else if about.is_file()
            && let Ok(bytes) = fs::read(&host)
        {
            self.0.push(entry(Kind::File(bytes)));
        }
    }
}

fn write_new(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    io::Write::write_all(&mut file, bytes)
}
