//! The owner of instances alone, for this crate's tests and benchmarks; `rolecall` carries the same code.

fn main() {
    rolecall_compute::maybe_run_init();
}
