//! The one way in: authenticate, decode, ask, decide, run, audit, answer
