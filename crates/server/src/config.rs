//! What a server is told at its start.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use rolecall_base::AccountId;
use rolecall_compute::Choice;
use rolecall_iam::Quotas;
use rolecall_identity::NewKey;

/// Everything that can be set. `Config::new` has the defaults of `rolecall up`.
#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    /// Where state is kept; `None` keeps nothing (`--ephemeral`).
    pub data: Option<PathBuf>,
    /// The first account; its root keys may make others.
    pub account: AccountId,
    pub region: String,
    pub compute: Choice,
    /// Where the engine of containers listens, `unix:///…`; its usual places when absent.
    pub engine: Option<String>,
    /// Images whose instances are virtual machines, whatever the others are.
    pub virtual_images: Vec<String>,
    /// The kernel of virtual machines, or the folder that its package was unpacked in.
    pub kernel: Option<PathBuf>,
    pub durability: Durability,
    /// Root keys that somebody chose; else they are generated.
    pub root_keys: Option<NewKey>,
    /// Serve TLS too, on this address.
    pub tls: Option<Tls>,
    /// The prepared `aws` command that instances see, a folder.
    pub guest_tools: Option<PathBuf>,
    /// The program that instances run as their SFTP server where their image has none: this one, that is
    /// `PROGRAM sftp-server`.
    pub program: Option<PathBuf>,
    /// Days that audit records are kept.
    pub audit_days: u32,
    /// Seconds between two deliveries of trails.
    pub trail_seconds: u32,
    /// How long credentials of the metadata service live, in seconds.
    pub role_seconds: u32,
    /// Whether instances reach the world outside of this machine, where their networks lead there.
    pub outbound: bool,
    /// The URL by which others reach this server, for the issuers of web identity tokens; `None`: the address that it
    /// listens on.
    pub issuer_url: Option<String>,
    /// Image ids that stand for others: `ami-…` and the one that is meant.
    pub image_aliases: Vec<(String, String)>,
    /// How much of each thing an account may have.
    pub quotas: Quotas,
    /// What an account may have of EC2's things in a region.
    pub ec2_quotas: rolecall_ec2::Quotas,
}

/// Where TLS is served, and with what.
#[derive(Debug, Clone)]
pub struct Tls {
    pub listen: SocketAddr,
    /// Certificate chain and key in PEM; generated and kept when absent.
    pub files: Option<(PathBuf, PathBuf)>,
}

/// Whether object bytes are on disk before they are acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    Strict,
    None,
}

/// The life of credentials on instances unless told otherwise: six hours, EC2's.
pub const ROLE_SECONDS: u32 = 21_600;

impl Config {
    pub fn new() -> Config {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 4566)),
            data: None,
            account: AccountId::ZERO,
            region: "us-east-1".to_owned(),
            compute: Choice::Auto,
            engine: None,
            virtual_images: Vec::new(),
            kernel: None,
            durability: Durability::Strict,
            root_keys: None,
            tls: None,
            guest_tools: None,
            program: None,
            audit_days: 90,
            trail_seconds: 300,
            role_seconds: ROLE_SECONDS,
            outbound: true,
            issuer_url: None,
            image_aliases: Vec::new(),
            quotas: Quotas::default(),
            ec2_quotas: rolecall_ec2::Quotas::default(),
        }
    }
}

impl Default for Config {
    fn default() -> Config {
        Config::new()
    }
}

/// Why a server did not start, and what to do about it.
#[derive(Debug)]
pub struct StartError {
    pub what: String,
    pub do_this: String,
}

impl StartError {
    pub fn new(what: impl Into<String>, do_this: impl Into<String>) -> StartError {
        StartError { what: what.into(), do_this: do_this.into() }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}", self.what, self.do_this)
    }
}

impl std::error::Error for StartError {}
