//! Structures, their fields and the fields' types.

use std::fmt::Write;

use super::emit::Emitter;
use super::model::{Member, Shape};
use super::names::{field, literal, pascal};

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Text,
    Bool,
    Int,
    Long,
    Float,
    Double,
    Time,
    Blob,
    Struct(String),
    Boxed(String),
    List(Box<Kind>),
    Map(Box<Kind>),
    /// A streaming output body.
    Stream,
}

/// One member of a structure, as the emitters need it.
#[derive(Debug)]
pub struct Field<'m> {
    /// The model's name.
    pub name: &'m str,
    /// The field's name.
    pub ident: String,
    pub kind: Kind,
    pub required: bool,
    pub member: &'m Member,
    pub shape: &'m Shape,
}

impl Kind {
    pub fn rust(&self) -> String {
        match self {
            Kind::Text => "String".into(),
            Kind::Bool => "bool".into(),
            Kind::Int => "i32".into(),
            Kind::Long => "i64".into(),
            Kind::Float => "f32".into(),
            Kind::Double => "f64".into(),
            Kind::Time => "Time".into(),
            Kind::Blob => "Vec<u8>".into(),
            Kind::Struct(name) => name.clone(),
            Kind::Boxed(name) => format!("Box<{name}>"),
            Kind::List(item) => format!("Vec<{}>", item.rust()),
            Kind::Map(value) => format!("BTreeMap<String, {}>", value.rust()),
            Kind::Stream => "wire::Body".into(),
        }
    }
}

impl Field<'_> {
    /// The type with its `Option`.
    pub fn rust(&self) -> String {
        let plain = self.kind.rust();
        if self.required || self.kind == Kind::Stream { plain } else { format!("Option<{plain}>") }
    }

    /// An expression for `Option<&T>`.
    pub fn as_ref(&self) -> String {
        let ident = &self.ident;
        if self.required { format!("Some(&self.{ident})") } else { format!("self.{ident}.as_ref()") }
    }

    /// An expression for `Option<&[T]>`.
    pub fn as_slice(&self) -> String {
        let ident = &self.ident;
        if self.required {
            format!("Some(self.{ident}.as_slice())")
        } else {
            format!("self.{ident}.as_deref()")
        }
    }

    /// An expression for `Option<&str>`.
    pub fn as_text(&self) -> String {
        let ident = &self.ident;
        if self.required {
            format!("Some(self.{ident}.as_str())")
        } else {
            format!("self.{ident}.as_deref()")
        }
    }
}

impl<'m> Emitter<'m> {
    /// The members of a structure. A streaming input body is left out: the door hands it over.
    pub fn fields(&self, name: &str) -> Result<Vec<Field<'m>>, String> {
        let shape = self.model.shape(name)?;
        let mut fields = Vec::new();
        for (member_name, member) in &shape.members.0 {
            let target = self.model.shape(&member.shape)?;
            let stream =
                (member.streaming || target.streaming) && shape.payload.as_ref() == Some(member_name);
            if stream && self.inputs.contains(name) {
                continue;
            }
            let kind = if stream { Kind::Stream } else { self.kind(&member.shape)? };
            let required = shape.required.contains(member_name);
            fields.push(Field {
                name: member_name,
                ident: field(member_name),
                kind,
                required,
                member,
                shape: target,
            });
        }
        Ok(fields)
    }

    pub fn kind(&self, name: &str) -> Result<Kind, String> {
        let shape = self.model.shape(name)?;
        let inner = |member: &Option<Member>| match member {
            Some(member) => self.kind(&member.shape).map(Box::new),
            None => Err(format!("shape {name} has no member")),
        };
        Ok(match shape.kind.as_str() {
            "string" | "character" => Kind::Text,
            "boolean" => Kind::Bool,
            "integer" => Kind::Int,
            "long" => Kind::Long,
            "float" => Kind::Float,
            "double" => Kind::Double,
            "timestamp" => Kind::Time,
            "blob" => Kind::Blob,
            "structure" if self.boxed.contains(name) => Kind::Boxed(pascal(name)),
            "structure" => Kind::Struct(pascal(name)),
            "list" => match inner(&shape.member)? {
                inner if matches!(*inner, Kind::List(_) | Kind::Map(_)) => {
                    return Err(format!("{name}: a list of lists or maps is not supported"));
                }
                inner => Kind::List(inner),
            },
            "map" => match inner(&shape.value)? {
                inner if matches!(*inner, Kind::List(_) | Kind::Map(_)) => {
                    return Err(format!("{name}: a map of lists or maps is not supported"));
                }
                inner => Kind::Map(inner),
            },
            other => return Err(format!("shape {name} is a {other}")),
        })
    }

    /// The structure itself.
    pub fn structure(&mut self, name: &str, type_name: &str) -> Result<(), String> {
        let fields = if name.is_empty() { Vec::new() } else { self.fields(name)? };
        let secret = |f: &Field<'_>| f.shape.sensitive;
        let streams = fields.iter().any(|f| f.kind == Kind::Stream);
        let mut traits = vec!["Default"];
        if !fields.iter().any(secret) {
            traits.insert(0, "Debug");
        }
        if !streams {
            traits.extend(["Clone", "PartialEq"]);
        }
        let _ = writeln!(self.text, "\n#[derive({})]", traits.join(", "));
        let kept = self.kept.contains(name);
        self.text.push_str(if kept {
            "#[derive(serde::Serialize, serde::Deserialize)]\n#[serde(rename_all = \"PascalCase\", default)]\n\
             #[cfg_attr(feature = \"vectors\", serde(deny_unknown_fields))]\n"
        } else {
            "#[cfg_attr(feature = \"vectors\", derive(wire::vectors::Serialize, wire::vectors::Deserialize), \
             serde(crate = \"wire::vectors::serde\", rename_all = \"PascalCase\", default, deny_unknown_fields))]\n"
        });
        let _ = writeln!(self.text, "pub struct {type_name} {{");
        for f in &fields {
            if f.kind == Kind::Stream {
                self.text.push_str("    #[cfg_attr(feature = \"vectors\", serde(skip))]\n");
            } else if serde_pascal(&f.ident) != f.name {
                let rename = format!("serde(rename = {})", literal(f.name));
                let _ = match kept {
                    true => writeln!(self.text, "    #[{rename}]"),
                    false => writeln!(self.text, "    #[cfg_attr(feature = \"vectors\", {rename})]"),
                };
            }
            if kept && !f.required {
                self.text.push_str("    #[serde(skip_serializing_if = \"Option::is_none\")]\n");
            }
            if matches!(f.kind, Kind::Float | Kind::Double) {
                self.text.push_str(
                    "    #[cfg_attr(feature = \"vectors\", serde(with = \"wire::vectors::number\"))]\n",
                );
            }
            let _ = writeln!(self.text, "    pub {}: {},", f.ident, f.rust());
        }
        self.text.push_str("}\n");
        if fields.iter().any(secret) {
            let _ = writeln!(self.text, "\nimpl std::fmt::Debug for {type_name} {{");
            self.text.push_str("    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {\n");
            let _ = write!(self.text, "        f.debug_struct({})", literal(type_name));
            for f in &fields {
                let value = if secret(f) { "&\"***\"".to_owned() } else { format!("&self.{}", f.ident) };
                let _ = write!(self.text, ".field({}, {value})", literal(&f.ident));
            }
            self.text.push_str(".finish()\n    }\n}\n");
        }
        Ok(())
    }
}

/// The name that serde's `PascalCase` makes of a field.
fn serde_pascal(ident: &str) -> String {
    ident.split('_').map(pascal).collect()
}
