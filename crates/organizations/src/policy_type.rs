//! The types of policy that an organization may have, with AWS's limits.

use rolecall_base::Fault;
use rolecall_identity::records::{RESOURCE_CONTROL, SERVICE_CONTROL};

use crate::refusal::invalid;

#[derive(Debug)]
pub(crate) struct PolicyType {
    /// AWS's name.
    pub name: &'static str,
    /// Characters of a document.
    pub size: usize,
    /// The most policies on one target.
    pub attached: usize,
    /// The most policies of an organization.
    pub most: usize,
}

const fn management(name: &'static str, attached: usize) -> PolicyType {
    PolicyType { name, size: 10_000, attached, most: 1_000 }
}

pub(crate) static TYPES: [PolicyType; 15] = [
    // Both doubled in May 2026.
    PolicyType { name: SERVICE_CONTROL, size: 10_240, attached: 10, most: 10_000 },
    PolicyType { name: RESOURCE_CONTROL, size: 5_120, attached: 5, most: 2_000 },
    management("TAG_POLICY", 10),
    management("BACKUP_POLICY", 10),
    PolicyType { name: "AISERVICES_OPT_OUT_POLICY", size: 2_500, attached: 5, most: 1_000 },
    management("CHATBOT_POLICY", 5),
    management("DECLARATIVE_POLICY_EC2", 10),
    management("SECURITYHUB_POLICY", 10),
    management("SECURITYHUB_CSPM_POLICY", 10),
    management("INSPECTOR_POLICY", 10),
    management("UPGRADE_ROLLOUT_POLICY", 10),
    management("BEDROCK_POLICY", 10),
    management("S3_POLICY", 10),
    management("NETWORK_SECURITY_DIRECTOR_POLICY", 10),
    management("GUARDDUTY_POLICY", 10),
];

/// # Errors
/// InvalidInputException for a name that is none.
pub(crate) fn find(name: &str) -> Result<&'static PolicyType, Fault> {
    TYPES
        .iter()
        .find(|known| known.name == name)
        .ok_or_else(|| invalid("INVALID_ENUM_POLICY_TYPE", "You specified an invalid value."))
}

impl PolicyType {
    /// Whether a document is one of the policy language; otherwise it is one of inheritance operators.
    pub fn is_control(&self) -> bool {
        self.name == SERVICE_CONTROL || self.name == RESOURCE_CONTROL
    }
}
