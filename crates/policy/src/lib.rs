//! Policy documents: parse, lint, compile, decide, explain
