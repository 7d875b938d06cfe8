//! How structures are read from forms, XML and JSON, and written to XML and JSON.

use std::fmt::Write;

use super::emit::Emitter;
use super::model::Operation;
use super::names::{literal, pascal};
use super::structs::{Field, Kind};

const EPOCH: &str = "t.seconds().to_string()";
const ISO: &str = "t.iso_millis()";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

impl Emitter<'_> {
    /// The member's name in requests.
    pub fn request_name(&self, f: &Field<'_>) -> String {
        let own = f.member.location_name.as_deref();
        match self.model.metadata.protocol.as_str() {
            "ec2" => f.member.query_name.clone().unwrap_or_else(|| pascal(own.unwrap_or(f.name))),
            // A flattened list is named by its items.
            "query" if flattened(f) => item_name(f).or(own).unwrap_or(f.name).to_owned(),
            _ => own.unwrap_or(f.name).to_owned(),
        }
    }

    /// The member's name in answers.
    fn answer_name<'f>(&self, f: &'f Field<'_>) -> &'f str {
        let own = f.member.location_name.as_deref();
        let flat = if flattened(f) { item_name(f) } else { None };
        flat.or(own).unwrap_or(f.name)
    }

    fn default_item(&self) -> &'static str {
        if self.model.metadata.protocol == "ec2" { "item" } else { "member" }
    }

    /// How a nested structure is read.
    pub fn decode(&mut self, name: &str) -> Result<(), String> {
        let (path, call, source) = match self.model.metadata.protocol.as_str() {
            "query" | "ec2" => ("form::FromForm", "from_form", "n: form::Node<'_>"),
            "rest-xml" => ("xml::FromXml", "from_xml", "e: &xml::Element"),
            _ => ("json::FromJson", "from_json", "value: &serde_json::Value"),
        };
        if self.inputs.contains(name) && call == "from_xml" {
            return Ok(());
        }
        let target = pascal(name);
        let _ = writeln!(self.text, "\nimpl {path} for {target} {{");
        let _ = writeln!(self.text, "fn {call}({source}, v: &mut Violations) -> Result<Self, Fault> {{");
        if call == "from_json" {
            self.text.push_str("let o = json::object(value, v)?;\n");
        }
        let _ = writeln!(self.text, "Ok({target} {{");
        for f in self.fields(name)? {
            let value = match call {
                "from_form" => self.form_field(&f),
                "from_xml" => self.xml_field(&f),
                _ => json_field(&f),
            };
            let _ = writeln!(self.text, "{}: {value},", f.ident);
        }
        self.text.push_str("})\n}\n}\n");
        Ok(())
    }

    fn form_field(&self, f: &Field<'_>) -> String {
        let name = literal(&self.request_name(f));
        let need = if f.required { "need" } else { "get" };
        let prefix = if f.required { "need_" } else { "" };
        match &f.kind {
            Kind::List(_) => {
                let flat = flattened(f) || self.model.metadata.protocol == "ec2";
                let item = if flat { "" } else { item_name(f).unwrap_or("member") };
                format!("n.{prefix}list({name}, {}, v)?", literal(item))
            }
            Kind::Map(_) => format!("n.{prefix}map({name}, {}, v)?", map_names(f)),
            _ => format!("n.{need}({name}, v)?"),
        }
    }

    /// A member read from the element `e`.
    pub fn xml_field(&self, f: &Field<'_>) -> String {
        let name = literal(&self.request_name(f));
        let need = if f.required { "need" } else { "get" };
        let prefix = if f.required { "need_" } else { "" };
        match &f.kind {
            _ if f.member.xml_attribute => format!("e.{prefix}attribute({name}, v)?"),
            Kind::List(_) if flattened(f) => format!("e.{prefix}flat({name}, v)?"),
            Kind::List(_) => {
                format!("e.{prefix}list({name}, {}, v)?", literal(item_name(f).unwrap_or("member")))
            }
            Kind::Map(_) => format!("e.map({name}, {}, v)?", map_names(f)),
            _ => format!("e.{need}({name}, v)?"),
        }
    }

    /// How a structure is written.
    pub fn encode(&mut self, name: &str) -> Result<(), String> {
        let target = pascal(name);
        let fields = self.fields(name)?;
        let body: Vec<_> =
            fields.iter().filter(|f| f.member.location.is_none() && f.kind != Kind::Stream).collect();
        if matches!(self.model.metadata.protocol.as_str(), "json" | "rest-json") {
            let _ = writeln!(self.text, "\nimpl json::ToJson for {target} {{");
            let keyword = if body.is_empty() { "let" } else { "let mut" };
            let _ = writeln!(
                self.text,
                "fn to_json(&self) -> serde_json::Value {{\n{keyword} o = serde_json::Map::new();"
            );
            for f in body {
                let name = literal(f.member.location_name.as_deref().unwrap_or(f.name));
                let _ = match f.kind {
                    Kind::Time if time_form(f).is_some_and(|form| form != EPOCH) => {
                        let form = if time_form(f) == Some(ISO) { "json::iso(t)" } else { "t.http_date()" };
                        writeln!(
                            self.text,
                            "json::put(&mut o, {name}, {}.map(|t| {form}).as_ref());",
                            f.as_ref()
                        )
                    }
                    Kind::List(_) => writeln!(self.text, "json::put_list(&mut o, {name}, {});", f.as_slice()),
                    _ => writeln!(self.text, "json::put(&mut o, {name}, {});", f.as_ref()),
                };
            }
            self.text.push_str("serde_json::Value::Object(o)\n}\n}\n");
            return Ok(());
        }
        let _ = writeln!(self.text, "\nimpl {target} {{\nfn members(&self, w: &mut xml::Writer) {{");
        for f in body.iter().filter(|f| !f.member.xml_attribute) {
            let line = self.xml_put(f);
            let _ = writeln!(self.text, "{line}");
        }
        let _ = writeln!(self.text, "}}\n}}\n\nimpl xml::ToXml for {target} {{");
        self.text.push_str("fn to_xml(&self, name: &str, w: &mut xml::Writer) {\n");
        let attributes: Vec<_> = body.iter().filter(|f| f.member.xml_attribute).collect();
        if attributes.is_empty() {
            self.text.push_str("w.open(name);\n");
        } else {
            let mut pairs = vec![format!("(\"xmlns:xsi\", {})", literal(XSI))];
            for f in attributes {
                let value = if f.required {
                    format!("self.{}.as_str()", f.ident)
                } else {
                    format!("self.{}.as_deref().unwrap_or_default()", f.ident)
                };
                pairs.push(format!("({}, {value})", literal(self.answer_name(f))));
            }
            let _ = writeln!(self.text, "w.open_with(name, &[{}]);", pairs.join(", "));
        }
        self.text.push_str("self.members(w);\nw.close(name);\n}\n}\n");
        Ok(())
    }

    fn xml_put(&self, f: &Field<'_>) -> String {
        let name = literal(self.answer_name(f));
        match &f.kind {
            Kind::List(_) if flattened(f) => format!("w.flat({name}, {});", f.as_slice()),
            Kind::List(_) => {
                let item = literal(item_name(f).unwrap_or(self.default_item()));
                format!("w.list({name}, {item}, {});", f.as_slice())
            }
            Kind::Map(_) => format!("w.map({name}, {}, {});", map_names(f), f.as_ref()),
            Kind::Time => match time_form(f) {
                Some(form) => format!("w.put_text({name}, {}.map(|t| {form}));", f.as_ref()),
                None => format!("w.put({name}, &self.{});", f.ident),
            },
            _ => format!("w.put({name}, &self.{});", f.ident),
        }
    }

    /// `wire::Input` of an operation's input structure.
    pub fn input(&mut self, shape: &str, target: &str, operation: &Operation) -> Result<(), String> {
        let _ = writeln!(self.text, "\nimpl wire::Input for {target} {{");
        self.text.push_str("fn decode(m: &wire::Message<'_>, v: &mut Violations) -> Result<Self, Fault> {\n");
        match self.model.metadata.protocol.as_str() {
            _ if shape.is_empty() => {
                let _ = writeln!(self.text, "let _ = (m, v);\nOk({target} {{}})");
            }
            "query" | "ec2" => {
                self.text.push_str("form::FromForm::from_form(form::Form::parse(m)?.root(), v)\n")
            }
            "json" => self.text.push_str("json::FromJson::from_json(&json::parse(m)?, v)\n"),
            "rest-xml" => self.rest_input(shape, target, operation)?,
            other => return Err(format!("inputs of {other} are not supported")),
        }
        self.text.push_str("}\n\nfn validate(&self, v: &mut Violations) {\n");
        self.text.push_str(if self.validated.contains(shape) { "self.limits(v);\n" } else { "let _ = v;\n" });
        self.text.push_str("}\n}\n");
        Ok(())
    }

    /// `wire::Output` of an operation's output structure.
    pub fn output(&mut self, shape: &str, target: &str, operation: &str) -> Result<(), String> {
        let _ = writeln!(self.text, "\nimpl wire::Output for {target} {{");
        self.text
            .push_str("fn encode(self, meta: &wire::Meta, request_id: &str, out: &mut wire::Response) {\n");
        let members = if shape.is_empty() { "|_| {}" } else { "|w| self.members(w)" };
        match self.model.metadata.protocol.as_str() {
            "query" => {
                let _ = writeln!(self.text, "xml::query_answer(meta, request_id, out, {members});");
            }
            "ec2" => {
                let members = if shape.is_empty() { "|w| w.put(\"return\", &true)" } else { members };
                let _ = writeln!(self.text, "xml::ec2_answer(meta, request_id, out, {members});");
            }
            "json" => {
                let document =
                    if shape.is_empty() { "serde_json::json!({})" } else { "json::ToJson::to_json(&self)" };
                let _ = writeln!(self.text, "json::answer(meta, request_id, out, &{document});");
            }
            "rest-xml" => self.rest_output(shape, operation)?,
            other => return Err(format!("outputs of {other} are not supported")),
        }
        self.text.push_str("}\n}\n");
        Ok(())
    }
}

/// The expression that writes a timestamp `t` in a form that is not the protocol's own.
pub fn time_form(f: &Field<'_>) -> Option<&'static str> {
    let form = f.member.timestamp_format.as_deref().or(f.shape.timestamp_format.as_deref());
    match form {
        Some("rfc822") => Some("t.http_date()"),
        Some("unixTimestamp") => Some(EPOCH),
        Some("iso8601") => Some(ISO),
        _ => None,
    }
}

fn flattened(f: &Field<'_>) -> bool {
    f.shape.flattened || f.member.flattened
}

fn item_name<'f>(f: &'f Field<'_>) -> Option<&'f str> {
    f.shape.member.as_ref().and_then(|member| member.location_name.as_deref())
}

fn map_names(f: &Field<'_>) -> String {
    let named = |member: &Option<super::model::Member>, default: &str| {
        let name = member.as_ref().and_then(|member| member.location_name.clone());
        literal(&name.unwrap_or_else(|| default.to_owned()))
    };
    let entry = if flattened(f) { "" } else { "entry" };
    format!("[{}, {}, {}]", literal(entry), named(&f.shape.key, "key"), named(&f.shape.value, "value"))
}

fn json_field(f: &Field<'_>) -> String {
    let name = literal(f.member.location_name.as_deref().unwrap_or(f.name));
    match (&f.kind, f.required) {
        (Kind::List(_), true) => format!("o.need::<json::List<_>>({name}, v)?.0"),
        (Kind::List(_), false) => format!("o.get::<json::List<_>>({name}, v)?.map(|list| list.0)"),
        (_, true) => format!("o.need({name}, v)?"),
        (_, false) => format!("o.get({name}, v)?"),
    }
}
