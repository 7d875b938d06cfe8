//! Organization trails: who may have one, and which accounts see it.

use rolecall_base::{AccountId, Fault};
use rolecall_identity::records::{
    DelegatedAdministrators, Members, Organization, Organizations, ServiceAccess,
};
use rolecall_store::Reader;

use crate::model::fault;
use crate::records::Trail;
use crate::target;

const SERVICE: &str = "cloudtrail.amazonaws.com";

/// The organization of a trail that is to be an organization's; `None` for one that is not.
///
/// # Errors
/// OrganizationsNotInUseException, NotOrganizationMasterAccountException, OrganizationNotInAllFeaturesModeException,
/// CloudTrailAccessNotEnabledException.
pub(crate) fn asked(db: &Reader, account: AccountId, wanted: bool) -> Result<Option<String>, Fault> {
    if !wanted {
        return Ok(None);
    }
    let organization = of(db, account)?
        .ok_or_else(|| fault::organizations_not_in_use("The account is not a member of an organization."))?;
    if !administers(db, &organization, account)? {
        let text = "Only the management account and delegated administrators of an organization can have trails of it.";
        return Err(fault::not_organization_master_account(text));
    }
    if !organization.all_features {
        let text = "The organization does not have all features enabled.";
        return Err(fault::organization_not_in_all_features_mode(text));
    }
    if !trusts(db, &organization)? {
        let text = "Trusted access of CloudTrail is not enabled in the organization.";
        return Err(fault::cloud_trail_access_not_enabled(text));
    }
    Ok(Some(organization.id))
}

/// Whether an organization trail may have its members' events: not once its account is out of the organization or
/// administers it no more, nor while CloudTrail is not trusted.
///
/// # Errors
/// When the store can't be read.
pub fn reaches_members(db: &Reader, trail: &Trail) -> Result<bool, Fault> {
    let Some(organization) = of(db, trail.account)? else { return Ok(false) };
    Ok(trail.organization.as_ref() == Some(&organization.id)
        && trusts(db, &organization)?
        && administers(db, &organization, trail.account)?)
}

fn administers(db: &Reader, organization: &Organization, account: AccountId) -> Result<bool, Fault> {
    let delegated = (organization.id.clone(), account, SERVICE.to_owned());
    Ok(organization.management == account || db.exists::<DelegatedAdministrators>(&delegated)?)
}

fn trusts(db: &Reader, organization: &Organization) -> Result<bool, Fault> {
    Ok(db.exists::<ServiceAccess>(&(organization.id.clone(), SERVICE.to_owned()))?)
}

fn of(db: &Reader, account: AccountId) -> Result<Option<Organization>, Fault> {
    let Some(member) = db.get::<Members>(&account)? else { return Ok(None) };
    Ok(db.get::<Organizations>(&member.organization)?)
}

/// The organization trails of other accounts that a member sees: those of its management account and of delegated
/// administrators.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn of_others(db: &Reader, account: AccountId) -> Result<Vec<Trail>, Fault> {
    let Some(organization) = of(db, account)? else { return Ok(Vec::new()) };
    let rows = db.scan::<DelegatedAdministrators>(&(organization.id.as_str(),), None, usize::MAX)?;
    let mut owners = vec![organization.management];
    owners.extend(
        rows.into_iter().filter(|((_, _, service), _)| service == SERVICE).map(|((_, owner, _), _)| owner),
    );
    let mut found = Vec::new();
    for owner in owners.into_iter().filter(|owner| *owner != account) {
        let all = target::all(db, owner)?;
        found.extend(all.into_iter().filter(|trail| trail.organization.as_ref() == Some(&organization.id)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use rolecall_door::Visitor;
    use rolecall_identity::records::{Member, Since};
    use rolecall_testkit::{ACCOUNT, check_fault};

    use super::*;
    use crate::model::*;
    use crate::scene::{BUCKET, Scene};

    fn create(scene: &Scene) -> Result<CreateTrailResponse, Fault> {
        let input = CreateTrailRequest {
            name: "org".into(),
            s3_bucket_name: BUCKET.into(),
            is_organization_trail: Some(true),
            is_multi_region_trail: Some(true),
            ..Default::default()
        };
        scene.call::<CreateTrail>(input)
    }

    fn organized(scene: &Scene, features: bool, trusted: bool, members: &[AccountId]) {
        let now = scene.world.env.now();
        scene.world.write(|tx| {
            let organization = Organization {
                id: "o-aaaaaaaaaa".into(),
                management: ACCOUNT,
                root: "r-aaaa".into(),
                all_features: features,
                created: now,
                enabled: Vec::new(),
                root_tags: Default::default(),
            };
            tx.put::<Organizations>(&organization.id, &organization)?;
            for account in members {
                let member = Member {
                    account: *account,
                    organization: organization.id.clone(),
                    parent: organization.root.clone(),
                    joined: now,
                    invited: false,
                    closed: None,
                    tags: Default::default(),
                };
                tx.put::<Members>(account, &member)?;
                tx.touch(*account);
            }
            if trusted {
                let key = (organization.id.clone(), "cloudtrail.amazonaws.com".to_owned());
                tx.put::<ServiceAccess>(&key, &Since { time: now })?;
            }
            Ok(())
        });
    }

    #[test]
    fn an_organization_trail_wants_an_organization_that_trusts_cloudtrail() {
        let scene = Scene::new();
        check_fault(create(&scene), "OrganizationsNotInUseException");
        organized(&scene, false, false, &[ACCOUNT]);
        check_fault(create(&scene), "OrganizationNotInAllFeaturesModeException");
        organized(&scene, true, false, &[ACCOUNT]);
        check_fault(create(&scene), "CloudTrailAccessNotEnabledException");
        organized(&scene, true, true, &[ACCOUNT]);
        assert_eq!(create(&scene).unwrap().is_organization_trail, Some(true));
    }

    #[test]
    fn members_see_it_and_make_none() {
        let scene = Scene::new();
        let dev: AccountId = "222222222222".parse().unwrap();
        scene.world.account(dev);
        organized(&scene, true, true, &[ACCOUNT, dev]);
        create(&scene).unwrap();
        let root = scene.world.root(dev);
        let seen = scene.world.call::<DescribeTrails>(&root, DescribeTrailsRequest::default()).unwrap();
        let names: Vec<_> = seen.trail_list.unwrap().into_iter().flat_map(|trail| trail.name).collect();
        assert_eq!(names, ["org"]);
        let own = DescribeTrailsRequest { include_shadow_trails: Some(false), ..Default::default() };
        let own = scene.world.call::<DescribeTrails>(&root, own).unwrap();
        assert!(own.trail_list.unwrap().is_empty());
        let input = CreateTrailRequest {
            name: "own".into(),
            s3_bucket_name: BUCKET.into(),
            is_organization_trail: Some(true),
            ..Default::default()
        };
        let refused = scene.world.call::<CreateTrail>(&root, input);
        check_fault(refused, "NotOrganizationMasterAccountException");
    }

    #[test]
    fn a_member_looks_at_it_by_its_arn_and_is_told_of_nothing_else_there() {
        let scene = Scene::new();
        let [dev, stranger]: [AccountId; 2] = ["222222222222", "333333333333"].map(|id| id.parse().unwrap());
        scene.world.account(dev);
        scene.world.account(stranger);
        organized(&scene, true, true, &[ACCOUNT, dev]);
        let arn = create(&scene).unwrap().trail_arn.unwrap();
        let root = scene.world.root(dev);
        let get = |by: &Visitor, name: &str| {
            scene.world.call::<GetTrail>(by, GetTrailRequest { name: name.into() })
        };
        assert_eq!(get(&root, &arn).unwrap().trail.unwrap().trail_arn.as_deref(), Some(arn.as_str()));
        let status = GetTrailStatusRequest { name: arn.clone() };
        let status = scene.world.call::<GetTrailStatus>(&root, status).unwrap();
        assert_eq!(status.is_logging, Some(false));
        let named = DescribeTrailsRequest { trail_name_list: Some(vec![arn.clone()]), ..Default::default() };
        let named = scene.world.call::<DescribeTrails>(&root, named).unwrap();
        assert_eq!(named.trail_list.unwrap().len(), 1);
        // By name it is not there; what would tell more of it, or change it, is the owner's.
        check_fault(get(&root, "org"), "TrailNotFoundException");
        let selectors = GetEventSelectorsRequest { trail_name: arn.clone() };
        let told = scene.world.call::<GetEventSelectors>(&root, selectors);
        let text = check_fault(told, "CloudTrailARNInvalidException");
        assert_eq!(
            text,
            "AccountID in ARN is wrong, you can only access resources with AccountID 222222222222."
        );
        let stopped = scene.world.call::<StopLogging>(&root, StopLoggingRequest { name: arn.clone() });
        check_fault(stopped, "CloudTrailARNInvalidException");
        // Who may not look is told nothing of what is there.
        let key = scene.world.user_key(dev, "ann", "");
        let ann = scene.world.signed_in(&key.id, None).unwrap();
        for asked in [arn.clone(), arn.replace(":trail/org", ":trail/none")] {
            let refused = check_fault(get(&ann, &asked), "AccessDeniedException");
            assert!(refused.contains(&asked), "{refused}");
            let status = scene.world.call::<GetTrailStatus>(&ann, GetTrailStatusRequest { name: asked });
            check_fault(status, "AccessDeniedException");
        }
        check_fault(get(&root, &arn.replace(":trail/org", ":trail/none")), "CloudTrailARNInvalidException");
        // Others are told the same whether it is there or not.
        let outside = scene.world.root(stranger);
        for asked in [arn.clone(), arn.replace(":trail/org", ":trail/none")] {
            check_fault(get(&outside, &asked), "CloudTrailARNInvalidException");
        }
    }

    #[test]
    fn members_events_are_for_those_who_administer_the_organization() {
        let scene = Scene::new();
        let dev: AccountId = "222222222222".parse().unwrap();
        scene.world.account(dev);
        organized(&scene, true, true, &[ACCOUNT, dev]);
        create(&scene).unwrap();
        let read = || scene.world.door.identity.store.read().unwrap();
        let own = target::all(&read(), ACCOUNT).unwrap().remove(0);
        let delegated = crate::records::Trail { account: dev, ..own.clone() };
        let reach = |trail: &crate::records::Trail| reaches_members(&read(), trail).unwrap();
        assert!(reach(&own) && !reach(&delegated));
        let organization = own.organization.clone().unwrap();
        let key = (organization.clone(), dev, super::SERVICE.to_owned());
        let since = Since { time: scene.world.env.now() };
        scene.world.write(|tx| Ok(tx.put::<DelegatedAdministrators>(&key, &since)?));
        assert!(reach(&delegated));
        scene.world.write(|tx| Ok(tx.delete::<DelegatedAdministrators>(&key)?));
        assert!(!reach(&delegated));
        let trust = (organization, super::SERVICE.to_owned());
        scene.world.write(|tx| Ok(tx.delete::<ServiceAccess>(&trust)?));
        assert!(!reach(&own));
    }
}
