//! The networks of the drivers that have their own, seen from the server: plans go in, sockets inside VPCs come out.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use tokio::net::{TcpSocket, TcpStream};

use super::{Host, no_file, one};
use crate::plan_change::{PlanChange, PlanUpdate};
use crate::protocol::Ask;
use crate::{ComputeError, NetworkPlan, Vpc, packet};

/// Where the instances of a VPC ask for names.
#[derive(Debug)]
pub(crate) struct NameSockets(pub Vec<(UdpSocket, TcpListener)>);

/// The plan of each VPC that the supervisor carried out last.
pub(super) type SentPlans = HashMap<String, NetworkPlan>;

impl Host {
    /// Has the supervisor carry out what is other than in the plan before. If that fails, the whole plan: a supervisor
    /// that began anew has none, and one that failed half way has half of one.
    pub(crate) async fn apply_network(&self, plan: NetworkPlan) -> Result<(), ComputeError> {
        if !self.kind.has_networks() {
            return Ok(());
        }
        // Held until the answer: one plan after the other.
        let mut sent = self.sent.lock().await;
        if let Some(before) = sent.remove(&plan.vpc.id) {
            let change = PlanUpdate::Change(Box::new(PlanChange::between(&before, &plan)));
            if self.send_plan(&change).await.is_ok() {
                sent.insert(plan.vpc.id.clone(), plan);
                return Ok(());
            }
        }
        let whole = PlanUpdate::Whole(Box::new(plan));
        self.send_plan(&whole).await?;
        if let PlanUpdate::Whole(plan) = whole {
            sent.insert(plan.vpc.id.clone(), *plan);
        }
        Ok(())
    }

    async fn send_plan(&self, update: &PlanUpdate) -> Result<(), ComputeError> {
        let file = packet::write(update).map_err(|error| ComputeError::failed("write the plan", error))?;
        self.supervisor().ask(vec![file], |seq| Ask::Network { seq }).await.map(drop)
    }

    pub(crate) async fn endpoint_listener(
        &self,
        vpc: &Vpc,
        port: u16,
    ) -> Result<Option<TcpListener>, ComputeError> {
        if !self.kind.has_networks() {
            return Ok(None);
        }
        let vpc = vpc.clone();
        let files = self.supervisor().ask(Vec::new(), |seq| Ask::Endpoint { seq, vpc, port }).await?;
        one(files).map(|file| Some(TcpListener::from(file)))
    }

    pub(crate) async fn name_sockets(&self, vpc: &str) -> Result<Option<NameSockets>, ComputeError> {
        if !self.kind.has_networks() {
            return Ok(None);
        }
        let files = self.supervisor().ask(Vec::new(), |seq| Ask::Names { seq, vpc: vpc.into() }).await?;
        let (mut pairs, mut files) = (Vec::new(), files.into_iter());
        while let Some(datagrams) = files.next() {
            let streams = files.next().ok_or_else(no_file)?;
            pairs.push((UdpSocket::from(datagrams), TcpListener::from(streams)));
        }
        Ok(Some(NameSockets(pairs)))
    }

    pub(crate) async fn outside_listener(&self, vpc: &str) -> Result<Option<TcpListener>, ComputeError> {
        if !self.kind.has_networks() {
            return Ok(None);
        }
        let files = self.supervisor().ask(Vec::new(), |seq| Ask::Outside { seq, vpc: vpc.into() }).await?;
        one(files).map(|file| Some(TcpListener::from(file)))
    }

    pub(crate) async fn catch_public(
        &self,
        port: u16,
        except: u16,
        addresses: Vec<Ipv4Addr>,
    ) -> Result<(), ComputeError> {
        if !self.kind.has_networks() {
            return Err(ComputeError::Unsupported {
                driver: self.kind.name(),
                what: "catch public addresses",
            });
        }
        let ask = |seq| Ask::Catch { seq, port, except, addresses };
        self.supervisor().ask(Vec::new(), ask).await.map(drop)
    }

    pub(crate) async fn connect(&self, id: &str, port: u16) -> Result<TcpStream, ComputeError> {
        let network = self.instances.running(id)?.spec.network.clone();
        if !self.kind.has_networks() {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
            return stream.map_err(|error| ComputeError::failed("connect to the instance", error));
        }
        self.connect_in(&network.vpc.id, SocketAddr::from((network.private_ip, port))).await
    }

    /// Connects to an address of the VPC, from its endpoint address.
    pub(crate) async fn connect_in(&self, vpc: &str, to: SocketAddr) -> Result<TcpStream, ComputeError> {
        if !self.kind.has_networks() {
            return Err(ComputeError::Unsupported {
                driver: self.kind.name(),
                what: "reach private addresses",
            });
        }
        let files = self.supervisor().ask(Vec::new(), |seq| Ask::Socket { seq, vpc: vpc.into() }).await?;
        let socket = TcpSocket::from_std_stream(std::net::TcpStream::from(one(files)?));
        socket.connect(to).await.map_err(|error| ComputeError::failed("connect to the instance", error))
    }

    pub(crate) async fn drop_vpc(&self, vpc: &str) -> Result<(), ComputeError> {
        if self.kind.has_networks() {
            self.sent.lock().await.remove(vpc);
            self.supervisor().ask(Vec::new(), |seq| Ask::DropVpc { seq, vpc: vpc.into() }).await?;
        }
        Ok(())
    }
}
