//! REST services: routes, and members in paths, queries, headers and bodies.

use std::fmt::Write;

use super::codecs::time_form;
use super::emit::Emitter;
use super::model::{Model, Operation};
use super::names::{literal, pascal};
use super::structs::{Field, Kind};

/// The `wire::Route` of an operation, as an expression.
pub fn route(name: &str, operation: &Operation, model: &Model) -> Result<String, String> {
    if !model.metadata.protocol.starts_with("rest-") {
        return Ok(format!("wire::Route::named({})", literal(name)));
    }
    let (mut query, mut headers) = (Vec::new(), Vec::new());
    if let Some(input) = &operation.input {
        let shape = model.shape(&input.shape)?;
        for (member_name, member) in &shape.members.0 {
            if !shape.required.contains(member_name) {
                continue;
            }
            let wire_name = literal(member.location_name.as_deref().unwrap_or(member_name));
            match member.location.as_deref() {
                Some("querystring") => query.push(wire_name),
                Some("header") => headers.push(wire_name),
                _ => {}
            }
        }
    }
    Ok(format!(
        "wire::Route {{ operation: {}, method: {}, uri: {}, query: &[{}], headers: &[{}] }}",
        literal(name),
        literal(&operation.http.method),
        literal(&operation.http.request_uri),
        query.join(", "),
        headers.join(", ")
    ))
}

impl Emitter<'_> {
    /// The body of a rest-xml input's `decode`.
    pub fn rest_input(&mut self, shape: &str, target: &str, operation: &Operation) -> Result<(), String> {
        let fields = self.fields(shape)?;
        let at = |location: &str| fields.iter().any(|f| f.member.location.as_deref() == Some(location));
        if at("uri") {
            let path = operation.http.request_uri.split('?').next().unwrap_or_default();
            let _ = writeln!(self.text, "let labels = m.labels({});", literal(path));
        }
        if at("querystring") {
            self.text.push_str("let query = m.query();\n");
        }
        let payload = self.model.shape(shape)?.payload.clone();
        let in_body = payload.is_none() && fields.iter().any(|f| f.member.location.is_none());
        if in_body {
            self.text.push_str("let body = xml::body(m)?.unwrap_or_default();\nlet e = &body;\n");
        }
        let _ = writeln!(self.text, "Ok({target} {{");
        for f in &fields {
            let value = match f.member.location.as_deref() {
                None if payload.as_deref() == Some(f.name) => self.payload_in(f)?,
                None => self.xml_field(f),
                Some(location) => self.located_in(f, location)?,
            };
            let _ = writeln!(self.text, "{}: {value},", f.ident);
        }
        self.text.push_str("})\n");
        Ok(())
    }

    fn payload_in(&self, f: &Field<'_>) -> Result<String, String> {
        let name = literal(f.name);
        let need = if f.required { "need" } else { "get" };
        Ok(match &f.kind {
            Kind::Struct(_) => {
                let root = literal(f.member.location_name.as_deref().unwrap_or(&f.member.shape));
                format!("xml::{need}_payload(m, {root}, v)?")
            }
            Kind::Text if f.required => format!("wire::required(m.text({name}, v)?, {name}, v)"),
            Kind::Text => format!("m.text({name}, v)?"),
            Kind::Blob if f.required => "m.body.to_vec()".to_owned(),
            Kind::Blob => "(!m.body.is_empty()).then(|| m.body.to_vec())".to_owned(),
            other => return Err(format!("{}: a payload of {other:?} is not supported", f.name)),
        })
    }

    fn located_in(&self, f: &Field<'_>, location: &str) -> Result<String, String> {
        let wire_name = f.member.location_name.as_deref().unwrap_or(f.name);
        let name = literal(wire_name);
        let need = if f.required { "need" } else { "get" };
        Ok(match (location, &f.kind) {
            ("uri", _) if f.required => format!("labels.need({name}, v)?"),
            ("querystring", Kind::List(_)) if !f.required => format!("query.list({name}, v)?"),
            ("querystring", Kind::List(_) | Kind::Map(_)) => {
                return Err(format!("{}: query list or map", f.name));
            }
            ("querystring", _) => format!("query.{need}({name}, v)?"),
            ("headers", Kind::Map(_)) => format!("m.headers_with({name})"),
            ("header", Kind::List(_)) if f.required => {
                format!("wire::required(m.header_list({name}), {name}, v)")
            }
            ("header", Kind::List(_)) => format!("m.header_list({name})"),
            ("header", Kind::Time) if !f.required && wire_name.to_lowercase().contains("if-") => {
                format!("m.header_date({name})")
            }
            ("header", _) if f.required => format!("m.need_header({name}, v)?"),
            ("header", _) => format!("m.header({name}, v)?"),
            _ => return Err(format!("{}: {location} of {:?} is not supported", f.name, f.kind)),
        })
    }

    /// The body of a rest-xml output's `encode`.
    pub fn rest_output(&mut self, shape: &str, operation: &str) -> Result<(), String> {
        self.text.push_str("out.status = meta.status;\nout.set_header(\"x-amz-request-id\", request_id);\n");
        if shape.is_empty() {
            return Ok(());
        }
        let fields = self.fields(shape)?;
        for f in &fields {
            self.located_out(f)?;
        }
        let payload = self.model.shape(shape)?.payload.clone();
        let xmlns = literal(&self.xmlns());
        if let Some(f) = fields.iter().find(|f| payload.as_deref() == Some(f.name)) {
            let ident = &f.ident;
            let _ = match &f.kind {
                Kind::Stream => writeln!(self.text, "out.body = self.{ident};"),
                Kind::Blob if !f.required => writeln!(
                    self.text,
                    "if let Some(bytes) = self.{ident} {{ out.set_body(\"application/octet-stream\", bytes); }}"
                ),
                Kind::Text if f.required => {
                    writeln!(self.text, "out.set_body(\"text/plain\", self.{ident});")
                }
                Kind::Text => {
                    writeln!(
                        self.text,
                        "out.set_body(\"application/json\", self.{ident}.unwrap_or_default());"
                    )
                }
                Kind::Struct(_) => {
                    let root = literal(f.member.location_name.as_deref().unwrap_or(&f.member.shape));
                    writeln!(
                        self.text,
                        "if let Some(payload) = {} {{ xml::document({root}, {xmlns}, meta, out, |w| payload.members(w)); }}",
                        f.as_ref()
                    )
                }
                other => return Err(format!("{}: a payload of {other:?} is not supported", f.name)),
            };
        } else if let Some(body) = fields.iter().find(|f| f.member.location.is_none()) {
            let named = self.model.shape(shape)?.location_name.clone();
            let patched = self.model.patches.roots.get(operation).cloned();
            let root = patched.or(named).unwrap_or_else(|| pascal(shape));
            let root = literal(&root);
            if self.model.patches.bare_roots.iter().any(|bare| bare == shape) {
                let text = format!("|w| w.text(self.{}.as_deref().unwrap_or_default())", body.ident);
                let _ = writeln!(self.text, "xml::document({root}, {xmlns}, meta, out, {text});");
            } else {
                let _ =
                    writeln!(self.text, "xml::document({root}, {xmlns}, meta, out, |w| self.members(w));");
            }
        }
        Ok(())
    }

    fn located_out(&mut self, f: &Field<'_>) -> Result<(), String> {
        let Some(location) = f.member.location.as_deref() else { return Ok(()) };
        let name = literal(&f.member.location_name.as_deref().unwrap_or(f.name).to_ascii_lowercase());
        let line = match (location, &f.kind) {
            ("headers", Kind::Map(_)) => format!("out.put_prefixed({name}, {});", f.as_ref()),
            ("header", Kind::List(_)) => {
                format!("out.put_header({name}, {}.map(|items| items.join(\",\")).as_ref());", f.as_ref())
            }
            ("header", Kind::Time) => match time_form(f) {
                Some(form) => format!("out.put_header({name}, {}.map(|t| {form}).as_ref());", f.as_ref()),
                None => format!("out.put_header({name}, {});", f.as_ref()),
            },
            ("header", _) => format!("out.put_header({name}, {});", f.as_ref()),
            ("statusCode", _) => {
                format!("if let Some(status) = {} {{ out.set_status(*status); }}", f.as_ref())
            }
            _ => return Err(format!("{}: {location} of {:?} is not supported", f.name, f.kind)),
        };
        let _ = writeln!(self.text, "{line}");
        if name == "\"content-range\"" {
            self.text.push_str("// RFC 9110, section 15.3.7.\n");
            let _ = writeln!(self.text, "if {}.is_some() {{ out.status = 206; }}", f.as_ref());
        }
        Ok(())
    }
}
