//! Users and groups in the instance's own files. What an image brings stays; names that it lacks are added.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::{files, shadow};
use crate::spec::User;

/// Name, id and members' field: the groups of a fresh system.
const GROUPS: &[(&str, u32)] = &[
    ("root", 0),
    ("daemon", 1),
    ("bin", 2),
    ("sys", 3),
    ("adm", 4),
    ("tty", 5),
    ("disk", 6),
    ("mail", 8),
    ("sudo", 27),
    ("wheel", 28),
    ("users", 100),
    ("nogroup", 65534),
];
/// Groups whose members may become root.
const ADMINISTRATORS: &[&str] = &["sudo", "wheel"];
const PASSWD: &str = "/etc/passwd";
const SHADOW: &str = "/etc/shadow";
const GROUP: &str = "/etc/group";

/// One user to make sure of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    pub name: String,
    /// The next free one when absent.
    pub uid: Option<u32>,
    pub comment: String,
    pub home: Option<PathBuf>,
    pub shell: Option<String>,
    pub primary_group: Option<String>,
    pub groups: Vec<String>,
    pub keys: Vec<String>,
    /// Rules of `sudoers`, without the name.
    pub sudo: Vec<String>,
    pub no_home: bool,
    pub system: bool,
    /// A digest for `/etc/shadow`.
    pub password: Option<String>,
    /// Whether it counts for a user as well who is there already.
    pub password_anyway: bool,
    /// Whether nobody may log in by it; nothing is said of it when absent.
    pub lock: Option<bool>,
    /// Days after the password's end for which it may still be changed.
    pub inactive: Option<u32>,
    /// Among the users of the group `users`, instead of in one of its own.
    pub no_group: bool,
}

impl Account {
    /// A login user of an image: may become root, as on EC2.
    pub(crate) fn login(user: &User) -> Account {
        Account {
            name: user.name.clone(),
            uid: Some(user.uid),
            comment: "EC2 user".into(),
            groups: ADMINISTRATORS.iter().map(|group| (*group).to_owned()).collect(),
            keys: user.authorized_keys.clone(),
            sudo: vec!["ALL=(ALL) NOPASSWD:ALL".into()],
            ..Account::default()
        }
    }
}

/// Writes the files of a system without any users; those of an image are left.
pub(super) fn found() -> io::Result<()> {
    let mut passwd = format!("root:x:0:0:root:/root:{}\n", default_shell());
    let mut shadow = String::from("root:*:19000:0:99999:7:::\n");
    for (name, id) in [("daemon", 1), ("bin", 2), ("sys", 3), ("nobody", 65534)] {
        let _ = writeln!(passwd, "{name}:x:{id}:{id}:{name}:/nonexistent:/usr/sbin/nologin");
        let _ = writeln!(shadow, "{name}:*:19000:0:99999:7:::");
    }
    let groups = GROUPS.iter().fold(String::new(), |text, (name, id)| text + &format!("{name}:x:{id}:\n"));
    let sudoers = "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n";
    for (path, text, mode) in [
        (PASSWD, passwd.as_str(), 0o644),
        (GROUP, groups.as_str(), 0o644),
        (SHADOW, shadow.as_str(), 0o600),
        ("/etc/sudoers", sudoers, 0o440),
    ] {
        if fs::symlink_metadata(path).is_err() {
            fs::write(path, text)?;
            set_mode(path, mode)?;
        }
    }
    Ok(())
}

fn default_shell() -> &'static str {
    if Path::new("/bin/bash").exists() { "/bin/bash" } else { "/bin/sh" }
}

/// Makes a user who is not there, and gives one who is what it lacks: groups, keys, rules.
pub(crate) fn ensure(account: &Account, single_id: bool) -> io::Result<()> {
    let name = &account.name;
    let found = lookup(name)?;
    let (uid, gid, home) = match found {
        Some(found) => {
            shadow::update(account)?;
            found
        }
        None => add(account, single_id)?,
    };
    for group in &account.groups {
        ensure_group(group, std::slice::from_ref(name), single_id)?;
    }
    if !account.sudo.is_empty() {
        let rules = account.sudo.iter().fold(String::new(), |text, rule| text + &format!("{name} {rule}\n"));
        let path = format!("/etc/sudoers.d/90-{}", name.replace(['.', '~'], "_"));
        fs::create_dir_all("/etc/sudoers.d")?;
        fs::write(&path, rules)?;
        set_mode(&path, 0o440)?;
    }
    if !account.no_home {
        make_home(&home, uid, gid, single_id)?;
        authorize(&home, uid, gid, &account.keys, single_id)?;
    }
    Ok(())
}

/// User id, group id and home of a user.
pub(crate) fn lookup(name: &str) -> io::Result<Option<(u32, u32, PathBuf)>> {
    let passwd = files::read(PASSWD)?;
    let line = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|line| line.first() == Some(&name));
    let Some(line) = line else { return Ok(None) };
    let wrong =
        || io::Error::new(io::ErrorKind::InvalidData, format!("the line of `{name}` in {PASSWD} is broken"));
    let [_, _, uid, gid, _, home, _] = line.as_slice() else { return Err(wrong()) };
    let number = |text: &str| text.parse().map_err(|_| wrong());
    Ok(Some((number(uid)?, number(gid)?, PathBuf::from(home))))
}

fn add(account: &Account, single_id: bool) -> io::Result<(u32, u32, PathBuf)> {
    let name = &account.name;
    let passwd = files::read(PASSWD)?;
    let first = if account.system { 100 } else { 1000 };
    // With one id inside, everybody is root.
    let uid = if single_id {
        0
    } else {
        account.uid.filter(|uid| !has_id(&passwd, *uid)).unwrap_or_else(|| free_id(&passwd, first))
    };
    let gid = match &account.primary_group {
        _ if single_id => 0,
        Some(group) => ensure_group(group, &[], single_id)?,
        None if account.no_group => ensure_group("users", &[], single_id)?,
        None => {
            let groups = files::read(GROUP)?;
            match group_id(&groups, name) {
                Some(gid) => gid,
                None => {
                    let gid = if has_id(&groups, uid) { free_id(&groups, first) } else { uid };
                    append(GROUP, &format!("{name}:x:{gid}:"))?;
                    gid
                }
            }
        }
    };
    let home = account.home.clone().unwrap_or_else(|| Path::new("/home").join(name));
    let shell = account.shell.as_deref().unwrap_or(default_shell());
    append(PASSWD, &format!("{name}:x:{uid}:{gid}:{}:{}:{shell}", account.comment, home.display()))?;
    shadow::add(account)?;
    Ok((uid, gid, home))
}

/// The id of a group, made when absent, with these users in it.
pub(crate) fn ensure_group(name: &str, members: &[String], single_id: bool) -> io::Result<u32> {
    let text = files::read(GROUP)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut found = None;
    for line in &mut lines {
        let fields: Vec<&str> = line.split(':').collect();
        let [own, password, gid, users] = fields.as_slice() else { continue };
        if *own != name {
            continue;
        }
        let mut users: Vec<&str> = users.split(',').filter(|user| !user.is_empty()).collect();
        users.extend(
            members.iter().map(String::as_str).filter(|member| !users.contains(member)).collect::<Vec<_>>(),
        );
        found = gid.parse().ok();
        *line = format!("{name}:{password}:{gid}:{}", users.join(","));
        break;
    }
    let gid = match found {
        Some(gid) => gid,
        None => {
            let gid = if single_id { 0 } else { free_id(&text, 1000) };
            lines.push(format!("{name}:x:{gid}:{}", members.join(",")));
            gid
        }
    };
    let mut text = lines.join("\n");
    text.push('\n');
    replace(GROUP, &text)?;
    Ok(gid)
}

fn make_home(home: &Path, uid: u32, gid: u32, single_id: bool) -> io::Result<()> {
    if home.exists() {
        return Ok(());
    }
    fs::create_dir_all(home)?;
    let mut owned = vec![home.to_owned()];
    for entry in fs::read_dir("/etc/skel").into_iter().flatten().flatten() {
        let copy = home.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            fs::copy(entry.path(), &copy)?;
            owned.push(copy);
        }
    }
    set_mode(home, 0o700)?;
    give(&owned, uid, gid, single_id)
}

/// Adds keys to those that may log in as a user.
pub(crate) fn authorize(home: &Path, uid: u32, gid: u32, keys: &[String], single_id: bool) -> io::Result<()> {
    let folder = home.join(".ssh");
    let path = folder.join("authorized_keys");
    let mut text = files::read(&path).unwrap_or_default();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for key in keys {
        if !text.lines().any(|line| line == key) {
            text.push_str(key);
            text.push('\n');
        }
    }
    fs::create_dir_all(&folder)?;
    fs::write(&path, text)?;
    set_mode(&folder, 0o700)?;
    set_mode(&path, 0o600)?;
    give(&[folder, path], uid, gid, single_id)
}

fn give(paths: &[PathBuf], uid: u32, gid: u32, single_id: bool) -> io::Result<()> {
    if single_id {
        return Ok(());
    }
    paths.iter().try_for_each(|path| chown(path, Some(uid), Some(gid)))
}

fn has_id(text: &str, id: u32) -> bool {
    used_ids(text).any(|used| used == id)
}

fn free_id(text: &str, first: u32) -> u32 {
    (first..60_000).find(|id| !has_id(text, *id)).unwrap_or(65_534)
}

fn used_ids(text: &str) -> impl Iterator<Item = u32> {
    text.lines().filter_map(|line| line.split(':').nth(2)?.parse().ok())
}

fn group_id(text: &str, name: &str) -> Option<u32> {
    let line = text.lines().find(|line| line.split(':').next() == Some(name))?;
    line.split(':').nth(2)?.parse().ok()
}

/// The id of a group.
pub(crate) fn group(name: &str) -> io::Result<Option<u32>> {
    Ok(group_id(&files::read(GROUP)?, name))
}

pub(super) fn append(path: &str, line: &str) -> io::Result<()> {
    let mut text = match files::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        other => other?,
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(line);
    text.push('\n');
    replace(path, &text)
}

/// Whole or not at all: a full disk must not leave half a list of users.
pub(super) fn replace(path: &str, text: &str) -> io::Result<()> {
    let new = format!("{path}.new");
    let mode = fs::metadata(path).map_or(0o600, |about| about.permissions().mode() & 0o777);
    // Whatever has the name is no file of ours, and may be one that writing waits for.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::write(&new, text)?,
    }
    set_mode(&new, mode)?;
    fs::rename(&new, path)
}

fn set_mode(path: impl AsRef<Path>, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}
