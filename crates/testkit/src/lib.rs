//! An in-process world with one seed, and the check helpers
