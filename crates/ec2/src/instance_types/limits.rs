//! How many network interfaces a size may have, and how many addresses each of them.
//!
//! Source: EC2 User Guide, "Maximum IP addresses per network interface".

/// Interfaces, and IPv4 addresses of each; as many IPv6 ones where the type has IPv6.
pub fn interfaces(family: &str, size: &str) -> (u32, u32) {
    match (family, size) {
        (_, "nano" | "micro") => (2, 2),
        ("m1", _) | ("t3a", "small") => (2, 4),
        (_, "small") => (3, 4),
        ("t2", "large") | ("t3" | "t3a" | "t4g", "large") => (3, 12),
        ("t2", "xlarge" | "2xlarge") => (3, 15),
        ("t2" | "t3" | "t3a" | "t4g", "medium") => (3, 6),
        ("m4", "large") => (2, 10),
        ("m4", "16xlarge") => (8, 30),
        (_, "medium") => (2, 4),
        (_, "large") => (3, 10),
        (_, "xlarge" | "2xlarge") => (4, 15),
        (_, "4xlarge" | "8xlarge" | "9xlarge" | "10xlarge" | "12xlarge") => (8, 30),
        _ => (15, 50),
    }
}
