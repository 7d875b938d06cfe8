//! The few route-netlink messages a VPC needs, written out by hand: links, addresses, routes.
//!
//! Why not a netlink crate: the far end of a veth pair must be made straight in the other network namespace
//! (moving it there costs tens of milliseconds), all messages of a step go out in one batch, and the
//! supervisor has no async runtime.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::libc;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
};

use super::attributes::{Attributes, next_answer};
use crate::spec::Cidr;

const VETH_INFO_PEER: u16 = 1;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const LOOPBACK: u32 = 1;
/// Of the route that counts when no other does.
const LAST: u32 = u32::MAX;
const FRA_SRC: u16 = 2;
const FRA_FWMARK: u16 = 10;
const FRA_TABLE: u16 = 15;
const FR_ACT_TO_TBL: u8 = 1;

/// A socket that configures the network namespace it was made in.
#[derive(Debug)]
pub(crate) struct Netlink(OwnedFd);

/// Messages to be carried out in order.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Attributes,
    labels: Vec<&'static str>,
}

/// Both ends of a veth pair.
#[derive(Debug)]
pub(crate) struct Veth<'a> {
    /// Name and index on the router's side.
    pub name: &'a str,
    pub index: u32,
    /// Name and index on the instance's side, in the namespace `peer_ns`.
    pub peer_name: &'a str,
    /// The kernel's choice when absent.
    pub peer_index: Option<u32>,
    pub peer_ns: BorrowedFd<'a>,
    pub peer_mac: [u8; 6],
}

/// A route of IPv4.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    to: Ipv4Addr,
    prefix: u8,
    gateway: Option<Ipv4Addr>,
    index: Option<u32>,
    /// The main one when absent.
    table: Option<u32>,
    end: End,
}

/// What becomes of what takes a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Goes,
    /// It is for this namespace itself.
    Local,
    /// It is dropped, where no other route of the table leads on.
    Nowhere,
}

impl Route {
    /// To one address, straight by a link.
    pub(crate) fn to_host(address: Ipv4Addr, index: u32) -> Route {
        Route { to: address, prefix: 32, gateway: None, index: Some(index), table: None, end: End::Goes }
    }

    /// To a block, straight by a link.
    pub(crate) fn to_block(block: Cidr, index: u32, table: Option<u32>) -> Route {
        Route {
            to: block.base,
            prefix: block.prefix,
            gateway: None,
            index: Some(index),
            table,
            end: End::Goes,
        }
    }

    /// To everywhere, through a neighbor.
    pub(crate) fn default_by(gateway: Ipv4Addr, index: u32, table: Option<u32>) -> Route {
        let to = Ipv4Addr::UNSPECIFIED;
        Route { to, prefix: 0, gateway: Some(gateway), index: Some(index), table, end: End::Goes }
    }

    /// To everywhere, through an address that another route leads to.
    pub(crate) fn by_host(gateway: Ipv4Addr, table: u32) -> Route {
        let to = Ipv4Addr::UNSPECIFIED;
        Route { to, prefix: 0, gateway: Some(gateway), index: None, table: Some(table), end: End::Goes }
    }

    /// What the table has no better way for ends here.
    pub(crate) fn nowhere(table: u32) -> Route {
        let to = Ipv4Addr::UNSPECIFIED;
        Route { to, prefix: 0, gateway: None, index: None, table: Some(table), end: End::Nowhere }
    }

    /// Every address is one's own.
    pub(crate) fn all_local(table: u32) -> Route {
        let (to, index) = (Ipv4Addr::UNSPECIFIED, Some(LOOPBACK));
        Route { to, prefix: 0, gateway: None, index, table: Some(table), end: End::Local }
    }
}

impl Netlink {
    /// Opens a socket in the network namespace this process is in now.
    pub(crate) fn open() -> io::Result<Netlink> {
        let fd = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkRoute,
        )?;
        bind(fd.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
        Ok(Netlink(fd))
    }

    /// Carries the batch out; the error names the first message that was refused.
    pub(crate) fn run(&self, batch: Batch) -> io::Result<()> {
        if batch.labels.is_empty() {
            return Ok(());
        }
        send(self.0.as_raw_fd(), &batch.bytes.0, MsgFlags::empty())?;
        let mut waiting = batch.labels.len();
        let mut first_error = Ok(());
        let mut buffer = vec![0; 32 * 1024];
        while waiting > 0 {
            let length = recv(self.0.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
            let mut rest = buffer.get(..length).unwrap_or_default();
            while let Some((number, errno, size)) = next_answer(rest) {
                waiting = waiting.saturating_sub(1);
                if errno != 0 && first_error.is_ok() {
                    let label = batch.labels.get(number as usize).copied().unwrap_or("netlink");
                    let error = io::Error::from_raw_os_error(errno);
                    // The library has no kind for a link that is not there.
                    let gone = errno == libc::ENODEV;
                    let kind = if gone { io::ErrorKind::NotFound } else { error.kind() };
                    first_error = Err(io::Error::new(kind, format!("{label}: {error}")));
                }
                rest = rest.get(size..).unwrap_or_default();
            }
        }
        first_error
    }
}

impl Batch {
    /// A veth pair, our end up; the kernel does not yet let the peer be.
    pub(crate) fn veth(mut self, veth: &Veth<'_>) -> Self {
        let at = self.open("make the veth pair", libc::RTM_NEWLINK, libc::NLM_F_CREATE | libc::NLM_F_EXCL);
        self.link_body(veth.index, true);
        self.bytes.text(libc::IFLA_IFNAME, veth.name);
        let info = self.bytes.open(libc::IFLA_LINKINFO);
        self.bytes.put(IFLA_INFO_KIND, b"veth");
        let data = self.bytes.open(IFLA_INFO_DATA);
        let peer = self.bytes.open(VETH_INFO_PEER);
        self.link_body(veth.peer_index.unwrap_or(0), false);
        self.bytes.text(libc::IFLA_IFNAME, veth.peer_name);
        self.bytes.put(libc::IFLA_ADDRESS, &veth.peer_mac);
        self.bytes.put(libc::IFLA_NET_NS_FD, &veth.peer_ns.as_raw_fd().to_ne_bytes());
        self.bytes.close(peer);
        self.bytes.close(data);
        self.bytes.close(info);
        self.finish(at)
    }

    pub(crate) fn delete_link(mut self, index: u32) -> Self {
        let at = self.open("delete the link", libc::RTM_DELLINK, 0);
        self.link_body(index, false);
        self.finish(at)
    }

    /// Another name for a link that is down.
    pub(crate) fn rename(mut self, index: u32, name: &str) -> Self {
        let at = self.open("name the link", libc::RTM_NEWLINK, 0);
        self.link_body(index, false);
        self.bytes.text(libc::IFLA_IFNAME, name);
        self.finish(at)
    }

    pub(crate) fn link_up(mut self, index: u32) -> Self {
        let at = self.open("set the link up", libc::RTM_NEWLINK, 0);
        self.link_body(index, true);
        self.finish(at)
    }

    /// An address on a link; one that is there already is replaced.
    pub(crate) fn address(mut self, index: u32, address: Ipv4Addr, prefix: u8) -> Self {
        let at = self.open("add the address", libc::RTM_NEWADDR, libc::NLM_F_CREATE | libc::NLM_F_REPLACE);
        self.bytes.0.extend([libc::AF_INET as u8, prefix, 0, libc::RT_SCOPE_UNIVERSE]);
        self.bytes.0.extend(index.to_ne_bytes());
        self.bytes.put(libc::IFA_LOCAL, &address.octets());
        self.bytes.put(libc::IFA_ADDRESS, &address.octets());
        self.finish(at)
    }

    pub(crate) fn delete_address(mut self, index: u32, address: Ipv4Addr, prefix: u8) -> Self {
        let at = self.open("delete the address", libc::RTM_DELADDR, 0);
        self.bytes.0.extend([libc::AF_INET as u8, prefix, 0, libc::RT_SCOPE_UNIVERSE]);
        self.bytes.0.extend(index.to_ne_bytes());
        self.bytes.put(libc::IFA_LOCAL, &address.octets());
        self.finish(at)
    }

    /// An IPv6 address that is there at once: nobody else on a link of two could have it.
    pub(crate) fn address_6(mut self, index: u32, address: Ipv6Addr, prefix: u8) -> Self {
        let at = self.open("add the address", libc::RTM_NEWADDR, libc::NLM_F_CREATE | libc::NLM_F_REPLACE);
        let flags = libc::IFA_F_NODAD as u8;
        self.bytes.0.extend([libc::AF_INET6 as u8, prefix, flags, libc::RT_SCOPE_UNIVERSE]);
        self.bytes.0.extend(index.to_ne_bytes());
        self.bytes.put(libc::IFA_LOCAL, &address.octets());
        self.bytes.put(libc::IFA_ADDRESS, &address.octets());
        self.finish(at)
    }

    /// A route to one IPv6 address by a link.
    pub(crate) fn route_6(mut self, to: Ipv6Addr, index: u32) -> Self {
        let at = self.open("add the route", libc::RTM_NEWROUTE, libc::NLM_F_CREATE | libc::NLM_F_REPLACE);
        let (table, protocol, scope) = (libc::RT_TABLE_MAIN, libc::RTPROT_BOOT, libc::RT_SCOPE_UNIVERSE);
        self.bytes.0.extend([libc::AF_INET6 as u8, 128, 0, 0, table, protocol, scope, libc::RTN_UNICAST]);
        self.bytes.0.extend(0u32.to_ne_bytes());
        self.bytes.put(libc::RTA_DST, &to.octets());
        self.bytes.put(libc::RTA_OIF, &index.to_ne_bytes());
        self.finish(at)
    }

    /// A route; one to the same place is replaced.
    pub(crate) fn route(self, route: &Route) -> Self {
        let flags = libc::NLM_F_CREATE | libc::NLM_F_REPLACE;
        self.write_route("add the route", libc::RTM_NEWROUTE, flags, route)
    }

    pub(crate) fn delete_route(self, route: &Route) -> Self {
        self.write_route("delete the route", libc::RTM_DELROUTE, 0, route)
    }

    fn write_route(mut self, label: &'static str, kind: u16, flags: libc::c_int, route: &Route) -> Self {
        let at = self.open(label, kind, flags);
        let (scope, kind) = match (route.end, route.gateway) {
            (End::Local, _) => (libc::RT_SCOPE_HOST, libc::RTN_LOCAL),
            (End::Nowhere, _) => (libc::RT_SCOPE_UNIVERSE, libc::RTN_BLACKHOLE),
            (End::Goes, Some(_)) => (libc::RT_SCOPE_UNIVERSE, libc::RTN_UNICAST),
            (End::Goes, None) => (libc::RT_SCOPE_LINK, libc::RTN_UNICAST),
        };
        let protocol = libc::RTPROT_BOOT;
        self.bytes.0.extend([libc::AF_INET as u8, route.prefix, 0, 0, 0, protocol, scope, kind]);
        self.bytes.0.extend(0u32.to_ne_bytes());
        self.bytes.put(libc::RTA_TABLE, &route.table.unwrap_or(libc::RT_TABLE_MAIN.into()).to_ne_bytes());
        if route.prefix > 0 {
            self.bytes.put(libc::RTA_DST, &route.to.octets());
        }
        if route.end == End::Nowhere {
            self.bytes.put(libc::RTA_PRIORITY, &LAST.to_ne_bytes());
        }
        if let Some(gateway) = route.gateway {
            self.bytes.put(libc::RTA_GATEWAY, &gateway.octets());
        }
        if let Some(index) = route.index {
            self.bytes.put(libc::RTA_OIF, &index.to_ne_bytes());
        }
        self.finish(at)
    }

    /// What has this mark is routed by the table.
    pub(crate) fn rule(self, mark: u32, table: u32) -> Self {
        let flags = libc::NLM_F_CREATE | libc::NLM_F_EXCL;
        self.write_rule("add the rule", libc::RTM_NEWRULE, flags, &[(FRA_FWMARK, mark), (FRA_TABLE, table)])
    }

    pub(crate) fn delete_rule(self, mark: u32) -> Self {
        self.write_rule("delete the rule", libc::RTM_DELRULE, 0, &[(FRA_FWMARK, mark)])
    }

    /// What comes from this address is routed by the table.
    pub(crate) fn source_rule(mut self, from: Ipv4Addr, table: u32) -> Self {
        let at = self.open("add the rule", libc::RTM_NEWRULE, libc::NLM_F_CREATE);
        self.rule_body(32);
        self.bytes.put(FRA_SRC, &from.octets());
        self.bytes.put(FRA_TABLE, &table.to_ne_bytes());
        self.finish(at)
    }

    fn write_rule(mut self, label: &'static str, kind: u16, flags: libc::c_int, said: &[(u16, u32)]) -> Self {
        let at = self.open(label, kind, flags);
        self.rule_body(0);
        for (attribute, value) in said {
            self.bytes.put(*attribute, &value.to_ne_bytes());
        }
        self.finish(at)
    }

    /// `struct fib_rule_hdr`, for a rule that leads to a table.
    fn rule_body(&mut self, source_prefix: u8) {
        self.bytes.0.extend([libc::AF_INET as u8, 0, source_prefix, 0, 0, 0, 0, FR_ACT_TO_TBL]);
        self.bytes.0.extend(0u32.to_ne_bytes());
    }

    fn open(&mut self, label: &'static str, kind: u16, flags: libc::c_int) -> usize {
        let at = self.bytes.0.len();
        let number = self.labels.len() as u32;
        let flags = (flags | libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
        self.labels.push(label);
        self.bytes.0.extend(0u32.to_ne_bytes());
        self.bytes.0.extend(kind.to_ne_bytes());
        self.bytes.0.extend(flags.to_ne_bytes());
        self.bytes.0.extend(number.to_ne_bytes());
        self.bytes.0.extend(0u32.to_ne_bytes());
        at
    }

    fn finish(mut self, at: usize) -> Self {
        self.bytes.finish(at);
        self
    }

    /// `struct ifinfomsg`.
    fn link_body(&mut self, index: u32, up: bool) {
        let flags = if up { libc::IFF_UP as u32 } else { 0 };
        self.bytes.0.extend([libc::AF_UNSPEC as u8, 0, 0, 0]);
        self.bytes.0.extend(index.to_ne_bytes());
        self.bytes.0.extend(flags.to_ne_bytes());
        self.bytes.0.extend(flags.to_ne_bytes());
    }
}
