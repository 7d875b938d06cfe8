//! How many of a kind of thing an account has, where that is limited.

use rolecall_base::{AccountId, Fault};
use rolecall_store::{Counters, Table, Tx};

/// (account, name of a table): how many rows of the table the account has. Begins with the first thing whose making asks
/// how many there are.
#[derive(Debug)]
pub struct Counts;

impl Counters for Counts {
    const ID: u16 = 47;
    const NAME: &'static str = "counts";
    type Key = (AccountId, String);
}

impl Counts {
    /// Notes that the transaction makes or deletes so many, whatever the limit is.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn note<T: Table>(tx: &mut Tx, account: AccountId, change: i64) -> Result<(), Fault> {
        let key = (account, T::NAME.to_owned());
        if tx.peek::<Counts>(&key)?.is_some() {
            return Ok(tx.add::<Counts>(&key, change)?);
        }
        // Nobody has counted, and it must stay so until this is written.
        tx.counter::<Counts>(&key)?;
        Ok(())
    }
}
