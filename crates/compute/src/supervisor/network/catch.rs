//! Public addresses on the host: the kernel sends what is for one of them to a port of the server.
//!
//! The table belongs to this process's socket: it is gone with the process, and no other program changes it. It needs root,
//! since the host's own network namespace is changed; connections of the host are tracked while it is there.

use std::io;
use std::net::Ipv4Addr;

use nix::libc;

use super::super::nft::{At, Base, Family, Hook, Rule, Ruleset, Table};
use super::matching::{End, address, protocol};

/// Where connections to public addresses go. TCP only, and one port goes where it would go anyway.
#[derive(Debug)]
pub(crate) struct Catch(Table);

impl Catch {
    /// Makes the table in the network namespace that this process is in.
    pub(crate) fn new() -> io::Result<Catch> {
        Table::new(Family::Ipv4, &format!("rolecall_{}", std::process::id()), true).map(Catch)
    }

    pub(crate) fn send_to(&mut self, port: u16, except: u16, addresses: &[Ipv4Addr]) -> io::Result<()> {
        let mut rules = Ruleset::default();
        rules.set("public", 4, addresses.iter().map(|address| address.octets().to_vec()));
        let caught =
            address(protocol(Rule::new(), libc::IPPROTO_TCP), End::Destination, 0).among("public", 0);
        let caught = caught.load(Base::Transport, 2, 2, 0).differs(0, &except.to_be_bytes());
        let hook = Hook { kind: "nat", at: At::Output, priority: -100 };
        rules.hook("out", hook, vec![caught.redirect_to(port)]);
        self.0.become_like(rules)
    }
}
