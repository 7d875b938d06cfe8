//! `rolecall accounts create`: a further account, its root keys as JSON.

use serde_json::json;

use super::block_on;
use crate::client::{Client, Failure};

pub fn create(endpoint: &str, account: &str) -> Result<u8, Failure> {
    let client = Client::new(endpoint)?;
    let made = block_on(client.call("/_rolecall/accounts", &json!({ "account": account })))?;
    println!("{made:#}");
    Ok(0)
}
