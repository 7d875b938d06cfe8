//! Making accounts and access keys: what every other right begins with.

use rolecall_base::{AccountId, Fault};
use rolecall_env::Env;
use rolecall_store::Tx;

use crate::records::{AccessKey, AccessKeys, AccessKeysOfOwner, Account, Accounts, KeyOwner, Mark};
use crate::vault::Vault;

/// A new access key: the one time its secret is shown.
#[derive(Clone)]
pub struct NewKey {
    pub id: String,
    pub secret: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewKey({})", self.id)
    }
}

/// Writes a new account.
///
/// # Errors
/// EntityAlreadyExists when there is one of that number.
pub fn open_account(tx: &mut Tx, env: &Env, id: AccountId) -> Result<Account, Fault> {
    if tx.exists::<Accounts>(&id)? {
        let text = format!("Account {id} already exists.");
        return Err(Fault::new("EntityAlreadyExists", 409, text));
    }
    let canonical_id = env.random::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
    let account = Account { id, created: env.now().whole_seconds(), canonical_id, alias: None };
    tx.put::<Accounts>(&id, &account)?;
    tx.touch(id);
    Ok(account)
}

/// Writes a new access key with a fresh id and secret.
pub fn add_key(
    tx: &mut Tx,
    env: &Env,
    vault: &Vault,
    account: AccountId,
    owner: KeyOwner,
) -> Result<NewKey, Fault> {
    let key = NewKey { id: env.access_key_id("AKIA", account), secret: env.secret_access_key() };
    add_given_key(tx, env, vault, account, owner, &key)?;
    Ok(key)
}

/// Writes an access key whose id and secret somebody chose: the root keys of the environment.
pub fn add_given_key(
    tx: &mut Tx,
    env: &Env,
    vault: &Vault,
    account: AccountId,
    owner: KeyOwner,
    key: &NewKey,
) -> Result<(), Fault> {
    let sealed = vault.seal(env, &key.id, key.secret.as_bytes());
    let row = AccessKey {
        id: key.id.clone(),
        account,
        owner: owner.clone(),
        sealed_secret: sealed.map_err(|_| Fault::internal("a secret could not be sealed"))?,
        active: true,
        created: env.now().whole_seconds(),
    };
    tx.put::<AccessKeysOfOwner>(&(account, owner.word().to_owned(), key.id.clone()), &Mark {})?;
    tx.put::<AccessKeys>(&key.id, &row)?;
    tx.touch(account);
    Ok(())
}
