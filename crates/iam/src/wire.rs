//! Records as answers show them. AWS shows more of a thing when it is asked for by name than in lists.

use rolecall_base::{AccountId, Fault};
use rolecall_identity::records::{Group, InstanceProfile, Role, User};
use rolecall_store::Reader;

use crate::model;
use crate::{account_alias, boundary, entity, tags, trust};

/// A policy document as IAM answers with it: percent-encoded by RFC 3986.
pub(crate) fn encoded(document: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(document.len() * 2);
    for byte in document.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// As ListUsers and GetGroup show a user: without tags and boundary.
pub(crate) fn user_in_list(user: &User) -> model::User {
    model::User {
        path: user.path.clone(),
        user_name: user.name.clone(),
        user_id: user.id.clone(),
        arn: user.arn(),
        create_date: user.created,
        password_last_used: user.password_last_used,
        ..model::User::default()
    }
}

/// As GetUser and CreateUser show it.
pub(crate) fn user(user: &User) -> model::User {
    model::User {
        permissions_boundary: boundary::to_wire(user.boundary.as_deref()),
        tags: tags::to_wire(&user.tags),
        ..user_in_list(user)
    }
}

/// The root user, which has neither name nor path.
pub(crate) fn root(db: &Reader, account: AccountId) -> Result<model::User, Fault> {
    Ok(model::User {
        user_id: account.to_string(),
        arn: account.root_arn(),
        create_date: account_alias::read(db, account)?.created,
        ..model::User::default()
    })
}

pub(crate) fn group(group: &Group) -> model::Group {
    model::Group {
        path: group.path.clone(),
        group_name: group.name.clone(),
        group_id: group.id.clone(),
        arn: group.arn(),
        create_date: group.created,
    }
}

/// As an instance profile shows its role.
pub(crate) fn role_in_profile(db: &Reader, role: &Role) -> Result<model::Role, Fault> {
    Ok(model::Role {
        path: role.path.clone(),
        role_name: role.name.clone(),
        role_id: role.id.clone(),
        arn: role.arn(),
        create_date: role.created,
        assume_role_policy_document: Some(encoded(&trust::shown(db, &role.trust)?)),
        ..model::Role::default()
    })
}

/// As ListRoles shows it: without tags, boundary and last use.
pub(crate) fn role_in_list(db: &Reader, role: &Role) -> Result<model::Role, Fault> {
    Ok(model::Role {
        description: role.description.clone(),
        max_session_duration: Some(role.max_session),
        ..role_in_profile(db, role)?
    })
}

/// As CreateRole answers: the session's length is left out.
pub(crate) fn role_created(db: &Reader, role: &Role) -> Result<model::Role, Fault> {
    Ok(model::Role {
        description: role.description.clone(),
        permissions_boundary: boundary::to_wire(role.boundary.as_deref()),
        tags: tags::to_wire(&role.tags),
        source_role_template: role.template.as_ref().map(|from| model::SourceRoleTemplate {
            template_arn: from.arn.clone(),
            template_minor_version: from.minor,
        }),
        ..role_in_profile(db, role)?
    })
}

/// As GetRole shows it, but for its last use: `RoleLastUsed` is there and empty, as for a role that was never used.
pub(crate) fn role(db: &Reader, role: &Role) -> Result<model::Role, Fault> {
    Ok(model::Role {
        max_session_duration: Some(role.max_session),
        role_last_used: Some(model::RoleLastUsed::default()),
        ..role_created(db, role)?
    })
}

/// As lists show a profile, with the role in it and without tags.
pub(crate) fn profile_in_list(
    db: &Reader,
    profile: &InstanceProfile,
) -> Result<model::InstanceProfile, Fault> {
    let role = match &profile.role {
        Some(name) => entity::find::<Role>(db, profile.account, name)?,
        None => None,
    };
    Ok(model::InstanceProfile {
        path: profile.path.clone(),
        instance_profile_name: profile.name.clone(),
        instance_profile_id: profile.id.clone(),
        arn: profile.arn(),
        create_date: profile.created,
        roles: role.iter().map(|role| role_in_profile(db, role)).collect::<Result<_, _>>()?,
        tags: None,
    })
}

/// As GetInstanceProfile shows it.
pub(crate) fn profile(db: &Reader, profile: &InstanceProfile) -> Result<model::InstanceProfile, Fault> {
    Ok(model::InstanceProfile { tags: tags::to_wire(&profile.tags), ..profile_in_list(db, profile)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_percent_encoded() {
        assert_eq!(encoded(r#"{"a": "s3:*"}"#), "%7B%22a%22%3A%20%22s3%3A%2A%22%7D");
    }
}
