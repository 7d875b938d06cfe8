//! nf_tables without the `nft` program: rules as values, and a socket that makes the kernel's table the same.
//!
//! Why not a crate: those that there are call the program, want C libraries, or carry a licence that this project
//! cannot take; and a change must cost little, so only the difference to what the kernel has is sent, in one batch.

mod batch;
mod rule;
mod ruleset;

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
};

use super::attributes::next_answer;
use crate::sys;
pub(crate) use batch::Family;
use batch::{Batch, OWNED};
pub(crate) use rule::{Base, Meta, Rule, Verdict};
pub(crate) use ruleset::{At, Hook, Ruleset};

/// Room for one batch: 2,000 rules are 1 MiB.
const ROOM: libc::c_int = 16 << 20;

/// A table in the network namespace that it was made in; it goes with this.
#[derive(Debug)]
pub(crate) struct Table {
    family: Family,
    name: String,
    socket: OwnedFd,
    rules: Ruleset,
}

impl Table {
    /// Makes an empty table where this process is now. An owned one goes with this value, and nobody else changes it.
    pub(crate) fn new(family: Family, name: &str, owned: bool) -> io::Result<Table> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkNetFilter)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
        // Without the right to more, what a plain user's namespace gets is asked for.
        let option = |name| sys::set_int_option(socket.as_fd(), libc::SOL_SOCKET, name, ROOM);
        option(libc::SO_SNDBUFFORCE).or_else(|_| option(libc::SO_SNDBUF))?;
        let table = Table { family, name: name.to_owned(), socket, rules: Ruleset::default() };
        let mut batch = Batch::new(family, &table.name);
        batch.add_table(if owned { OWNED } else { 0 });
        table.send(batch)?;
        Ok(table)
    }

    /// Makes the table hold `rules`, all at once; on an error it holds what it held. Where the kernel takes no batch of
    /// that size from this user, chain by chain instead, in an order in which too little is allowed rather than too much.
    pub(crate) fn become_like(&mut self, rules: Ruleset) -> io::Result<()> {
        match self.follow(&rules) {
            Err(error) if error.raw_os_error() == Some(libc::EMSGSIZE) => {
                for step in rules.steps(&self.rules) {
                    self.follow(&step)?;
                    self.rules = step;
                }
                self.follow(&rules)?;
            }
            other => other?,
        }
        self.rules = rules;
        Ok(())
    }

    /// What it holds.
    pub(crate) fn rules(&self) -> &Ruleset {
        &self.rules
    }

    fn follow(&self, rules: &Ruleset) -> io::Result<()> {
        let mut batch = Batch::new(self.family, &self.name);
        rules.follow(&self.rules, &mut batch);
        self.send(batch)
    }

    fn send(&self, mut batch: Batch) -> io::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let bytes = batch.finish();
        send(self.socket.as_raw_fd(), bytes, MsgFlags::empty())?;
        // The kernel works a batch off within the call, so every answer is here by now.
        let mut buffer = vec![0; 32 * 1024];
        let (mut answered, mut first_error) = (false, Ok(()));
        loop {
            let length = match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(length) => length,
                Err(Errno::EAGAIN) => break,
                Err(error) => return Err(error.into()),
            };
            let mut rest = buffer.get(..length).unwrap_or_default();
            while let Some((number, errno, size)) = next_answer(rest) {
                answered = true;
                if errno != 0 && first_error.is_ok() {
                    let error = io::Error::from_raw_os_error(errno);
                    first_error =
                        Err(io::Error::new(error.kind(), format!("{}: {error}", batch.label(number))));
                }
                rest = rest.get(size..).unwrap_or_default();
            }
        }
        if answered { first_error } else { Err(io::Error::other("nf_tables did not answer")) }
    }
}
