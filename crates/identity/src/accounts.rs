//! Making accounts and access keys: what every other right begins with.

use rolecall_base::{AccountId, Fault, Tags};
use rolecall_env::Env;
use rolecall_store::Tx;

use crate::records::{
    AccessKey, AccessKeys, AccessKeysOfOwner, Account, Accounts, AccountsByAddress, Addressee, AttachedTo,
    Attachment, Attachments, Counts, Entities, Entity, Holder, KeyOwner, Mark, Role, Roles, fold,
};
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
    let created = env.now().whole_seconds();
    let account = Account { id, created, canonical_id, alias: None, name: None, address: None };
    tx.put::<Accounts>(&id, &account)?;
    tx.touch(id);
    Ok(account)
}

/// Writes a new account of a number that nobody has, with a name and the e-mail address of its root user, and in it a
/// role that another account's principals may assume as administrators. It has no keys: that role, or AssumeRoot, is the
/// way in.
///
/// # Errors
/// EntityAlreadyExists when the address is another account's.
pub fn open_account_for(
    tx: &mut Tx,
    env: &Env,
    name: &str,
    address: &str,
    trusted: AccountId,
    role_name: &str,
) -> Result<Account, Fault> {
    let folded = address.to_lowercase();
    if tx.exists::<AccountsByAddress>(&folded)? {
        let text = format!("The email address {address} is already associated with another account.");
        return Err(Fault::new("EntityAlreadyExists", 409, text));
    }
    let mut account = open_account(tx, env, vacant_number(tx, env)?)?;
    account.name = Some(name.to_owned());
    account.address = Some(address.to_owned());
    tx.put::<Accounts>(&account.id, &account)?;
    tx.put::<AccountsByAddress>(&folded, &Addressee { account: account.id })?;
    open_role(tx, env, account.id, trusted, role_name)?;
    Ok(account)
}

fn vacant_number(tx: &Tx, env: &Env) -> Result<AccountId, Fault> {
    loop {
        // Twelve digits without a leading zero, as AWS gives them.
        let number = u64::from_be_bytes(env.random()) % 900_000_000_000 + 100_000_000_000;
        if let Some(id) = AccountId::new(number)
            && !tx.exists::<Accounts>(&id)?
        {
            return Ok(id);
        }
    }
}

fn open_role(
    tx: &mut Tx,
    env: &Env,
    account: AccountId,
    trusted: AccountId,
    name: &str,
) -> Result<(), Fault> {
    let principal = format!(r#""AWS":"{}""#, trusted.root_arn());
    put_role(tx, env, account, "/", name, &principal, "arn:aws:iam::aws:policy/AdministratorAccess")
}

/// Writes the service-linked role by which Organizations acts in an account, unless it is there.
pub fn open_organizations_role(tx: &mut Tx, env: &Env, account: AccountId) -> Result<(), Fault> {
    let name = "AWSServiceRoleForOrganizations";
    if tx.exists::<Roles>(&(account, fold(name)))? {
        return Ok(());
    }
    let path = "/aws-service-role/organizations.amazonaws.com/";
    let principal = r#""Service":"organizations.amazonaws.com""#;
    let policy = "arn:aws:iam::aws:policy/aws-service-role/AWSOrganizationsServiceTrustPolicy";
    put_role(tx, env, account, path, name, principal, policy)
}

fn put_role(
    tx: &mut Tx,
    env: &Env,
    account: AccountId,
    path: &str,
    name: &str,
    principal: &str,
    policy: &str,
) -> Result<(), Fault> {
    let role = Role {
        account,
        name: name.to_owned(),
        path: path.to_owned(),
        id: env.unique_id("AROA"),
        created: env.now().whole_seconds(),
        trust: format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{{principal}}},"Action":"sts:AssumeRole"}}]}}"#
        ),
        description: None,
        max_session: 3600,
        tags: Tags::default(),
        boundary: None,
        template: None,
    };
    let folded = fold(name);
    Counts::note::<Roles>(tx, account, 1)?;
    tx.put::<Roles>(&(account, folded.clone()), &role)?;
    let entity = Entity { account, holder: Holder::Role, name: folded.clone() };
    tx.put::<Entities>(&role.id, &entity)?;
    let (word, arn) = (Holder::Role.word().to_owned(), policy.to_owned());
    let key = (account, word.clone(), folded.clone(), arn.clone());
    tx.put::<Attachments>(&key, &Attachment { attached: role.created })?;
    Ok(tx.put::<AttachedTo>(&(account, arn, word, folded), &Mark {})?)
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

/// Makes every root key of an account inactive but one; gives the ids of those that were active.
pub fn only_active_root_key(tx: &mut Tx, account: AccountId, kept: &str) -> Result<Vec<String>, Fault> {
    let owned = (account, KeyOwner::Root.word().to_owned());
    let mut retired = Vec::new();
    for ((_, _, id), _) in tx.scan::<AccessKeysOfOwner>(&owned, None, MANY)? {
        let Some(row) = tx.get::<AccessKeys>(&id)? else { continue };
        if id != kept && row.active {
            tx.put::<AccessKeys>(&id, &AccessKey { active: false, ..AccessKey::clone(&row) })?;
            retired.push(id);
        }
    }
    tx.touch(account);
    Ok(retired)
}

/// More root keys than there can be: AWS allows two, each start with others in the environment adds one.
const MANY: usize = 10_000;
