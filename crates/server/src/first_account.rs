//! The account that a server begins with, and its root keys.

use rolecall_base::Fault;
use rolecall_env::Env;
use rolecall_identity::records::{AccessKeys, Accounts, KeyOwner};
use rolecall_identity::{NewKey, Vault, add_given_key, add_key, only_active_root_key, open_account};
use rolecall_store::Store;

use crate::config::{Config, StartError};

/// The root keys of the first account, and whether they are new.
#[derive(Debug, Clone)]
pub struct RootKeys {
    pub key: NewKey,
    pub fresh: bool,
    /// Ids of the root keys that these made inactive.
    pub retired: Vec<String>,
}

/// Makes the first account on the first start, and sees to its root keys.
pub async fn first_account(
    store: &Store,
    env: &Env,
    vault: &Vault,
    config: &Config,
) -> Result<Option<RootKeys>, StartError> {
    let result: Result<Option<RootKeys>, Fault> = async {
        let mut tx = store.begin()?;
        let account = config.account;
        let is_new = !tx.exists::<Accounts>(&account)?;
        if is_new {
            open_account(&mut tx, env, account)?;
        }
        let keys = match &config.root_keys {
            Some(given) => {
                let known = tx.get::<AccessKeys>(&given.id)?;
                if known.is_some_and(|row| row.account != account || row.owner != KeyOwner::Root) {
                    return Err(Fault::internal("that access key id is somebody else's"));
                }
                add_given_key(&mut tx, env, vault, account, KeyOwner::Root, given)?;
                // Who gives root keys means these: others, of an earlier start perhaps, must not go on opening everything.
                let retired = only_active_root_key(&mut tx, account, &given.id)?;
                Some(RootKeys { key: given.clone(), fresh: false, retired })
            }
            None if is_new => {
                let key = add_key(&mut tx, env, vault, account, KeyOwner::Root)?;
                Some(RootKeys { key, fresh: true, retired: Vec::new() })
            }
            None => None,
        };
        store.commit(tx).await.map_err(Fault::internal)?;
        Ok(keys)
    }
    .await;
    result.map_err(|fault| {
        StartError::new(
            format!("The account {} could not be set up: {fault:?}.", config.account),
            "Is the data folder from another version, or its disk full?",
        )
    })
}
