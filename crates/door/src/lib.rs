//! The door: the one function through which every operation runs.
//!
//! Start at [`Door`]. A service states its operations as types that implement [`Operation`]; `needs` says what the
//! caller must be allowed, `run` does it and gets its state from [`Authorized`], which only the door makes.

mod audit;
mod authenticate;
mod authorization_message;
mod decide;
mod decisions;
mod door;
mod facts;
mod front;
mod needs;
mod operation;
mod payload;
mod prepare;
mod prove;
mod recording;
mod request;
mod resources;
mod row;
mod service_session;
mod stranger;
mod unproven;

pub use audit::{AuditLog, Entry, Facts, NoAudit, Outbox, ServiceEvent, Waiting, event_name, is_data_event};
pub use authorization_message::decode as decode_authorization_message;
pub use decisions::{Decided, Decisions};
pub use door::{Door, Visitor};
pub use front::{Front, WholeBodyCheck};
pub use needs::{Ask, Asking, KeyValue, Needs, Placed, Question, Resource};
pub use operation::{Access, At, Authorized, Extensions, Operation, Prepare, Read, Slow, Write};
pub use payload::Payload;
pub use request::{ByteStream, Endpoint, FindWay, Origin, Request, RequestBody, Signature, Source, Way};
pub use resources::{ByArn, TrustingRole};
pub use row::{Pending, Proving, Row, Staging, Streaming, proving_row, row, streaming_row};
pub use service_session::ServiceSession;
