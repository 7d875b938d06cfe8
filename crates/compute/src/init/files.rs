//! The files of a fresh system, and those that each start writes anew: names, users, environment, links.
//! The root is the instance's own by now, so nothing here can reach the host.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::accounts::{self, Account};
use super::power;
use super::template::Template;
use super::user_data::UserData;
use crate::spec::{GUEST_BIN, InstanceSpec, Resolving};

/// The search path of every process inside.
pub(crate) const PATH: &str = "/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// In the cloud folder: the names that user data set.
const HOST_NAME: &str = "hostname";

/// Where cloud-init keeps what it did for an instance; its presence means the disk is set up.
pub(crate) fn cloud_folder(id: &str) -> PathBuf {
    Path::new("/var/lib/cloud/instances").join(id)
}

/// Sets the disk up at its first start, and writes what may change between starts.
pub(super) fn write(spec: &InstanceSpec, template: Option<&Template>, single_id: bool) -> io::Result<()> {
    if !cloud_folder(&spec.id).exists() {
        write_once(spec, template, single_id)?;
    }
    write_names(spec)?;
    write_environment(spec)?;
    make_links(&spec.links)?;
    clear_volatile()
}

/// Empties what does not outlive a boot, and makes it anew.
pub(super) fn clear_volatile() -> io::Result<()> {
    for folder in ["/tmp", "/run"] {
        for entry in fs::read_dir(folder)?.flatten() {
            let path = entry.path();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            // A leftover that cannot be removed does no harm.
            let _ = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
    }
    fs::create_dir_all("/run/lock")?;
    mode("/run/lock", 0o1777)?;
    mode("/tmp", 0o1777)
}

fn write_once(spec: &InstanceSpec, template: Option<&Template>, single_id: bool) -> io::Result<()> {
    mode("/root", 0o700)?;
    for folder in [
        "/etc/profile.d",
        "/etc/sudoers.d",
        "/var/cache",
        "/var/lib/misc",
        "/var/log",
        "/var/opt",
        "/var/spool/cron",
        "/var/tmp",
        "/var/mail",
        GUEST_BIN,
    ] {
        fs::create_dir_all(folder)?;
    }
    mode("/var/tmp", 0o1777)?;
    link("/run", "/var/run")?;
    link("/run/lock", "/var/lock")?;
    if let Some(template) = template {
        template.write()?;
    }
    link("/proc/self/mounts", "/etc/mtab")?;
    write_absent("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n")?;
    write_absent("/etc/fstab", "")?;
    write_anew("/etc/machine-id", &machine_id(&spec.id))?;
    accounts::found()?;
    for user in &spec.users {
        accounts::ensure(&Account::login(user), single_id)?;
    }
    power::add_tools()?;
    let cloud = cloud_folder(&spec.id);
    fs::create_dir_all(&cloud)?;
    // An image that was made of an instance has that one's.
    let current = "/var/lib/cloud/instance";
    if fs::read_link(current).is_ok_and(|target| target != cloud) {
        fs::remove_file(current)?;
    }
    link(&cloud, current)?;
    keep_names(spec)
}

/// The host name: what user data set at the first boot, or what the network calls the instance.
pub(super) fn host_name(spec: &InstanceSpec) -> String {
    set_names(spec).map_or_else(|| spec.hostname.clone(), |(name, _)| name)
}

/// The names that user data set, short and in full.
fn set_names(spec: &InstanceSpec) -> Option<(String, Option<String>)> {
    let text = read(cloud_folder(&spec.id).join(HOST_NAME)).ok()?;
    let mut lines = text.lines();
    Some((lines.next()?.to_owned(), lines.next().map(str::to_owned)))
}

/// Keeps the names that user data sets, before the name can no longer be changed.
fn keep_names(spec: &InstanceSpec) -> io::Result<()> {
    let Some((name, full)) = UserData::names(spec) else { return Ok(()) };
    let kept = full.map_or_else(|| format!("{name}\n"), |full| format!("{name}\n{full}\n"));
    fs::write(cloud_folder(&spec.id).join(HOST_NAME), kept)
}

fn write_names(spec: &InstanceSpec) -> io::Result<()> {
    match set_names(spec) {
        Some((name, full)) => write_host_files(spec, &name, full.as_deref())?,
        None => write_host_files(spec, &spec.hostname, None)?,
    }
    write_resolver(&spec.network.names)
}

fn write_host_files(spec: &InstanceSpec, name: &str, full: Option<&str>) -> io::Result<()> {
    let address = spec.network.private_ip;
    let domain = spec.network.names.domain.as_deref().unwrap_or("ec2.internal");
    let full = full.map_or_else(|| format!("{name}.{domain}"), str::to_owned);
    write_anew("/etc/hostname", &format!("{name}\n"))?;
    write_anew(
        "/etc/hosts",
        &format!("127.0.0.1 localhost\n{address} {full} {name}\n169.254.169.254 instance-data\n"),
    )
}

fn write_resolver(names: &Resolving) -> io::Result<()> {
    let mut text = String::new();
    if let Some(search) = &names.search {
        let _ = writeln!(text, "search {search}");
    }
    for server in &names.servers {
        let _ = writeln!(text, "nameserver {server}");
    }
    if names.servers.is_empty() {
        text.push_str("# This network has no name server; names are in /etc/hosts.\n");
    }
    write_anew("/etc/resolv.conf", &text)
}

fn write_environment(spec: &InstanceSpec) -> io::Result<()> {
    let mut plain = format!("PATH={PATH}\n");
    let mut script = format!("case \":$PATH:\" in *:{GUEST_BIN}:*) ;; *) PATH={GUEST_BIN}:$PATH ;; esac\n");
    for (name, value) in &spec.env {
        // Neither form can be broken out of: `InstanceSpec::check` allows no quote and no line break.
        let _ = writeln!(plain, "{name}={value}");
        let _ = writeln!(script, "export {name}='{value}'");
    }
    write_anew("/etc/environment", &plain)?;
    fs::create_dir_all("/etc/profile.d")?;
    write_anew("/etc/profile.d/rolecall.sh", &script)
}

fn make_links(links: &[crate::Link]) -> io::Result<()> {
    for crate::Link { at, target } in links {
        if let Some(parent) = at.parent() {
            fs::create_dir_all(parent)?;
        }
        if fs::read_link(at).ok().as_ref() != Some(target) {
            // Absent at the first start; an old target is replaced.
            let _ = fs::remove_file(at);
            symlink(target, at)?;
        }
    }
    Ok(())
}

/// 32 hexadecimal digits that belong to the instance.
fn machine_id(id: &str) -> String {
    let hex: String = id.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_lowercase()).collect();
    format!("{hex:0>32.32}\n")
}

/// Writes a file in the place of one, or of a link, that is there: images link to what is only there when they run
/// services.
pub(super) fn write_anew(path: &str, text: &str) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok_and(|about| !about.is_file()) {
        fs::remove_file(path)?;
    }
    fs::write(path, text)
}

/// Reads a file that an image or the instance's owner may have put there: what is no file could be waited for
/// without end.
pub(super) fn read(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref();
    let mut file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{} is no file", path.display())));
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text)
}

fn write_absent(path: &str, text: &str) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() { Ok(()) } else { fs::write(path, text) }
}

fn mode(path: impl AsRef<Path>, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

fn link(target: impl AsRef<Path>, at: impl AsRef<Path>) -> io::Result<()> {
    match symlink(target, at) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::stat::Mode;

    use super::read;

    #[test]
    fn what_is_no_file_is_refused_and_not_waited_for() {
        let place = tempfile::tempdir().unwrap();
        let (pipe, link) = (place.path().join("passwd"), place.path().join("link"));
        nix::unistd::mkfifo(&pipe, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for path in [&pipe, &link] {
            let refused = read(path).unwrap_err();
            assert!(refused.to_string().ends_with("is no file"), "{refused}");
        }
        std::fs::write(place.path().join("group"), "root:x:0:").unwrap();
        assert_eq!(read(place.path().join("group")).unwrap(), "root:x:0:");
    }
}
