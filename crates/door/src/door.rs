//! The one way in. A call passes here in the same steps whatever it is: authenticate, decode, ask, decide, run, audit,
//! answer. Nothing else gives an operation state.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use rolecall_base::Fault;
use rolecall_identity::{Caller, Identity, Known};
use rolecall_policy::{Remedy, Trace};
use rolecall_sigv4::KeyCache;
use rolecall_store::{CommitError, Pre};
use rolecall_wire::Protocol;

use crate::audit::{self, AuditLog, Outbox, Waiting};
use crate::authorization_message;
use crate::decide::{self, Answers, Denial};
use crate::decisions::{Decided, Decisions};
use crate::needs::{self, Ask, Needs};
use crate::operation::{Db, Extensions, Lazy, Operation, Place, Sight, unavailable};
use crate::payload::Payload;
use crate::prepare::SlowWork;
use crate::request::{Origin, Way};
use crate::row::{AnyInput, AnyOutput, Row, Run, StageFn, Streaming, row, streaming_row};
use crate::stranger::stranger;
use crate::unproven::Unproven;

/// How often a call is run again because another transaction came first.
const TRIES: usize = 64;

/// The door of one server.
#[derive(Debug)]
pub struct Door {
    pub identity: Arc<Identity>,
    pub extensions: Extensions,
    pub decisions: Decisions,
    /// Told after each change that was committed: what the background loops wait for.
    pub changed: tokio::sync::Notify,
    pub(crate) log: Arc<dyn AuditLog>,
    pub(crate) keys: KeyCache,
    pub(crate) slow: SlowWork,
    pub(crate) unproven: Unproven,
    /// The region of requests that name none.
    pub(crate) region: String,
}

/// Who calls, as far as it matters to a transaction.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub caller: Arc<Caller>,
    /// What the caller's rights rest on; see [`Known::premises`].
    known: Option<Arc<Known>>,
}

impl Visitor {
    /// A caller that proved itself by a signature.
    pub fn known(known: Arc<Known>) -> Visitor {
        Visitor { caller: known.caller.clone(), known: Some(known) }
    }

    /// A caller that this process vouches for: a service, or nobody.
    pub fn vouched(caller: Caller) -> Visitor {
        Visitor { caller: Arc::new(caller), known: None }
    }

    /// What it proved itself by.
    pub(crate) fn proof(&self) -> Option<&Known> {
        self.known.as_deref()
    }

    fn premises(&self) -> &[Pre] {
        self.known.as_ref().map_or(&[], |known| &known.premises)
    }
}

/// One call on its way through.
pub(crate) struct Pass<'a> {
    pub row: &'a Row,
    pub input: AnyInput,
    pub visitor: Visitor,
    pub request_id: String,
    pub region: String,
    pub origin: Origin,
    pub staged: Option<Box<dyn Any + Send + Sync>>,
    /// Bytes that the input takes, about.
    pub weight: usize,
}

/// What a pass has decided so far, for the ring and the audit record.
#[derive(Default)]
pub(crate) struct Asked {
    asks: Vec<Ask>,
}

impl Door {
    /// `region` is that of requests that name none.
    pub fn new(
        identity: Arc<Identity>,
        extensions: Extensions,
        log: Arc<dyn AuditLog>,
        region: &str,
    ) -> Door {
        Door {
            identity,
            extensions,
            decisions: Decisions::default(),
            changed: tokio::sync::Notify::new(),
            log,
            keys: KeyCache::new(16_384),
            slow: SlowWork::default(),
            unproven: Unproven::default(),
            region: region.to_owned(),
        }
    }

    /// Calls an operation in this process, with everything but wire and signature.
    ///
    /// # Errors
    /// The operation's faults; denials among them.
    pub async fn call<Op: Operation>(
        &self,
        visitor: Visitor,
        region: &str,
        origin: Origin,
        input: Op::Input,
    ) -> Result<Op::Output, Fault> {
        rolecall_wire::check::<Op>(&input)?;
        let row = row::<Op>();
        self.note(&visitor, &row, region, self.identity.env.now());
        let request_id = self.identity.env.uuid();
        let region = region.to_owned();
        let pass = Pass {
            row: &row,
            input: Box::new(input),
            visitor,
            request_id,
            region,
            origin,
            staged: None,
            weight: 0,
        };
        let output = self.pass(pass).await?;
        output.downcast().map(|output| *output).map_err(|_| Fault::internal("an output of another operation"))
    }

    /// [`Door::call`] for an operation that takes in a body.
    ///
    /// # Errors
    /// As [`Door::call`].
    pub async fn upload<Op: Streaming>(
        &self,
        visitor: Visitor,
        region: &str,
        origin: Origin,
        input: Op::Input,
        body: &mut Payload,
    ) -> Result<Op::Output, Fault> {
        rolecall_wire::check::<Op>(&input)?;
        let row = streaming_row::<Op>();
        self.note(&visitor, &row, region, self.identity.env.now());
        let request_id = self.identity.env.uuid();
        let region = region.to_owned();
        let mut pass = Pass {
            row: &row,
            input: Box::new(input),
            visitor,
            request_id,
            region,
            origin,
            staged: None,
            weight: 0,
        };
        if let Some(stage) = row.stage {
            self.stage(&mut pass, stage, body).await?;
        }
        let output = self.pass(pass).await?;
        output.downcast().map(|output| *output).map_err(|_| Fault::internal("an output of another operation"))
    }

    /// Steps 6 to 9: ask, decide, run, audit.
    pub(crate) async fn pass(&self, mut pass: Pass<'_>) -> Result<AnyOutput, Fault> {
        let mut asked = Asked::default();
        let writes = pass.row.writes_with(&*pass.input);
        let outcome = match decide::barred(&pass.visitor.caller, pass.row.meta.service, pass.row.meta.name) {
            Some(fault) => Err(fault),
            None => match self.prepare(&mut pass, &mut asked).await {
                Ok(()) if writes => self.write(&mut pass, &mut asked).await,
                Ok(()) => self.read(&pass, &mut asked),
                Err(fault) => Err(fault),
            },
        };
        let answer = outcome.as_ref().ok().and_then(|output| {
            let is_told = audit::gives_credentials(pass.row.meta.service, pass.row.meta.name);
            is_told.then(|| audit::told(pass.row.meta, pass.row.tell_output, &**output)).flatten()
        });
        // A change that went through has its record in its commit.
        let recorded = outcome.is_ok() && writes;
        self.keep(&mut pass, asked.asks, outcome.as_ref().err().cloned(), (!recorded).then_some(answer));
        outcome
    }

    /// Decides a first time on a call whose body is yet to come, then takes the body in. A refusal ends here, in the
    /// same way as any other.
    pub(crate) async fn stage(
        &self,
        pass: &mut Pass<'_>,
        stage: StageFn,
        body: &mut Payload,
    ) -> Result<(), Fault> {
        let mut asked = Asked::default();
        let outcome = {
            let pass = &*pass;
            let decided = {
                let lazy = Lazy::new(self.identity.store.clone());
                self.ask(pass, self.place(pass), Sight::Lazy(&lazy), &mut asked)
            };
            // Another snapshot, which is not taken unless it is looked at: an upload may last.
            let later = Lazy::new(self.identity.store.clone());
            match decided {
                Ok(_) => stage(&*pass.input, &self.place(pass).at(Sight::Lazy(&later)), body).await,
                Err(fault) => Err(fault),
            }
        };
        let staged = match outcome {
            Ok(staged) => staged,
            Err(fault) => {
                self.keep(pass, asked.asks, Some(fault.clone()), Some(None));
                return Err(fault);
            }
        };
        pass.staged = Some(staged);
        Ok(())
    }

    pub(crate) fn place<'a>(&'a self, pass: &'a Pass<'_>) -> Place<'a> {
        Place {
            caller: &pass.visitor.caller,
            region: &pass.region,
            now: self.identity.env.now(),
            env: &self.identity.env,
            identity: &self.identity,
            origin: &pass.origin,
            extensions: &self.extensions,
        }
    }

    fn read(&self, pass: &Pass<'_>, asked: &mut Asked) -> Result<AnyOutput, Fault> {
        let lazy = Lazy::new(self.identity.store.clone());
        let place = self.place(pass);
        let answers = self.ask(pass, place, Sight::Lazy(&lazy), asked)?;
        self.run(pass, place, Db::Read(&lazy), &answers)
    }

    async fn write(&self, pass: &mut Pass<'_>, asked: &mut Asked) -> Result<AnyOutput, Fault> {
        for _ in 0..TRIES {
            let mut tx = self.identity.store.begin().map_err(unavailable)?;
            let output = {
                let pass = &*pass;
                let place = self.place(pass);
                let answers = self.ask(pass, place, Sight::Now(&tx), asked)?;
                self.run(pass, place, Db::Write(&mut tx), &answers)?
            };
            let of_way = pass.origin.way.iter().flat_map(|way| &*way.premises);
            for premise in pass.visitor.premises().iter().chain(of_way) {
                tx.require(premise.clone());
            }
            needs::require_placements(&asked.asks, &mut tx);
            if pass.row.meta.service == "iam" {
                // Everything that IAM changes is part of what callers of this account are remembered by.
                tx.touch(pass.visitor.caller.account);
            }
            let key = (u64::try_from(self.identity.env.now().millis()).unwrap_or(0), pass.request_id.clone());
            tx.put::<Outbox>(&key, &Waiting { record: self.record(pass, &asked.asks, &*output) })?;
            match self.identity.store.commit(tx).await {
                Ok(_) => {
                    self.changed.notify_waiters();
                    return Ok(output);
                }
                Err(CommitError::Conflict(_)) => self.refresh(pass)?,
                Err(CommitError::TooLarge { what }) => {
                    return Err(Fault::new(
                        "LimitExceeded",
                        409,
                        format!("The request is too large: {what}."),
                    ));
                }
                Err(error) => return Err(unavailable(error)),
            }
        }
        Err(Fault::new("ServiceUnavailable", 503, "Too many changes at once; please try again."))
    }

    /// Asks again who the caller is and how it came: a conflict may mean that its rights or its way have changed.
    fn refresh(&self, pass: &mut Pass<'_>) -> Result<(), Fault> {
        if let Some(way) = pass.origin.way.take() {
            let premises = way.finder.find(&mut pass.origin)?;
            pass.origin.way = Some(Way { premises, ..way });
        }
        let caller = &pass.visitor.caller;
        let (Some(known), Some(id)) = (&pass.visitor.known, &caller.access_key_id) else { return Ok(()) };
        let fresh = self.identity.known(id, known.token());
        let fresh = fresh.map_err(|unknown| stranger(&unknown, pass.row.meta.protocol))?;
        pass.visitor = Visitor::known(fresh);
        Ok(())
    }

    pub(crate) fn ask(
        &self,
        pass: &Pass<'_>,
        place: Place<'_>,
        sight: Sight<'_>,
        asked: &mut Asked,
    ) -> Result<Answers, Fault> {
        let mut needs: Needs = guarded(|| (pass.row.needs)(&*pass.input, &place.at(sight)))?;
        let encode = |place: &Place<'_>, ask: &Ask, decision: &rolecall_policy::Decision<'_>| {
            authorization_message::encode(&self.identity.env, &self.identity.vault, place, ask, decision)
        };
        let meta = pass.row.meta;
        let encoded = meta.protocol == Protocol::Ec2 && !meta.name.starts_with("Describe");
        let denial = Denial { protocol: meta.protocol, encode: encoded.then_some(&encode) };
        let answers = decide::decide(&place, &mut needs, &denial);
        asked.asks = needs.asks;
        answers
    }

    fn run(
        &self,
        pass: &Pass<'_>,
        place: Place<'_>,
        db: Db<'_>,
        answers: &Answers,
    ) -> Result<AnyOutput, Fault> {
        let run = Run {
            place,
            request_id: &pass.request_id,
            db,
            passed: &answers.passed,
            allowed: &answers.each,
            staged: pass.staged.as_deref(),
        };
        guarded(|| (pass.row.run)(&*pass.input, run))
    }

    /// Why a recent call was decided as it was, question by question.
    pub fn explain(&self, decided: &Decided) -> Vec<Trace> {
        let place = self.place_of(decided);
        decided.asks.iter().map(|ask| decide::explain(&place, ask)).collect()
    }

    /// The smallest changes that would have allowed one question of a recent call; none if it was allowed. `others` are
    /// the actions to try for what a change would open besides.
    pub fn remedies(&self, decided: &Decided, ask: &Ask, others: &[&str]) -> Vec<Remedy> {
        decide::remedies(&self.place_of(decided), ask, others)
    }

    pub(crate) fn place_of<'a>(&'a self, decided: &'a Decided) -> Place<'a> {
        Place {
            caller: &decided.caller,
            region: &decided.region,
            now: decided.at,
            env: &self.identity.env,
            identity: &self.identity,
            origin: &decided.origin,
            extensions: &self.extensions,
        }
    }

    /// Forgets callers and decisions, for a server that was emptied.
    pub fn forget(&self) {
        self.identity.forget();
        self.decisions.forget();
    }
}

/// Runs a service's code. A panic is a fault of ours: this call fails and its transaction is dropped, the server goes on.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(work));
    outcome.unwrap_or_else(|_| Err(Fault::internal("an operation panicked")))
}
