//! What a rule of a group or an ACL matches, as expressions.

use nix::libc;

use super::super::nft::{Base, Meta, Rule};
use crate::Cidr;
use crate::plan::Traffic;

/// Which of a packet's addresses.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Source = 12,
    Destination = 16,
}

/// The address of one end into register `to`.
pub(super) fn address(rule: Rule, end: End, to: u32) -> Rule {
    rule.load(Base::Network, end as u32, 4, to)
}

/// Goes on only for a packet with that end in the block.
pub(super) fn in_block(rule: Rule, end: End, block: Cidr) -> Rule {
    let mask = u32::MAX.checked_shl(32 - u32::from(block.prefix)).unwrap_or(0);
    let base = (u32::from(block.base) & mask).to_be_bytes();
    match block.prefix {
        0 => rule,
        32 => address(rule, end, 0).equals(0, &base),
        _ => address(rule, end, 0).mask(0, &mask.to_be_bytes()).equals(0, &base),
    }
}

/// Goes on only for this traffic.
pub(super) fn traffic(rule: Rule, traffic: Traffic) -> Rule {
    match traffic {
        Traffic::All => rule,
        Traffic::Tcp { from, to } => ports(protocol(rule, libc::IPPROTO_TCP), from, to),
        Traffic::Udp { from, to } => ports(protocol(rule, libc::IPPROTO_UDP), from, to),
        Traffic::Icmp { kind, code } => {
            let rule = protocol(rule, libc::IPPROTO_ICMP);
            let byte = |rule: Rule, offset, wanted: Option<u8>| match wanted {
                Some(wanted) => rule.load(Base::Transport, offset, 1, 0).equals(0, &[wanted]),
                None => rule,
            };
            byte(byte(rule, 0, kind), 1, code)
        }
        Traffic::Protocol(number) => protocol(rule, number.into()),
    }
}

pub(super) fn protocol(rule: Rule, number: libc::c_int) -> Rule {
    rule.meta(Meta::Protocol, 0).equals(0, &[number as u8])
}

fn ports(rule: Rule, from: u16, to: u16) -> Rule {
    match (from, to) {
        (0, u16::MAX) => rule,
        (one, other) if one == other => rule.load(Base::Transport, 2, 2, 0).equals(0, &one.to_be_bytes()),
        _ => rule.load(Base::Transport, 2, 2, 0).within(0, &from.to_be_bytes(), &to.to_be_bytes()),
    }
}
