//! Sockets made inside a VPC's router and used by the server: metadata, names, the endpoint, the ways out and in.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::libc;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, UnixAddr, bind, listen, setsockopt, socket,
    sockopt,
};

use super::{Home, OUTSIDE_PORT, Router};
use crate::protocol::MEETING;
use crate::sys;

/// Where EC2 instances find their metadata service.
pub(crate) const IMDS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(169, 254, 169, 254), 80);
/// The same by IPv6: `[fd00:ec2::254]`.
pub(crate) const IMDS_6: SocketAddrV6 =
    SocketAddrV6::new(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 80, 0, 0);
/// Where they find names, beside the VPC's base plus two.
pub(crate) const DNS: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 253);
const DNS_PORT: u16 = 53;

impl Router {
    /// A listening socket on the VPC's endpoint address.
    pub(crate) fn endpoint(&self, home: &Home, port: u16) -> io::Result<OwnedFd> {
        let address = SocketAddrV4::new(self.vpc.endpoint(), port);
        home.visit(self.namespace.as_fd(), || listener(address.into(), None))
    }

    /// An unconnected TCP socket that sends from inside the VPC, from its endpoint address.
    pub(crate) fn socket(&self, home: &Home) -> io::Result<OwnedFd> {
        let address = SocketAddrV4::new(self.vpc.endpoint(), 0);
        home.visit(self.namespace.as_fd(), || {
            let socket = open(AddressFamily::Inet, SockType::Stream)?;
            bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
            Ok(socket)
        })
    }

    /// Where names are asked for: UDP and TCP at the VPC's base plus two, then both at 169.254.169.253.
    pub(crate) fn names(&self, home: &Home) -> io::Result<Vec<OwnedFd>> {
        home.visit(self.namespace.as_fd(), || {
            let mut sockets = Vec::new();
            for address in [self.vpc.endpoint(), DNS] {
                let address = SocketAddrV4::new(address, DNS_PORT);
                let datagrams = open(AddressFamily::Inet, SockType::Datagram)?;
                bind(datagrams.as_raw_fd(), &SockaddrStorage::from(address))?;
                sockets.push(datagrams);
                sockets.push(listener(address.into(), None)?);
            }
            Ok(sockets)
        })
    }

    /// A listener that takes up what leaves the VPC: the local address of a stream is where it was meant to go.
    pub(crate) fn outside(&self, home: &Home) -> io::Result<OwnedFd> {
        home.visit(self.namespace.as_fd(), || {
            let socket = open(AddressFamily::Inet, SockType::Stream)?;
            setsockopt(&socket, sockopt::ReuseAddr, &true)?;
            sys::set_int_option(socket.as_fd(), libc::SOL_IP, libc::IP_TRANSPARENT, 1)?;
            let address = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, OUTSIDE_PORT);
            bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
            listen(&socket, Backlog::new(1024)?)?;
            Ok(socket)
        })
    }
}

/// A listener for the first process of a container, at a name that is known in its network namespace only.
pub(crate) fn meeting(home: &Home, namespace: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    home.visit(namespace, || {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None)?;
        bind(socket.as_raw_fd(), &UnixAddr::new_abstract(MEETING)?)?;
        listen(&socket, Backlog::new(1)?)?;
        Ok(socket)
    })
}

/// The metadata listeners on a link of the namespace this process is in now.
pub(super) fn metadata(link: u32) -> io::Result<Vec<OwnedFd>> {
    let mut listeners = vec![listener(IMDS.into(), Some(link))?];
    if has_ipv6() {
        listeners.push(listener(IMDS_6.into(), Some(link))?);
    }
    Ok(listeners)
}

/// Whether this kernel speaks IPv6 at all.
pub(super) fn has_ipv6() -> bool {
    Path::new("/proc/sys/net/ipv6").exists()
}

fn open(family: AddressFamily, kind: SockType) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    Ok(socket(family, kind, flags, None)?)
}

/// A listener that, when bound to a link, hears only what comes in by it.
fn listener(address: SocketAddr, link: Option<u32>) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let socket = open(family, SockType::Stream)?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    if address.is_ipv6() {
        setsockopt(&socket, sockopt::Ipv6V6Only, &true)?;
    }
    if let Some(index) = link {
        sys::set_int_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_BINDTOIFINDEX, index as libc::c_int)?;
    }
    bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    listen(&socket, Backlog::new(1024)?)?;
    Ok(socket)
}
