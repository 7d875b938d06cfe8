//! User data, carried out as cloud-init does: what is for each boot at each boot, the rest once in the life of an
//! instance. What it prints goes to the console and to `/var/log/cloud-init-output.log`.
//!
//! Commands are children of the init, which serves others meanwhile: this is a list of steps, and the end of a child
//! leads to the next.

mod apply;
mod config;
mod parts;
mod scripts;

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Step;
use super::command::{Streams, Surroundings};
use super::console::Console;
use super::files::cloud_folder;
use super::power::Power;
use crate::spec::InstanceSpec;
use crate::{ExecSpec, ExitStatus};
use apply::Applying;
use config::Config;
use parts::{Kind, Part, split};
use scripts::{packages, script_of};

/// Reads user data as a first boot does, and does nothing.
#[cfg(feature = "hostile")]
pub(crate) fn look(data: &[u8]) {
    let parts = split(data);
    assert!(parts::are_bounded(&parts.parts), "user data is bounded");
    let mut config = Config::default();
    for part in parts.parts.iter().filter(|part| part.kind == Kind::CloudConfig) {
        config.read(&part.bytes);
    }
    config.check();
    // A name that is none is a problem that is told.
    let _ = apply::names(&mut config);
    for key in ["bootcmd", "runcmd"] {
        config.lines(key);
    }
}

/// One thing to do.
#[derive(Debug)]
enum Job {
    /// A program and its arguments.
    Run(Vec<String>),
    Configure,
    WriteDeferred,
}

/// User data that is being carried out, or whose offspring still holds its output open.
#[derive(Debug)]
pub(super) struct UserData {
    /// The child whose end is waited for.
    pid: Option<i32>,
    jobs: VecDeque<Job>,
    config: Config,
    /// What was asked for once more than commands: a last line, an end of the machine.
    first: bool,
    /// That of the first command that failed.
    code: i32,
    has_problems: bool,
    output: File,
    input: Option<OwnedFd>,
    log: Option<File>,
    folder: PathBuf,
}

/// How user data stands after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Running,
    /// All is done, with this exit code; and this is to follow.
    Done(i32, Option<Power>),
}

impl UserData {
    /// Finds out what there is to do at this boot, and begins; `None` when there is nothing.
    pub(super) fn start(
        spec: &InstanceSpec,
        surroundings: &Surroundings,
        console: &mut Console,
    ) -> Step<Option<(UserData, Progress)>> {
        let Some(data) = &spec.user_data else { return Ok(None) };
        let root = surroundings.folder.clone().unwrap_or_else(|| PathBuf::from("/"));
        let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
        let folder = inside(&cloud_folder(&spec.id));
        let done = folder.join("sem/config_scripts_user");
        let first = !done.exists();
        keep(&folder, data).map_err(|error| ("keep the user data", error))?;
        fs::write(&done, "").map_err(|error| ("mark the user data", error))?;
        let mut parts = split(data);
        let mut config = Config::default();
        config.problems.append(&mut parts.problems);
        read_configs(&mut config, &parts.parts, surroundings);
        let jobs =
            plan(&folder, &parts.parts, &mut config, first).map_err(|error| ("write the scripts", error))?;
        let log = open_log(&inside(Path::new("/var/log/cloud-init-output.log")));
        let (output, input) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)
            .map_err(|error| ("make a pipe", io::Error::from(error)))?;
        let (output, input) = (File::from(output), Some(input));
        let mut data = UserData {
            pid: None,
            jobs,
            config,
            first,
            code: 0,
            has_problems: false,
            output,
            input,
            log,
            folder: root,
        };
        if data.first {
            data.report(console);
        }
        data.config.problems.clear();
        if data.jobs.is_empty() {
            return Ok(None);
        }
        let progress = data.go_on(spec, surroundings, console);
        Ok(Some((data, progress)))
    }

    /// The names that the user data of a first boot gives the instance: short, and in full.
    pub(super) fn names(spec: &InstanceSpec) -> Option<(String, Option<String>)> {
        let mut config = Config::default();
        for part in split(spec.user_data.as_ref()?).parts.iter().filter(|part| part.kind == Kind::CloudConfig)
        {
            config.read(&part.bytes);
        }
        apply::names(&mut config).ok()?
    }

    pub(super) fn output(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }

    /// Whether this is the child it waits for.
    pub(super) fn waits_for(&self, pid: i32) -> bool {
        self.pid == Some(pid)
    }

    /// Nothing more is begun: the machine ends.
    pub(super) fn abandon(&mut self) {
        self.jobs.clear();
        self.first = false;
    }

    /// Takes in the end of its child, and does what comes next.
    pub(super) fn ended(
        &mut self,
        status: ExitStatus,
        spec: &InstanceSpec,
        surroundings: &Surroundings,
        console: &mut Console,
    ) -> Progress {
        self.pid = None;
        if self.code == 0 {
            self.code = status.code();
        }
        self.go_on(spec, surroundings, console)
    }

    fn go_on(&mut self, spec: &InstanceSpec, surroundings: &Surroundings, console: &mut Console) -> Progress {
        while let Some(job) = self.jobs.pop_front() {
            match job {
                Job::Run(argv) => match self.run(argv, spec, surroundings) {
                    Ok(pid) => {
                        self.pid = Some(pid);
                        return Progress::Running;
                    }
                    Err((stage, error)) => self.config.problems.push(format!("{stage}: {error}")),
                },
                Job::Configure | Job::WriteDeferred => {
                    let (single_id, problems) = (surroundings.single_id, Vec::new());
                    let mut applying = Applying { spec, single_id, problems };
                    match job {
                        Job::Configure => applying.apply(&mut self.config),
                        _ => applying.write_files(&self.config, true),
                    }
                    self.config.problems.append(&mut applying.problems);
                }
            }
            self.report(console);
        }
        self.finish(console)
    }

    fn run(&self, argv: Vec<String>, spec: &InstanceSpec, surroundings: &Surroundings) -> Step<i32> {
        let streams = self.streams().map_err(|error| ("make a pipe", error))?;
        let mut command = ExecSpec::root(argv);
        command.cwd = Some(self.folder.clone());
        command.env.push(("INSTANCE_ID".into(), spec.id.clone()));
        Ok(surroundings.start(&command, streams)?.pid)
    }

    /// Input from nowhere; output and errors to the one pipe of this boot.
    fn streams(&self) -> io::Result<Streams> {
        let input = self.input.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Streams::Given([File::open("/dev/null")?.into(), input.try_clone()?, input.try_clone()?]))
    }

    /// Says what went wrong so far.
    fn report(&mut self, console: &mut Console) {
        for problem in std::mem::take(&mut self.config.problems) {
            self.has_problems = true;
            self.say(console, &format!("user data: {problem}"));
        }
    }

    fn say(&mut self, console: &mut Console, text: &str) {
        console.say(text);
        if let Some(log) = &mut self.log {
            // The disk may be full; the console has it.
            let _ = writeln!(log, "{text}");
        }
    }

    fn finish(&mut self, console: &mut Console) -> Progress {
        // From now on its end is that of the last of its offspring.
        self.input = None;
        let code = if self.code == 0 && self.has_problems { 1 } else { self.code };
        if !self.first {
            return Progress::Done(code, None);
        }
        if let Some(message) = self.config.text("final_message") {
            self.say(console, &message);
        }
        let power = self.power(console);
        Progress::Done(code, power)
    }

    /// What `power_state` wants; only at once.
    fn power(&mut self, console: &mut Console) -> Option<Power> {
        let wanted = self.config.get("power_state")?.clone();
        let word = |key: &str| wanted.get(key).and_then(config::text);
        let delay = word("delay").unwrap_or_else(|| "now".into());
        let condition = wanted.get("condition").is_none_or(config::truth);
        let power = match word("mode").as_deref() {
            Some("poweroff" | "halt") => Power::Off,
            Some("reboot") => Power::Reboot,
            _ => {
                self.say(console, "user data: power_state: the mode is none of poweroff, halt and reboot");
                return None;
            }
        };
        if !matches!(delay.as_str(), "now" | "+0" | "0") {
            self.say(console, "user data: power_state: the delay can only be `now`; left out");
            return None;
        }
        condition.then_some(power)
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

fn read_configs(config: &mut Config, parts: &[Part], surroundings: &Surroundings) {
    for part in parts.iter().filter(|part| part.kind == Kind::CloudConfig) {
        if surroundings.folder.is_some() {
            let why = "#cloud-config is not carried out: without isolation it would change this machine";
            config.problems.push(why.into());
            return;
        }
        config.read(&part.bytes);
    }
    config.check();
}

/// Writes the scripts and puts everything in order.
fn plan(folder: &Path, parts: &[Part], config: &mut Config, first: bool) -> io::Result<VecDeque<Job>> {
    let mut jobs = VecDeque::new();
    let write = |at: &Path, bytes: &[u8]| -> io::Result<Job> {
        write_script(&folder.join(at), bytes)?;
        Ok(Job::Run(vec![folder.join(at).to_string_lossy().into_owned()]))
    };
    let of = |kind: Kind| parts.iter().enumerate().filter(move |(_, part)| part.kind == kind);
    for (number, part) in of(Kind::BootHook) {
        jobs.push_back(write(
            &Path::new("boothooks").join(name_of(part, number)),
            without_mark(&part.bytes),
        )?);
    }
    let lines = config.lines("bootcmd");
    if !lines.is_empty() {
        jobs.push_back(write(Path::new("bootcmd"), script_of(&lines).as_bytes())?);
    }
    if first && !config.is_empty() {
        jobs.push_back(Job::Configure);
        jobs.extend(
            packages(config).map(|script| write(Path::new("packages"), script.as_bytes())).transpose()?,
        );
        jobs.push_back(Job::WriteDeferred);
    }
    for (number, part) in of(Kind::PerBoot) {
        jobs.push_back(write(&Path::new("per-boot").join(name_of(part, number)), &part.bytes)?);
    }
    if !first {
        return Ok(jobs);
    }
    // In the order of their names, as a folder of scripts is run.
    let mut scripts: Vec<(String, Vec<u8>)> =
        of(Kind::Script).map(|(number, part)| (name_of(part, number), part.bytes.clone())).collect();
    let lines = config.lines("runcmd");
    if !lines.is_empty() {
        scripts.push(("runcmd".into(), script_of(&lines).into_bytes()));
    }
    scripts.sort_by(|one, other| one.0.cmp(&other.0));
    for (name, bytes) in &scripts {
        jobs.push_back(write(&Path::new("scripts").join(name), bytes)?);
    }
    Ok(jobs)
}

fn name_of(part: &Part, number: usize) -> String {
    part.name.clone().unwrap_or_else(|| format!("part-{:03}", number + 1))
}

/// A boot hook's own first line is cloud-init's.
fn without_mark(bytes: &[u8]) -> &[u8] {
    match bytes.strip_prefix(b"#cloud-boothook") {
        Some(rest) => {
            rest.iter().position(|byte| *byte == b'\n').and_then(|at| rest.get(at + 1..)).unwrap_or_default()
        }
        None => bytes,
    }
}

fn keep(folder: &Path, data: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder.join("sem"))?;
    let kept = folder.join("user-data.txt");
    fs::write(&kept, data)?;
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o600))
}

fn write_script(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// A log that cannot be opened must not keep scripts from running.
fn open_log(path: &Path) -> Option<File> {
    fs::create_dir_all(path.parent()?).ok()?;
    OpenOptions::new().create(true).append(true).open(path).ok()
}
