//! The usual AWS credentials: the environment, or the profile in the shared files.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

/// What signs a request.
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.access_key_id)
    }
}

#[expect(clippy::disallowed_methods, reason = "the chain of credentials begins in the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Finds credentials.
///
/// # Errors
/// Where they were looked for, when there are none.
pub fn find() -> Result<Credentials, String> {
    let id = variable("AWS_ACCESS_KEY_ID");
    if let (Some(access_key_id), Some(secret_access_key)) = (id, variable("AWS_SECRET_ACCESS_KEY")) {
        let session_token = variable("AWS_SESSION_TOKEN");
        return Ok(Credentials { access_key_id, secret_access_key, session_token });
    }
    let profile = variable("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
    of_profile(&profile).ok_or_else(|| {
        format!(
            "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (`rolecall up` prints them), or give \
             the profile `{profile}` keys in ~/.aws/credentials"
        )
    })
}

fn of_profile(profile: &str) -> Option<Credentials> {
    let home = variable("HOME").map(PathBuf::from).unwrap_or_default();
    let file = |name: &str, default: &str| {
        variable(name).map_or_else(|| home.join(".aws").join(default), PathBuf::from)
    };
    let keys = section(&file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), profile)
        .or_else(|| section(&file("AWS_CONFIG_FILE", "config"), &format!("profile {profile}")))
        .or_else(|| section(&file("AWS_CONFIG_FILE", "config"), profile))?;
    Some(Credentials {
        access_key_id: keys.get("aws_access_key_id")?.clone(),
        secret_access_key: keys.get("aws_secret_access_key")?.clone(),
        session_token: keys.get("aws_session_token").cloned(),
    })
}

/// A section of an INI file that has keys in it.
fn section(path: &PathBuf, name: &str) -> Option<HashMap<String, String>> {
    let text = fs::read_to_string(path).ok()?;
    let mut keys = HashMap::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(title) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = title.trim() == name;
        } else if let Some((key, value)) = line.split_once('=').filter(|_| inside) {
            keys.insert(key.trim().to_owned(), value.trim().to_owned());
        }
    }
    keys.contains_key("aws_access_key_id").then_some(keys)
}
