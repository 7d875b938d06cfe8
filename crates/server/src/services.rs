//! The services that this server has.

use rolecall_door::Front;

use crate::control;
use crate::route::Fronts;

/// Every service's table.
pub fn fronts() -> Fronts {
    use rolecall_cloudtrail as trail;
    use rolecall_ec2_instance_connect as connect;
    use rolecall_ssm as ssm;
    use {rolecall_ec2 as ec2, rolecall_s3 as s3, rolecall_sts as sts};
    use {rolecall_iam as iam, rolecall_organizations as organizations};
    Fronts::new(vec![
        Front::new(&iam::model::SERVICE, iam::ops::OPERATIONS, iam::ops::MISSING),
        Front::new(&sts::model::SERVICE, sts::ops::OPERATIONS, sts::ops::MISSING),
        Front::new(&s3::model::SERVICE, s3::ops::OPERATIONS, s3::ops::MISSING)
            .with_body_check(s3::check_body),
        Front::new(&ec2::model::SERVICE, ec2::ops::OPERATIONS, ec2::ops::MISSING),
        Front::new(
            &organizations::model::SERVICE,
            organizations::ops::OPERATIONS,
            organizations::ops::MISSING,
        ),
        Front::new(&trail::model::SERVICE, trail::ops::OPERATIONS, trail::ops::MISSING),
        Front::new(&ssm::model::SERVICE, ssm::ops::OPERATIONS, ssm::ops::MISSING),
        Front::new(&connect::model::SERVICE, connect::ops::OPERATIONS, connect::ops::MISSING),
        Front::new(&control::SERVICE, control::OPERATIONS, &[]),
    ])
}
