//! Access tests: who may do what on which, as a file says it should be. `docs/access-tests.md` tells the format.

mod cases;
mod file;
mod report;

pub use cases::{Case, cases};
pub use file::File;
pub use report::{Outcome, Verdict, junit, told};
