//! Shapes of our own operations: plain serde structures as JSON bodies.

use rolecall_base::Fault;
use rolecall_wire::{Message, Meta, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a JSON body; an empty one is `{}`.
pub fn read<T: DeserializeOwned>(message: &Message<'_>) -> Result<T, Fault> {
    let body = if message.body.is_empty() { b"{}" } else { message.body };
    serde_json::from_slice(body).map_err(|error| {
        Fault::new("ValidationException", 400, format!("The request's body is not as expected: {error}"))
    })
}

/// Writes a JSON body.
pub fn write<T: Serialize>(output: &T, meta: &Meta, request_id: &str, out: &mut Response) {
    out.status = meta.status;
    out.set_header("x-amzn-requestid", request_id);
    let mut bytes = serde_json::to_vec(output).unwrap_or_default();
    bytes.push(b'\n');
    out.set_body("application/json", bytes);
}

/// Makes `$operation` an operation that takes `$input` and gives `$output` at `$method $uri`.
macro_rules! operation {
    ($operation:ident, $method:literal $uri:literal, $input:ty => $output:ty) => {
        impl rolecall_wire::Shape for $operation {
            type Input = $input;
            type Output = $output;
            const META: &'static rolecall_wire::Meta = &rolecall_wire::Meta {
                service: "rolecall",
                name: stringify!($operation),
                protocol: rolecall_wire::Protocol::RestJson,
                xmlns: "",
                result_wrapper: None,
                route: rolecall_wire::Route {
                    operation: stringify!($operation),
                    method: $method,
                    uri: $uri,
                    query: &[],
                    headers: &[],
                },
                status: 200,
                streaming_input: false,
                streaming_output: false,
            };
        }

        impl rolecall_wire::Input for $input {
            fn decode(
                message: &rolecall_wire::Message<'_>,
                _: &mut rolecall_wire::Violations,
            ) -> Result<Self, rolecall_base::Fault> {
                crate::control::json::read(message)
            }

            fn validate(&self, _: &mut rolecall_wire::Violations) {}
        }

        impl rolecall_wire::record::Tell for $output {
            /// Answers may hold secrets; records do without them.
            fn tell(&self, t: &mut rolecall_wire::record::Teller) {
                t.open();
                t.close();
            }
        }

        impl rolecall_wire::Output for $output {
            fn encode(self, meta: &rolecall_wire::Meta, request_id: &str, out: &mut rolecall_wire::Response) {
                crate::control::json::write(&self, meta, request_id, out);
            }
        }
    };
}
pub(crate) use operation;
