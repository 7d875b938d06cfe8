//! `rolecall ssh INSTANCE [-- COMMAND]`: pushes a new key by EC2 Instance Connect and connects with it, by the system's
//! ssh. The key is for this one connection: its private half is deleted when that ends.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rolecall_env::Env;
use serde_json::json;

use super::block_on;
use crate::arguments::Ssh;
use crate::client::{Client, Failure};
use crate::xml;

const SEND: &str = "AWSEC2InstanceConnectService.SendSSHPublicKey";
/// Where an instance's SSH port may be, as the server tries them.
const PORTS: [u16; 2] = [22, 2222];
const PATIENCE: Duration = Duration::from_secs(3);

pub fn run(ssh: &Ssh) -> Result<u8, Failure> {
    let client = Client::new(&ssh.at)?;
    let address = block_on(address(&client, &ssh.instance))?;
    let key = Key::make()?;
    let body = json!({
        "InstanceId": ssh.instance,
        "InstanceOSUser": ssh.user,
        "SSHPublicKey": key.public()?,
    });
    block_on(client.call_json("ec2-instance-connect", SEND, &body))?;
    connect(ssh, address, &key)
}

/// The instance's public address, and the port that answers there.
async fn address(client: &Client, instance: &str) -> Result<SocketAddr, Failure> {
    let plain = instance.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !plain {
        return Err(Failure(format!("`{instance}` is no instance's id")));
    }
    let form = format!("Action=DescribeInstances&Version=2016-11-15&InstanceId.1={instance}");
    let found = xml::first(&client.call_ec2(form).await?, "ipAddress");
    let address = found.and_then(|text| text.parse().ok()).ok_or_else(|| {
        Failure(format!("{instance} has no public address; try: rolecall exec {instance} -- …"))
    })?;
    let port = PORTS.into_iter().find(|port| is_open(SocketAddr::new(address, *port))).ok_or_else(|| {
        Failure(format!(
            "nothing answers on port 22 of {instance} ({address}); do its security groups allow it?"
        ))
    })?;
    Ok(SocketAddr::new(address, port))
}

/// Whether SSH greets there: where no security group lets anybody in, the connection is closed at once.
fn is_open(at: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&at, PATIENCE) else { return false };
    let mut greeting = [0; 4];
    let read = stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.read_exact(&mut greeting));
    read.is_ok() && greeting == *b"SSH-"
}

fn connect(ssh: &Ssh, at: SocketAddr, key: &Key) -> Result<u8, Failure> {
    let option = |name: &str, value: &str| ["-o".to_owned(), format!("{name}={value}")];
    let mut command = Command::new("ssh");
    command.arg("-i").arg(key.file()).args(["-p", &at.port().to_string()]);
    command.args(option("IdentitiesOnly", "yes"));
    command.args(option("IdentityAgent", "none"));
    // Addresses are used again by other instances; ids are not.
    command.args(option("HostKeyAlias", &ssh.instance));
    command.args(option("StrictHostKeyChecking", "accept-new"));
    if ssh.tty {
        command.arg("-tt");
    }
    command.arg(format!("{}@{}", ssh.user, at.ip()));
    if !ssh.command.is_empty() {
        command.arg("--").args(&ssh.command);
    }
    let status = command.status().map_err(|error| Failure(format!("ssh can't be run: {error}")))?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(255);
    Ok(u8::try_from(code).unwrap_or(255))
}

/// A key pair in a folder of its own, which goes with it.
struct Key(PathBuf);

impl Key {
    fn make() -> Result<Key, Failure> {
        let folder = std::env::temp_dir().join(format!("rolecall-ssh-{}", Env::system().uuid()));
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let key = Key(folder);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "rolecall", "-f"])
            .arg(key.file())
            .status();
        match made {
            Ok(status) if status.success() => Ok(key),
            Ok(status) => Err(Failure(format!("ssh-keygen made no key: {status}"))),
            Err(error) => Err(Failure(format!("ssh-keygen can't be run: {error}"))),
        }
    }

    fn file(&self) -> PathBuf {
        self.0.join("key")
    }

    fn public(&self) -> Result<String, Failure> {
        Ok(std::fs::read_to_string(self.0.join("key.pub"))?.trim().to_owned())
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        let folder: &Path = &self.0;
        if let Err(error) = std::fs::remove_dir_all(folder) {
            eprintln!("rolecall: {} could not be deleted: {error}", folder.display());
        }
    }
}
