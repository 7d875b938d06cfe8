//! An instance's end of its links: names, addresses and routes in its own network namespace.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, OwnedFd};

use nix::net::if_::if_nametoindex;

use super::sockets::{IMDS, IMDS_6, has_ipv6};
use super::{DNS, Home, LOOPBACK, set, settle_ipv6};
use crate::microvm::Tap;
use crate::plan::Interface;
use crate::spec::Cidr;
use crate::supervisor::netlink::{Batch, Netlink, Route, Veth};

/// The first link after the loopback, made with the namespace.
const FIRST_LINK: u32 = 2;
/// Routing tables of further interfaces: this plus the device index.
const TABLES: u32 = 10_000;

/// A running instance's side of the network, and what it is attached by.
#[derive(Debug)]
pub(super) struct Guest {
    inside: Inside,
    links: HashMap<String, Attached>,
    /// Interfaces of a running machine of which it is known that they are seen inside as they were at its start.
    later: HashSet<String>,
}

#[derive(Debug)]
enum Inside {
    /// Its network namespace.
    Namespace(File),
    /// A kernel of its own, with the ends of its links until it is started with them.
    Machine { taps: Vec<Tap>, runs: bool },
}

/// One link.
#[derive(Debug)]
pub(super) struct Attached {
    /// In the router.
    pub link: u32,
    interface: Interface,
    subnet: Cidr,
}

impl Guest {
    /// The namespace of an instance, before its first link.
    pub(super) fn new(home: &Home, namespace: File) -> io::Result<Guest> {
        home.visit(namespace.as_fd(), || {
            // It asks for neighbors by the link's own address, the only one it is heard by, whatever it forwards.
            set("ipv4/conf/all/arp_announce", "2")?;
            settle_ipv6()
        })?;
        Ok(Guest { inside: Inside::Namespace(namespace), links: HashMap::new(), later: HashSet::new() })
    }

    /// A virtual machine, before its first link.
    pub(super) fn machine() -> Guest {
        let inside = Inside::Machine { taps: Vec::new(), runs: false };
        Guest { inside, links: HashMap::new(), later: HashSet::new() }
    }

    pub(super) fn is_machine(&self) -> bool {
        matches!(self.inside, Inside::Machine { .. })
    }

    /// Makes the machine's end of a link.
    pub(super) fn tap(
        &mut self,
        interface: &Interface,
        subnet: Cidr,
        open: impl FnOnce() -> io::Result<OwnedFd>,
    ) -> io::Result<()> {
        match &mut self.inside {
            Inside::Machine { taps, runs: false } => {
                taps.push(Tap { fd: open()?, place: (interface.clone(), subnet) });
                Ok(())
            }
            _ => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a virtual machine takes a further interface at its next start",
            )),
        }
    }

    pub(super) fn take_taps(&mut self) -> Vec<Tap> {
        match &mut self.inside {
            Inside::Machine { taps, runs } => {
                *runs = true;
                std::mem::take(taps)
            }
            Inside::Namespace(_) => Vec::new(),
        }
    }

    /// Whether its kernel has been given all the links that it gets.
    pub(super) fn is_running_machine(&self) -> bool {
        matches!(self.inside, Inside::Machine { runs: true, .. })
    }

    /// Whether it is news that an interface is to be other than a running machine sees it.
    pub(super) fn sees_later(&mut self, interface: &Interface) -> bool {
        let as_it_was = self.find(&interface.id).is_some_and(|own| own.addresses == interface.addresses);
        self.is_running_machine() && !as_it_was && self.later.insert(interface.id.clone())
    }

    pub(super) fn attached(&self) -> impl Iterator<Item = &Attached> {
        self.links.values()
    }

    /// An interface as it was attached or changed last.
    pub(super) fn find(&self, interface: &str) -> Option<&Interface> {
        self.links.get(interface).map(|attached| &attached.interface)
    }

    pub(super) fn detach_all_but(&mut self, wanted: impl Fn(&str) -> bool) -> Vec<Attached> {
        self.links.extract_if(|id, _| !wanted(id)).map(|(_, attached)| attached).collect()
    }

    /// The message that makes both ends of an interface's link; none for a machine, which has taps.
    pub(super) fn veth(&self, name: &str, link: u32, interface: &Interface) -> Option<Batch> {
        let Inside::Namespace(namespace) = &self.inside else { return None };
        let veth = Veth {
            name,
            index: link,
            peer_name: &device(interface),
            // Programs inside may have taken the numbers that come after.
            peer_index: (interface.device_index == 0).then_some(FIRST_LINK),
            peer_ns: namespace.as_fd(),
            peer_mac: interface.mac,
        };
        Some(Batch::default().veth(&veth))
    }

    /// Configures the inner end of a link that has been made.
    pub(super) fn add(
        &mut self,
        home: &Home,
        link: u32,
        interface: &Interface,
        subnet: Cidr,
    ) -> io::Result<()> {
        if let Inside::Namespace(namespace) = &self.inside {
            home.visit(namespace.as_fd(), || configure(interface, subnet))?;
        }
        let attached = Attached { link, interface: interface.clone(), subnet };
        self.links.insert(interface.id.clone(), attached);
        Ok(())
    }

    /// Gives a link its other addresses.
    pub(super) fn change(&mut self, home: &Home, interface: &Interface, subnet: Cidr) -> io::Result<()> {
        let Some(attached) = self.links.get_mut(&interface.id) else { return Ok(()) };
        let before = &attached.interface.addresses;
        let gone: Vec<Ipv4Addr> =
            before.iter().filter(|address| !interface.addresses.contains(address)).copied().collect();
        let come: Vec<Ipv4Addr> =
            interface.addresses.iter().filter(|address| !before.contains(address)).copied().collect();
        // Kept whatever comes of it: the router's end has changed, and inside may be no such link any more.
        attached.interface = interface.clone();
        attached.subnet = subnet;
        if gone.is_empty() && come.is_empty() {
            return Ok(());
        }
        // A machine hears of other addresses when it is started next.
        let Inside::Namespace(namespace) = &self.inside else { return Ok(()) };
        home.visit(namespace.as_fd(), || {
            let index = if_nametoindex(device(interface).as_str())?;
            let netlink = Netlink::open()?;
            for address in gone {
                // Root inside may have taken it away already.
                let _ = netlink.run(Batch::default().delete_address(index, address, 32));
            }
            let mut batch = Batch::default();
            for address in &come {
                batch = source_rule(batch.address(index, *address, 32), interface, *address);
            }
            netlink.run(batch)
        })
    }
}

/// Sets up the interfaces of a machine from inside: each gets the name that belongs to it, addresses and routes.
pub(crate) fn set_up_places(places: &[(Interface, Cidr)]) -> io::Result<()> {
    let netlink = Netlink::open()?;
    for (interface, subnet) in places {
        let name = device(interface);
        let (index, found) = by_mac(interface.mac)?;
        if found != name {
            netlink.run(Batch::default().rename(index, &name))?;
        }
        if has_ipv6() {
            // Nobody else on a link of two could have its addresses.
            super::set(&format!("ipv6/conf/{name}/accept_dad"), "0")?;
        }
        configure(interface, *subnet)?;
    }
    Ok(())
}

/// Number and name of the link with this hardware address.
fn by_mac(mac: [u8; 6]) -> io::Result<(u32, String)> {
    let wanted = mac.map(|byte| format!("{byte:02x}")).join(":");
    for entry in fs::read_dir("/sys/class/net")? {
        let path = entry?.path();
        if fs::read_to_string(path.join("address"))?.trim() == wanted {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Ok((if_nametoindex(name.as_str())?, name));
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, format!("no link has the address {wanted}")))
}

/// `eth0`
fn device(interface: &Interface) -> String {
    format!("eth{}", interface.device_index)
}

fn configure(interface: &Interface, subnet: Cidr) -> io::Result<()> {
    let index = if_nametoindex(device(interface).as_str())?;
    let gateway = subnet.nth(1);
    let mut batch = Batch::default().link_up(LOOPBACK).link_up(index);
    for (number, address) in interface.addresses.iter().enumerate() {
        batch = batch.address(index, *address, if number == 0 { subnet.prefix } else { 32 });
    }
    if interface.device_index == 0 {
        for service in [*IMDS.ip(), DNS] {
            batch = batch.route(&Route::to_host(service, index));
        }
        batch = batch.route(&Route::default_by(gateway, index, None));
        if has_ipv6() {
            batch = batch.route_6(*IMDS_6.ip(), index);
        }
    } else {
        // What has one of this interface's addresses goes by it, as Amazon Linux sets it up.
        let table = TABLES + u32::from(interface.device_index);
        batch = batch.route(&Route::to_block(subnet, index, Some(table)));
        batch = batch.route(&Route::default_by(gateway, index, Some(table)));
        for address in &interface.addresses {
            batch = source_rule(batch, interface, *address);
        }
    }
    Netlink::open()?.run(batch)
}

fn source_rule(batch: Batch, interface: &Interface, address: Ipv4Addr) -> Batch {
    match interface.device_index {
        0 => batch,
        index => batch.source_rule(address, TABLES + u32::from(index)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Guest, Home};
    use crate::plan::Interface;

    #[test]
    fn a_running_machine_sees_a_change_later_and_that_is_news_once() {
        let (mut guest, home) = (Guest::machine(), Home::here().unwrap());
        let subnet = "10.0.1.0/24".parse().unwrap();
        let interface = |id: &str| Interface::new(id, "subnet-1", [10, 0, 1, 10].into(), [2, 0, 0, 0, 0, 1]);
        let first = interface("eni-1");
        // What it is started with it sees at once.
        assert!(!guest.sees_later(&first));
        guest.add(&home, 2, &first, subnet).unwrap();
        guest.take_taps();
        let regrouped = Interface { groups: vec!["sg-1".into()], ..first.clone() };
        assert!(!guest.sees_later(&first) && !guest.sees_later(&regrouped));
        let further = Interface { addresses: vec![[10, 0, 1, 10].into(), [10, 0, 1, 11].into()], ..first };
        for changed in [further, interface("eni-2")] {
            assert!(guest.sees_later(&changed));
            assert!(!guest.sees_later(&changed));
        }
    }
}
