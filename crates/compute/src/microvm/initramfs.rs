//! The first file system of every machine: this program with the libraries that it runs on, and the kernel's modules
//! for what QEMU gives a machine. An archive of `cpio`'s newer ASCII format, as kernels unpack it.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::libc;

use super::GUEST_INIT;
use super::hypervisor::Kernel;
use crate::sys;

/// Where the modules lie in it, named so that they can be loaded in order.
pub(super) const MODULES: &str = "/modules";
/// What a machine needs of its kernel. Where it is built in, no module is there to be loaded.
const WANTED: &[&str] = &["virtio_pci", "virtio_console", "virtio_net", "9pnet_virtio", "9p", "af_packet"];
const FOLDERS: &[&str] = &["dev", "proc", "sys", "root", "modules"];
/// Name, major and minor number of the devices that are needed before the kernel shows its own.
const DEVICES: &[(&str, u32, u32)] = &[("dev/console", 5, 1), ("dev/null", 1, 3)];
/// The headers of programs are at their beginning.
const MOST_HEADERS: u64 = 4096;
const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const DEVICE: u32 = 0o020_600;

/// Writes the archive, whole or not at all.
pub(super) fn write(path: &Path, kernel: &Kernel) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut archive =
        Archive { to: BufWriter::new(File::create(&new)?), entries: 0, folders: BTreeSet::new() };
    for name in FOLDERS {
        archive.folder(Path::new(name))?;
    }
    for (name, major, minor) in DEVICES {
        archive.entry(Path::new(name), DEVICE, (*major, *minor), 0)?;
    }
    archive.program(Path::new(GUEST_INIT), Path::new("/proc/self/exe"))?;
    let (loader, libraries) = sys::loaded();
    for library in loader.into_iter().chain(libraries) {
        archive.file(&library, &library)?;
    }
    let modules = kernel.modules.as_deref().map_or(Ok(Vec::new()), in_order)?;
    for (number, module) in modules.iter().enumerate() {
        let name = module.file_name().unwrap_or_default().to_string_lossy();
        archive.file(&Path::new(MODULES).join(format!("{number:03}-{name}")), module)?;
    }
    archive.finish()?;
    fs::rename(new, path)
}

#[derive(Debug)]
struct Archive {
    to: BufWriter<File>,
    entries: u32,
    folders: BTreeSet<PathBuf>,
}

impl Archive {
    fn folder(&mut self, path: &Path) -> io::Result<()> {
        if path.as_os_str().is_empty() || !self.folders.insert(path.to_owned()) {
            return Ok(());
        }
        self.folder(path.parent().unwrap_or(Path::new("")))?;
        self.entry(path, FOLDER, (0, 0), 0)
    }

    /// A file of the host.
    fn file(&mut self, path: &Path, host: &Path) -> io::Result<()> {
        let file = File::open(host)?;
        let length = file.metadata()?.len();
        self.bytes(path, file, length)
    }

    /// A program of the host, without what is not loaded of it. It may be large, so it is copied piece by piece.
    fn program(&mut self, path: &Path, host: &Path) -> io::Result<()> {
        let mut file = File::open(host)?;
        let mut head = Vec::new();
        Read::by_ref(&mut file).take(MOST_HEADERS).read_to_end(&mut head)?;
        let all = file.metadata()?.len();
        let end = loaded_end(&head).filter(|end| (head.len() as u64..=all).contains(end));
        if end.is_some() {
            forget_sections(&mut head);
        }
        self.bytes(path, head.as_slice().chain(file), end.unwrap_or(all))
    }

    fn bytes(&mut self, path: &Path, from: impl Read, length: u64) -> io::Result<()> {
        let path = path.strip_prefix("/").unwrap_or(path);
        self.folder(path.parent().unwrap_or(Path::new("")))?;
        let short = u32::try_from(length).map_err(io::Error::other)?;
        self.entry(path, PROGRAM, (0, 0), short)?;
        if io::copy(&mut from.take(length), &mut self.to)? < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.pad(short)
    }

    /// The header of an entry, which its bytes follow.
    fn entry(&mut self, path: &Path, mode: u32, device: (u32, u32), length: u32) -> io::Result<()> {
        self.entries += 1;
        let name = path.as_os_str().as_bytes();
        let named = name.len() as u32 + 1;
        // Number, mode, owner, group, links, time, length, device, device of a node, length of the name, checksum.
        let header = [self.entries, mode, 0, 0, 1, 0, length, 0, 0, device.0, device.1, named, 0];
        self.to.write_all(b"070701")?;
        for number in header {
            write!(self.to, "{number:08x}")?;
        }
        self.to.write_all(name)?;
        self.to.write_all(&[0])?;
        self.pad(6 + 13 * 8 + named)
    }

    fn pad(&mut self, length: u32) -> io::Result<()> {
        self.to.write_all([0; 4].get(..(length.wrapping_neg() % 4) as usize).unwrap_or_default())
    }

    fn finish(mut self) -> io::Result<()> {
        self.entry(Path::new("TRAILER!!!"), 0, (0, 0), 0)?;
        self.to.flush()
    }
}

/// Where the last part ends that is loaded of a program. What follows are names of functions, and what debuggers want: in
/// a build for debugging it is the most.
fn loaded_end(head: &[u8]) -> Option<u64> {
    let number = |at: usize, length: usize| {
        let mut bytes = [0; 8];
        bytes.get_mut(..length)?.copy_from_slice(head.get(at..at + length)?);
        usize::try_from(u64::from_le_bytes(bytes)).ok()
    };
    let (headers, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    let mut last = None;
    for index in 0..count {
        let at = headers.checked_add(index * size)?;
        if number(at, 4)? == libc::PT_LOAD as usize {
            last = last.max(number(at + 8, 8)?.checked_add(number(at + 32, 8)?));
        }
    }
    last.map(|end| end as u64)
}

/// No sections: where they are, how many, and which has their names.
fn forget_sections(head: &mut [u8]) {
    for range in [40..48, 60..64] {
        head.get_mut(range).into_iter().for_each(|bytes| bytes.fill(0));
    }
}

/// The modules that are needed, each after those that it needs itself.
fn in_order(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let all = Modules::read(folder)?;
    let built_in = fs::read_to_string(folder.join("modules.builtin")).unwrap_or_default();
    let built_in: BTreeSet<String> = built_in.lines().map(plain_name).collect();
    let mut found = Vec::new();
    for name in WANTED.iter().filter(|name| !built_in.contains(**name)) {
        all.follow(name, &built_in, &mut found)?;
    }
    Ok(found)
}

/// What a kernel has of modules.
#[derive(Debug)]
struct Modules {
    folder: PathBuf,
    /// By their plain names: where they are, and what they need when somebody has found that out.
    known: HashMap<String, (String, Option<Vec<String>>)>,
}

impl Modules {
    /// Reads what `depmod` has found out, or else the list that every package has.
    fn read(folder: &Path) -> io::Result<Modules> {
        let mut known = HashMap::new();
        if let Ok(text) = fs::read_to_string(folder.join("modules.dep")) {
            for (path, needed) in text.lines().filter_map(|line| line.split_once(':')) {
                let needed = needed.split_whitespace().map(plain_name).collect();
                known.insert(plain_name(path), (path.to_owned(), Some(needed)));
            }
        } else {
            let list = folder.join("modules.order");
            let text = fs::read_to_string(&list)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", list.display())))?;
            known.extend(text.lines().map(|path| (plain_name(path), (path.to_owned(), None))));
        }
        Ok(Modules { folder: folder.to_owned(), known })
    }

    /// Adds a module after what it needs.
    fn follow(&self, name: &str, built_in: &BTreeSet<String>, found: &mut Vec<PathBuf>) -> io::Result<()> {
        let missing = |what: String| io::Error::new(io::ErrorKind::NotFound, what);
        let (path, needed) = self
            .known
            .get(name)
            .ok_or_else(|| missing(format!("the kernel of {} has no `{name}`", self.folder.display())))?;
        let path = self.folder.join(path);
        if found.contains(&path) {
            return Ok(());
        }
        let own = match needed {
            Some(needed) => needed.clone(),
            None => needs(&fs::read(&path).map_err(|error| {
                missing(format!("{}: {error}; depmod -b FOLDER VERSION helps", path.display()))
            })?),
        };
        for needed in own.iter().filter(|needed| !built_in.contains(*needed)) {
            self.follow(needed, built_in, found)?;
        }
        if !found.contains(&path) {
            found.push(path);
        }
        Ok(())
    }
}

/// What a module says that it needs.
fn needs(module: &[u8]) -> Vec<String> {
    const MARK: &[u8] = b"\0depends=";
    let at = module.windows(MARK.len()).position(|part| part == MARK);
    let list = at.and_then(|at| module.get(at + MARK.len()..)?.split(|byte| *byte == 0).next());
    let list = String::from_utf8_lossy(list.unwrap_or_default()).into_owned();
    list.split(',').filter(|name| !name.is_empty()).map(plain_name).collect()
}

/// `kernel/net/9p/9pnet-virtio.ko.xz` is `9pnet_virtio`.
fn plain_name(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name).replace('-', "_")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::{WANTED, forget_sections, in_order, loaded_end, needs};

    #[test]
    fn modules_come_after_what_they_need() {
        let folder = tempfile::tempdir().unwrap();
        let lines = "kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/fs/netfs/netfs.ko.xz\n\
            kernel/net/9p/9pnet.ko.xz:\nkernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko.xz\n\
            kernel/fs/netfs/netfs.ko.xz:\nkernel/drivers/net/virtio_net.ko.xz:\n";
        fs::write(folder.path().join("modules.dep"), lines).unwrap();
        let missing = in_order(folder.path()).unwrap_err().to_string();
        assert!(missing.contains("has no `virtio_pci`"), "{missing}");
        let built_in = "kernel/drivers/virtio/virtio_pci.ko\nkernel/drivers/char/virtio_console.ko\n\
            kernel/net/packet/af_packet.ko\n";
        fs::write(folder.path().join("modules.builtin"), built_in).unwrap();
        let names = in_order(folder.path()).unwrap();
        let names: Vec<_> = names.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(
            names,
            ["virtio_net.ko.xz", "9pnet.ko.xz", "9pnet_virtio.ko.xz", "netfs.ko.xz", "9p.ko.xz"]
        );
        assert_eq!(
            needs(b"\x7fELF\0license=GPL\0depends=virtio_ring,net-failover\0name=x\0"),
            ["virtio_ring", "net_failover"]
        );
        assert!(needs(b"\0depends=\0").is_empty() && needs(b"").is_empty());
        assert!(WANTED.contains(&"9p"));
    }

    #[test]
    fn a_program_still_runs_without_what_is_not_loaded() {
        let place = tempfile::tempdir().unwrap();
        let (shell, copy) = (fs::canonicalize("/bin/sh").unwrap(), place.path().join("sh"));
        fs::copy(&shell, &copy).unwrap();
        let mut program = fs::read(&shell).unwrap();
        let end = loaded_end(&program[..4096]).unwrap() as usize;
        assert!(end < program.len());
        program.truncate(end);
        forget_sections(&mut program);
        // In the place of a copy, so that it may be run.
        fs::write(&copy, program).unwrap();
        assert!(Command::new(&copy).args(["-c", "exit 0"]).status().unwrap().success());
        assert_eq!(loaded_end(b"\x7fELF"), None);
    }
}
