//! The network of one VPC: a namespace of its own that routes between the instances' links.
//!
//! There is no bridge. Each instance has a point-to-point veth and the router a /32 route to it; the router
//! answers ARP for neighbors (`proxy_arp`), so inside the subnet looks whole. `rp_filter` drops packets
//! whose source address does not belong to the link they came by.
//!
//! The namespaces are held by descriptors only: they have no name and end with the supervisor.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::libc;
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, listen, setsockopt, socket, sockopt,
};

use super::netlink::{Batch, Netlink, Veth};
use crate::spec::{Network, Vpc};
use crate::sys;

/// Where EC2 instances find their metadata service.
pub(crate) const IMDS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(169, 254, 169, 254), 80);

const LOOPBACK: u32 = 1;
const GUEST_LINK: u32 = 2;
const GUEST_LINK_NAME: &str = "eth0";

/// A VPC's namespace and the socket that configures it.
#[derive(Debug)]
pub(crate) struct Router {
    vpc: Vpc,
    namespace: File,
    netlink: Netlink,
    gateways: HashSet<Ipv4Addr>,
    next_index: u32,
}

/// The network namespace the supervisor lives in, to come back to.
#[derive(Debug)]
pub(crate) struct Home(File);

impl Home {
    pub(crate) fn here() -> io::Result<Home> {
        File::open("/proc/self/ns/net").map(Home)
    }

    /// Runs `work` inside another network namespace and comes back.
    fn visit<T>(&self, namespace: BorrowedFd<'_>, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        setns(namespace, CloneFlags::CLONE_NEWNET)?;
        let result = work();
        setns(&self.0, CloneFlags::CLONE_NEWNET)?;
        result
    }
}

impl Router {
    /// Makes the namespace of a VPC with its service addresses.
    pub(crate) fn new(home: &Home, vpc: Vpc) -> io::Result<Router> {
        unshare(CloneFlags::CLONE_NEWNET)?;
        let made = Router::set_up(vpc);
        setns(&home.0, CloneFlags::CLONE_NEWNET)?;
        made
    }

    pub(crate) fn vpc(&self) -> &Vpc {
        &self.vpc
    }

    /// Joins the namespace of an instance to the VPC; answers with its metadata listener.
    pub(crate) fn join(
        &mut self,
        home: &Home,
        guest: BorrowedFd<'_>,
        network: &Network,
    ) -> io::Result<OwnedFd> {
        let index = self.next_index;
        self.next_index += 1;
        let name = format!("i{index}");
        let veth = Veth {
            name: &name,
            index,
            peer_name: GUEST_LINK_NAME,
            peer_index: GUEST_LINK,
            peer_ns: guest,
            peer_mac: network.mac,
        };
        let gateway = network.subnet.nth(1);
        let mut batch = Batch::default().veth(&veth).route(network.private_ip, 32, None, index);
        if self.gateways.insert(gateway) {
            batch = batch.address(LOOPBACK, gateway, 32);
        }
        self.netlink.run(batch)?;
        home.visit(guest, || configure_guest(network, gateway))?;
        home.visit(self.namespace.as_fd(), || {
            // Else answers for neighbors wait up to 0.8 s. Only the first namespace has a default for it.
            set(&format!("ipv4/neigh/{name}/proxy_delay"), "0")?;
            listener(IMDS, Some(index))
        })
    }

    /// A listening socket on the VPC's endpoint address.
    pub(crate) fn endpoint(&self, home: &Home, port: u16) -> io::Result<OwnedFd> {
        let address = SocketAddrV4::new(self.vpc.endpoint(), port);
        home.visit(self.namespace.as_fd(), || listener(address, None))
    }

    /// An unconnected TCP socket that sends from inside the VPC.
    pub(crate) fn socket(&self, home: &Home) -> io::Result<OwnedFd> {
        home.visit(self.namespace.as_fd(), tcp_socket)
    }

    fn set_up(vpc: Vpc) -> io::Result<Router> {
        let namespace = File::open("/proc/self/ns/net")?;
        // Set before any link is made: new links take the defaults over.
        for (name, value) in [
            ("ipv4/ip_forward", "1"),
            ("ipv4/conf/default/rp_filter", "1"),
            ("ipv4/conf/default/proxy_arp", "1"),
            ("ipv4/conf/default/send_redirects", "0"),
        ] {
            set(name, value)?;
        }
        let netlink = Netlink::open()?;
        let batch = Batch::default().link_up(LOOPBACK).address(LOOPBACK, *IMDS.ip(), 32).address(
            LOOPBACK,
            vpc.endpoint(),
            32,
        );
        netlink.run(batch)?;
        Ok(Router { vpc, namespace, netlink, gateways: HashSet::new(), next_index: 2 })
    }
}

/// Writes a setting of the network namespace this process is in now.
fn set(name: &str, value: &str) -> io::Result<()> {
    fs::write(format!("/proc/sys/net/{name}"), value)
        .map_err(|error| io::Error::new(error.kind(), format!("set net/{name}: {error}")))
}

fn configure_guest(network: &Network, gateway: Ipv4Addr) -> io::Result<()> {
    let any = Ipv4Addr::UNSPECIFIED;
    let batch = Batch::default()
        .link_up(LOOPBACK)
        .link_up(GUEST_LINK)
        .address(GUEST_LINK, network.private_ip, network.subnet.prefix)
        .route(*IMDS.ip(), 32, None, GUEST_LINK)
        .route(any, 0, Some(gateway), GUEST_LINK);
    Netlink::open()?.run(batch)
}

fn tcp_socket() -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    Ok(socket(AddressFamily::Inet, SockType::Stream, flags, None)?)
}

/// A listener that, when bound to a link, hears only what comes in by it.
fn listener(address: SocketAddrV4, link: Option<u32>) -> io::Result<OwnedFd> {
    let socket = tcp_socket()?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    if let Some(index) = link {
        sys::set_int_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_BINDTOIFINDEX, index as libc::c_int)?;
    }
    bind(socket.as_raw_fd(), &SockaddrIn::from(address))?;
    listen(&socket, Backlog::new(1024)?)?;
    Ok(socket)
}
