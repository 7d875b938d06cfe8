//! `rolecall why REQUEST-ID`: how a call was decided.

use std::io::{self, IsTerminal};

use serde::Deserialize;
use serde_json::json;

use super::{block_on, show};
use crate::client::{Client, Failure};
use crate::explanation::Explanation;

pub fn run(endpoint: &str, request_id: &str, as_json: bool, color: bool) -> Result<u8, Failure> {
    let client = Client::new(endpoint)?;
    let found = block_on(client.call("/_rolecall/why", &json!({ "request_id": request_id })))?;
    if as_json {
        return show(&format!("{found:#}\n"));
    }
    let explanation = Explanation::deserialize(&found)
        .map_err(|error| Failure(format!("{endpoint} explains in a form that is not known here: {error}")))?;
    show(&explanation.told(color && io::stdout().is_terminal()))
}
