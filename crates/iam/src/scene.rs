//! What this crate's tests begin with: a world whose root user makes things with few words.

use rolecall_base::Fault;
use rolecall_door::{Operation, Visitor};
use rolecall_testkit::{ACCOUNT, World};

use crate::model::*;

/// A policy that allows one thing.
pub(crate) const READ: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}"#;
/// A trust policy for EC2.
pub(crate) const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}"#;

pub(crate) struct Scene {
    pub world: World,
    pub root: Visitor,
}

impl Scene {
    pub fn new() -> Scene {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        Scene { world, root }
    }

    /// Calls as root.
    pub fn call<Op: Operation>(&self, input: Op::Input) -> Result<Op::Output, Fault> {
        self.world.call::<Op>(&self.root, input)
    }

    pub fn role(&self, name: &str) -> Role {
        let input = CreateRoleRequest {
            role_name: name.into(),
            assume_role_policy_document: TRUST.into(),
            ..Default::default()
        };
        self.call::<CreateRole>(input).unwrap().role
    }

    pub fn user(&self, name: &str) -> User {
        let input = CreateUserRequest { user_name: name.into(), ..Default::default() };
        self.call::<CreateUser>(input).unwrap().user.unwrap()
    }

    pub fn group(&self, name: &str) -> Group {
        let input = CreateGroupRequest { group_name: name.into(), ..Default::default() };
        self.call::<CreateGroup>(input).unwrap().group
    }

    pub fn profile(&self, name: &str) -> InstanceProfile {
        let input = CreateInstanceProfileRequest { instance_profile_name: name.into(), ..Default::default() };
        self.call::<CreateInstanceProfile>(input).unwrap().instance_profile
    }

    /// A managed policy; answers its ARN.
    pub fn policy(&self, name: &str) -> String {
        let input = CreatePolicyRequest {
            policy_name: name.into(),
            policy_document: READ.into(),
            ..Default::default()
        };
        self.call::<CreatePolicy>(input).unwrap().policy.unwrap().arn.unwrap()
    }

    pub fn attach(&self, role: &str, arn: &str) -> Result<AttachRolePolicyResponse, Fault> {
        let input = AttachRolePolicyRequest { role_name: role.into(), policy_arn: arn.into() };
        self.call::<AttachRolePolicy>(input)
    }

    pub fn add_to_profile(
        &self,
        role: &str,
        profile: &str,
    ) -> Result<AddRoleToInstanceProfileResponse, Fault> {
        let input =
            AddRoleToInstanceProfileRequest { instance_profile_name: profile.into(), role_name: role.into() };
        self.call::<AddRoleToInstanceProfile>(input)
    }
}
