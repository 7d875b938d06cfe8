//! How structures are told in audit records: names as CloudTrail has them, sensitive members left out.

use std::fmt::Write;

use super::emit::Emitter;
use super::names::{literal, pascal};
use super::structs::{Field, Kind};

/// Members that are secret, or as good as a secret, although the model does not mark them. They are shown to be there.
const MASKED: [&str; 4] = ["SessionToken", "TokenCode", "AuthenticationCode1", "AuthenticationCode2"];
/// Sets of EC2's records that are not called after their list.
const SETS: [(&str, &str); 5] = [
    ("InstanceId", "instancesSet"),
    ("SecurityGroupId", "groupSet"),
    ("ResourceId", "resourcesSet"),
    ("TagSpecification", "tagSpecificationSet"),
    ("KeyName", "keySet"),
];

impl Emitter<'_> {
    /// The `record::Tell` of a structure.
    pub fn tell(&mut self, name: &str, target: &str) -> Result<(), String> {
        let fields = if name.is_empty() { Vec::new() } else { self.fields(name)? };
        let moved_out = !self.inputs.contains(name);
        let lines: Vec<String> = fields.iter().filter_map(|f| self.told(f, moved_out)).collect();
        let _ = writeln!(self.text, "\nimpl record::Tell for {target} {{");
        let _ = writeln!(self.text, "fn tell(&self, t: &mut record::Teller) {{\nt.open();");
        for line in lines {
            let _ = writeln!(self.text, "{line}");
        }
        self.text.push_str("t.close();\n}\n}\n");
        Ok(())
    }

    fn told(&self, f: &Field<'_>, moved_out: bool) -> Option<String> {
        let protocol = self.model.metadata.protocol.as_str();
        let location = f.member.location.as_deref();
        let name = match protocol {
            "rest-xml" => match (location, f.name) {
                (Some("uri"), "Bucket") => "bucketName".to_owned(),
                (Some("uri"), "Key") => "key".to_owned(),
                // Headers of answers that say something about the object, and not about the answer.
                (Some("header"), _) if moved_out && !wire_name(f).starts_with("x-amz-") => return None,
                (Some("headers" | "statusCode"), _) => return None,
                (None, "Policy") => "bucketPolicy".to_owned(),
                _ => wire_name(f).to_owned(),
            },
            "ec2" => camel(f.member.location_name.as_deref().unwrap_or(f.name)),
            _ => camel(f.name),
        };
        if f.name == "UserData" {
            let is_there = if f.required { "true".to_owned() } else { format!("self.{}.is_some()", f.ident) };
            return Some(format!("t.masked({}, {is_there}, record::REMOVED);", literal(&name)));
        }
        if f.shape.sensitive || f.kind == Kind::Stream || secret_items(self, f) {
            return None;
        }
        if MASKED.contains(&f.name) {
            let is_there = if f.required { "true".to_owned() } else { format!("self.{}.is_some()", f.ident) };
            return Some(format!("t.masked({}, {is_there}, record::HIDDEN);", literal(&name)));
        }
        Some(match &f.kind {
            Kind::List(item) if protocol == "ec2" => {
                let own = pascal(f.member.location_name.as_deref().unwrap_or(f.name));
                let special = SETS.iter().find(|(list, _)| *list == own).map(|(_, set)| (*set).to_owned());
                let set = special.unwrap_or_else(|| match name.ends_with("Set") {
                    true => name.clone(),
                    false => format!("{name}Set"),
                });
                let one = if matches!(**item, Kind::Struct(_)) { String::new() } else { singular(&name) };
                format!("t.set({}, {}, {});", literal(&set), literal(&one), f.as_slice())
            }
            Kind::List(_) => format!("t.list({}, {});", literal(&name), f.as_slice()),
            Kind::Text if name == "bucketPolicy" => format!("t.json({}, {});", literal(&name), f.as_text()),
            _ => format!("t.put({}, {});", literal(&name), f.as_ref()),
        })
    }
}

/// Whether the items of a list or the values of a map are sensitive.
fn secret_items(emitter: &Emitter<'_>, f: &Field<'_>) -> bool {
    let inner = f.shape.member.as_ref().or(f.shape.value.as_ref());
    inner.is_some_and(|inner| emitter.model.shape(&inner.shape).is_ok_and(|shape| shape.sensitive))
}

fn wire_name<'f>(f: &'f Field<'_>) -> &'f str {
    f.member.location_name.as_deref().unwrap_or(f.name)
}

/// `RoleName` → `roleName`.
fn camel(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// `instanceIds` → `instanceId`; names on the wire are singular already.
fn singular(name: &str) -> String {
    let name = name.strip_suffix("Set").unwrap_or(name);
    match name.strip_suffix('s') {
        Some(one) if !name.ends_with("ss") => one.to_owned(),
        _ => name.to_owned(),
    }
}
