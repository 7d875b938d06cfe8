//! Which drivers there are, what each is called, and what goes without saying for each.

use serde::{Deserialize, Serialize};

/// The wanted driver; `Auto` takes the strongest one of our own that this machine can run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice {
    #[default]
    Auto,
    Namespace,
    Microvm,
    Docker,
    Podman,
    Process,
    None,
}

impl Choice {
    /// Every choice by its name, as it is asked for.
    pub const NAMES: &[(&str, Choice)] = &[
        ("auto", Choice::Auto),
        ("namespace", Choice::Namespace),
        ("microvm", Choice::Microvm),
        ("docker", Choice::Docker),
        ("podman", Choice::Podman),
        ("process", Choice::Process),
        ("none", Choice::None),
    ];

    pub fn named(name: &str) -> Option<Choice> {
        Choice::NAMES.iter().find(|(known, _)| *known == name).map(|(_, choice)| *choice)
    }
}

/// The driver that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Linux namespaces: own processes, files, network and users; shared kernel.
    Namespace,
    /// Virtual machines of QEMU, each inside such namespaces: a kernel of its own.
    Microvm,
    /// Containers of a Docker daemon; shared kernel.
    Docker,
    /// Containers of Podman, with users of their own; shared kernel.
    Podman,
    /// Plain child processes of the server's user: no isolation at all.
    Process,
    /// Records only.
    None,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Namespace => "namespace",
            Kind::Microvm => "microvm",
            Kind::Docker => "docker",
            Kind::Podman => "podman",
            Kind::Process => "process",
            Kind::None => "none",
        }
    }

    /// Whether instances are in networks of their own, which the supervisor makes.
    pub fn has_networks(self) -> bool {
        matches!(self, Kind::Namespace | Kind::Microvm | Kind::Docker | Kind::Podman)
    }

    /// Whether another program runs the instances, as containers.
    pub(crate) fn is_engine(self) -> bool {
        matches!(self, Kind::Docker | Kind::Podman)
    }

    /// What instances are, for the start message.
    pub(crate) fn means(self) -> &'static str {
        match self {
            Kind::Namespace => "instances run in Linux namespaces of their own (they share this kernel)",
            Kind::Microvm => "instances are virtual machines, each with a kernel of its own",
            Kind::Docker => "instances are containers of Docker (they share this kernel)",
            Kind::Podman => "instances are containers of Podman (they share this kernel)",
            Kind::Process => "instances are plain processes of this user, without any isolation",
            Kind::None => "instances are records only, nothing runs",
        }
    }
}
