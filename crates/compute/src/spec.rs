//! What a caller says about an instance before it starts: its network place, size, user data, users
//! and the host folders it may see. Plain values, checked once by [`InstanceSpec::check`].

use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ComputeError;

/// The folder inside an instance that stands first on its `PATH` and is writable: links to prepared
/// programs (such as the `aws` CLI) belong here, because `/usr` is read-only.
pub const GUEST_BIN: &str = "/opt/bin";

/// The largest user data accepted, in bytes after base64 decoding (EC2's own limit).
pub const USER_DATA_LIMIT: usize = 16 * 1024;

/// Everything a driver needs to start one instance, for the first time or again after a stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceSpec {
    /// The instance id, `i-…`; also names the folder its disk is kept in.
    pub id: String,
    /// Host name without the domain, e.g. `ip-10-0-1-23`.
    pub hostname: String,
    pub network: Network,
    pub image: Image,
    /// It is to be a virtual machine. With [`crate::Kind::Microvm`] all are.
    pub own_kernel: bool,
    /// Memory limit in MiB.
    pub memory_mib: u32,
    /// CPU limit in whole virtual CPUs.
    pub vcpus: u32,
    /// Decoded user data. A text that starts with `#!` runs as root once in the life of the disk.
    pub user_data: Option<Vec<u8>>,
    /// Variables for every process: `/etc/environment`, `/etc/profile.d`, and each exec.
    pub env: Vec<(String, String)>,
    /// Users to create beside root, e.g. `ec2-user`.
    pub users: Vec<User>,
    /// Host folders to show inside, read-only.
    pub mounts: Vec<Mount>,
    /// Symbolic links to create inside at every start.
    pub links: Vec<Link>,
}

/// Where an instance stands in its VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    pub vpc: Vpc,
    pub subnet: Cidr,
    pub private_ip: Ipv4Addr,
    pub mac: [u8; 6],
    #[serde(default)]
    pub names: Resolving,
}

/// Where names are looked up, as `/etc/resolv.conf` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolving {
    /// None at all: names are in `/etc/hosts` only.
    pub servers: Vec<Ipv4Addr>,
    /// What short names are looked up in; several are separated by spaces.
    pub search: Option<String>,
    /// The domain of the instance's own name.
    pub domain: Option<String>,
}

/// A VPC as the drivers know it: one router, one address block.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Vpc {
    pub id: String,
    pub cidr: Cidr,
}

impl Vpc {
    /// The address of the API endpoint inside the VPC: its base address plus two, where EC2 has the
    /// VPC's own services.
    pub fn endpoint(&self) -> Ipv4Addr {
        self.cidr.nth(2)
    }
}

/// What the instance boots from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Image {
    /// The host's `/usr`, read-only, with a fresh `/etc`, `/home` and `/var`.
    #[default]
    HostUsr,
    /// An image of the driver's store: see [`crate::Driver::import_image`] and [`crate::Driver::snapshot`].
    RootFs { id: String },
}

/// A login user. Its home is `/home/NAME`, its shell `/bin/bash` or else `/bin/sh`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub name: String,
    /// User and group id inside the instance, 1000 to 59,999.
    pub uid: u32,
    /// Lines of `~/.ssh/authorized_keys`.
    pub authorized_keys: Vec<String>,
}

/// A host folder or file shown read-only inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    pub host: PathBuf,
    pub guest: PathBuf,
}

/// A symbolic link inside the instance: `at` points to `target`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub at: PathBuf,
    pub target: PathBuf,
}

/// An IPv4 address block such as `10.0.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cidr {
    pub base: Ipv4Addr,
    pub prefix: u8,
}

impl Cidr {
    /// The block's `n`-th address, wrapping at the end of the address space.
    pub fn nth(&self, n: u32) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.base).wrapping_add(n))
    }

    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
        u32::from(self.base) & mask == u32::from(address) & mask
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl FromStr for Cidr {
    type Err = ComputeError;

    fn from_str(text: &str) -> Result<Cidr, ComputeError> {
        let wrong = || ComputeError::Invalid(format!("`{text}` is not an IPv4 address block"));
        let (base, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let cidr =
            Cidr { base: base.parse().map_err(|_| wrong())?, prefix: prefix.parse().map_err(|_| wrong())? };
        if cidr.prefix > 32 { Err(wrong()) } else { Ok(cidr) }
    }
}

impl InstanceSpec {
    /// Refuses what no driver could carry out: ids or names that could leave their folder or file,
    /// addresses outside their block, user data that is too long.
    pub fn check(&self) -> Result<(), ComputeError> {
        let refuse = |why: String| Err(ComputeError::Invalid(why));
        check_name("instance id", &self.id)?;
        check_name("VPC id", &self.network.vpc.id)?;
        check_name("host name", &self.hostname)?;
        if let Image::RootFs { id } = &self.image {
            check_name("image id", id)?;
        }
        for user in &self.users {
            check_name("user name", &user.name)?;
            if !(1000..60_000).contains(&user.uid) {
                return refuse(format!(
                    "user `{}` has the id {}, not one of 1000 to 59999",
                    user.name, user.uid
                ));
            }
            if user.authorized_keys.iter().any(|key| key.contains('\n')) {
                return refuse(format!("a key of user `{}` has more than one line", user.name));
            }
        }
        let network = &self.network;
        if !network.vpc.cidr.contains(network.private_ip) || !network.subnet.contains(network.private_ip) {
            return refuse(format!("address {} is outside its subnet or VPC", network.private_ip));
        }
        for domain in [&network.names.search, &network.names.domain].into_iter().flatten() {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b' ');
            if !domain.bytes().all(plain) {
                return refuse(format!("`{domain}` is no domain"));
            }
        }
        if self.user_data.as_ref().is_some_and(|data| data.len() > USER_DATA_LIMIT) {
            return refuse(format!("user data is limited to {USER_DATA_LIMIT} bytes"));
        }
        if self.memory_mib == 0 || self.vcpus == 0 {
            return refuse("an instance needs memory and at least one CPU".into());
        }
        self.check_paths()?;
        self.check_env()
    }

    fn check_paths(&self) -> Result<(), ComputeError> {
        let guests =
            self.mounts.iter().map(|mount| &mount.guest).chain(self.links.iter().map(|link| &link.at));
        for path in guests {
            let plain = path.components().skip(1).all(|part| matches!(part, std::path::Component::Normal(_)));
            if !path.is_absolute() || !plain {
                return Err(ComputeError::Invalid(format!(
                    "`{}` is not a plain absolute path",
                    path.display()
                )));
            }
        }
        Ok(())
    }

    fn check_env(&self) -> Result<(), ComputeError> {
        for (name, value) in &self.env {
            let good = !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !value.contains(['\n', '\0', '\'', '"']);
            if !good {
                return Err(ComputeError::Invalid(format!(
                    "variable `{name}` cannot be written to /etc/environment"
                )));
            }
        }
        Ok(())
    }
}

pub(crate) fn check_name(what: &str, name: &str) -> Result<(), ComputeError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.';
    if name.is_empty() || name.len() > 63 || name.starts_with(['.', '-']) || !name.bytes().all(plain) {
        return Err(ComputeError::Invalid(format!("`{name}` cannot be used as {what}")));
    }
    Ok(())
}
