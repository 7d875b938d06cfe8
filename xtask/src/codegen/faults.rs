//! The constructors of a service's modeled errors.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::model::Model;
use super::names::{literal, snake};

/// `pub mod fault` with one constructor per error code.
pub fn module(model: &Model) -> String {
    let mut codes = BTreeMap::new();
    for (name, shape) in model.exceptions() {
        let code = shape.error.as_ref().and_then(|error| error.code.clone()).unwrap_or_else(|| name.clone());
        let status = shape.error.as_ref().and_then(|error| error.http_status_code).unwrap_or(400);
        codes.entry(snake(code.trim_end_matches("Exception"))).or_insert((code, status));
    }
    let mut text = String::new();
    if codes.is_empty() {
        return text;
    }
    text.push_str(
        "\n/// The errors that the model declares, with their codes and statuses.\npub mod fault {\n",
    );
    text.push_str("use rolecall_base::Fault;\n");
    for (function, (code, status)) in codes {
        let _ = writeln!(text, "\npub fn {function}(message: impl Into<String>) -> Fault {{");
        let _ = writeln!(text, "    Fault::new({}, {status}, message)\n}}", literal(&code));
    }
    text.push_str("}\n");
    text
}
