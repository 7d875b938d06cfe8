//! Which structures an operation's input and output lead to, and which lead to themselves.

use std::collections::BTreeSet;

use super::model::{Io, Member, Model, Shape};

/// All structures that `start` leads to, itself included.
pub fn structures(model: &Model, start: &str, found: &mut BTreeSet<String>) -> Result<(), String> {
    let shape = model.shape(start)?;
    if shape.kind == "structure" && !found.insert(start.to_owned()) {
        return Ok(());
    }
    for member in parts(shape) {
        structures(model, &member.shape, found)?;
    }
    Ok(())
}

/// True when a structure holds itself without a list or map between, so that it must be boxed.
pub fn holds_itself(model: &Model, name: &str) -> Result<bool, String> {
    let mut ahead = vec![name.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(current) = ahead.pop() {
        for (_, member) in &model.shape(&current)?.members.0 {
            if model.shape(&member.shape)?.kind != "structure" {
                continue;
            }
            if member.shape == name {
                return Ok(true);
            }
            if seen.insert(member.shape.clone()) {
                ahead.push(member.shape.clone());
            }
        }
    }
    Ok(false)
}

/// True when the payload of an input or output is a stream.
pub fn streams(model: &Model, io: &Option<Io>) -> Result<bool, String> {
    let Some(io) = io else { return Ok(false) };
    let shape = model.shape(&io.shape)?;
    let payload = shape.members.0.iter().find(|(name, _)| shape.payload.as_ref() == Some(name));
    let Some((_, member)) = payload else { return Ok(false) };
    Ok(member.streaming || model.shape(&member.shape)?.streaming)
}

fn parts(shape: &Shape) -> impl Iterator<Item = &Member> {
    let members = shape.members.0.iter().map(|(_, member)| member);
    members.chain(&shape.member).chain(&shape.key).chain(&shape.value)
}
