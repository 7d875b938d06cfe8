//! Action patterns: `service:Name` with wildcards in the name, compared without regard to case.

use std::cell::OnceCell;

use crate::NoFacts;
use crate::glob::{Glob, Style};

/// A compiled Action or NotAction element.
#[derive(Debug)]
pub(crate) struct Actions {
    pub not: bool,
    pub patterns: Vec<ActionPattern>,
}

#[derive(Debug)]
pub(crate) struct ActionPattern {
    /// In lower case, with `*` for `*:*`.
    pub folded: Box<str>,
    pub glob: Glob,
}

impl Actions {
    pub fn new(not: bool, texts: &[String]) -> Actions {
        Actions { not, patterns: texts.iter().map(|text| ActionPattern::new(text)).collect() }
    }

    pub fn matches(&self, action: &Action<'_>) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(action)) != self.not
    }
}

impl ActionPattern {
    pub fn matches(&self, action: &Action<'_>) -> bool {
        self.glob.matches(action.folded(), &NoFacts)
    }

    fn new(text: &str) -> ActionPattern {
        let folded = if text == "*:*" { "*".to_owned() } else { text.to_ascii_lowercase() };
        ActionPattern { glob: Glob::new(&folded, Style::Free, false), folded: folded.into() }
    }
}

/// The longest action that is folded without an allocation; AWS's longest has 72 bytes.
const INLINE: usize = 96;

/// The action of a request. Most patterns are compared with it as it stands, byte by byte; the copy in lower case is
/// made when the first pattern needs it, since reading back bytes just written stalls a processor longer than the
/// whole decision takes.
pub(crate) struct Action<'q> {
    pub text: &'q str,
    folded: OnceCell<Folded>,
}

enum Folded {
    Inline([u8; INLINE]),
    Spilled(String),
}

impl<'q> Action<'q> {
    pub fn new(text: &'q str) -> Action<'q> {
        Action { text, folded: OnceCell::new() }
    }

    pub fn folded(&self) -> &str {
        match self.folded.get_or_init(|| Folded::new(self.text)) {
            Folded::Inline(bytes) => {
                bytes.get(..self.text.len()).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default()
            }
            Folded::Spilled(text) => text,
        }
    }
}

impl Folded {
    fn new(text: &str) -> Folded {
        let mut inline = [0; INLINE];
        match inline.get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text.as_bytes());
                place.make_ascii_lowercase();
                Folded::Inline(inline)
            }
            None => Folded::Spilled(text.to_ascii_lowercase()),
        }
    }
}
