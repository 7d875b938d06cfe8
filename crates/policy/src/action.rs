//! Action patterns: `service:Name` with wildcards in the name, compared without regard to case.

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

    /// `action` is in lower case.
    pub fn matches(&self, action: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.glob.matches(action, &NoFacts)) != self.not
    }
}

impl ActionPattern {
    fn new(text: &str) -> ActionPattern {
        let folded = if text == "*:*" { "*".to_owned() } else { text.to_lowercase() };
        ActionPattern { glob: Glob::new(&folded, Style::Free, false), folded: folded.into() }
    }
}

/// The longest action that is folded without an allocation; AWS's longest has 72 bytes.
const INLINE: usize = 160;

/// An action in lower case, on the stack.
pub(crate) struct Folded {
    inline: [u8; INLINE],
    len: usize,
    spilled: Option<String>,
}

impl Folded {
    pub fn new(action: &str) -> Folded {
        let mut inline = [0; INLINE];
        let spilled = match inline.get_mut(..action.len()) {
            Some(place) if action.is_ascii() => {
                place.copy_from_slice(action.as_bytes());
                place.make_ascii_lowercase();
                None
            }
            _ => Some(action.to_lowercase()),
        };
        Folded { inline, len: action.len(), spilled }
    }

    pub fn as_str(&self) -> &str {
        match &self.spilled {
            Some(text) => text,
            None => {
                self.inline.get(..self.len).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default()
            }
        }
    }
}
