//! What a `#cloud-config` wants of the system's files: users, groups, keys, files, names. It runs inside, as the
//! instance's confined root, so that it can do no more than a program of the instance's could.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

use super::config::{Config, field, text, texts, truth};
use super::parts::{unbase64, ungzip};
use crate::init::accounts::{self, Account};
use crate::init::{files, shadow};
use crate::spec::InstanceSpec;

/// Carries a configuration out.
pub(super) struct Applying<'a> {
    pub spec: &'a InstanceSpec,
    pub single_id: bool,
    pub problems: Vec<String>,
}

impl Applying<'_> {
    /// Everything but commands and files that wait for the end.
    pub(super) fn apply(&mut self, config: &mut Config) {
        self.write_files(config, false);
        // The boot gave them already.
        self.problems.extend(names(config).err());
        self.make_groups(config);
        self.make_users(config);
        self.authorize(config);
        self.set_locale(config);
        self.set_passwords(config);
        self.set_timezone(config);
        self.problems.append(&mut config.problems);
    }

    /// Files with `defer` are written late, those without early.
    pub(super) fn write_files(&mut self, config: &Config, deferred: bool) {
        for (at, value) in config.list("write_files").iter().enumerate() {
            let Some(file) = value.as_object() else {
                self.problems.push(format!("write_files[{at}]: not a mapping"));
                continue;
            };
            if file.get("defer").is_some_and(truth) == deferred
                && let Err(why) = write_file(file)
            {
                self.problems.push(format!("write_files[{at}]: {why}"));
            }
        }
    }

    fn make_groups(&mut self, config: &Config) {
        let entries = match config.get("groups") {
            Some(Value::String(names)) => {
                texts(Some(&Value::String(names.clone()))).into_iter().map(Value::String).collect()
            }
            _ => config.list("groups"),
        };
        for entry in entries {
            let groups: Vec<(String, Vec<String>)> = match &entry {
                Value::Object(map) => {
                    map.iter().map(|(name, members)| (name.clone(), texts(Some(members)))).collect()
                }
                other => text(other).map(|name| (name, Vec::new())).into_iter().collect(),
            };
            if groups.is_empty() {
                self.problems.push("groups: neither a name nor a mapping".into());
            }
            for (name, members) in groups {
                let made = check_name(&name).and_then(|()| {
                    accounts::ensure_group(&name, &members, self.single_id).map_err(|e| e.to_string())
                });
                if let Err(why) = made {
                    self.problems.push(format!("groups: {why}"));
                }
            }
        }
    }

    fn make_users(&mut self, config: &Config) {
        for (at, value) in config.list("users").iter().enumerate() {
            let account = match value {
                // The image's own login user is there already.
                Value::String(name) if name == "default" => continue,
                Value::String(name) => Ok(Account { name: name.clone(), ..locked() }),
                Value::Object(map) if map.get("name").and_then(text).as_deref() == Some("default") => {
                    continue;
                }
                Value::Object(map) => self.account(map),
                _ => Err("neither a name nor a mapping".into()),
            };
            let made = account.and_then(|account| {
                check_name(&account.name)?;
                accounts::ensure(&account, self.single_id).map_err(|error| error.to_string())
            });
            if let Err(why) = made {
                self.problems.push(format!("users[{at}]: {why}"));
            }
        }
    }

    fn account(&mut self, map: &Map<String, Value>) -> Result<Account, String> {
        let name = field(map, "name").ok_or("it has no name")?;
        let mut account = Account { name: name.clone(), ..locked() };
        for (key, value) in map {
            match key.as_str() {
                "name" => {}
                "gecos" => account.comment = text(value).unwrap_or_default(),
                "uid" => account.uid = text(value).and_then(|text| text.parse().ok()),
                "homedir" => account.home = text(value).map(PathBuf::from),
                "shell" => account.shell = text(value),
                "primary_group" | "primary-group" => account.primary_group = text(value),
                "groups" => account.groups = texts(Some(value)),
                "ssh_authorized_keys" | "ssh-authorized-keys" => account.keys = texts_of_lines(value),
                "sudo" => account.sudo = rules(value),
                "no_create_home" | "no-create-home" => account.no_home = truth(value),
                "system" => account.system = truth(value),
                "passwd" => account.password = Some(digest(value)?),
                "hashed_passwd" => {
                    account.password = Some(digest(value)?);
                    account.password_anyway = true;
                }
                "lock_passwd" | "lock-passwd" => account.lock = Some(truth(value)),
                "inactive" => account.inactive = Some(days(value)?),
                "no_user_group" | "no-user-group" => account.no_group = truth(value),
                // There is no log of logins to leave the user out of.
                "no_log_init" | "no-log-init" => {}
                "plain_text_passwd" => {
                    self.problems
                        .push(format!("user {name}: a password in plain text is refused; give its digest"));
                }
                other => {
                    self.problems.push(format!("user {name}: `{other}` is not supported and was left out"))
                }
            }
        }
        Ok(account)
    }

    fn authorize(&mut self, config: &Config) {
        let keys = config.get("ssh_authorized_keys").map(texts_of_lines).unwrap_or_default();
        let Some(user) = self.spec.users.first().filter(|_| !keys.is_empty()) else { return };
        let found = accounts::lookup(&user.name);
        let done = found.and_then(|found| {
            let (uid, gid, home) = found.ok_or_else(|| io::Error::other("the login user is gone"))?;
            accounts::authorize(&home, uid, gid, &keys, self.single_id)
        });
        if let Err(error) = done {
            self.problems.push(format!("ssh_authorized_keys: {error}"));
        }
    }

    fn set_locale(&mut self, config: &mut Config) {
        let Some(locale) = config.text("locale") else { return };
        if !locale.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@".contains(&b)) {
            self.problems.push(format!("locale: `{}` is no locale", locale.escape_debug()));
            return;
        }
        let text = format!("LANG={locale}\n");
        for path in ["/etc/default/locale", "/etc/locale.conf"] {
            let folder = fs::create_dir_all("/etc/default");
            if let Err(error) = folder.and_then(|()| files::write_anew(path, &text)) {
                self.problems.push(format!("locale: {error}"));
            }
        }
    }

    fn set_timezone(&mut self, config: &mut Config) {
        let Some(zone) = config.text("timezone") else { return };
        let plain = Path::new(&zone).components().all(|part| matches!(part, Component::Normal(_)));
        let path = Path::new("/usr/share/zoneinfo").join(&zone);
        if !plain || !path.is_file() {
            self.problems
                .push(format!("timezone: there is no `{}` in /usr/share/zoneinfo", zone.escape_debug()));
            return;
        }
        // Absent in a small image.
        let _ = fs::remove_file("/etc/localtime");
        let done = symlink(&path, "/etc/localtime")
            .and_then(|()| files::write_anew("/etc/timezone", &format!("{zone}\n")));
        if let Err(error) = done {
            self.problems.push(format!("timezone: {error}"));
        }
    }

    fn set_passwords(&mut self, config: &Config) {
        let Some(wanted) = config.get("chpasswd") else { return };
        let expire = wanted.get("expire").is_none_or(truth);
        let lines = match wanted.get("list") {
            Some(Value::String(lines)) => lines.lines().map(str::to_owned).collect(),
            list => texts(list),
        };
        let mut pairs: Vec<(String, String)> = lines
            .iter()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, word)| (name.into(), word.into()))
            .collect();
        for user in
            wanted.get("users").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
        {
            let word =
                if field(user, "type").as_deref() == Some("hash") { field(user, "password") } else { None };
            pairs.extend(field(user, "name").map(|name| (name, word.unwrap_or_default())));
        }
        for (name, word) in pairs {
            if !is_digest(&word) {
                self.problems
                    .push(format!("chpasswd: {name}: only a digest ($id$salt$hash) is taken, no plain text"));
            } else if let Err(error) = shadow::set_password(&name, &word, expire) {
                self.problems.push(format!("chpasswd: {error}"));
            }
        }
    }
}

/// The names that the instance is to have: short, and in full. An error when they are none.
pub(super) fn names(config: &mut Config) -> Result<Option<(String, Option<String>)>, String> {
    if config.is_true("preserve_hostname") {
        return Ok(None);
    }
    let (name, full) = (config.text("hostname"), config.text("fqdn"));
    let wanted = match (&full, name) {
        (Some(full), _) if config.is_true("prefer_fqdn_over_hostname") => full.clone(),
        (_, Some(name)) => name,
        (Some(full), None) => full.split('.').next().unwrap_or(full).to_owned(),
        (None, None) => return Ok(None),
    };
    let plain = |name: &String| {
        (1..64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
    };
    if plain(&wanted) && full.as_ref().is_none_or(plain) {
        return Ok(Some((wanted, full)));
    }
    Err(format!("hostname: `{}` is no host name", wanted.escape_debug()))
}

fn write_file(file: &Map<String, Value>) -> Result<(), String> {
    let path = field(file, "path").ok_or("it has no path")?;
    let path = Path::new(&path);
    if !path.is_absolute() {
        return Err(format!("`{}` is not absolute", path.display()));
    }
    if file.contains_key("source") {
        return Err("`source` is not supported: nothing is fetched".into());
    }
    let mut bytes = field(file, "content").unwrap_or_default().into_bytes();
    let encoding = field(file, "encoding").unwrap_or_default().to_ascii_lowercase();
    match encoding.as_str() {
        "" | "text/plain" => {}
        "b64" | "base64" => bytes = unbase64(&bytes)?,
        "gz" | "gzip" => bytes = ungzip(&bytes)?,
        "gz+b64" | "gz+base64" | "gzip+b64" | "gzip+base64" => bytes = ungzip(&unbase64(&bytes)?)?,
        other => return Err(format!("the encoding `{}` is not known", other.escape_debug())),
    }
    let mode = match file.get("permissions") {
        None => 0o644,
        Some(Value::String(digits)) => u32::from_str_radix(digits.trim_start_matches("0o"), 8)
            .ok()
            .filter(|mode| *mode <= 0o7777)
            .ok_or_else(|| format!("permissions: `{}` is not octal", digits.escape_debug()))?,
        Some(_) => return Err("permissions: quote them, as in '0644'".into()),
    };
    let (uid, gid) = owner(field(file, "owner").as_deref().unwrap_or("root:root"))?;
    put(path, &bytes, file.get("append").is_some_and(truth), mode, uid, gid)
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn put(path: &Path, bytes: &[u8], append: bool, mode: u32, uid: u32, gid: u32) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().create(true).write(true).append(append).truncate(!append).open(path)?;
    file.write_all(bytes)?;
    drop(file);
    // With one id inside there is nobody to give it to.
    let _ = chown(path, Some(uid), Some(gid));
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// `USER:GROUP`, or `USER` with its own group.
fn owner(text: &str) -> Result<(u32, u32), String> {
    let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
    let found = accounts::lookup(user).map_err(|error| error.to_string())?;
    let (uid, own) = match found {
        Some((uid, gid, _)) => (uid, gid),
        None => user
            .parse()
            .map(|uid| (uid, uid))
            .map_err(|_| format!("there is no user `{}`", user.escape_debug()))?,
    };
    let gid = match group {
        None | Some("") => own,
        Some(group) => accounts::group(group)
            .map_err(|error| error.to_string())?
            .or_else(|| group.parse().ok())
            .ok_or_else(|| format!("there is no group `{}`", group.escape_debug()))?,
    };
    Ok((uid, gid))
}

/// Rules of `sudoers`: a text, a list, or none for false.
fn rules(value: &Value) -> Vec<String> {
    let rules = match value {
        Value::String(rule) => vec![rule.clone()],
        Value::Array(list) => list.iter().filter_map(text).collect(),
        _ => Vec::new(),
    };
    rules.into_iter().filter(|rule| !rule.contains('\n')).collect()
}

/// Texts that may have commas in them.
fn texts_of_lines(value: &Value) -> Vec<String> {
    let lines = match value {
        Value::String(lines) => lines.lines().map(str::to_owned).collect(),
        Value::Array(list) => list.iter().filter_map(text).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    lines.into_iter().filter(|line| !line.contains('\n') && !line.trim().is_empty()).collect()
}

/// A user of whom nothing more is said: nobody logs in by a password.
fn locked() -> Account {
    Account { lock: Some(true), ..Account::default() }
}

fn days(value: &Value) -> Result<u32, String> {
    text(value).and_then(|text| text.parse().ok()).ok_or_else(|| "inactive: not a number of days".to_owned())
}

fn digest(value: &Value) -> Result<String, String> {
    text(value).filter(|word| is_digest(word)).ok_or_else(|| "passwd: it is no digest ($id$salt$hash)".into())
}

fn is_digest(word: &str) -> bool {
    word.starts_with('$') && word.matches('$').count() >= 3 && !word.contains([':', '\n'])
}

fn check_name(name: &str) -> Result<(), String> {
    crate::spec::check_name("a name", name).map_err(|error| error.to_string())
}
