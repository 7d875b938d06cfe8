//! Who may use an image or a snapshot: everybody, or some accounts.

use rolecall_base::{AccountId, Fault};

use crate::faults;

/// Accounts that one thing may be shared with.
const MOST: usize = 1_000;

/// A change of permissions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub add_users: Vec<String>,
    pub remove_users: Vec<String>,
    pub add_groups: Vec<String>,
    pub remove_groups: Vec<String>,
}

impl Change {
    /// Adds the older form: users and groups, and whether they are to be added or removed.
    pub fn add_older(&mut self, operation: Option<&str>, users: &[String], groups: &[String]) {
        let (own_users, own_groups) = match operation {
            Some("remove") => (&mut self.remove_users, &mut self.remove_groups),
            _ => (&mut self.add_users, &mut self.add_groups),
        };
        own_users.extend_from_slice(users);
        own_groups.extend_from_slice(groups);
    }

    /// Makes the change.
    ///
    /// # Errors
    /// InvalidParameterCombination for none, InvalidAMIAttributeItemValue for what is no account or group.
    pub fn apply(&self, public: &mut bool, shared: &mut Vec<AccountId>) -> Result<(), Fault> {
        if *self == Change::default() {
            return Err(faults::combination("No permissions specified to be added or removed."));
        }
        let group = self.add_groups.iter().chain(&self.remove_groups).find(|group| *group != "all");
        if let Some(group) = group {
            let text = format!("Invalid attribute item value \"{group}\" for userGroup item type.");
            return Err(faults::other("InvalidAMIAttributeItemValue", text));
        }
        for user in &self.remove_users {
            let account = account(user)?;
            shared.retain(|known| *known != account);
        }
        for user in &self.add_users {
            let account = account(user)?;
            if !shared.contains(&account) {
                shared.push(account);
            }
        }
        if shared.len() > MOST {
            let text = format!("It can be shared with {MOST} accounts at most.");
            return Err(faults::other("ResourceLimitExceeded", text));
        }
        *public = (*public && self.remove_groups.is_empty()) || !self.add_groups.is_empty();
        Ok(())
    }
}

fn account(text: &str) -> Result<AccountId, Fault> {
    text.parse().map_err(|_| {
        let text = format!("Invalid attribute item value \"{text}\" for userId item type.");
        faults::other("InvalidAMIAttributeItemValue", text)
    })
}
