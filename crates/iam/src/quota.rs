//! AWS's default quotas, how many things an account has, and what AWS says when a quota is exceeded.
//!
//! The things that there may be thousands of are counted by counters of the store, which every creation adds to without
//! reading them and commits only if they are below the quota: creations do not conflict with one another, and the quota
//! is exact all the same.

use std::sync::Arc;

use rolecall_base::{AccountId, Fault};
use rolecall_door::Extensions;
use rolecall_identity::records::{
    Counts, Group, Groups, InstanceProfile, InstanceProfiles, Role, Roles, User, Users,
};
use rolecall_policy::Policy;
use rolecall_store::{Table, Tx};

use crate::holder::Holds;
use crate::model::fault;

pub(crate) const ACCESS_KEYS_PER_USER: usize = 2;
pub(crate) const GROUPS_PER_USER: usize = 10;
pub(crate) const SIGNING_CERTIFICATES_PER_USER: usize = 2;
pub(crate) const MFA_DEVICES_PER_USER: usize = 8;
/// Virtual devices of an account: as many as it may have users.
pub(crate) const MFA_DEVICES: usize = 5000;
pub(crate) const VERSIONS_PER_POLICY: usize = 5;
pub(crate) const TAGS: usize = 50;
/// Characters of a managed policy, white space apart.
pub(crate) const POLICY_SIZE: usize = 6144;

/// The quotas that can be set: AWS's defaults, or what the operator says. An extension of the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    pub(crate) users: usize,
    pub(crate) groups: usize,
    pub(crate) roles: usize,
    pub(crate) policies: usize,
    pub(crate) instance_profiles: usize,
    pub(crate) server_certificates: usize,
    pub(crate) oidc_providers: usize,
    pub(crate) policies_per_user: usize,
    pub(crate) policies_per_group: usize,
    pub(crate) policies_per_role: usize,
    /// Characters of a trust policy, white space apart.
    pub(crate) trust_policy_size: usize,
}

impl Default for Quotas {
    fn default() -> Quotas {
        Quotas {
            users: 5000,
            groups: 300,
            roles: 1000,
            policies: 1500,
            instance_profiles: 1000,
            server_certificates: 20,
            oidc_providers: 100,
            policies_per_user: 10,
            policies_per_group: 10,
            policies_per_role: 10,
            trust_policy_size: 2048,
        }
    }
}

impl Quotas {
    /// The names that [`Quotas::set`] knows.
    pub const NAMES: [&'static str; 11] = [
        "users",
        "groups",
        "roles",
        "policies",
        "instance-profiles",
        "server-certificates",
        "oidc-providers",
        "policies-per-user",
        "policies-per-group",
        "policies-per-role",
        "trust-policy-size",
    ];

    /// Sets one by its name; `None` for a name that is not among [`Quotas::NAMES`].
    pub fn set(&mut self, name: &str, value: u32) -> Option<()> {
        let place = match name {
            "users" => &mut self.users,
            "groups" => &mut self.groups,
            "roles" => &mut self.roles,
            "policies" => &mut self.policies,
            "instance-profiles" => &mut self.instance_profiles,
            "server-certificates" => &mut self.server_certificates,
            "oidc-providers" => &mut self.oidc_providers,
            "policies-per-user" => &mut self.policies_per_user,
            "policies-per-group" => &mut self.policies_per_group,
            "policies-per-role" => &mut self.policies_per_role,
            "trust-policy-size" => &mut self.trust_policy_size,
            _ => return None,
        };
        *place = usize::try_from(value).ok()?;
        Some(())
    }

    /// As GetAccountSummary names them, with those that can't be set.
    pub(crate) fn summary(&self) -> [(&'static str, usize); 19] {
        [
            ("AccessKeysPerUserQuota", ACCESS_KEYS_PER_USER),
            ("AssumeRolePolicySizeQuota", self.trust_policy_size),
            ("AttachedPoliciesPerGroupQuota", self.policies_per_group),
            ("AttachedPoliciesPerRoleQuota", self.policies_per_role),
            ("AttachedPoliciesPerUserQuota", self.policies_per_user),
            ("GroupPolicySizeQuota", Group::INLINE_SIZE),
            ("GroupsPerUserQuota", GROUPS_PER_USER),
            ("GroupsQuota", self.groups),
            ("InstanceProfilesQuota", self.instance_profiles),
            ("PoliciesQuota", self.policies),
            ("PolicySizeQuota", POLICY_SIZE),
            // Follows from policies and versions; this server has no further limit of it.
            ("PolicyVersionsInUseQuota", self.policies.saturating_mul(VERSIONS_PER_POLICY).max(10_000)),
            ("RolePolicySizeQuota", Role::INLINE_SIZE),
            ("RolesQuota", self.roles),
            ("ServerCertificatesQuota", self.server_certificates),
            ("SigningCertificatesPerUserQuota", SIGNING_CERTIFICATES_PER_USER),
            ("UserPolicySizeQuota", User::INLINE_SIZE),
            ("UsersQuota", self.users),
            ("VersionsPerPolicyQuota", VERSIONS_PER_POLICY),
        ]
    }

    /// Those of this server.
    pub(crate) fn of(extensions: &Extensions) -> Arc<Quotas> {
        extensions.get::<Quotas>().unwrap_or_default()
    }
}

/// A kind of thing whose number per account is limited.
pub(crate) trait Limited {
    type Table: Table<Key = (AccountId, String)>;
    /// The quota's name in AWS's errors.
    const QUOTA: &'static str;

    fn limit(quotas: &Quotas) -> usize;
}

macro_rules! limited {
    ($record:ty, $table:ty, $quota:literal, $field:ident) => {
        impl Limited for $record {
            type Table = $table;
            const QUOTA: &'static str = $quota;

            fn limit(quotas: &Quotas) -> usize {
                quotas.$field
            }
        }
    };
}

limited!(User, Users, "UsersPerAccount", users);
limited!(Group, Groups, "GroupsPerAccount", groups);
limited!(Role, Roles, "RolesPerAccount", roles);
limited!(InstanceProfile, InstanceProfiles, "InstanceProfilesPerAccount", instance_profiles);
limited!(
    rolecall_identity::records::ManagedPolicy,
    rolecall_identity::records::ManagedPolicies,
    "PoliciesPerAccount",
    policies
);

/// Counts one more, which the same transaction writes.
///
/// # Errors
/// LimitExceeded at the quota.
pub(crate) fn grow<L: Limited>(tx: &mut Tx, account: AccountId, quotas: &Quotas) -> Result<(), Fault> {
    let key = (account, L::Table::NAME.to_owned());
    let limit = L::limit(quotas);
    let Some(count) = tx.peek::<Counts>(&key)? else {
        // Nobody has counted: those that there are, and whoever else counts them now is a conflict.
        tx.counter::<Counts>(&key)?;
        let count = tx.count::<L::Table>(&(account,))?;
        room(L::QUOTA, count, limit)?;
        return Ok(tx.add::<Counts>(&key, i64::try_from(count).unwrap_or(i64::MAX - 1) + 1)?);
    };
    let limit_of_counter = i64::try_from(limit).unwrap_or(i64::MAX);
    if count >= limit_of_counter {
        return Err(exceeded(L::QUOTA, limit));
    }
    tx.bound::<Counts>(&key, limit_of_counter - 1);
    Ok(tx.add::<Counts>(&key, 1)?)
}

/// Counts one less, which the same transaction deletes.
pub(crate) fn shrink<L: Limited>(tx: &mut Tx, account: AccountId) -> Result<(), Fault> {
    Counts::note::<L::Table>(tx, account, -1)
}

/// # Errors
/// LimitExceeded when there are `count` already and no more may come.
pub(crate) fn room(name: &str, count: usize, limit: usize) -> Result<(), Fault> {
    if count >= limit { Err(exceeded(name, limit)) } else { Ok(()) }
}

/// # Errors
/// LimitExceeded when a document is larger than `limit` characters, white space apart.
pub(crate) fn size(name: &str, document: &str, limit: usize) -> Result<(), Fault> {
    if Policy::size_without_whitespace(document) > limit { Err(exceeded(name, limit)) } else { Ok(()) }
}

pub(crate) fn exceeded(name: &str, limit: usize) -> Fault {
    fault::limit_exceeded(format!("Cannot exceed quota for {name}: {limit}"))
}

#[cfg(test)]
mod tests {
    use rolecall_identity::records::User as Person;
    use rolecall_testkit::{ACCOUNT, check_fault};

    use super::*;
    use crate::entity;
    use crate::model::*;
    use crate::scene::{READ, Scene, TRUST};

    fn scene(set: &[(&str, u32)]) -> Scene {
        let mut quotas = Quotas::default();
        for (name, value) in set {
            quotas.set(name, *value).unwrap();
        }
        Scene::with(quotas)
    }

    fn user(scene: &Scene, name: &str) -> Result<CreateUserResponse, Fault> {
        scene.call::<CreateUser>(CreateUserRequest { user_name: name.into(), ..Default::default() })
    }

    #[test]
    fn every_name_can_be_set_and_no_other() {
        for name in Quotas::NAMES {
            let mut quotas = Quotas::default();
            assert_eq!(quotas.set(name, 77), Some(()));
            assert_ne!(quotas, Quotas::default(), "{name}");
        }
        assert_eq!(Quotas::default().set("stars", 1), None);
    }

    #[test]
    fn an_account_has_as_many_of_each_kind_as_its_quotas_say() {
        let names = ["users", "groups", "roles", "policies", "instance-profiles"];
        let scene = scene(&names.map(|name| (name, 1)));
        scene.user("a");
        scene.group("a");
        scene.role("a");
        scene.policy("a");
        scene.profile("a");
        let name = || "b".to_owned();
        let role = CreateRoleRequest {
            role_name: name(),
            assume_role_policy_document: TRUST.into(),
            ..Default::default()
        };
        let policy =
            CreatePolicyRequest { policy_name: name(), policy_document: READ.into(), ..Default::default() };
        let profile = CreateInstanceProfileRequest { instance_profile_name: name(), ..Default::default() };
        let group = CreateGroupRequest { group_name: name(), ..Default::default() };
        let messages = [
            check_fault(user(&scene, "b"), "LimitExceeded"),
            check_fault(scene.call::<CreateGroup>(group), "LimitExceeded"),
            check_fault(scene.call::<CreateRole>(role), "LimitExceeded"),
            check_fault(scene.call::<CreatePolicy>(policy), "LimitExceeded"),
            check_fault(scene.call::<CreateInstanceProfile>(profile), "LimitExceeded"),
        ];
        let kinds = ["Users", "Groups", "Roles", "Policies", "InstanceProfiles"];
        assert_eq!(messages, kinds.map(|kind| format!("Cannot exceed quota for {kind}PerAccount: 1")));
    }

    #[test]
    fn what_is_deleted_makes_room_and_a_taken_name_is_told_first() {
        let scene = scene(&[("users", 2)]);
        scene.user("a");
        scene.user("b");
        check_fault(user(&scene, "A"), "EntityAlreadyExists");
        check_fault(user(&scene, "c"), "LimitExceeded");
        scene.call::<DeleteUser>(DeleteUserRequest { user_name: "a".into() }).unwrap();
        user(&scene, "c").unwrap();
        check_fault(user(&scene, "d"), "LimitExceeded");
    }

    #[test]
    fn those_that_were_there_before_anybody_counted_count() {
        let scene = scene(&[("users", 3)]);
        for name in ["a", "b"] {
            scene.world.user_key(ACCOUNT, name, "");
        }
        user(&scene, "c").unwrap();
        check_fault(user(&scene, "d"), "LimitExceeded");
    }

    #[test]
    fn accounts_are_counted_apart() {
        let scene = scene(&[("users", 1)]);
        scene.user("a");
        let other = AccountId::new(111_111_111_111).unwrap();
        scene.world.account(other);
        let input = || CreateUserRequest { user_name: "a".into(), ..Default::default() };
        let root = scene.world.root(other);
        scene.world.call::<CreateUser>(&root, input()).unwrap();
    }

    /// Creations of one account do not read what the others write: none of them is run again.
    #[test]
    fn creations_do_not_conflict() {
        let scene = Scene::new();
        scene.user("first");
        let mut txs = Vec::new();
        for name in ["x", "y", "z"] {
            let mut tx = scene.world.store.begin().unwrap();
            entity::vacant::<Person>(&tx, ACCOUNT, name).unwrap();
            grow::<Person>(&mut tx, ACCOUNT, &Quotas::default()).unwrap();
            txs.push(tx);
        }
        for tx in txs {
            scene.world.run(scene.world.store.commit(tx)).unwrap();
        }
        let db = scene.world.store.read().unwrap();
        assert_eq!(db.peek::<Counts>(&(ACCOUNT, Users::NAME.to_owned())).unwrap(), Some(4));
    }

    #[test]
    fn the_role_that_organizations_makes_counts_as_well() {
        let scene = scene(&[("roles", 2)]);
        scene.role("a");
        let world = &scene.world;
        world.write(|tx| rolecall_identity::open_organizations_role(tx, &world.env, ACCOUNT));
        let input = CreateRoleRequest {
            role_name: "b".into(),
            assume_role_policy_document: TRUST.into(),
            ..Default::default()
        };
        let message = check_fault(scene.call::<CreateRole>(input), "LimitExceeded");
        assert_eq!(message, "Cannot exceed quota for RolesPerAccount: 2");
    }
}
