//! `ContextEntries`: condition keys with their types, checked, as the engine asks for them.

use rolecall_base::Fault;
use rolecall_policy::{Context, Facts, Scalar, Value};

use super::caller::Caller;
use crate::model::{ContextEntry, fault};

/// All that a simulation knows of its requests.
#[derive(Debug)]
pub(super) struct Known(Context);

impl Known {
    /// # Errors
    /// InvalidInput for an entry without a name, a key given twice, a value that is not of its type, several values
    /// of a type that is no list.
    pub fn new(entries: &[ContextEntry], caller: Option<&Caller>) -> Result<Known, Fault> {
        let mut context = Context::new();
        for entry in entries {
            let name = entry.context_key_name.as_deref().unwrap_or_default();
            if name.is_empty() {
                return Err(fault::invalid_input("A context entry must have a ContextKeyName."));
            }
            if context.get(&name.to_lowercase()).is_some() {
                return Err(fault::invalid_input(format!("Duplicate context key name: {name}")));
            }
            add(&mut context, name, entry)?;
        }
        if let Some(caller) = caller {
            caller.add_keys(&mut context);
        }
        Ok(Known(context))
    }

    pub fn has(&self, key: &str) -> bool {
        self.0.get(&key.to_lowercase()).is_some()
    }
}

impl Facts for Known {
    fn get(&self, key: &str) -> Option<Value<'_>> {
        self.0.get(key)
    }
}

fn add(context: &mut Context, name: &str, entry: &ContextEntry) -> Result<(), Fault> {
    let values = entry.context_key_values.clone().unwrap_or_default();
    let (kind, is_list) = match entry.context_key_type.as_deref() {
        Some(word) => word.strip_suffix("List").map_or((word, false), |word| (word, true)),
        None => ("string", values.len() > 1),
    };
    for value in &values {
        if !is_of_type(value, kind) {
            return Err(fault::invalid_input(format!(
                "The value {value} of the context key {name} is not of the type {kind}."
            )));
        }
    }
    if is_list {
        context.set_list(name, values);
        return Ok(());
    }
    let mut values = values.into_iter();
    match (values.next(), values.next()) {
        // A key without a value is one that the request does not have.
        (None, _) => {}
        (Some(value), None) => context.set(name, value),
        (Some(_), Some(_)) => {
            return Err(fault::invalid_input(format!(
                "The context key {name} has several values; its type must be {kind}List."
            )));
        }
    }
    Ok(())
}

/// Whether a policy could compare with the value.
fn is_of_type(value: &str, kind: &str) -> bool {
    match kind {
        "numeric" => Scalar::Number.reads(value),
        "boolean" => Scalar::Bool.reads(value),
        "ip" => Scalar::Ip.reads(value),
        "binary" => Scalar::Binary.reads(value),
        "date" => Scalar::Date.reads(value),
        _ => true,
    }
}
