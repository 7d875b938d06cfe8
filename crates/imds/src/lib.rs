//! The instance metadata service: tokens, tree, credential rotation; bytes in, bytes out
