//! Validation: the model's lengths, ranges, patterns and value sets.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::emit::Emitter;
use super::model::Shape;
use super::names::{constant, literal, pascal};
use super::structs::{Field, Kind};

/// Enumerations above this size stay open: their operations know the values better than the model.
const MAX_VALUES: usize = 100;

impl Emitter<'_> {
    /// Finds the structures that have a limit, or hold one that has.
    pub fn find_validated(&mut self, inward: &BTreeSet<String>) -> Result<(), String> {
        loop {
            let mut grew = false;
            for name in
                inward.iter().filter(|name| !self.validated.contains(*name)).cloned().collect::<Vec<_>>()
            {
                let mut found = false;
                for f in self.fields(&name)? {
                    found |= self.check(&f, "")?.is_some();
                }
                if found {
                    grew |= self.validated.insert(name);
                }
            }
            if !grew {
                return Ok(());
            }
        }
    }

    /// The structure's `validate`, when it has anything to validate.
    pub fn validate(&mut self, name: &str) -> Result<(), String> {
        if !self.validated.contains(name) {
            return Ok(());
        }
        let _ = writeln!(self.text, "\nimpl {} {{", pascal(name));
        self.text.push_str("fn limits(&self, v: &mut Violations) {\n");
        for f in self.fields(name)? {
            let wire_name = self.shown_name(&f);
            if let Some(check) = self.check(&f, &wire_name)? {
                self.text.push_str(&check);
            }
        }
        self.text.push_str("}\n}\n");
        Ok(())
    }

    /// How faults name the member.
    fn shown_name(&self, f: &Field<'_>) -> String {
        match self.model.metadata.protocol.as_str() {
            "ec2" | "rest-xml" => self.request_name(f),
            _ => f.name.to_owned(),
        }
    }

    /// The statements that hold one member against its limits.
    fn check(&mut self, f: &Field<'_>, shown: &str) -> Result<Option<String>, String> {
        let shown = literal(shown);
        let mut code = String::new();
        match &f.kind {
            Kind::Text => {
                if let Some(rule) = self.rule(&f.member.shape)? {
                    let call = if f.shape.sensitive { "secret" } else { "text" };
                    let _ = writeln!(code, "v.{call}({shown}, {}, &rule::{rule});", f.as_text());
                }
            }
            Kind::Int | Kind::Long => {
                if let Some(range) = range(f.shape) {
                    let value = if f.required {
                        format!("Some(self.{})", f.ident)
                    } else {
                        format!("self.{}", f.ident)
                    };
                    let _ = writeln!(code, "v.number({shown}, {value}, {range});");
                }
            }
            Kind::Blob => size(&mut code, f, &shown),
            Kind::Struct(_) if self.validated.contains(&f.member.shape) => {
                let target = pascal(&f.member.shape);
                let _ = writeln!(code, "v.inner({shown}, {}, {target}::limits);", f.as_ref());
            }
            Kind::Boxed(_) if self.validated.contains(&f.member.shape) => {
                let target = pascal(&f.member.shape);
                let value = if f.required {
                    format!("Some(&*self.{})", f.ident)
                } else {
                    format!("self.{}.as_deref()", f.ident)
                };
                let _ = writeln!(code, "v.inner({shown}, {value}, {target}::limits);");
            }
            Kind::List(item) => {
                size(&mut code, f, &shown);
                let item_shape =
                    f.shape.member.as_ref().map(|member| member.shape.clone()).unwrap_or_default();
                match item.as_ref() {
                    Kind::Text => {
                        if let Some(rule) = self.rule(&item_shape)? {
                            let _ = writeln!(code, "v.texts({shown}, {}, &rule::{rule});", f.as_slice());
                        }
                    }
                    Kind::Int | Kind::Long => {
                        if let Some(range) = range(self.model.shape(&item_shape)?) {
                            let check = format!("|n, v| v.number(\"\", Some(*n), {range})");
                            let _ = writeln!(code, "v.each({shown}, {}, {check});", f.as_slice());
                        }
                    }
                    Kind::Struct(target) if self.validated.contains(&item_shape) => {
                        let _ = writeln!(code, "v.each({shown}, {}, {target}::limits);", f.as_slice());
                    }
                    _ => {}
                }
            }
            Kind::Map(value) => self.check_map(&mut code, f, value, &shown)?,
            _ => {}
        }
        Ok((!code.is_empty()).then_some(code))
    }

    fn check_map(
        &mut self,
        code: &mut String,
        f: &Field<'_>,
        value: &Kind,
        shown: &str,
    ) -> Result<(), String> {
        size(code, f, shown);
        let key = f.shape.key.as_ref().map(|key| key.shape.clone()).unwrap_or_default();
        if let Some(rule) = self.rule(&key)? {
            let _ = writeln!(code, "v.keys({shown}, {}, &rule::{rule});", f.as_ref());
        }
        let value_shape = f.shape.value.as_ref().map(|value| value.shape.clone()).unwrap_or_default();
        if *value == Kind::Text {
            if let Some(rule) = self.rule(&value_shape)? {
                let _ = writeln!(code, "v.values({shown}, {}, &rule::{rule});", f.as_ref());
            }
        } else if self.validated.contains(&value_shape) {
            let target = pascal(&value_shape);
            let _ = writeln!(code, "v.each_value({shown}, {}, {target}::limits);", f.as_ref());
        }
        Ok(())
    }

    /// The name of the constant with a text shape's limits; `None` when it has none.
    fn rule(&mut self, shape_name: &str) -> Result<Option<String>, String> {
        let shape = self.model.shape(shape_name)?;
        let values: &[String] = if shape.values.len() <= MAX_VALUES { &shape.values } else { &[] };
        let min = number(&shape.min).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let max = number(&shape.max).and_then(|n| usize::try_from(n).ok());
        if values.is_empty() && min == 0 && max.is_none() && shape.pattern.is_none() {
            return Ok(None);
        }
        let pattern = match &shape.pattern {
            Some(pattern) => {
                let source = super::patterns::translated(pattern, &self.model.patches.patterns)?;
                format!("Some(Pattern::new({}, {}))", literal(pattern), literal(&source))
            }
            None => "None".to_owned(),
        };
        let max = max.map_or("usize::MAX".to_owned(), |max| max.to_string());
        let values = values.iter().map(|value| literal(value)).collect::<Vec<_>>().join(", ");
        let text = format!("Text {{ min: {min}, max: {max}, pattern: {pattern}, values: &[{values}] }}");
        let mut name = constant(shape_name);
        while self.rules.get(&name).is_some_and(|other| *other != text) {
            name.push('_');
        }
        self.rules.insert(name.clone(), text);
        Ok(Some(name))
    }

    /// The constants.
    pub fn rules_module(&mut self) {
        if self.rules.is_empty() {
            return;
        }
        self.text.push_str(
            "\n/// The limits of texts.\nmod rule {\nuse rolecall_wire::rules::{Pattern, Text};\n\n",
        );
        for (name, rule) in &self.rules {
            let _ = writeln!(self.text, "pub static {name}: Text = {rule};");
        }
        self.text.push_str("}\n");
    }
}

fn number(n: &Option<serde_json::Number>) -> Option<i64> {
    n.as_ref().and_then(serde_json::Number::as_i64)
}

fn range(shape: &Shape) -> Option<String> {
    let show = |n: Option<i64>| n.map_or("None".to_owned(), |n| format!("Some({n})"));
    let (min, max) = (number(&shape.min), number(&shape.max));
    (min.is_some() || max.is_some()).then(|| format!("{}, {}", show(min), show(max)))
}

fn size(code: &mut String, f: &Field<'_>, shown: &str) {
    let (min, max) = (number(&f.shape.min).unwrap_or(0), number(&f.shape.max));
    if min <= 0 && max.is_none() {
        return;
    }
    let length = if f.required {
        format!("Some(self.{}.len())", f.ident)
    } else {
        format!("self.{}.as_ref().map(|items| items.len())", f.ident)
    };
    let max = max.map_or("usize::MAX".to_owned(), |max| max.to_string());
    let _ = writeln!(code, "v.size({shown}, {length}, {min}, {max});");
}
