//! Which services' actions resource control policies bind: AWS takes them in one after the other.

/// Service prefixes as the Organizations guide lists them (September 2026), in order.
const SERVICES: [&str; 62] = [
    "aoss",
    "appconfig",
    "appstream",
    "autoscaling",
    "autoscaling-plans",
    "budgets",
    "clouddirectory",
    "cloudfront",
    "cloudsearch",
    "cloudtrail-data",
    "codeartifact",
    "codebuild",
    "codecommit",
    "codepipeline",
    "cognito-identity",
    "cognito-idp",
    "comprehend",
    "comprehendmedical",
    "compute-optimizer",
    "cost-optimization-hub",
    "dax",
    "dsql",
    "dynamodb",
    "ecr",
    "ecr-public",
    "events",
    "firehose",
    "fis",
    "fms",
    "gamelift",
    "health",
    "inspector-scan",
    "kendra",
    "kinesisvideo",
    "kms",
    "logs",
    "memorydb",
    "networkmonitor",
    "notifications",
    "opensearch",
    "pca-connector-ad",
    "personalize",
    "polly",
    "pricing",
    "resource-groups",
    "rolesanywhere",
    "s3",
    "secretsmanager",
    "servicediscovery",
    "signin",
    "sqs",
    "sts",
    "support",
    "swf",
    "textract",
    "timestream-influxdb",
    "transcribe",
    "transfer",
    "translate",
    "wafv2",
    "workspaces",
    "xray",
];

/// Whether resource control policies bind an action at all. Asked by who gathers the layers of a question: the decision
/// takes those that it is given.
pub fn has_resource_control(action: &str) -> bool {
    let (service, name) = action.split_once(':').unwrap_or((action, ""));
    // AWS's one exception: who may retire a grant is the grant's business.
    let excepted = service.eq_ignore_ascii_case("kms") && name.eq_ignore_ascii_case("RetireGrant");
    !excepted && SERVICES.iter().any(|known| known.eq_ignore_ascii_case(service))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_that_take_part_are_bound_and_the_others_are_not() {
        for bound in ["s3:GetObject", "sts:AssumeRole", "STS:TagSession", "kms:Decrypt", "dynamodb:PutItem"] {
            assert!(has_resource_control(bound), "{bound}");
        }
        for free in
            ["ec2:RunInstances", "iam:GetRole", "kms:RetireGrant", "ssm:GetParameter", "s3express:X", ""]
        {
            assert!(!has_resource_control(free), "{free}");
        }
    }

    #[test]
    fn the_list_is_in_order() {
        assert!(SERVICES.is_sorted());
    }
}
