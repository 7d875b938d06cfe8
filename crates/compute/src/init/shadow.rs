//! `/etc/shadow`: digests of passwords, and for how long they are good.

use std::io;

use super::accounts::{Account, append, replace};
use super::files;

const SHADOW: &str = "/etc/shadow";
/// A day that a password was changed on, long ago: it is good.
const CHANGED: &str = "19000";
/// The day that says it must be changed first.
const EXPIRED: &str = "0";

/// A new user's line. Without a password nobody logs in by one.
pub(super) fn add(account: &Account) -> io::Result<()> {
    let password = match (&account.password, account.lock) {
        (Some(digest), Some(true)) => format!("!{digest}"),
        (Some(digest), _) => digest.clone(),
        (None, Some(_)) => "!".to_owned(),
        (None, None) => "*".to_owned(),
    };
    let inactive = account.inactive.map(|days| days.to_string()).unwrap_or_default();
    append(SHADOW, &format!("{}:{password}:{CHANGED}:0:99999:7:{inactive}::", account.name))
}

/// What is said anew of a user who was there before: a digest that counts for such as well, and whether it is locked.
pub(super) fn update(account: &Account) -> io::Result<()> {
    let digest = account.password.as_ref().filter(|_| account.password_anyway);
    if digest.is_none() && account.lock.is_none() {
        return Ok(());
    }
    let done = change(&account.name, |password, _| {
        if let Some(digest) = digest {
            digest.clone_into(password);
        }
        match account.lock {
            Some(true) if !password.starts_with('!') => password.insert(0, '!'),
            // One without a password stays as it is: unlocked it would let everybody in.
            Some(false) if password.starts_with("!$") => drop(password.remove(0)),
            _ => {}
        }
    });
    match done {
        // Who has no line has no password either.
        Err(error) if digest.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Gives a user this digest; one that is expired must be changed before anything else.
pub(crate) fn set_password(name: &str, digest: &str, expired: bool) -> io::Result<()> {
    change(name, |password, changed| {
        digest.clone_into(password);
        if expired {
            EXPIRED.clone_into(changed);
        }
    })
}

/// Changes the password and its day in a user's line.
fn change(name: &str, with: impl FnOnce(&mut String, &mut String)) -> io::Result<()> {
    let text = files::read(SHADOW)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("no user `{name}`"));
    let own = |line: &&mut String| line.split(':').next() == Some(name);
    let line = lines.iter_mut().find(own).ok_or_else(missing)?;
    *line = changed(line, with).ok_or_else(missing)?;
    let mut text = lines.join("\n");
    text.push('\n');
    replace(SHADOW, &text)
}

fn changed(line: &str, with: impl FnOnce(&mut String, &mut String)) -> Option<String> {
    let mut fields: Vec<String> = line.split(':').map(str::to_owned).collect();
    let [_, password, day, ..] = fields.as_mut_slice() else { return None };
    with(password, day);
    Some(fields.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_password_and_day_of_a_line_change() {
        let line = changed("ann:$6$a$b:19000:0:99999:7:5::", |password, day| {
            password.insert(0, '!');
            EXPIRED.clone_into(day);
        });
        assert_eq!(line.as_deref(), Some("ann:!$6$a$b:0:0:99999:7:5::"));
        assert_eq!(changed("ann:x", |_, _| {}), None);
    }
}
