//! Everything about every identity of an account, as GetAccountAuthorizationDetails tells it.

use rolecall_base::{AccountId, Fault};
use rolecall_identity::aws_policies;
use rolecall_identity::records::{
    AttachedTo, BoundaryOf, Group, GroupsOfUser, InlinePolicies, ManagedPolicies, PolicyVersions, Role, User,
};
use rolecall_store::Reader;

use crate::entity::{self, Entity};
use crate::holder::Holds;
use crate::managed::{self, Managed};
use crate::page::{Page, Rows, Window};
use crate::wire::encoded;
use crate::{attachment, boundary, model, profile, tags, trust, versions, wire};

/// Rows that are read at a time.
const CHUNK: usize = 256;

/// One identity or policy with all that belongs to it.
#[derive(Debug)]
pub(crate) enum Detail {
    User(model::UserDetail),
    Group(model::GroupDetail),
    Role(model::RoleDetail),
    Policy(model::ManagedPolicyDetail),
}

/// A page of users, groups, roles, own policies and AWS's policies that are in use, in this order. `filter` names the
/// kinds that are wanted; an empty one all.
pub(crate) fn page(
    db: &Reader,
    account: AccountId,
    filter: &[String],
    window: &Window,
) -> Result<Page<Detail>, Fault> {
    let mut list = List { db, account, after: window.after.as_deref(), rows: Rows::new(window.limit) };
    let wanted = |kind: &str| filter.is_empty() || filter.iter().any(|name| name == kind);
    let room = (!wanted("User") || list.entities::<User>("1:", user)?)
        && (!wanted("Group") || list.entities::<Group>("2:", group)?)
        && (!wanted("Role") || list.entities::<Role>("3:", role)?)
        && (!wanted("LocalManagedPolicy") || list.own_policies("4:")?);
    if room && wanted("AWSManagedPolicy") {
        list.aws_policies("5:")?;
    }
    Ok(list.rows.finish())
}

struct List<'a> {
    db: &'a Reader,
    account: AccountId,
    after: Option<&'a str>,
    rows: Rows<Detail>,
}

impl List<'_> {
    /// Where to begin in the section whose cursors begin with `section`; `None` when it was shown already.
    fn start(&self, section: &str) -> Option<Option<String>> {
        match self.after {
            Some(after) => match after.strip_prefix(section) {
                Some(name) => Some(Some(name.to_owned())),
                None => (after < section).then_some(None),
            },
            None => Some(None),
        }
    }

    /// Adds the entities of one kind; `false` when the page is full.
    fn entities<E: Entity>(
        &mut self,
        section: &str,
        show: impl Fn(&Reader, &E) -> Result<Detail, Fault>,
    ) -> Result<bool, Fault> {
        let Some(start) = self.start(section) else { return Ok(true) };
        let mut after = start.map(|name| (self.account, name));
        loop {
            let chunk = self.db.scan::<E::Table>(&(self.account,), after.as_ref(), CHUNK)?;
            let last = chunk.len() < CHUNK;
            for (key, row) in chunk {
                if !self.rows.push(format!("{section}{}", key.1), show(self.db, &row)?) {
                    return Ok(false);
                }
                after = Some(key);
            }
            if last {
                return Ok(true);
            }
        }
    }

    fn own_policies(&mut self, section: &str) -> Result<bool, Fault> {
        let Some(start) = self.start(section) else { return Ok(true) };
        let after = start.map(|name| (self.account, name));
        let rows = self.db.scan::<ManagedPolicies>(&(self.account,), after.as_ref(), usize::MAX)?;
        for ((_, name), row) in rows {
            let detail = policy(self.db, self.account, &Managed::Own(row))?;
            if !self.rows.push(format!("{section}{name}"), detail) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn aws_policies(&mut self, section: &str) -> Result<(), Fault> {
        let Some(start) = self.start(section) else { return Ok(()) };
        for aws in aws_policies::all() {
            let place = format!("{}{}", aws.path, aws.name);
            if start.as_ref().is_some_and(|start| place <= *start) {
                continue;
            }
            let users = (self.account, aws.arn());
            if !self.db.any::<AttachedTo>(&users)? && !self.db.any::<BoundaryOf>(&users)? {
                continue;
            }
            let detail = policy(self.db, self.account, &Managed::Aws(aws))?;
            if !self.rows.push(format!("{section}{place}"), detail) {
                break;
            }
        }
        Ok(())
    }
}

fn user(db: &Reader, user: &User) -> Result<Detail, Fault> {
    let mut groups = Vec::new();
    for ((account, _, name), _) in db.scan::<GroupsOfUser>(&user.key(), None, usize::MAX)? {
        groups.extend(entity::find::<Group>(db, account, &name)?.map(|group| group.name));
    }
    Ok(Detail::User(model::UserDetail {
        path: Some(user.path.clone()),
        user_name: Some(user.name.clone()),
        user_id: Some(user.id.clone()),
        arn: Some(user.arn()),
        create_date: Some(user.created),
        user_policy_list: Some(inline(db, user)?),
        group_list: Some(groups),
        attached_managed_policies: Some(attached(db, user)?),
        permissions_boundary: boundary::to_wire(user.boundary.as_deref()),
        tags: tags::to_wire(&user.tags),
    }))
}

fn group(db: &Reader, group: &Group) -> Result<Detail, Fault> {
    Ok(Detail::Group(model::GroupDetail {
        path: Some(group.path.clone()),
        group_name: Some(group.name.clone()),
        group_id: Some(group.id.clone()),
        arn: Some(group.arn()),
        create_date: Some(group.created),
        group_policy_list: Some(inline(db, group)?),
        attached_managed_policies: Some(attached(db, group)?),
    }))
}

fn role(db: &Reader, role: &Role) -> Result<Detail, Fault> {
    let profiles = profile::of_role(db, role, &whole())?.items;
    let profiles = profiles.iter().map(|profile| wire::profile_in_list(db, profile));
    Ok(Detail::Role(model::RoleDetail {
        path: Some(role.path.clone()),
        role_name: Some(role.name.clone()),
        role_id: Some(role.id.clone()),
        arn: Some(role.arn()),
        create_date: Some(role.created),
        assume_role_policy_document: Some(encoded(&trust::shown(db, &role.trust)?)),
        instance_profile_list: Some(profiles.collect::<Result<_, _>>()?),
        role_policy_list: Some(inline(db, role)?),
        attached_managed_policies: Some(attached(db, role)?),
        permissions_boundary: boundary::to_wire(role.boundary.as_deref()),
        tags: tags::to_wire(&role.tags),
        role_last_used: Some(model::RoleLastUsed::default()),
    }))
}

fn policy(db: &Reader, account: AccountId, policy: &Managed) -> Result<Detail, Fault> {
    let mut listed = Vec::new();
    match policy {
        Managed::Own(own) => {
            for ((_, _, number), _) in
                db.scan::<PolicyVersions>(&managed::key(own), None, usize::MAX)?.iter().rev()
            {
                listed.push(versions::get(db, policy, &format!("v{number}"))?);
            }
        }
        Managed::Aws(aws) => listed.push(versions::get(db, policy, &aws.version)?),
    }
    let whole = policy.to_wire_whole(db, account)?;
    Ok(Detail::Policy(model::ManagedPolicyDetail {
        policy_name: whole.policy_name,
        policy_id: whole.policy_id,
        arn: whole.arn,
        path: whole.path,
        default_version_id: whole.default_version_id,
        attachment_count: whole.attachment_count,
        permissions_boundary_usage_count: whole.permissions_boundary_usage_count,
        is_attachable: whole.is_attachable,
        description: whole.description,
        create_date: whole.create_date,
        update_date: whole.update_date,
        policy_version_list: Some(listed),
    }))
}

fn inline<E: Holds>(db: &Reader, holder: &E) -> Result<Vec<model::PolicyDetail>, Fault> {
    let rows = db.scan::<InlinePolicies>(&holder.shelf(), None, usize::MAX)?;
    Ok(rows
        .into_iter()
        .map(|(_, row)| model::PolicyDetail {
            policy_name: Some(row.name),
            policy_document: Some(encoded(&row.document)),
        })
        .collect())
}

fn attached<E: Holds>(db: &Reader, holder: &E) -> Result<Vec<model::AttachedPolicy>, Fault> {
    Ok(attachment::list(db, holder, None, &whole())?.items)
}

/// No page, but all.
fn whole() -> Window {
    Window { after: None, limit: usize::MAX }
}
