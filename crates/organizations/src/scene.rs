//! What this crate's tests begin with: a world whose first account manages an organization.

use rolecall_base::{AccountId, Fault};
use rolecall_door::{Operation, Visitor};
use rolecall_testkit::{ACCOUNT, World};

use crate::model::*;

pub(crate) struct Scene {
    pub world: World,
    /// Root of the management account.
    pub root: Visitor,
    /// The organization's root, `r-…`.
    pub top: String,
}

impl Scene {
    /// An organization with all features and service control policies.
    pub fn new() -> Scene {
        let mut scene = Scene::without_policies();
        let input = EnablePolicyTypeRequest {
            root_id: scene.top.clone(),
            policy_type: "SERVICE_CONTROL_POLICY".into(),
        };
        scene.call::<EnablePolicyType>(input).unwrap();
        scene.root = scene.world.root(ACCOUNT);
        scene
    }

    /// An organization with all features, as it begins.
    pub fn without_policies() -> Scene {
        let mut scene = Scene::alone();
        scene.call::<CreateOrganization>(CreateOrganizationRequest::default()).unwrap();
        let roots = scene.call::<ListRoots>(ListRootsRequest::default()).unwrap().roots.unwrap();
        scene.top = roots[0].id.clone().unwrap();
        scene
    }

    /// An account without an organization.
    pub fn alone() -> Scene {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        Scene { world, root, top: String::new() }
    }

    /// Calls as the management account's root user.
    pub fn call<Op: Operation>(&self, input: Op::Input) -> Result<Op::Output, Fault> {
        self.world.call::<Op>(&self.root, input)
    }

    /// Calls as the root user of another account.
    pub fn call_as<Op: Operation>(&self, account: AccountId, input: Op::Input) -> Result<Op::Output, Fault> {
        self.world.call::<Op>(&self.world.root(account), input)
    }

    /// A new member account.
    pub fn account(&self, name: &str) -> AccountId {
        let input = CreateAccountRequest {
            email: format!("{name}@example.com"),
            account_name: name.into(),
            ..Default::default()
        };
        let status = self.call::<CreateAccount>(input).unwrap().create_account_status.unwrap();
        let id = DescribeCreateAccountStatusRequest { create_account_request_id: status.id.unwrap() };
        let status = self.call::<DescribeCreateAccountStatus>(id).unwrap().create_account_status.unwrap();
        status.account_id.unwrap().parse().unwrap()
    }

    /// A new unit.
    pub fn unit(&self, parent: &str, name: &str) -> String {
        let input = CreateOrganizationalUnitRequest {
            parent_id: parent.into(),
            name: name.into(),
            ..Default::default()
        };
        let made = self.call::<CreateOrganizationalUnit>(input).unwrap();
        made.organizational_unit.unwrap().id.unwrap()
    }

    /// A new policy.
    pub fn policy(&self, type_: &str, name: &str, content: &str) -> String {
        let input = CreatePolicyRequest {
            content: content.into(),
            name: name.into(),
            type_: type_.into(),
            ..Default::default()
        };
        let made = self.call::<CreatePolicy>(input).unwrap().policy.unwrap();
        made.policy_summary.unwrap().id.unwrap()
    }

    /// A new service control policy that denies an action.
    pub fn denying(&self, action: &str) -> String {
        let name = format!("deny {action}");
        self.policy("SERVICE_CONTROL_POLICY", &name, &deny(action))
    }

    pub fn attach(&self, policy: &str, target: &str) -> Result<AttachPolicyResponse, Fault> {
        let input = AttachPolicyRequest { policy_id: policy.into(), target_id: target.into() };
        self.call::<AttachPolicy>(input)
    }

    pub fn detach(&self, policy: &str, target: &str) -> Result<DetachPolicyResponse, Fault> {
        let input = DetachPolicyRequest { policy_id: policy.into(), target_id: target.into() };
        self.call::<DetachPolicy>(input)
    }
}

/// A service control policy that denies an action everywhere.
pub(crate) fn deny(action: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", "Action": "{action}", "Resource": "*"}}}}"#
    )
}
