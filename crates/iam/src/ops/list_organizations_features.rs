//! ListOrganizationsFeatures: what the organization has switched on of central root access.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::OrganizationFeatures;

use crate::central_root;
use crate::model::{ListOrganizationsFeatures, ListOrganizationsFeaturesResponse};

impl Operation for ListOrganizationsFeatures {
    type Access = Read;

    fn needs(_input: &Self::Input, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::ListOrganizationsFeatures).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListOrganizationsFeaturesResponse, Fault> {
        let db = req.db()?;
        let organization = central_root::organization(db, req.account())?;
        let features = OrganizationFeatures::of(db, &organization.id)?;
        Ok(ListOrganizationsFeaturesResponse {
            organization_id: Some(organization.id),
            enabled_features: Some(central_root::names(features)),
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::{AccountId, Fault};
    use rolecall_identity::records::{
        DelegatedAdministrators, Member, Members, Organization, Organizations, ServiceAccess, Since,
    };
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::*;
    use crate::scene::Scene;

    const MEMBER: u64 = 111_111_111_111;

    fn member() -> AccountId {
        AccountId::new(MEMBER).unwrap()
    }

    fn organization(all_features: bool) -> Organization {
        Organization {
            id: "o-aaaaaaaaaa".into(),
            management: ACCOUNT,
            all_features,
            root: "r-aaaa".into(),
            created: Default::default(),
            enabled: Vec::new(),
            root_tags: Default::default(),
        }
    }

    /// A management account and a member.
    fn scene() -> Scene {
        let scene = Scene::new();
        scene.world.account(member());
        put(&scene, &organization(true));
        scene.world.write(|tx| {
            for account in [ACCOUNT, member()] {
                let row = Member {
                    account,
                    organization: "o-aaaaaaaaaa".into(),
                    parent: "r-aaaa".into(),
                    joined: Default::default(),
                    invited: true,
                    closed: None,
                    tags: Default::default(),
                };
                tx.put::<Members>(&account, &row)?;
            }
            Ok(())
        });
        scene
    }

    fn put(scene: &Scene, organization: &Organization) {
        scene.world.write(|tx| Ok(tx.put::<Organizations>(&organization.id, organization)?));
    }

    fn trust(scene: &Scene) {
        let key = ("o-aaaaaaaaaa".to_owned(), "iam.amazonaws.com".to_owned());
        scene.world.write(|tx| Ok(tx.put::<ServiceAccess>(&key, &Since { time: Default::default() })?));
    }

    fn list(scene: &Scene, account: AccountId) -> Result<Vec<String>, Fault> {
        let root = scene.world.root(account);
        let outcome = scene.world.call::<ListOrganizationsFeatures>(&root, Default::default());
        outcome.map(|shown| shown.enabled_features.unwrap())
    }

    #[test]
    fn the_management_account_switches_features() {
        let scene = scene();
        trust(&scene);
        assert_eq!(list(&scene, ACCOUNT).unwrap(), Vec::<String>::new());
        scene.call::<EnableOrganizationsRootSessions>(Default::default()).unwrap();
        let both = scene.call::<EnableOrganizationsRootCredentialsManagement>(Default::default()).unwrap();
        assert_eq!(both.organization_id.as_deref(), Some("o-aaaaaaaaaa"));
        assert_eq!(both.enabled_features.unwrap(), ["RootCredentialsManagement", "RootSessions"]);
        scene.call::<DisableOrganizationsRootSessions>(Default::default()).unwrap();
        assert_eq!(list(&scene, ACCOUNT).unwrap(), ["RootCredentialsManagement"]);
        scene.call::<DisableOrganizationsRootCredentialsManagement>(Default::default()).unwrap();
        assert_eq!(list(&scene, ACCOUNT).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn it_takes_an_organization_with_all_features_and_trusted_access() {
        check_fault(list(&Scene::new(), ACCOUNT), "OrganizationNotFoundException");
        let scene = scene();
        check_fault(list(&scene, ACCOUNT), "ServiceAccessNotEnabledException");
        put(&scene, &organization(false));
        check_fault(list(&scene, ACCOUNT), "OrganizationNotInAllFeaturesModeException");
    }

    #[test]
    fn members_see_nothing_and_a_delegated_administrator_switches_nothing_on() {
        let scene = scene();
        trust(&scene);
        let refusal = "AccountNotManagementOrDelegatedAdministratorException";
        check_fault(list(&scene, member()), refusal);
        let root = scene.world.root(member());
        let off = || scene.world.call::<DisableOrganizationsRootSessions>(&root, Default::default());
        check_fault(off(), refusal);
        let key = ("o-aaaaaaaaaa".to_owned(), member(), "iam.amazonaws.com".to_owned());
        scene
            .world
            .write(|tx| Ok(tx.put::<DelegatedAdministrators>(&key, &Since { time: Default::default() })?));
        assert_eq!(list(&scene, member()).unwrap(), Vec::<String>::new());
        let on = scene.world.call::<EnableOrganizationsRootSessions>(&root, Default::default());
        check_fault(on, "CallerIsNotManagementAccountException");
        off().unwrap();
    }
}
