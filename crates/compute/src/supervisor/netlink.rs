//! The few route-netlink messages a VPC needs, written out by hand: links, addresses, routes.
//!
//! Why not a netlink crate: the far end of a veth pair must be made straight in the other network namespace
//! (moving it there costs tens of milliseconds), all messages of a step go out in one batch, and the
//! supervisor has no async runtime.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::libc;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
};

const VETH_INFO_PEER: u16 = 1;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const HEADER: usize = 16;

/// A socket that configures the network namespace it was made in.
#[derive(Debug)]
pub(crate) struct Netlink(OwnedFd);

/// Messages to be carried out in order.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
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
    pub peer_index: u32,
    pub peer_ns: BorrowedFd<'a>,
    pub peer_mac: [u8; 6],
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
        send(self.0.as_raw_fd(), &batch.bytes, MsgFlags::empty())?;
        let mut waiting = batch.labels.len();
        let mut first_error = Ok(());
        let mut buffer = vec![0; 32 * 1024];
        while waiting > 0 {
            let length = recv(self.0.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
            let mut rest = buffer.get(..length).unwrap_or_default();
            while let Some((number, errno, size)) = next_ack(rest) {
                waiting = waiting.saturating_sub(1);
                if errno != 0 && first_error.is_ok() {
                    let label = batch.labels.get(number as usize).copied().unwrap_or("netlink");
                    let error = io::Error::from_raw_os_error(errno);
                    first_error = Err(io::Error::new(error.kind(), format!("{label}: {error}")));
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
        self.attr(libc::IFLA_IFNAME, &terminated(veth.name));
        let info = self.nest(libc::IFLA_LINKINFO);
        self.attr(IFLA_INFO_KIND, b"veth");
        let data = self.nest(IFLA_INFO_DATA);
        let peer = self.nest(VETH_INFO_PEER);
        self.link_body(veth.peer_index, false);
        self.attr(libc::IFLA_IFNAME, &terminated(veth.peer_name));
        self.attr(libc::IFLA_ADDRESS, &veth.peer_mac);
        self.attr(libc::IFLA_NET_NS_FD, &veth.peer_ns.as_raw_fd().to_ne_bytes());
        self.close(peer);
        self.close(data);
        self.close(info);
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
        self.bytes.extend([libc::AF_INET as u8, prefix, 0, libc::RT_SCOPE_UNIVERSE]);
        self.bytes.extend(index.to_ne_bytes());
        self.attr(libc::IFA_LOCAL, &address.octets());
        self.attr(libc::IFA_ADDRESS, &address.octets());
        self.finish(at)
    }

    /// A route by a link, through `gateway` or straight; one to the same place is replaced.
    pub(crate) fn route(mut self, to: Ipv4Addr, prefix: u8, gateway: Option<Ipv4Addr>, index: u32) -> Self {
        let at = self.open("add the route", libc::RTM_NEWROUTE, libc::NLM_F_CREATE | libc::NLM_F_REPLACE);
        let scope = if gateway.is_some() { libc::RT_SCOPE_UNIVERSE } else { libc::RT_SCOPE_LINK };
        let (table, protocol) = (libc::RT_TABLE_MAIN, libc::RTPROT_BOOT);
        self.bytes.extend([libc::AF_INET as u8, prefix, 0, 0, table, protocol, scope, libc::RTN_UNICAST]);
        self.bytes.extend(0u32.to_ne_bytes());
        if prefix > 0 {
            self.attr(libc::RTA_DST, &to.octets());
        }
        if let Some(gateway) = gateway {
            self.attr(libc::RTA_GATEWAY, &gateway.octets());
        }
        self.attr(libc::RTA_OIF, &index.to_ne_bytes());
        self.finish(at)
    }

    fn open(&mut self, label: &'static str, kind: u16, flags: libc::c_int) -> usize {
        let at = self.bytes.len();
        let number = self.labels.len() as u32;
        let flags = (flags | libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
        self.labels.push(label);
        self.bytes.extend(0u32.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(flags.to_ne_bytes());
        self.bytes.extend(number.to_ne_bytes());
        self.bytes.extend(0u32.to_ne_bytes());
        at
    }

    fn finish(mut self, at: usize) -> Self {
        let length = (self.bytes.len() - at) as u32;
        if let Some(place) = self.bytes.get_mut(at..at + 4) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
        self
    }

    /// `struct ifinfomsg`.
    fn link_body(&mut self, index: u32, up: bool) {
        let flags = if up { libc::IFF_UP as u32 } else { 0 };
        self.bytes.extend([libc::AF_UNSPEC as u8, 0, 0, 0]);
        self.bytes.extend(index.to_ne_bytes());
        self.bytes.extend(flags.to_ne_bytes());
        self.bytes.extend(flags.to_ne_bytes());
    }

    fn attr(&mut self, kind: u16, value: &[u8]) {
        let length = (4 + value.len()) as u16;
        self.bytes.extend(length.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(value);
        self.pad();
    }

    fn nest(&mut self, kind: u16) -> usize {
        let at = self.bytes.len();
        self.bytes.extend(0u16.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        at
    }

    fn close(&mut self, at: usize) {
        let length = (self.bytes.len() - at) as u16;
        if let Some(place) = self.bytes.get_mut(at..at + 2) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
    }

    fn pad(&mut self) {
        while !self.bytes.len().is_multiple_of(4) {
            self.bytes.push(0);
        }
    }
}

/// Number, errno and padded size of the acknowledgement at the front of `bytes`.
fn next_ack(bytes: &[u8]) -> Option<(u32, i32, usize)> {
    let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
    let size = word(0)? as usize;
    let errno = word(HEADER)? as i32;
    (size >= HEADER + 4).then(|| (word(8).unwrap_or(0), -errno, size.next_multiple_of(4)))
}

fn terminated(name: &str) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.push(0);
    bytes
}
