//! One command inside an instance: who runs it, with what environment, on which streams.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::SigSet;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Uid, setgid, setgroups, setsid, setuid};

use super::{Step, files};
use crate::exec::ExecSpec;
use crate::memory::Own;
use crate::sys;

/// A user as the instance's own `/etc/passwd` has it.
#[derive(Debug, Clone)]
pub(super) struct Account {
    name: String,
    uid: u32,
    gid: u32,
    groups: Vec<Gid>,
    home: PathBuf,
    shell: String,
}

/// What every command of an instance starts from.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// Variables of the instance.
    pub env: Vec<(String, String)>,
    /// For the process kind: everything runs as this process's user, with this home.
    pub folder: Option<PathBuf>,
    /// The user namespace has one id, so groups cannot be set.
    pub single_id: bool,
    /// How late this process goes when memory runs out.
    pub own: Own,
}

/// The streams of a command: three pipes, or a terminal made here.
pub(super) enum Streams {
    Given([OwnedFd; 3]),
    Terminal { columns: u16, rows: u16 },
}

/// A command that runs.
pub(super) struct Started {
    pub pid: i32,
    /// The outer end of its terminal.
    pub terminal: Option<OwnedFd>,
}

impl Surroundings {
    /// Starts a command; an empty `argv` means the user's shell as a login shell.
    pub(super) fn start(&self, spec: &ExecSpec, streams: Streams) -> Step<Started> {
        let account = self.account(&spec.user).map_err(|error| ("find the user", error))?;
        let mut command = match spec.argv.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments);
                command
            }
            None => {
                let mut command = Command::new(&account.shell);
                let name = Path::new(&account.shell).file_name().unwrap_or_default();
                command.arg0(format!("-{}", name.to_string_lossy()));
                command
            }
        };
        command.env_clear().envs(self.environment(&account, spec));
        command.current_dir(spec.cwd.as_deref().unwrap_or(&account.home));
        let terminal =
            self.connect(&mut command, streams, &account).map_err(|error| ("open a terminal", error))?;
        self.become_user(&mut command, account, terminal.is_some());
        let child = self.own.start(|| command.spawn()).map_err(|error| ("run the command", error))?;
        let pid = i32::try_from(child.id()).map_err(|error| ("run the command", io::Error::other(error)))?;
        Ok(Started { pid, terminal })
    }

    fn connect(
        &self,
        command: &mut Command,
        streams: Streams,
        account: &Account,
    ) -> io::Result<Option<OwnedFd>> {
        match streams {
            Streams::Given([stdin, stdout, stderr]) => {
                command.stdin(Stdio::from(stdin)).stdout(Stdio::from(stdout)).stderr(Stdio::from(stderr));
                Ok(None)
            }
            Streams::Terminal { columns, rows } => {
                let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
                let OpenptyResult { master, slave } = openpty(Some(&size), None)?;
                super::close_on_exec(&master)?;
                super::close_on_exec(&slave)?;
                if self.folder.is_none() && !self.single_id {
                    let name =
                        fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&slave)))?;
                    chown(name, Some(account.uid), None)?;
                }
                command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave);
                Ok(Some(master))
            }
        }
    }

    fn become_user(&self, command: &mut Command, account: Account, terminal: bool) {
        let (keep_user, keep_groups) = (self.folder.is_some(), self.single_id);
        let Account { uid, gid, groups, .. } = account;
        let prepare = move || {
            // The init hears signals by a descriptor and has them blocked; a command must not.
            SigSet::empty().thread_set_mask()?;
            setsid()?;
            if terminal {
                sys::take_terminal()?;
            }
            umask(Mode::from_bits_truncate(0o022));
            if !keep_user {
                if !keep_groups {
                    setgroups(&groups)?;
                }
                setgid(Gid::from_raw(gid))?;
                setuid(Uid::from_raw(uid))?;
            }
            Ok(())
        };
        // SAFETY: this process has one thread, so the child may do whatever it may; the closure owns its data.
        unsafe { command.pre_exec(prepare) };
    }

    fn environment(&self, account: &Account, spec: &ExecSpec) -> BTreeMap<String, String> {
        let path = match &self.folder {
            Some(folder) => format!("{}{}:{}", folder.display(), crate::GUEST_BIN, files::PATH),
            None => files::PATH.to_owned(),
        };
        let mut env = BTreeMap::from([
            ("PATH".to_owned(), path),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("HOME".to_owned(), account.home.to_string_lossy().into_owned()),
            ("USER".to_owned(), account.name.clone()),
            ("LOGNAME".to_owned(), account.name.clone()),
            ("SHELL".to_owned(), account.shell.clone()),
        ]);
        if spec.tty.is_some() {
            env.insert("TERM".to_owned(), "xterm-256color".to_owned());
        }
        env.extend(self.env.iter().cloned());
        if self.folder.is_none() {
            env.extend(written_environment());
        }
        env.extend(spec.env.iter().cloned());
        env
    }

    fn account(&self, name: &str) -> io::Result<Account> {
        if let Some(folder) = &self.folder {
            let (uid, gid) = (nix::unistd::getuid().as_raw(), nix::unistd::getgid().as_raw());
            let shell = if Path::new("/bin/bash").exists() { "/bin/bash" } else { "/bin/sh" };
            let (name, shell) = (name.to_owned(), shell.to_owned());
            return Ok(Account { name, uid, gid, groups: Vec::new(), home: folder.clone(), shell });
        }
        let passwd = super::files::read("/etc/passwd")?;
        let unknown =
            || io::Error::new(io::ErrorKind::NotFound, format!("no user `{name}` in this instance"));
        let fields: Vec<&str> = passwd
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields.first() == Some(&name))
            .ok_or_else(unknown)?;
        let [_, _, uid, gid, _, home, shell] = fields.as_slice() else { return Err(unknown()) };
        let number = |text: &str| text.parse().map_err(|_| unknown());
        let (uid, gid) = (number(uid)?, number(gid)?);
        let home = if Path::new(home).is_dir() { home } else { "/" };
        let (home, shell) = (PathBuf::from(home), (*shell).to_owned());
        Ok(Account { name: name.to_owned(), uid, gid, groups: groups_of(name, gid), home, shell })
    }
}

/// The user's groups in the instance's own `/etc/group`, the first one among them.
fn groups_of(name: &str, first: u32) -> Vec<Gid> {
    let text = super::files::read("/etc/group").unwrap_or_default();
    let mut groups = vec![Gid::from_raw(first)];
    for line in text.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        if let [_, _, gid, members] = fields.as_slice()
            && members.split(',').any(|member| member == name)
            && let Ok(gid) = gid.parse()
        {
            groups.push(Gid::from_raw(gid));
        }
    }
    groups
}

/// `/etc/environment` as it stands now: an administrator inside may have changed it.
fn written_environment() -> Vec<(String, String)> {
    let text = super::files::read("/etc/environment").unwrap_or_default();
    let pairs = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim_matches(['"', '\'']).to_owned())).collect()
}
