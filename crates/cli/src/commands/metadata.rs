//! `rolecall metadata INSTANCE`: opens a port where the metadata of an instance without a machine is served, and prints
//! the line that makes SDKs use it.

use serde_json::{Value, json};

use super::{block_on, show};
use crate::client::{Client, Failure};

pub fn run(endpoint: &str, instance: &str) -> Result<u8, Failure> {
    let client = Client::new(endpoint)?;
    let answer = block_on(client.call("/_rolecall/metadata", &json!({ "instance_id": instance })))?;
    let at = answer.get("endpoint").and_then(Value::as_str).unwrap_or_default();
    show(&format!("export AWS_EC2_METADATA_SERVICE_ENDPOINT={at}\n"))
}
