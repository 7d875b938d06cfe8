//! Instances with a kernel of their own: a virtual machine of QEMU, run inside the same namespaces as any instance.
//!
//! ```text
//!   server ──Order/Report── keeper ──frames── agent ──Order/Report── init
//!             packets       (first process    a virtio     (a thread    (first process of
//!                            of the instance;  serial port  of the init) the machine)
//!                            runs QEMU)
//! ```
//!
//! The disk is the folder that any instance has, so images are made, kept and booted alike: the keeper puts the root
//! together, and QEMU shows it to the machine by 9p. The link of an interface is a tap in the VPC's router. A program
//! that breaks out of the machine into QEMU is where a program of a namespace instance is from the beginning, with
//! fewer rights.

mod agent;
mod bridge;
mod frames;
mod guest;
mod hearing;
mod hypervisor;
mod initramfs;
mod keeper;
mod streams;

use serde::{Deserialize, Serialize};

use crate::plan::Interface;
use crate::protocol::{Order, Report};
use crate::{Cidr, InstanceSpec};

pub(crate) use guest::main as guest_main;
pub(crate) use hypervisor::Hypervisor;
pub(crate) use keeper::{Machine, Tap, main as keeper_main};

/// The name under which the kernel of a machine runs this program as its first process.
pub(crate) const GUEST_INIT: &str = "/rolecall-machine";

/// Where QEMU finds what it runs, in its own root.
pub(crate) const KERNEL: &str = "/kernel";
pub(crate) const INITRAMFS: &str = "/initramfs";
/// Where QEMU finds the root of the machine.
pub(crate) const GUEST_ROOT: &str = "/guest";
/// The names of the shared root and of the serial port, inside.
const ROOT_TAG: &str = "rolecall-root";
const PORT: &str = "rolecall";

/// One network interface of a machine, and the block of its subnet.
pub(crate) type Place = (Interface, Cidr);

/// Keeper to agent, beside streams.
#[derive(Debug, Serialize, Deserialize)]
enum ToGuest {
    /// First of all.
    Start {
        spec: Box<InstanceSpec>,
        places: Vec<Place>,
        /// There is one user id for all.
        single_id: bool,
    },
    Order(Order),
}

/// The same as [`ToGuest::Order`], of an order that is only looked at.
#[derive(Debug, Serialize)]
enum ToGuestRef<'a> {
    Order(&'a Order),
}

/// Agent to keeper, beside streams.
#[derive(Debug, Serialize, Deserialize)]
enum FromGuest {
    Report(Report),
    /// Everything has ended in order; the machine powers off next.
    Ended {
        code: i32,
    },
}

/// The three streams of a command; a terminal has the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Input = 0,
    Output = 1,
    Errors = 2,
}

/// The number of a stream of the command that an order began.
fn stream(seq: u64, part: Part) -> u64 {
    seq.wrapping_mul(4).wrapping_add(part as u64)
}
