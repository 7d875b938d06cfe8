//! The network of one VPC: a namespace of its own that routes between the instances' links.
//!
//! There is no bridge. Each interface has a point-to-point veth and the router a /32 route to its addresses; the router
//! answers ARP for neighbors (`proxy_arp`), so inside the subnet looks whole. What may pass is said by nf_tables
//! (`firewall`) once the VPC has a plan; until then all instances of the VPC reach each other.
//!
//! The namespaces are held by descriptors only: they have no name and end with the supervisor.

mod attachments;
mod catch;
mod firewall;
mod guest;
mod matching;
mod neighbors;
mod numbers;
mod sockets;
mod targets;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sched::{CloneFlags, setns, unshare};

use super::netlink::{Batch, Netlink, Route};
use super::nft;
use crate::microvm::Tap;
use crate::plan::{Interface, NetworkPlan, Subnet};
use crate::spec::{self, Vpc};
use crate::sys;
use attachments::{unplanned, wanted, wanted_of};
pub(crate) use catch::Catch;
use firewall::Known;
use guest::Guest;
pub(crate) use guest::set_up_places;
use neighbors::Neighbors;
use numbers::Numbers;
pub(crate) use sockets::meeting;
use sockets::{DNS, IMDS, IMDS_6};
use targets::Targets;

const TABLE: &str = "rolecall";
const LOOPBACK: u32 = 1;
/// Where what leaves the VPC is taken up, in the router.
pub(crate) const OUTSIDE_PORT: u16 = 15_001;
/// What leaves the VPC has this mark, which leads to `OUTSIDE_TABLE`: all of it is for the router itself.
const OUTSIDE_MARK: u32 = 0x10_0000;
const OUTSIDE_TABLE: u32 = 100;

/// The mark, and the routing table, of what goes to an interface by a route.
fn interface_mark(link: u32) -> u32 {
    0x20_0000 | link
}

/// A VPC's namespace, the sockets that configure it, and what is attached.
#[derive(Debug)]
pub(crate) struct Router {
    vpc: Vpc,
    namespace: File,
    netlink: Netlink,
    gateways: HashSet<Ipv4Addr>,
    known: Known,
    plan: Option<NetworkPlan>,
    /// Whether the plan was carried out to its end.
    settled: bool,
    table: Option<nft::Table>,
    neighbors: Neighbors,
    /// Interfaces that routes lead to, by their links.
    targets: Targets,
    guests: HashMap<String, Guest>,
    /// Links whose instance has ended: the kernel takes them away, with all else of the instance's namespace.
    leaving: HashSet<u32>,
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

    /// The plan that was carried out last.
    pub(crate) fn plan(&self) -> Option<&NetworkPlan> {
        self.plan.as_ref().filter(|_| self.settled)
    }

    fn set_up(vpc: Vpc) -> io::Result<Router> {
        let namespace = File::open("/proc/self/ns/net")?;
        // Set before any link is made: new links take the defaults over.
        for (name, value) in [
            ("ipv4/ip_forward", "1"),
            ("ipv4/conf/default/rp_filter", "1"),
            ("ipv4/conf/default/proxy_arp", "1"),
            ("ipv4/conf/default/send_redirects", "0"),
            ("ipv4/conf/default/accept_redirects", "0"),
        ] {
            set(name, value)?;
        }
        settle_ipv6()?;
        let netlink = Netlink::open()?;
        let mut batch = Batch::default().link_up(LOOPBACK);
        for address in services(&vpc) {
            batch = batch.address(LOOPBACK, address, 32);
        }
        netlink.run(batch)?;
        let known = Known { links: Numbers::from(2), subnets: Numbers::from(1), lists: Numbers::from(1) };
        Ok(Router {
            vpc,
            namespace,
            netlink,
            gateways: HashSet::new(),
            known,
            plan: None,
            settled: false,
            table: None,
            neighbors: Neighbors::default(),
            targets: Targets::default(),
            guests: HashMap::new(),
            leaving: HashSet::new(),
        })
    }

    /// Joins an instance's namespace, or a virtual machine that has none, to the VPC with each of its interfaces; answers with its metadata listeners, by
    /// IPv4 and, where this kernel has it, by IPv6.
    pub(crate) fn join(
        &mut self,
        home: &Home,
        id: &str,
        namespace: Option<File>,
        network: &spec::Network,
    ) -> io::Result<Vec<OwnedFd>> {
        let wanted = match &self.plan {
            Some(plan) => wanted_of(plan, id),
            None => vec![unplanned(id, network)],
        };
        let Some(first) = wanted.first().map(|(interface, _)| self.known.links.of(&interface.id)) else {
            return Err(io::Error::other("the VPC's plan has no interface for it"));
        };
        let mut guest = match namespace {
            Some(namespace) => Guest::new(home, namespace)?,
            None => Guest::machine(),
        };
        let mut pairs = wanted.iter();
        let attached =
            pairs.try_for_each(|(interface, subnet)| self.attach(home, &mut guest, interface, subnet));
        // What is half done goes with the instance too.
        self.guests.insert(id.to_owned(), guest);
        attached?;
        self.lead_to_targets();
        home.visit(self.namespace.as_fd(), || sockets::metadata(first))
    }

    /// The machine's ends of its links, once: they belong to whoever runs it.
    pub(crate) fn take_taps(&mut self, id: &str) -> Vec<Tap> {
        self.guests.get_mut(id).map(Guest::take_taps).unwrap_or_default()
    }

    /// An instance is no more. Its links go with its namespace, which is the kernel's work: to wait for it here would
    /// keep every other instance waiting. Those of a virtual machine are taken away here.
    pub(crate) fn leave(&mut self, id: &str) {
        let Some(guest) = self.guests.remove(id) else { return };
        if guest.is_machine() {
            guest.attached().for_each(|attached| self.take_away(id, attached.link));
        } else {
            self.leaving.extend(guest.attached().map(|attached| attached.link));
        }
    }

    fn take_away(&self, id: &str, link: u32) {
        if let Err(error) = self.netlink.run(Batch::default().delete_link(link)) {
            // The end of its namespace may have taken it already, or root inside.
            if error.kind() != io::ErrorKind::NotFound {
                super::warn(&format!("cannot take a link of {id} away: {error}"));
            }
        }
    }

    /// Makes everything here what the plan says. Rules come first, so that no link is ever without them. Links are the
    /// instances' own, too: one whose root is in the way keeps the plan from no other.
    pub(crate) fn apply(&mut self, home: &Home, plan: NetworkPlan) -> io::Result<()> {
        // Rules and plan belong together only when nothing came between.
        let settled = std::mem::replace(&mut self.settled, false);
        let held = self.table.as_ref().map(nft::Table::rules).filter(|_| settled);
        let before = self.plan.as_ref().zip(held);
        let rules = firewall::rules(&plan, &mut self.known, &services(&self.vpc), before);
        if self.table.is_none() {
            // What has the mark of leaving is for this namespace itself, whatever its address.
            self.begin_way(OUTSIDE_MARK, OUTSIDE_TABLE, &Route::all_local(OUTSIDE_TABLE))?;
            self.table = Some(
                home.visit(self.namespace.as_fd(), || nft::Table::new(nft::Family::Ipv4, TABLE, false))?,
            );
        }
        if let Some(table) = &mut self.table {
            table.become_like(rules)?;
        }
        let open = |family| home.visit(self.namespace.as_fd(), || nft::Table::new(family, TABLE, false));
        self.neighbors.follow(&plan, &mut self.known.links, open);
        self.set_targets(&plan)?;
        self.bring_guests(home, &plan);
        self.lead_to_targets();
        self.forget_others(&plan);
        self.plan = Some(plan);
        self.settled = true;
        Ok(())
    }

    /// Gives the running instances the links that they are to have.
    fn bring_guests(&mut self, home: &Home, plan: &NetworkPlan) {
        let mut wanted = wanted(plan);
        let mut guests = std::mem::take(&mut self.guests);
        for (id, guest) in &mut guests {
            let own = wanted.get(id.as_str()).map(Vec::as_slice).unwrap_or_default();
            let is_wanted = |id: &str| own.iter().any(|(interface, _)| interface.id == id);
            for attached in guest.detach_all_but(is_wanted) {
                self.take_away(id, attached.link);
            }
        }
        // Only now: what one has lost may be another's.
        for (id, guest) in &mut guests {
            for (interface, subnet) in wanted.remove(id.as_str()).unwrap_or_default() {
                if guest.sees_later(interface) {
                    super::warn(&format!(
                        "{id} sees the change of {} from its next start on: it is a virtual machine that runs",
                        interface.id
                    ));
                }
                if let Err(error) = self.follow(home, guest, interface, subnet) {
                    super::warn(&format!(
                        "cannot bring {} of {id} to what it should be: {error}",
                        interface.id
                    ));
                }
            }
        }
        self.guests = guests;
    }

    /// Forgets the numbers of what is no longer there.
    fn forget_others(&mut self, plan: &NetworkPlan) {
        let interfaces: HashSet<&String> = plan.interfaces.iter().map(|interface| &interface.id).collect();
        let subnets: HashSet<&String> = plan.subnets.iter().map(|subnet| &subnet.id).collect();
        let lists: HashSet<&Vec<String>> =
            plan.interfaces.iter().map(|interface| &interface.groups).collect();
        self.known.links.keep(|id| interfaces.contains(id));
        self.known.subnets.keep(|id| subnets.contains(id));
        self.known.lists.keep(|list| lists.contains(list));
        // No number is given twice, so one that is nobody's is in nobody's way.
        let used: HashSet<u32> = self.known.links.all().collect();
        self.leaving.retain(|link| used.contains(link));
    }

    /// Attaches or changes one link of a running instance.
    fn follow(
        &mut self,
        home: &Home,
        guest: &mut Guest,
        interface: &Interface,
        subnet: &Subnet,
    ) -> io::Result<()> {
        match guest.find(&interface.id).cloned() {
            Some(before) if before == *interface => Ok(()),
            Some(before) => self.change(home, guest, &before, interface, subnet),
            None if guest.is_running_machine() => Ok(()),
            None => {
                let attached = self.attach(home, guest, interface, subnet);
                if attached.is_err() && guest.find(&interface.id).is_none() {
                    // Half a link would be in the way of the next try.
                    let _ =
                        self.netlink.run(Batch::default().delete_link(self.known.links.of(&interface.id)));
                }
                attached
            }
        }
    }

    /// Makes the link of one interface.
    fn attach(
        &mut self,
        home: &Home,
        guest: &mut Guest,
        interface: &Interface,
        subnet: &Subnet,
    ) -> io::Result<()> {
        let link = self.known.links.of(&interface.id);
        if self.leaving.remove(&link) {
            // An instance that starts again before the kernel was done with its last namespace.
            self.take_away(&interface.id, link);
        }
        let name = link_name(link);
        let mut batch = match guest.veth(&name, link, interface) {
            Some(batch) => batch,
            None => {
                let open = || sys::open_tap(&name, link);
                guest.tap(interface, subnet.cidr, || home.visit(self.namespace.as_fd(), open))?;
                Batch::default().link_up(link)
            }
        };
        for address in &interface.addresses {
            batch = batch.route(&Route::to_host(*address, link));
        }
        let gateway = subnet.cidr.nth(1);
        if self.gateways.insert(gateway) {
            batch = batch.address(LOOPBACK, gateway, 32);
        }
        self.netlink.run(batch)?;
        guest.add(home, link, interface, subnet.cidr)?;
        home.visit(self.namespace.as_fd(), || {
            // Else answers for neighbors wait up to 0.8 s. Only the first namespace has a default for it.
            set(&format!("ipv4/neigh/{name}/proxy_delay"), "0")?;
            set_source_check(&name, interface.source_dest_check)
        })?;
        if interface.device_index == 0 && sockets::has_ipv6() {
            self.netlink.run(Batch::default().address_6(link, *IMDS_6.ip(), 128))?;
        }
        Ok(())
    }

    fn change(
        &mut self,
        home: &Home,
        guest: &mut Guest,
        before: &Interface,
        interface: &Interface,
        subnet: &Subnet,
    ) -> io::Result<()> {
        let link = self.known.links.of(&interface.id);
        let mut batch = Batch::default();
        for address in before.addresses.iter().filter(|address| !interface.addresses.contains(address)) {
            batch = batch.delete_route(&Route::to_host(*address, link));
        }
        for address in interface.addresses.iter().filter(|address| !before.addresses.contains(address)) {
            batch = batch.route(&Route::to_host(*address, link));
        }
        // All of it is tried: what fails at the instance's end must not keep the router's as it was.
        let routed = self.netlink.run(batch);
        let mut checked = Ok(());
        if before.source_dest_check != interface.source_dest_check {
            checked = home.visit(self.namespace.as_fd(), || {
                set_source_check(&link_name(link), interface.source_dest_check)
            });
        }
        let changed = guest.change(home, interface, subnet.cidr);
        routed.and(checked).and(changed)
    }
}

/// Addresses of the VPC's own services: metadata, names, and the endpoint of the API, which has names too.
fn services(vpc: &Vpc) -> [Ipv4Addr; 3] {
    [*IMDS.ip(), DNS, vpc.endpoint()]
}

/// Links that are yet to be made use their IPv6 addresses at once: nobody else on a link of two could have them. Docker, and
/// some hosts, begin namespaces with IPv6 off.
fn settle_ipv6() -> io::Result<()> {
    if !sockets::has_ipv6() {
        return Ok(());
    }
    for (name, value) in [
        ("all/disable_ipv6", "0"),
        ("default/disable_ipv6", "0"),
        ("default/accept_dad", "0"),
        ("default/addr_gen_mode", "0"),
    ] {
        set(&format!("ipv6/conf/{name}"), value)?;
    }
    Ok(())
}

fn link_name(link: u32) -> String {
    format!("i{link}")
}

/// Whether packets from elsewhere are dropped by the kernel's own check too.
fn set_source_check(link: &str, checked: bool) -> io::Result<()> {
    set(&format!("ipv4/conf/{link}/rp_filter"), if checked { "1" } else { "0" })
}

/// Writes a setting of the network namespace this process is in now.
fn set(name: &str, value: &str) -> io::Result<()> {
    fs::write(format!("/proc/sys/net/{name}"), value)
        .map_err(|error| io::Error::new(error.kind(), format!("set net/{name}: {error}")))
}
