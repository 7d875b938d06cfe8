//! Ordered key-value transactions over several engines, and typed tables on top
