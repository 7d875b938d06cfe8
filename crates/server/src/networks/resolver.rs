//! The resolver of one VPC: hears questions, answers what is ours, and asks this machine's own name servers for the rest.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Networks;
use super::names::{self, Outcome};

/// Questions of one VPC that are answered at a time.
const QUESTIONS: usize = 256;
/// The largest message over UDP.
const LARGEST: usize = 4096;
/// For one name server to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// A connection without a question is closed after this.
const IDLE: Duration = Duration::from_secs(10);
const PORT: u16 = 53;

/// One VPC's resolver.
#[derive(Debug)]
pub struct Resolver {
    networks: Arc<Networks>,
    vpc: String,
    services: Vec<&'static str>,
    questions: Semaphore,
}

impl Resolver {
    pub fn new(networks: Arc<Networks>, vpc: &str, services: Vec<&'static str>) -> Resolver {
        Resolver { networks, vpc: vpc.to_owned(), services, questions: Semaphore::new(QUESTIONS) }
    }

    /// Answers until it is dropped.
    pub async fn run(self, sockets: Vec<(UdpSocket, TcpListener)>) {
        let resolver = Arc::new(self);
        let mut tasks = JoinSet::new();
        for (datagrams, streams) in sockets {
            tasks.spawn(resolver.clone().hear_datagrams(datagrams));
            tasks.spawn(resolver.clone().hear_streams(streams));
        }
        while tasks.join_next().await.is_some() {}
    }

    async fn hear_datagrams(self: Arc<Self>, socket: UdpSocket) {
        let socket = Arc::new(socket);
        let mut tasks = JoinSet::new();
        let mut buffer = vec![0; LARGEST];
        loop {
            while tasks.try_join_next().is_some() {}
            let (length, from) = match socket.recv_from(&mut buffer).await {
                Ok(received) => received,
                Err(error) => {
                    log::debug!("names of {}: {error}", self.vpc);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let question = buffer.get(..length).unwrap_or_default().to_vec();
            let (resolver, socket) = (self.clone(), socket.clone());
            tasks.spawn(async move {
                // Who asks too much at once is not answered, and asks again.
                let Ok(_permit) = resolver.questions.try_acquire() else { return };
                if let Some(answer) = resolver.answer(&question, false).await {
                    let _ = socket.send_to(&answer, from).await;
                }
            });
        }
    }

    async fn hear_streams(self: Arc<Self>, listener: TcpListener) {
        let mut tasks = JoinSet::new();
        loop {
            while tasks.try_join_next().is_some() {}
            match listener.accept().await {
                Ok((stream, _)) if tasks.len() < QUESTIONS => {
                    tasks.spawn(self.clone().converse(stream));
                }
                Ok(_) => {}
                Err(error) => {
                    log::debug!("names of {}: {error}", self.vpc);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    async fn converse(self: Arc<Self>, mut stream: TcpStream) {
        while let Ok(Ok(question)) = tokio::time::timeout(IDLE, read(&mut stream)).await {
            let Some(answer) = self.answer(&question, true).await else { return };
            if write(&mut stream, &answer).await.is_err() {
                return;
            }
        }
    }

    async fn answer(&self, question: &[u8], stream: bool) -> Option<Vec<u8>> {
        let plan = self.networks.plans.get(&self.vpc)?;
        match names::answer(&plan, &self.services, question) {
            Outcome::Answer(bytes) => Some(bytes),
            Outcome::Ignore => None,
            Outcome::Ask if !self.networks.outbound => names::failure(question),
            Outcome::Ask => {
                for server in servers() {
                    let asked = async {
                        if stream {
                            ask_by_stream(server, question).await
                        } else {
                            ask(server, question).await
                        }
                    };
                    match tokio::time::timeout(PATIENCE, asked).await {
                        Ok(Ok(answer)) => return Some(answer),
                        Ok(Err(error)) => log::debug!("name server {server}: {error}"),
                        Err(_) => log::debug!("name server {server} does not answer"),
                    }
                }
                names::failure(question)
            }
        }
    }
}

/// This machine's name servers, read anew: they change when it moves.
fn servers() -> Vec<SocketAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse().ok());
    servers.take(3).map(|address: IpAddr| SocketAddr::new(address, PORT)).collect()
}

/// Asks one server by UDP, from a port that nobody can foresee.
async fn ask(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let own: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((own, 0)).await?;
    // From now on only what this server sends is heard.
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut buffer = vec![0; LARGEST];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let answer = buffer.get(..length).unwrap_or_default();
        if answer.get(..2) == question.get(..2) {
            return Ok(answer.to_vec());
        }
    }
}

async fn ask_by_stream(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    write(&mut stream, question).await?;
    read(&mut stream).await
}

/// One message of a stream: its length, then itself.
async fn read(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

async fn write(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(io::Error::other)?;
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend(message);
    stream.write_all(&bytes).await
}
