//! Ports of this machine where metadata is served for instances without machines, opened on demand.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};

use rolecall_base::Fault;
use tokio::sync::{mpsc, watch};

/// Ports that may be open at a time.
const PORTS: usize = 256;

/// A port that is to be served, until the sender of `ended` is gone.
#[derive(Debug)]
pub struct NewPort {
    pub id: String,
    pub listener: TcpListener,
    pub ended: watch::Receiver<()>,
}

/// What is open.
#[derive(Debug)]
pub struct MetadataPorts {
    open: Mutex<HashMap<String, (SocketAddr, watch::Sender<()>)>>,
    tell: mpsc::UnboundedSender<NewPort>,
}

impl MetadataPorts {
    /// And where those that are opened are to be served from.
    pub fn new() -> (MetadataPorts, mpsc::UnboundedReceiver<NewPort>) {
        let (tell, told) = mpsc::unbounded_channel();
        (MetadataPorts { open: Mutex::default(), tell }, told)
    }

    /// The port of an instance, which stays the same while it runs. Those of instances that no longer run are closed.
    ///
    /// # Errors
    /// ThrottlingException when too many are open, InternalFailure when none can be.
    pub fn open(&self, id: &str, runs: impl Fn(&str) -> bool) -> Result<SocketAddr, Fault> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|id, _| runs(id));
        if let Some((address, _)) = open.get(id) {
            return Ok(*address);
        }
        if open.len() >= PORTS {
            let text = format!("{PORTS} metadata ports are open already.");
            return Err(Fault::new("ThrottlingException", 429, text));
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Fault::internal)?;
        listener.set_nonblocking(true).map_err(Fault::internal)?;
        let address = listener.local_addr().map_err(Fault::internal)?;
        let (end, ended) = watch::channel(());
        let port = NewPort { id: id.to_owned(), listener, ended };
        self.tell.send(port).map_err(|_| Fault::internal("the server is stopping"))?;
        open.insert(id.to_owned(), (address, end));
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_instance_keeps_its_port_and_another_one_gives_it_back() {
        let (ports, mut told) = MetadataPorts::new();
        let first = ports.open("i-1", |_| true).unwrap();
        assert_eq!(ports.open("i-1", |_| true).unwrap(), first);
        let port = told.try_recv().unwrap();
        assert!(port.ended.has_changed().is_ok());
        ports.open("i-2", |id| id == "i-2").unwrap();
        assert!(port.ended.has_changed().is_err());
        assert!(told.try_recv().is_ok() && told.try_recv().is_err());
    }

    #[test]
    fn there_are_so_many_ports() {
        let (ports, _told) = MetadataPorts::new();
        for n in 0..PORTS {
            ports.open(&n.to_string(), |_| true).unwrap();
        }
        assert_eq!(ports.open("more", |_| true).unwrap_err().code(), "ThrottlingException");
        assert!(ports.open("more", |id| id != "7").is_ok());
    }
}
