//! Which structures an operation's input and output lead to, and which lead to themselves.

use std::collections::BTreeSet;

use super::model::{Member, Model, Shape};

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

fn parts(shape: &Shape) -> impl Iterator<Item = &Member> {
    let members = shape.members.0.iter().map(|(_, member)| member);
    members.chain(&shape.member).chain(&shape.key).chain(&shape.value)
}
