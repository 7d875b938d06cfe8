//! The way out: what instances send to the world is taken up in their VPC's router and sent on from this machine.
//!
//! The router hands over only what a route to an internet or NAT gateway, ACLs and groups let pass. Here it is seen to that
//! it is the world that is reached: nothing of this machine itself, no private network, no other VPC.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{CONNECT, Networks, join, refuse};

/// Azure's agent on the host of a virtual machine, which trusts whoever reaches it: this machine may be one.
const AZURE_HOST: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
/// Connections of one VPC to the outside at a time.
const CONNECTIONS: usize = 1024;

/// The way out of one VPC.
#[derive(Debug)]
pub struct Outside {
    networks: Arc<Networks>,
    vpc: String,
}

impl Outside {
    pub fn new(networks: Arc<Networks>, vpc: &str) -> Outside {
        Outside { networks, vpc: vpc.to_owned() }
    }

    /// Passes connections on until it is dropped.
    pub async fn run(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            match listener.accept().await {
                Ok((stream, _)) if connections.len() >= CONNECTIONS => {
                    log::warn!("{} has more than {CONNECTIONS} connections to the outside", self.vpc);
                    refuse(&stream);
                }
                Ok((stream, _)) => {
                    connections.spawn(pass_on(self.networks.clone(), stream));
                }
                Err(error) => {
                    log::warn!("a connection out of {} could not be taken up: {error}", self.vpc);
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            }
        }
    }
}

async fn pass_on(networks: Arc<Networks>, stream: TcpStream) {
    // The router does not change addresses: the stream's own is the one that was meant.
    let meant = match stream.local_addr() {
        Ok(SocketAddr::V4(meant)) if networks.outbound && is_outside(meant) => meant,
        _ => return refuse(&stream),
    };
    let Ok(_permit) = networks.connections.clone().try_acquire_owned() else {
        return refuse(&stream);
    };
    match tokio::time::timeout(CONNECT, TcpStream::connect(meant)).await {
        Ok(Ok(outside)) => join(stream, outside).await,
        Ok(Err(error)) => {
            log::debug!("{meant}: {error}");
            refuse(&stream);
        }
        Err(_) => refuse(&stream),
    }
}

/// Whether an address is the world's: public, and not this machine's own.
fn is_outside(address: SocketAddrV4) -> bool {
    is_public(*address.ip()) && address.port() != 0 && !is_own(address)
}

/// Whether an address is one that an internet gateway would know.
fn is_public(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let never = address.is_loopback() || address.is_link_local() || address.is_private();
    // "This network", shared address space, protocol assignments, benchmarks, and what lies above the unicast addresses.
    let reserved = first == 0
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && (18..20).contains(&second))
        || first >= 224
        || address == AZURE_HOST;
    !never && !reserved
}

/// Whether this machine has the address itself: it can then be bound, or the kernel sends to it from it. Secondary
/// addresses are sent to from the first one. Nothing is sent by asking. Where the kernel lets any address be bound
/// (`ip_nonlocal_bind`), nothing counts as outside.
fn is_own(address: SocketAddrV4) -> bool {
    if UdpSocket::bind((*address.ip(), 0)).is_ok() {
        return true;
    }
    let asked = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect(address)?;
        socket.local_addr()
    });
    // Without a route there is nothing to reach.
    asked.map_or(true, |own| own.ip() == std::net::IpAddr::V4(*address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_outside() {
        let public = ["8.8.8.8", "203.0.113.7", "172.15.0.1", "172.32.0.1", "100.128.0.1", "198.51.100.1"];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        let others = [
            "127.0.0.1",
            "127.64.0.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.0.2",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
        ];
        for address in others {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn this_machines_own_addresses_are_not_outside() {
        // The second is sent to from the first, as a second address of a card is.
        for own in ["127.0.0.1:80", "127.0.0.2:80"] {
            assert!(is_own(own.parse().unwrap()), "{own}");
        }
    }
}
