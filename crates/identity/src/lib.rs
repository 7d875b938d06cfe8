//! Records of principals and policies, sealed secrets and session tokens, and which policies apply to a caller
