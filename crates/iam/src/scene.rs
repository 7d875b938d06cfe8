//! What this crate's tests begin with: a world whose root user makes things with few words.

use std::sync::Arc;

use rolecall_base::Fault;
use rolecall_door::{Extensions, Operation, Visitor};
use rolecall_testkit::{ACCOUNT, World};

use crate::model::*;
use crate::quota::Quotas;

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
        Scene::with(Quotas::default())
    }

    pub fn with(quotas: Quotas) -> Scene {
        let mut extensions = Extensions::default();
        extensions.insert(Arc::new(quotas));
        let world = World::with(1, extensions);
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

    /// Gives a user a password.
    pub fn password(&self, user: &str, password: &str) -> Result<LoginProfile, Fault> {
        let input = CreateLoginProfileRequest {
            user_name: Some(user.into()),
            password: Some(password.into()),
            ..Default::default()
        };
        self.call::<CreateLoginProfile>(input).map(|response| response.login_profile)
    }

    /// A virtual MFA device: its serial number and its seed in base 32.
    pub fn device(&self, name: &str) -> (String, Vec<u8>) {
        let input =
            CreateVirtualMFADeviceRequest { virtual_mfa_device_name: name.into(), ..Default::default() };
        let device = self.call::<CreateVirtualMFADevice>(input).unwrap().virtual_mfa_device;
        (device.serial_number, device.base32_string_seed.unwrap().to_vec())
    }

    /// The code of a device, so many steps of 30 seconds from now.
    pub fn code(&self, seed: &[u8], step: i64) -> String {
        rolecall_testkit::mfa_code(seed, self.world.env.now(), step)
    }

    /// Makes a device the user's, by the codes of two steps.
    pub fn enable(&self, user: &str, serial: &str, seed: &[u8], steps: (i64, i64)) -> Result<(), Fault> {
        let input = EnableMFADeviceRequest {
            user_name: user.into(),
            serial_number: serial.into(),
            authentication_code1: self.code(seed, steps.0),
            authentication_code2: self.code(seed, steps.1),
        };
        self.call::<EnableMFADevice>(input).map(|_| ())
    }

    /// The audit records of all changes.
    pub fn records(&self) -> String {
        let db = self.world.store.read().unwrap();
        let rows = db.scan::<rolecall_door::Outbox>(&(), None, 1_000).unwrap();
        rows.into_iter().map(|(_, row)| row.record).collect()
    }

    pub fn id_of(&self, user: &str) -> String {
        self.call::<GetUser>(GetUserRequest { user_name: Some(user.into()) }).unwrap().user.user_id
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
