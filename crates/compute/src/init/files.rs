//! The files of a fresh system, and those that each start writes anew: names, users, environment, links.
//! The root is the instance's own by now, so nothing here can reach the host.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use super::template::Template;
use crate::spec::{GUEST_BIN, InstanceSpec, User};
use crate::supervisor::Ids;

/// The search path of every process inside.
pub(crate) const PATH: &str = "/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where cloud-init keeps what it did for an instance; its presence means the disk is set up.
pub(crate) fn cloud_folder(id: &str) -> PathBuf {
    Path::new("/var/lib/cloud/instances").join(id)
}

/// Sets the disk up at its first start, and writes what may change between starts.
pub(super) fn write(spec: &InstanceSpec, template: &Template, ids: Ids) -> io::Result<()> {
    if !cloud_folder(&spec.id).exists() {
        write_once(spec, template, ids)?;
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

fn write_once(spec: &InstanceSpec, template: &Template, ids: Ids) -> io::Result<()> {
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
    template.write()?;
    link("/proc/self/mounts", "/etc/mtab")?;
    fs::write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n")?;
    fs::write("/etc/resolv.conf", "# This network has no name server; names are in /etc/hosts.\n")?;
    fs::write("/etc/fstab", "")?;
    fs::write("/etc/machine-id", machine_id(&spec.id))?;
    write_users(&spec.users, ids)?;
    for user in &spec.users {
        make_home(user, ids)?;
    }
    let cloud = cloud_folder(&spec.id);
    fs::create_dir_all(&cloud)?;
    link(&cloud, "/var/lib/cloud/instance")
}

fn write_names(spec: &InstanceSpec) -> io::Result<()> {
    let (name, address) = (&spec.hostname, spec.network.private_ip);
    fs::write("/etc/hostname", format!("{name}\n"))?;
    fs::write(
        "/etc/hosts",
        format!("127.0.0.1 localhost\n{address} {name}.ec2.internal {name}\n169.254.169.254 instance-data\n"),
    )
}

fn write_environment(spec: &InstanceSpec) -> io::Result<()> {
    let mut plain = format!("PATH={PATH}\n");
    let mut script = format!("case \":$PATH:\" in *:{GUEST_BIN}:*) ;; *) PATH={GUEST_BIN}:$PATH ;; esac\n");
    for (name, value) in &spec.env {
        // Neither form can be broken out of: `InstanceSpec::check` allows no quote and no line break.
        let _ = writeln!(plain, "{name}={value}");
        let _ = writeln!(script, "export {name}='{value}'");
    }
    fs::write("/etc/environment", plain)?;
    fs::create_dir_all("/etc/profile.d")?;
    fs::write("/etc/profile.d/rolecall.sh", script)
}

fn write_users(users: &[User], ids: Ids) -> io::Result<()> {
    let shell = if Path::new("/bin/bash").exists() { "/bin/bash" } else { "/bin/sh" };
    let mut passwd = format!("root:x:0:0:root:/root:{shell}\n");
    let mut shadow = String::from("root:*:19000:0:99999:7:::\n");
    let mut group = String::from("root:x:0:\n");
    for (name, id) in [("daemon", 1), ("bin", 2), ("sys", 3), ("nobody", 65534)] {
        let _ = writeln!(passwd, "{name}:x:{id}:{id}:{name}:/nonexistent:/usr/sbin/nologin");
        let _ = writeln!(shadow, "{name}:*:19000:0:99999:7:::");
    }
    for (name, id) in
        [("daemon", 1), ("bin", 2), ("sys", 3), ("adm", 4), ("tty", 5), ("disk", 6), ("mail", 8)]
    {
        let _ = writeln!(group, "{name}:x:{id}:");
    }
    let names: Vec<&str> = users.iter().map(|user| user.name.as_str()).collect();
    let names = names.join(",");
    let _ = writeln!(group, "sudo:x:27:{names}\nwheel:x:28:{names}\nusers:x:100:\nnogroup:x:65534:");
    for User { name, uid, .. } in users {
        let uid = if ids.is_single() { 0 } else { *uid };
        let _ = writeln!(passwd, "{name}:x:{uid}:{uid}:EC2 user:/home/{name}:{shell}");
        let _ = writeln!(shadow, "{name}:*:19000:0:99999:7:::");
        if uid != 0 {
            let _ = writeln!(group, "{name}:x:{uid}:");
        }
        fs::write(format!("/etc/sudoers.d/90-{name}"), format!("{name} ALL=(ALL) NOPASSWD:ALL\n"))?;
        mode(format!("/etc/sudoers.d/90-{name}"), 0o440)?;
    }
    fs::write("/etc/sudoers", "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n")?;
    mode("/etc/sudoers", 0o440)?;
    fs::write("/etc/passwd", passwd)?;
    fs::write("/etc/group", group)?;
    fs::write("/etc/shadow", shadow)?;
    mode("/etc/shadow", 0o600)
}

fn make_home(user: &User, ids: Ids) -> io::Result<()> {
    let home = Path::new("/home").join(&user.name);
    let ssh = home.join(".ssh");
    fs::create_dir_all(&ssh)?;
    let keys = ssh.join("authorized_keys");
    let mut text = user.authorized_keys.join("\n");
    text.push('\n');
    fs::write(&keys, text)?;
    let mut owned = vec![home.clone(), ssh.clone(), keys.clone()];
    for entry in fs::read_dir("/etc/skel").into_iter().flatten().flatten() {
        let copy = home.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            fs::copy(entry.path(), &copy)?;
            owned.push(copy);
        }
    }
    mode(&home, 0o700)?;
    mode(&ssh, 0o700)?;
    mode(&keys, 0o600)?;
    if !ids.is_single() {
        for path in owned {
            chown(path, Some(user.uid), Some(user.uid))?;
        }
    }
    Ok(())
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

fn mode(path: impl AsRef<Path>, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

fn link(target: impl AsRef<Path>, at: impl AsRef<Path>) -> io::Result<()> {
    match symlink(target, at) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
