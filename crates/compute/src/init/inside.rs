//! The first process of a container. The engine has made its namespaces, root and limits; the server is met in the
//! container's network, once that is joined to its VPC, and says what the instance is to be.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::exit;
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use nix::unistd::{pipe2, sethostname};

use super::console::Console;
use super::{Boot, Place, Step, confine, files, root};
use crate::packet;
use crate::protocol::{Enlist, MEETING};
use crate::spec::InstanceSpec;
use crate::sys;

/// How long the server has to join the network, and how often it is looked for meanwhile.
const TRIES: u32 = 30_000;
const PAUSE: Duration = Duration::from_millis(2);

/// Runs the instance to its end. Before all else it gives up what the engine lets it do, but what its name takes.
pub(crate) fn main() -> ! {
    match confine::confine_but_for_name().and_then(|()| meet()) {
        Ok((spec, boot)) => super::main(&spec, boot, Place::Container),
        // The server has stopped waiting, or has never been.
        Err(_) => exit(1),
    }
}

fn meet() -> io::Result<(InstanceSpec, Boot)> {
    let control = find_server()?;
    let gone = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let (Enlist { spec }, files) = packet::receive(control.as_fd())?.ok_or_else(gone)?;
    let console = files.into_iter().next().ok_or_else(gone)?;
    // The supervisor has seen what it needs; nothing that will run inside is to see this program's memory.
    sys::hide_from_inside()?;
    // The network stands.
    let (go, go_on) = pipe2(OFlag::O_CLOEXEC)?;
    File::from(go_on).write_all(b"n")?;
    Ok((spec, Boot { control, console, go, groups: Vec::new(), imds: None }))
}

fn find_server() -> io::Result<OwnedFd> {
    let address = UnixAddr::new_abstract(MEETING)?;
    for _ in 0..TRIES {
        let end = socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None)?;
        if connect(end.as_raw_fd(), &address).is_ok() {
            return Ok(end);
        }
        std::thread::sleep(PAUSE);
    }
    Err(io::ErrorKind::TimedOut.into())
}

/// Makes the container an instance.
pub(super) fn boot(spec: &InstanceSpec, console: &mut Console) -> Step<()> {
    root::make_folders(Path::new("/"))?;
    files::write(spec, None, false).map_err(|error| ("write the system's files", error))?;
    sethostname(files::host_name(spec)).map_err(|error| ("set the host name", error.into()))?;
    confine::give_up_name().map_err(|error| ("confine the instance", error))?;
    console.open_terminal(name_console).map_err(|error| ("open the console", error))
}

/// The container's own `/dev` can be written to, while a mount may be refused even to the engine's root.
fn name_console(terminal: &Path) -> io::Result<()> {
    // Absent but at a restart.
    let _ = fs::remove_file("/dev/console");
    symlink(terminal, "/dev/console")
}
