//! The conformance suite on both engines.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod memory {
    use std::sync::Arc;

    use rolecall_store::{Faults, Memory};

    rolecall_store::conformance!((memory(), ()));

    fn memory() -> Arc<Memory> {
        Arc::new(Memory::with_faults(Faults { seed: 1, yield_rate: 0.5, ..Faults::default() }))
    }
}

mod sqlite {
    use std::sync::Arc;

    use rolecall_store::Sqlite;
    use tempfile::TempDir;

    rolecall_store::conformance!(sqlite());

    fn sqlite() -> (Arc<Sqlite>, TempDir) {
        let directory = tempfile::tempdir().unwrap();
        (Arc::new(Sqlite::open(directory.path()).unwrap()), directory)
    }
}
