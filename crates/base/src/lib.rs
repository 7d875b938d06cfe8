//! Account ids, ARNs, unique ids, times, tags and the one error type
