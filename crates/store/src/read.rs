//! Typed reads of one snapshot, and of a transaction's own writes on top.

use std::collections::btree_map;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::journal::{Journal, Write};
use crate::remembered::Remembered;
use crate::{Counters, KeyParts, Order, Prefix, Range, Rev, Snapshot, StoreError, Table, key, record};

/// Keys and rows of a table.
pub type Rows<T> = Vec<(<T as Table>::Key, <T as Table>::Row)>;

/// Takes key, value and revision of a row.
type Show<'a> = dyn FnMut(&[u8], &[u8], Rev) + 'a;

/// All rows as of one moment. Hold it for one request, not longer.
pub struct Reader {
    snapshot: Box<dyn Snapshot>,
    journal: Option<Mutex<Journal>>,
    remembered: Arc<Remembered>,
}

impl Reader {
    pub(crate) fn new(snapshot: Box<dyn Snapshot>, remembered: Arc<Remembered>) -> Reader {
        Reader { snapshot, journal: None, remembered }
    }

    pub(crate) fn recording(snapshot: Box<dyn Snapshot>, remembered: Arc<Remembered>) -> Reader {
        Reader { snapshot, journal: Some(Mutex::default()), remembered }
    }

    /// Whether what is read must still be so at a commit: then a look at each row that is wanted is better than a scan
    /// of all, which any other change in the table would get in the way of.
    pub fn is_recording(&self) -> bool {
        self.journal.is_some()
    }

    pub fn get<T: Table>(&self, key: &impl KeyParts<Owned = T::Key>) -> Result<Option<T::Row>, StoreError> {
        Ok(self.get_with_rev::<T>(key)?.map(|(row, _)| row))
    }

    /// [`Reader::get`] of a small row that many calls look at: read and decoded once for each revision of the store. A
    /// transaction reads it as any other row.
    pub fn get_shared<T: Table<Row: Send + Sync>>(
        &self,
        key: &impl KeyParts<Owned = T::Key>,
    ) -> Result<Option<Arc<T::Row>>, StoreError> {
        if self.journal.is_some() {
            return Ok(self.get::<T>(key)?.map(Arc::new));
        }
        let at = self.snapshot.revision();
        self.remembered.row(key::encode(T::ID, key), at, || self.get::<T>(key))
    }

    /// A row and the revision of the commit that wrote it: 0 if this transaction did.
    pub fn get_with_rev<T: Table>(
        &self,
        key: &impl KeyParts<Owned = T::Key>,
    ) -> Result<Option<(T::Row, Rev)>, StoreError> {
        let mut found = None;
        self.see(&key::encode(T::ID, key), &mut |bytes, rev| found = Some((record::decode(bytes), rev)))?;
        found.map(|(row, rev)| Ok((row?, rev))).transpose()
    }

    pub fn exists<T: Table>(&self, key: &impl KeyParts<Owned = T::Key>) -> Result<bool, StoreError> {
        self.see(&key::encode(T::ID, key), &mut |_, _| ())
    }

    /// The rows whose keys begin with `prefix` and come after `after`, in order, at most `limit`.
    pub fn scan<T: Table>(
        &self,
        prefix: &impl Prefix<T::Key>,
        after: Option<&T::Key>,
        limit: usize,
    ) -> Result<Rows<T>, StoreError> {
        let scan = Scan::<T>::new(prefix).limit(limit);
        self.run(&after.into_iter().fold(scan, |scan, key| scan.after(key)))
    }

    /// The rows of a [`Scan`].
    pub fn run<T: Table>(&self, scan: &Scan<T>) -> Result<Rows<T>, StoreError> {
        let mut rows = Vec::new();
        self.walk(&scan.range(), scan.order, scan.limit, &mut |bytes, value, _| {
            rows.push(key_of::<T>(bytes).and_then(|key| Ok((key, record::decode(value)?))));
        })?;
        rows.into_iter().collect()
    }

    /// The keys of a [`Scan`], its rows left unread.
    pub fn keys<T: Table>(&self, scan: &Scan<T>) -> Result<Vec<T::Key>, StoreError> {
        let mut keys = Vec::new();
        self.walk(&scan.range(), scan.order, scan.limit, &mut |bytes, _, _| keys.push(key_of::<T>(bytes)))?;
        keys.into_iter().collect()
    }

    /// Whether any key begins with `prefix`.
    pub fn any<T: Table>(&self, prefix: &impl Prefix<T::Key>) -> Result<bool, StoreError> {
        Ok(self.walk(&key::range(T::ID, prefix), Order::Ascending, 1, &mut |_, _, _| ())? > 0)
    }

    /// How many keys begin with `prefix`, by looking at each. In a [`crate::Tx`], any change among them conflicts.
    pub fn count<T: Table>(&self, prefix: &impl Prefix<T::Key>) -> Result<usize, StoreError> {
        self.walk(&key::range(T::ID, prefix), Order::Ascending, usize::MAX, &mut |_, _, _| ())
    }

    /// How many keys begin with `prefix`, or `most` if there are more. A [`crate::Tx`] does not record that it looked,
    /// and leaves its own writes out: for what may be another by its commit.
    pub fn peek_count<T: Table>(
        &self,
        prefix: &impl Prefix<T::Key>,
        most: usize,
    ) -> Result<usize, StoreError> {
        let mut seen = 0;
        if most > 0 {
            self.snapshot.scan(&key::range(T::ID, prefix), Order::Ascending, &mut |_, _, _| {
                seen += 1;
                seen < most
            })?;
        }
        Ok(seen)
    }

    /// A counter; 0 if nothing was ever added to it.
    pub fn counter<C: Counters>(&self, key: &impl KeyParts<Owned = C::Key>) -> Result<i64, StoreError> {
        let key = key::encode(C::ID, key);
        let (added, cleared) =
            self.journal().map(|journal| (journal.added(&key), journal.cleared(&key))).unwrap_or_default();
        let mut stored = Ok(0);
        if !cleared {
            self.stored(&key, &mut |bytes, _| stored = record::number(bytes))?;
        }
        stored?.checked_add(added.unwrap_or(0)).ok_or(StoreError::TooLarge { what: "sum of a counter" })
    }

    /// A counter, this transaction's additions included; `None` if nothing was ever added to it. A [`crate::Tx`] does
    /// not record that it was looked at: [`crate::Tx::bound`] says what must hold of it.
    pub fn peek<C: Counters>(&self, key: &impl KeyParts<Owned = C::Key>) -> Result<Option<i64>, StoreError> {
        let key = key::encode(C::ID, key);
        let mut stored = Ok(None);
        self.snapshot.get(&key, &mut |bytes, _| stored = record::number(bytes).map(Some))?;
        let added = self.journal().and_then(|journal| journal.added(&key));
        let sum = match (stored?, added) {
            (None, None) => return Ok(None),
            (stored, added) => stored.unwrap_or(0).checked_add(added.unwrap_or(0)),
        };
        sum.map(Some).ok_or(StoreError::TooLarge { what: "sum of a counter" })
    }

    pub(crate) fn journal(&self) -> Option<MutexGuard<'_, Journal>> {
        self.journal.as_ref().map(|journal| journal.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was recorded; the snapshot ends here.
    pub(crate) fn into_journal(self) -> Journal {
        self.journal
            .map(|journal| journal.into_inner().unwrap_or_else(PoisonError::into_inner))
            .unwrap_or_default()
    }

    /// A row as this transaction sees it.
    fn see(&self, key: &[u8], see: &mut dyn FnMut(&[u8], Rev)) -> Result<bool, StoreError> {
        if let Some(journal) = self.journal()
            && let Some(own) = journal.own(key)
        {
            own.inspect(|bytes| see(bytes, 0));
            return Ok(own.is_some());
        }
        self.stored(key, see)
    }

    /// A row of the snapshot, recorded as read.
    fn stored(&self, key: &[u8], see: &mut dyn FnMut(&[u8], Rev)) -> Result<bool, StoreError> {
        let mut read = None;
        self.snapshot.get(key, &mut |bytes, rev| {
            read = Some(rev);
            see(bytes, rev);
        })?;
        if let Some(mut journal) = self.journal() {
            journal.saw_key(key, read);
        }
        Ok(read.is_some())
    }

    /// Shows at most `limit` rows as this transaction sees them; answers how many.
    fn walk(
        &self,
        range: &Range,
        order: Order,
        limit: usize,
        show: &mut Show<'_>,
    ) -> Result<usize, StoreError> {
        if limit == 0 || range.is_empty() {
            return Ok(0);
        }
        let Some(mut journal) = self.journal() else {
            let mut shown = 0;
            self.snapshot.scan(range, order, &mut |key, value, rev| {
                show(key, value, rev);
                shown += 1;
                shown < limit
            })?;
            return Ok(shown);
        };
        let mut merge = Merge::new(&journal, range, order, limit, show);
        self.snapshot.scan(range, order, &mut |key, value, rev| merge.stored(key, value, rev))?;
        let (shown, seen, last) = merge.finish();
        journal.saw_range(covered(range, order, last.filter(|_| shown == limit)), seen);
        Ok(shown)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("snapshot", &self.snapshot).finish_non_exhaustive()
    }
}

fn key_of<T: Table>(bytes: &[u8]) -> Result<T::Key, StoreError> {
    key::decode::<T::Key>(T::ID, bytes)
        .ok_or_else(|| StoreError::corrupt(format!("a key of table {}", T::NAME)))
}

/// The part of `range` that a scan which stopped at `last` has seen.
fn covered(range: &Range, order: Order, last: Option<Vec<u8>>) -> Range {
    let mut range = range.clone();
    match (order, last) {
        (_, None) => {}
        (Order::Ascending, Some(mut last)) => {
            last.push(0);
            range.end = last;
        }
        (Order::Descending, Some(last)) => range.start = last,
    }
    range
}

/// A scan's rows from the snapshot and from the transaction's own writes, in one order.
struct Merge<'a> {
    journal: &'a Journal,
    own: Own<'a>,
    order: Order,
    limit: usize,
    show: &'a mut Show<'a>,
    shown: usize,
    seen: crate::Digest,
    last: Option<Vec<u8>>,
}

type Own<'a> = std::iter::Peekable<Box<dyn Iterator<Item = (&'a Vec<u8>, &'a Write)> + 'a>>;

impl<'a> Merge<'a> {
    fn new(
        journal: &'a Journal,
        range: &Range,
        order: Order,
        limit: usize,
        show: &'a mut Show<'a>,
    ) -> Merge<'a> {
        let own: btree_map::Range<'a, _, _> = journal.writes(range);
        let own: Box<dyn Iterator<Item = _>> = match order {
            Order::Ascending => Box::new(own),
            Order::Descending => Box::new(own.rev()),
        };
        Merge {
            journal,
            own: own.peekable(),
            order,
            limit,
            show,
            shown: 0,
            seen: Default::default(),
            last: None,
        }
    }

    /// Takes the snapshot's next row; answers whether there is room for more.
    fn stored(&mut self, key: &[u8], value: &[u8], rev: Rev) -> bool {
        if !self.own_before(Some(key)) {
            return false;
        }
        self.seen.push(key, rev);
        let hidden = self.own.next_if(|(own, _)| own.as_slice() == key);
        match hidden {
            Some((_, Write::Put(bytes))) => self.emit(key, bytes, 0),
            Some((_, Write::Del | Write::Add(_))) => true,
            None if self.journal.cleared(key) => true,
            None => self.emit(key, value, rev),
        }
    }

    /// Shows the own writes that come last; answers how many rows were shown, which were read, and where it ended.
    fn finish(mut self) -> (usize, crate::Digest, Option<Vec<u8>>) {
        if self.shown < self.limit {
            self.own_before(None);
        }
        (self.shown, self.seen, self.last)
    }

    /// Shows own writes that come before `key`.
    fn own_before(&mut self, key: Option<&[u8]>) -> bool {
        let order = self.order;
        let before = |own: &[u8]| {
            key.is_none_or(|key| match order {
                Order::Ascending => own < key,
                Order::Descending => own > key,
            })
        };
        while let Some((own, write)) = self.own.next_if(|(own, _)| before(own)) {
            if let Write::Put(bytes) = write
                && !self.emit(own, bytes, 0)
            {
                return false;
            }
        }
        true
    }

    fn emit(&mut self, key: &[u8], value: &[u8], rev: Rev) -> bool {
        (self.show)(key, value, rev);
        self.shown += 1;
        if self.shown == self.limit {
            self.last = Some(key.to_vec());
        }
        self.shown < self.limit
    }
}

/// Which rows of a table to read, and in which order.
pub struct Scan<T: Table> {
    range: Range,
    after: Option<Vec<u8>>,
    beyond: Option<Range>,
    order: Order,
    limit: usize,
    table: PhantomData<fn() -> T>,
}

impl<T: Table> Scan<T> {
    /// Every row whose key begins with `prefix`.
    pub fn new(prefix: &impl Prefix<T::Key>) -> Scan<T> {
        Scan {
            range: key::range(T::ID, prefix),
            after: None,
            beyond: None,
            order: Order::Ascending,
            limit: usize::MAX,
            table: PhantomData,
        }
    }

    /// Only what comes after `key` in the scan's order.
    #[must_use]
    pub fn after(mut self, key: &impl KeyParts<Owned = T::Key>) -> Scan<T> {
        self.after = Some(key::encode(T::ID, key));
        self
    }

    /// Only what comes after every key that begins with `prefix`: how a listing skips a common prefix.
    #[must_use]
    pub fn beyond(mut self, prefix: &impl Prefix<T::Key>) -> Scan<T> {
        self.beyond = Some(key::range(T::ID, prefix));
        self
    }

    /// Last key first.
    #[must_use]
    pub fn reverse(mut self) -> Scan<T> {
        self.order = Order::Descending;
        self
    }

    #[must_use]
    pub fn limit(mut self, rows: usize) -> Scan<T> {
        self.limit = rows;
        self
    }

    fn range(&self) -> Range {
        let mut range = self.range.clone();
        let after = self.after.clone();
        match self.order {
            Order::Ascending => {
                let after = after.map(|mut key| {
                    key.push(0);
                    key
                });
                let beyond = self.beyond.as_ref().map(|beyond| beyond.end.clone());
                range.start =
                    [Some(range.start), after, beyond].into_iter().flatten().max().unwrap_or_default();
            }
            Order::Descending => {
                let beyond = self.beyond.as_ref().map(|beyond| beyond.start.clone());
                range.end = [Some(range.end), after, beyond].into_iter().flatten().min().unwrap_or_default();
            }
        }
        range
    }
}

// By hand, since a derive would ask the same of `T`.
impl<T: Table> Clone for Scan<T> {
    fn clone(&self) -> Scan<T> {
        Scan {
            range: self.range.clone(),
            after: self.after.clone(),
            beyond: self.beyond.clone(),
            order: self.order,
            limit: self.limit,
            table: PhantomData,
        }
    }
}

impl<T: Table> fmt::Debug for Scan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scan of {} ({:?}, at most {})", T::NAME, self.order, self.limit)
    }
}
