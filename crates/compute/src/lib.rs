//! Machine drivers: what runs an EC2 instance on this computer.
//!
//! [`choose`] picks the driver: Linux namespaces, containers of Docker or Podman, plain processes, or records only.
//! [`Driver`] is the one face of all. A program that uses the crate calls [`maybe_run_init`] first thing in `main`:
//! the drivers start their helper by running the same program under another name.
//!
//! [`Kind::Microvm`] gives each instance a kernel of its own, inside the same walls; it is taken when asked for.
//!
//! What the namespace driver is good for: an instance has its own processes, files, users, host name and
//! network, root inside is nobody outside, capabilities and system calls are cut. It shares the host's kernel: it
//! holds against mistakes and ordinary programs, not against a hostile one with a hole in the kernel.

mod driver;
mod engine;
mod error;
mod events;
mod exec;
mod faults;
mod folders;
mod host;
#[cfg(feature = "hostile")]
pub mod hostile;
mod images;
mod init;
mod kind;
mod memory;
mod microvm;
mod none;
mod packet;
pub mod plan;
mod plan_change;
mod process;
mod protocol;
mod spec;
mod supervisor;
mod sys;

pub use driver::{Caps, Config, Driver, Ending, Event, Running, choose, original_destination};
pub use error::{ComputeError, StartError};
pub use events::Events;
pub use exec::{ExecIo, ExecSpec, Exit, ExitStatus, Reader, Resize, Writer};
pub use images::{ImageSource, Stored};
pub use kind::{Choice, Kind};
pub use plan::NetworkPlan;
pub use spec::{
    Cidr, GUEST_BIN, Image, InstanceSpec, Link, Mount, Network, Resolving, USER_DATA_LIMIT, User, Vpc,
};

/// The name under which the program is run as the owner of the instances.
pub const INIT_NAME: &str = "rolecall-init";

/// How much of a console is kept, in bytes.
pub const CONSOLE_LIMIT: usize = 64 * 1024;

/// Becomes the owner of the instances when run under [`INIT_NAME`], or the first process of a container or of a virtual
/// machine, and then never returns; otherwise does nothing. Call it before any thread is started.
pub fn maybe_run_init() {
    let mut words = std::env::args_os();
    let (name, word) = (words.next().unwrap_or_default(), words.next());
    if word.is_some_and(|word| word == engine::INSIDE) {
        // A loader gives the path that it was given.
        if std::path::Path::new(&name).file_name().is_some_and(|name| name == INIT_NAME) {
            init::inside::main();
        }
    } else if name == INIT_NAME {
        supervisor::main();
    }
    if name == microvm::GUEST_INIT && std::process::id() == 1 {
        microvm::guest_main();
    }
}
