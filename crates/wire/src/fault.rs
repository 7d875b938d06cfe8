//! Every protocol's error document.

use rolecall_base::{Fault, Sender};
use serde_json::json;

use crate::xml::Writer;
use crate::{Protocol, Response};

/// Writes a fault as the protocol's clients expect it: status, headers and body.
///
/// `xmlns` is the service's namespace; only query services put it on their errors.
pub fn encode_fault(fault: &Fault, protocol: Protocol, xmlns: &str, request_id: &str, out: &mut Response) {
    out.status = fault.status();
    match protocol {
        Protocol::Query => {
            out.set_header("x-amzn-requestid", request_id);
            out.set_body("text/xml", query(fault, xmlns, request_id));
        }
        Protocol::Ec2 => {
            out.set_header("x-amzn-requestid", request_id);
            out.set_body("text/xml;charset=UTF-8", ec2(fault, request_id));
        }
        Protocol::RestXml => {
            out.set_header("x-amz-request-id", request_id);
            // SDKs that signed for another region learn the right one, also from answers to HEAD.
            if let Some((_, region)) = fault.members().iter().find(|(name, _)| *name == "Region") {
                out.set_header("x-amz-bucket-region", region);
            }
            // A 304 has no body by HTTP's rules.
            if fault.status() != 304 {
                out.set_body("application/xml", s3(fault, request_id));
            }
        }
        Protocol::Json(version) => {
            out.set_header("x-amzn-requestid", request_id);
            let kind =
                if version == "1.0" { "application/x-amz-json-1.0" } else { "application/x-amz-json-1.1" };
            out.set_body(kind, json(fault, true));
        }
        Protocol::RestJson => {
            out.set_header("x-amzn-requestid", request_id);
            out.set_header("x-amzn-errortype", fault.code());
            out.set_body("application/json", json(fault, false));
        }
    }
}

fn query(fault: &Fault, xmlns: &str, request_id: &str) -> Vec<u8> {
    let mut w = Writer::new(Protocol::Query);
    w.open_root("ErrorResponse", xmlns);
    w.open("Error");
    w.put("Type", if fault.sender() == Sender::Client { "Sender" } else { "Receiver" });
    w.put("Code", fault.code());
    w.put("Message", fault.message());
    members(&mut w, fault);
    w.close("Error");
    w.put("RequestId", request_id);
    w.close("ErrorResponse");
    w.into_bytes()
}

fn ec2(fault: &Fault, request_id: &str) -> Vec<u8> {
    let mut w = Writer::new(Protocol::Ec2);
    w.declaration();
    w.open("Response");
    w.open("Errors");
    w.open("Error");
    w.put("Code", fault.code());
    w.put("Message", fault.message());
    members(&mut w, fault);
    w.close("Error");
    w.close("Errors");
    w.put("RequestID", request_id);
    w.close("Response");
    w.into_bytes()
}

fn s3(fault: &Fault, request_id: &str) -> Vec<u8> {
    let mut w = Writer::new(Protocol::RestXml);
    w.declaration();
    w.open("Error");
    w.put("Code", fault.code());
    w.put("Message", fault.message());
    members(&mut w, fault);
    w.put("RequestId", request_id);
    w.close("Error");
    w.into_bytes()
}

fn members(w: &mut Writer, fault: &Fault) {
    for (name, value) in fault.members() {
        w.put(name, value.as_str());
    }
}

fn json(fault: &Fault, typed: bool) -> Vec<u8> {
    let mut document = serde_json::Map::new();
    if typed {
        document.insert("__type".into(), json!(fault.code()));
    }
    document.insert("message".into(), json!(fault.message()));
    for (name, value) in fault.members() {
        document.insert((*name).into(), json!(value));
    }
    serde_json::Value::Object(document).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    fn check(protocol: Protocol, fault: &Fault, expected: &str) {
        let mut out = Response::new();
        encode_fault(fault, protocol, "https://iam.amazonaws.com/doc/2010-05-08/", "r-1", &mut out);
        let Body::Bytes(bytes) = out.body else { panic!("a stream") };
        assert_eq!(String::from_utf8(bytes.to_vec()).unwrap(), expected);
        assert_eq!(out.status, fault.status());
    }

    #[test]
    fn one_fault_in_each_protocol() {
        let fault = Fault::new("NoSuchKey", 404, "<no> key").with("Key", "a&b");
        let members = "<Code>NoSuchKey</Code><Message>&lt;no&gt; key</Message><Key>a&amp;b</Key>";
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        check(
            Protocol::RestXml,
            &fault,
            &format!("{head}<Error>{members}<RequestId>r-1</RequestId></Error>"),
        );
        let ec2 = format!(
            "{head}<Response><Errors><Error>{members}</Error></Errors><RequestID>r-1</RequestID></Response>"
        );
        check(Protocol::Ec2, &fault, &ec2);
        let query = format!(
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>{members}\
             </Error><RequestId>r-1</RequestId></ErrorResponse>"
        );
        check(Protocol::Query, &fault, &query);
        let json = r#"{"Key":"a&b","__type":"NoSuchKey","message":"<no> key"}"#;
        check(Protocol::Json("1.1"), &fault, json);
        check(Protocol::RestXml, &Fault::new("NotModified", 304, ""), "");
    }
}
