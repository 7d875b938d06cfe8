//! XML in and out: S3's request bodies, and the answers of query, ec2 and rest-xml services.

mod element;
mod writer;

pub use element::{Element, FromXml, body, get_payload, need_payload, parse};
pub use writer::{ToXml, Writer, document, ec2_answer, query_answer};
