//! Machine drivers: namespace, process, none
