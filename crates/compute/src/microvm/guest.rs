//! The first process of a machine: loads what its kernel needs, mounts the root that QEMU shows, sets up the network,
//! and then is the same init as that of any instance.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::libc;
use nix::mount::{MsFlags, mount};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{OutputFlags, SetArg, tcgetattr, tcsetattr};
use nix::unistd::{chdir, chroot, pipe2};

use super::frames::{Frame, Link};
use super::{FromGuest, PORT, ROOT_TAG, ToGuest, agent, initramfs};
use crate::init::{self, Step};
use crate::protocol::Report;
use crate::supervisor::{DEVICE_LINKS, set_up_places};
use crate::{InstanceSpec, packet, sys};

/// Where the root is mounted before it is moved into.
const ROOT: &str = "/root";
const CONSOLE: &str = "/dev/console";
/// How often, and how many times, it is looked for the serial port: drivers take a moment to find their devices.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
const LOOKS: usize = 3000;
/// Written pages go to the disk within a second or two: a server that is killed takes the machine's power away.
const FLUSHED: &[(&str, &str)] =
    &[("vm/dirty_expire_centisecs", "100"), ("vm/dirty_writeback_centisecs", "100")];

/// What was said before anything else.
struct Start {
    spec: Box<InstanceSpec>,
    places: Vec<super::Place>,
    single_id: bool,
}

/// Runs the machine to its end; called as its first process.
pub(crate) fn main() -> ! {
    let mut link = None;
    if let Err((stage, error)) = run(&mut link) {
        let message = error.to_string();
        // One of the two is heard.
        let _ = fs::write(CONSOLE, format!("[rolecall] {stage}: {message}\n"));
        if let Some(link) = &mut link {
            let report = Report::BootFailed { stage: stage.into(), message };
            let _ = link.say(&FromGuest::Report(report)).and_then(|()| send_all(link));
        }
    }
    nix::unistd::sync();
    sys::power_off();
    std::process::exit(1)
}

fn run(link: &mut Option<Link>) -> Step<()> {
    mount_kernel().map_err(|error| ("mount the kernel's file systems", error))?;
    load_modules().map_err(|error| ("load the kernel's modules", error))?;
    let port = find_port().and_then(Link::new).map_err(|error| ("open the serial port", error))?;
    let start = hear_start(link.insert(port)).map_err(|error| ("hear what to start", error))?;
    enter_root().map_err(|error| ("mount the root", error))?;
    set_up_places(&start.places).map_err(|error| ("set up the network", error))?;
    let console = open_console().map_err(|error| ("open the console", error))?;
    init::prepare_kernel(&start.spec)?;
    for (name, value) in FLUSHED {
        // Then the kernel takes its own time.
        let _ = fs::write(Path::new("/proc/sys").join(name), value);
    }
    let failed = |error| ("start the first process", error);
    let (control, outer) = packet::pair().map_err(failed)?;
    let (console, go) = (init::Console::new(console), &mut go().map_err(failed)?);
    let place = init::Place::Kernel { single_id: start.single_id };
    let mut guest = init::Init::boot(&start.spec, control.as_fd(), console, go, None, place)?;
    let Some(port) = link.take() else { return Ok(()) };
    let thread = std::thread::Builder::new().name("agent".into()).spawn(move || agent::run(port, outer));
    let thread = thread.map_err(failed)?;
    let code = guest.serve(&control);
    drop(control);
    let ended = thread.join().map_err(|_| ("talk to the server", io::Error::other("the agent failed")))?;
    let port = link.insert(ended.map_err(|error| ("talk to the server", error))?);
    let said = port.say(&FromGuest::Ended { code }).and_then(|()| send_all(port));
    said.map_err(|error| ("talk to the server", error))
}

/// What every init waits for before it goes on: here the network stands already.
fn go() -> io::Result<File> {
    let (read, write) = pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    nix::unistd::write(&write, b"n")?;
    Ok(File::from(read))
}

fn mount_kernel() -> io::Result<()> {
    let mount_at = |kind: &str, at: &str| mount(Some(kind), at, Some(kind), MsFlags::MS_NOSUID, None::<&str>);
    mount_at("proc", "/proc")?;
    mount_at("sysfs", "/sys")?;
    Ok(mount_at("devtmpfs", "/dev")?)
}

fn load_modules() -> io::Result<()> {
    let mut modules: Vec<PathBuf> =
        fs::read_dir(initramfs::MODULES)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    modules.sort();
    for module in modules {
        let file = File::open(&module)?;
        let compressed = module.extension().is_none_or(|end| end != "ko");
        match sys::load_module(file.as_fd(), compressed) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(io::Error::new(error.kind(), format!("{}: {error}", module.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The serial port that leads to the keeper.
fn find_port() -> io::Result<OwnedFd> {
    for _ in 0..LOOKS {
        for entry in fs::read_dir("/sys/class/virtio-ports").into_iter().flatten().flatten() {
            if fs::read_to_string(entry.path().join("name")).is_ok_and(|name| name.trim() == PORT) {
                let path = Path::new("/dev").join(entry.file_name());
                let flags = libc::O_NONBLOCK | libc::O_CLOEXEC;
                return Ok(OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?.into());
            }
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Err(io::ErrorKind::NotFound.into())
}

fn hear_start(link: &mut Link) -> io::Result<Start> {
    loop {
        if let Some(Frame::Message(bytes)) = link.next()?
            && let ToGuest::Start { spec, places, single_id } = serde_json::from_slice(&bytes)?
        {
            return Ok(Start { spec, places, single_id });
        }
        let mut wait = [PollFd::new(link.fd(), PollFlags::POLLIN)];
        // An interrupted wait is a wait again.
        let _ = poll(&mut wait, PollTimeout::NONE);
        if !link.fill()? {
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

fn send_all(link: &mut Link) -> io::Result<()> {
    while link.has_unsent() {
        let mut wait = [PollFd::new(link.fd(), PollFlags::POLLOUT)];
        let _ = poll(&mut wait, PollTimeout::NONE);
        link.flush()?;
    }
    Ok(())
}

/// Mounts the root and what belongs in it, and moves into it.
fn enter_root() -> io::Result<()> {
    let options = "trans=virtio,version=9p2000.L,msize=512000,cache=loose";
    mount(Some(ROOT_TAG), ROOT, Some("9p"), MsFlags::empty(), Some(options))?;
    let root = Path::new(ROOT);
    for name in ["dev", "proc", "sys"] {
        let from = Path::new("/").join(name);
        mount(Some(&from), &root.join(name), None::<&str>, MsFlags::MS_MOVE, None::<&str>)?;
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    // By 9p there are no sockets and fifos, which programs have in both.
    for (name, mode) in [("run", "mode=755"), ("tmp", "mode=1777")] {
        mount(Some("tmpfs"), &root.join(name), Some("tmpfs"), flags, Some(mode))?;
    }
    let dev = root.join("dev");
    for (name, kind, options) in [
        ("pts", "devpts", "ptmxmode=0666,mode=0620,gid=5"),
        ("shm", "tmpfs", "mode=1777"),
        ("mqueue", "mqueue", ""),
    ] {
        let at = dev.join(name);
        make(fs::create_dir(&at))?;
        mount(Some(kind), &at, Some(kind), MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC, Some(options))?;
    }
    for (name, target) in DEVICE_LINKS.iter().filter(|(name, _)| *name != "ptmx") {
        make(symlink(target, dev.join(name)))?;
    }
    chdir(root)?;
    mount(Some("."), "/", None::<&str>, MsFlags::MS_MOVE, None::<&str>)?;
    chroot(".")?;
    Ok(chdir("/")?)
}

fn make(made: io::Result<()>) -> io::Result<()> {
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// The serial line, which adds nothing to what is written.
fn open_console() -> io::Result<OwnedFd> {
    let flags = libc::O_NOCTTY | libc::O_CLOEXEC;
    let console = OpenOptions::new().read(true).write(true).custom_flags(flags).open(CONSOLE)?;
    let mut modes = tcgetattr(&console)?;
    modes.output_flags.remove(OutputFlags::OPOST);
    tcsetattr(&console, SetArg::TCSANOW, &modes)?;
    Ok(console.into())
}
