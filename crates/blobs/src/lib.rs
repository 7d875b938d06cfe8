//! Object bytes: a folder driver and a memory driver
