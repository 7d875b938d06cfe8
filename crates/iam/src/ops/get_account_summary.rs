//! GetAccountSummary: how many identities and policies the account has, and its quotas.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::{
    AccessKeysOfOwner, Groups, InstanceProfiles, KeyOwner, LoginProfiles, ManagedPolicies, MfaDevices,
    MfaDevicesOfOwner, PolicyVersions, Roles, Users,
};

use crate::model::{GetAccountSummary, GetAccountSummaryRequest, GetAccountSummaryResponse};

impl Operation for GetAccountSummary {
    type Access = Read;

    fn needs(_input: &GetAccountSummaryRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::GetAccountSummary).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetAccountSummaryResponse, Fault> {
        let (db, account) = (req.db()?, req.account());
        let root = || (account, KeyOwner::Root.word().to_owned());
        let counts = [
            ("Users", db.count::<Users>(&(account,))?),
            ("Groups", db.count::<Groups>(&(account,))?),
            ("Roles", db.count::<Roles>(&(account,))?),
            ("Policies", db.count::<ManagedPolicies>(&(account,))?),
            ("PolicyVersionsInUse", db.count::<PolicyVersions>(&(account,))?),
            ("InstanceProfiles", db.count::<InstanceProfiles>(&(account,))?),
            ("MFADevices", db.count::<MfaDevices>(&(account,))?),
            ("MFADevicesInUse", db.count::<MfaDevicesOfOwner>(&(account,))?),
            ("AccountMFAEnabled", usize::from(db.any::<MfaDevicesOfOwner>(&root())?)),
            ("AccountPasswordPresent", usize::from(db.exists::<LoginProfiles>(&root())?)),
            ("AccountAccessKeysPresent", usize::from(db.any::<AccessKeysOfOwner>(&root())?)),
        ];
        let counts = counts.map(|(name, count)| (name, i32::try_from(count).unwrap_or(i32::MAX)));
        let all = counts.into_iter().chain(QUOTAS).map(|(name, value)| (name.to_owned(), value));
        Ok(GetAccountSummaryResponse { summary_map: Some(all.collect()) })
    }
}

/// AWS's default quotas, and what this server has none of.
const QUOTAS: [(&str, i32); 18] = [
    ("AccessKeysPerUserQuota", 2),
    ("AccountSigningCertificatesPresent", 0),
    ("AssumeRolePolicySizeQuota", 2048),
    ("AttachedPoliciesPerGroupQuota", 10),
    ("AttachedPoliciesPerRoleQuota", 10),
    ("AttachedPoliciesPerUserQuota", 10),
    ("GlobalEndpointTokenVersion", 1),
    ("GroupPolicySizeQuota", 5120),
    ("GroupsPerUserQuota", 10),
    ("GroupsQuota", 300),
    ("InstanceProfilesQuota", 1000),
    ("PoliciesQuota", 1500),
    ("PolicySizeQuota", 6144),
    ("RolePolicySizeQuota", 10_240),
    ("RolesQuota", 1000),
    ("UserPolicySizeQuota", 2048),
    ("UsersQuota", 5000),
    ("VersionsPerPolicyQuota", 5),
];

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn the_summary_counts_what_there_is() {
        let scene = Scene::new();
        scene.user("ann");
        scene.role("r");
        let map = scene.call::<GetAccountSummary>(Default::default()).unwrap().summary_map.unwrap();
        let number = |name: &str| map.get(name).copied();
        assert_eq!((number("Users"), number("Roles"), number("Groups")), (Some(1), Some(1), Some(0)));
        assert_eq!(number("VersionsPerPolicyQuota"), Some(5));
    }
}
