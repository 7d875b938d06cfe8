//! Listeners, TLS, routing, configuration, start-up and shutdown
