//! Codegen, tidy checks and generated pages.
fn main() {}
