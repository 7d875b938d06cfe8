//! `rolecall why REQUEST-ID`: how a call was decided.

use serde_json::{Value, json};

use super::block_on;
use crate::client::{Client, Failure};

pub fn run(endpoint: &str, request_id: &str, as_json: bool) -> Result<u8, Failure> {
    let client = Client::new(endpoint)?;
    let found = block_on(client.call("/_rolecall/why", &json!({ "request_id": request_id })))?;
    if as_json {
        println!("{found:#}");
        return Ok(0);
    }
    let text = |key: &str| found.get(key).and_then(Value::as_str).unwrap_or_default();
    println!("{} {}:{}", text("at"), text("service"), text("operation"));
    println!("by {}", text("caller"));
    match found.get("code").and_then(Value::as_str) {
        Some(code) => println!("refused: {code}: {}", text("message")),
        None => println!("allowed"),
    }
    for question in found.get("questions").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| question.get(key).and_then(Value::as_str).unwrap_or_default();
        println!("\n{} on {}", text("action"), text("resource"));
        println!("{:#}", question.get("trace").unwrap_or(&Value::Null));
    }
    Ok(0)
}
