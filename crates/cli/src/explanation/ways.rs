//! The changes that would have allowed a call, and what they would open besides.

use std::fmt::{self, Write};

use rolecall_policy::{Change, Edit, Remedy};
use serde::Deserialize;

use super::{Page, Plain, VALUES, home, named};

/// A way to have had it allowed.
#[derive(Debug, Deserialize)]
pub(super) struct Way {
    #[serde(flatten)]
    remedy: Remedy,
    /// ARNs of others whom a changed policy binds too.
    also: Vec<String>,
}

impl Page {
    /// What would have let it through, the narrowest first.
    pub(super) fn ways(&mut self, ways: &[Way]) -> fmt::Result {
        for (at, way) in ways.iter().enumerate() {
            let title = if at == 0 { "The smallest change that would allow it:" } else { "Or:" };
            writeln!(self.out, "\n{title}")?;
            for change in &way.remedy.changes {
                self.change(change)?;
            }
            self.consequences(way)?;
        }
        Ok(())
    }

    fn change(&mut self, change: &Change) -> fmt::Result {
        match change {
            Change::Request { key, value } => {
                writeln!(self.out, "  no policy: the request would need {} = {}", Plain(key), Plain(value))
            }
            Change::Policy { layer, level, policy, new, edits, .. } => {
                let level = level.map(|level| format!(", level {level}")).unwrap_or_default();
                let name = if *new { format!("a new one ({})", home(policy)) } else { named(policy) };
                writeln!(self.out, "  {}{level}: {}", layer.noun(), Plain(&name))?;
                edits.iter().try_for_each(|edit| self.edit(edit))
            }
        }
    }

    fn edit(&mut self, edit: &Edit) -> fmt::Result {
        let (sign, texts) = if edit.add.is_empty() { ('-', &edit.remove) } else { ('+', &edit.add) };
        match edit.statement {
            None => writeln!(self.out, "    one more statement")?,
            Some(_) if edit.element == "Policy" => {
                writeln!(self.out, "    detached, or without this policy")?
            }
            Some(at) if edit.element == "Statement" => writeln!(self.out, "    without Statement[{at}]")?,
            Some(at) => writeln!(self.out, "    Statement[{at}] {}", Plain(&edit.element))?,
        }
        texts.iter().try_for_each(|text| writeln!(self.out, "      {sign} {}", Plain(text)))
    }

    fn consequences(&mut self, way: &Way) -> fmt::Result {
        if way.remedy.changes.iter().all(|change| matches!(change, Change::Request { .. })) {
            return Ok(());
        }
        let edits = way.remedy.changes.iter().flat_map(|change| match change {
            Change::Policy { edits, .. } => edits.as_slice(),
            Change::Request { .. } => &[],
        });
        let elsewhere: Vec<_> = edits.flat_map(|edit| &edit.elsewhere).cloned().collect();
        let lists = [
            ("would also allow, on this resource:", &way.remedy.opens),
            ("tells on other resources too:", &elsewhere),
            ("binds others too:", &way.also),
        ];
        if lists.iter().all(|(_, list)| list.is_empty()) {
            return writeln!(self.out, "    opens nothing else");
        }
        for (title, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            let shown: Vec<_> = list.iter().take(VALUES).map(|text| Plain(text).to_string()).collect();
            let more = match list.len().saturating_sub(VALUES) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            writeln!(self.out, "    {title} {}{more}", shown.join(", "))?;
        }
        Ok(())
    }
}
