//! The server: it puts everything together, listens, and stops cleanly.
//!
//! Begin at [`Server::start`]. A connection's way: `listen` accepts it, `exchange` turns HTTP into the door's request
//! and back, `route` finds the service, and the door does the rest.

mod audit_log;
mod body;
mod certificates;
mod config;
mod connect;
mod control;
mod data_folder;
mod exchange;
mod first_account;
mod image_objects;
mod instance_view;
mod issuer;
mod listen;
mod logger;
mod logins;
mod machines;
mod metadata;
mod metadata_ports;
mod networks;
mod origins;
mod provider_client;
mod provider_trust;
mod published;
mod resetting;
mod route;
mod services;
mod ssh;
mod ssh_client;
mod ssh_command;
mod ssh_forward;
mod ssh_keys;
mod ssh_port;
mod start;
mod sweeping;
mod terminal;
mod tls;
mod trails;
mod usage;
mod websocket;

pub use config::{Config, Durability, StartError, Tls};
pub use rolecall_ec2::Quotas as Ec2Quotas;
pub use rolecall_ec2::images::DEFAULT as DEFAULT_IMAGE;
pub use rolecall_iam::Quotas;

pub use first_account::RootKeys;
pub use logger::init as init_logger;
pub use start::Server;
