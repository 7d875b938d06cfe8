//! GetAccountSummary: how many identities and policies the account has, and its quotas.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::{
    AccessKeysOfOwner, Groups, InstanceProfiles, KeyOwner, LoginProfiles, ManagedPolicies, MfaDevices,
    MfaDevicesOfOwner, OidcProviders, PolicyVersions, Roles, SamlProviders, Users,
};

use crate::model::{GetAccountSummary, GetAccountSummaryRequest, GetAccountSummaryResponse};
use crate::quota::Quotas;
use crate::records::{AllAccountSettings, ServerCertificates, SigningCertificates};

impl Operation for GetAccountSummary {
    type Access = Read;

    fn needs(_input: &GetAccountSummaryRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::GetAccountSummary).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetAccountSummaryResponse, Fault> {
        let (db, account) = (req.db()?, req.account());
        let root = || (account, KeyOwner::Root.word().to_owned());
        let settings = db.get::<AllAccountSettings>(&account)?.unwrap_or_default();
        let providers = db.count::<OidcProviders>(&(account,))? + db.count::<SamlProviders>(&(account,))?;
        let counts = [
            ("Users", db.count::<Users>(&(account,))?),
            ("Groups", db.count::<Groups>(&(account,))?),
            ("Roles", db.count::<Roles>(&(account,))?),
            ("Policies", db.count::<ManagedPolicies>(&(account,))?),
            ("PolicyVersionsInUse", db.count::<PolicyVersions>(&(account,))?),
            ("InstanceProfiles", db.count::<InstanceProfiles>(&(account,))?),
            ("ServerCertificates", db.count::<ServerCertificates>(&(account,))?),
            ("Providers", providers),
            ("MFADevices", db.count::<MfaDevices>(&(account,))?),
            ("MFADevicesInUse", db.count::<MfaDevicesOfOwner>(&(account,))?),
            ("AccountMFAEnabled", usize::from(db.any::<MfaDevicesOfOwner>(&root())?)),
            ("AccountPasswordPresent", usize::from(db.exists::<LoginProfiles>(&root())?)),
            ("AccountAccessKeysPresent", usize::from(db.any::<AccessKeysOfOwner>(&root())?)),
            ("AccountSigningCertificatesPresent", usize::from(db.any::<SigningCertificates>(&root())?)),
            ("GlobalEndpointTokenVersion", if settings.long_tokens { 2 } else { 1 }),
        ];
        let limits = Quotas::of(req.extensions).summary();
        let all = counts.into_iter().chain(limits);
        let all = all.map(|(name, value)| (name.to_owned(), i32::try_from(value).unwrap_or(i32::MAX)));
        Ok(GetAccountSummaryResponse { summary_map: Some(all.collect()) })
    }
}

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
        assert_eq!((number("VersionsPerPolicyQuota"), number("RolesQuota")), (Some(5), Some(1000)));
        assert_eq!((number("ServerCertificates"), number("Providers")), (Some(0), Some(0)));
    }
}
