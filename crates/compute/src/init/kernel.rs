//! The two halves of an init whose instance has a kernel of its own: what is done outside, before QEMU, and inside.

use std::fs::File;

use nix::unistd::sethostname;

use super::{Step, become_root, confine, files, root, wait_for};
use crate::InstanceSpec;
use crate::microvm::Machine;

/// Puts a machine with a kernel of its own together, for this process to run QEMU on.
pub(crate) fn build_machine(spec: &InstanceSpec, go: &mut File, machine: &Machine<'_>) -> Step<()> {
    wait_for(go, b'i').map_err(|error| ("wait for the user ids", error))?;
    become_root(machine.ids)?;
    root::build_for_qemu(&machine.disk, &machine.shared, &machine.own)?;
    let single_id = machine.ids.is_single();
    root::inside(|| files::write(spec, machine.template, single_id))
        .map_err(|error| ("write the system's files", error))?;
    wait_for(go, b'n').map_err(|error| ("wait for the network", error))?;
    let capabilities = if single_id { &[] } else { confine::OWNERS };
    confine::confine_to(capabilities).map_err(|error| ("confine QEMU", error))
}

/// What is left to do in a machine whose root stands.
pub(crate) fn prepare_kernel(spec: &InstanceSpec) -> Step<()> {
    sethostname(files::host_name(spec)).map_err(|error| ("set the host name", error.into()))?;
    files::clear_volatile().map_err(|error| ("empty /run and /tmp", error))
}
