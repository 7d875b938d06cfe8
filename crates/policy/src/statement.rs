//! One statement, compiled.

use std::ops::Range;

use crate::action::Actions;
use crate::condition::Condition;
use crate::document::Effect;
use crate::principal::Principals;
use crate::resource::Resources;

#[derive(Debug)]
pub(crate) struct Statement {
    /// Position in the document, from 0.
    pub index: usize,
    pub sid: Option<Box<str>>,
    pub effect: Effect,
    /// Byte range in the document's text.
    pub span: Range<usize>,
    pub principals: Option<Principals>,
    pub actions: Actions,
    /// `None` in trust policies, where the role itself is meant.
    pub resources: Option<Resources>,
    pub conditions: Vec<Condition>,
}
