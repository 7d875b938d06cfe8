//! One operation as a row of its service's table: the same five functions for each, without its types.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use rolecall_base::{AccountId, Fault};
use rolecall_identity::Caller;
use rolecall_wire::record::{Tell, Teller};
use rolecall_wire::{Message, Meta, Output, Response};

use crate::needs::Needs;
use crate::operation::{Access, At, Authorized, Db, Operation, Place, Slow};
use crate::payload::Payload;

/// An input without its type.
pub(crate) type AnyInput = Box<dyn Any + Send + Sync>;
/// An output without its type.
pub(crate) type AnyOutput = Box<dyn Any + Send>;
/// A future without its type.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One row of `OPERATIONS`.
#[derive(Clone, Copy)]
pub struct Row {
    pub meta: &'static Meta,
    /// Whether it runs in a transaction that is committed; some do only for some inputs.
    pub writes: bool,
    pub(crate) writes_for: Option<fn(&dyn Any) -> bool>,
    pub(crate) decode: fn(&Message<'_>) -> Result<AnyInput, Fault>,
    pub(crate) needs: fn(&dyn Any, &At<'_>) -> Result<Needs, Fault>,
    pub(crate) run: fn(&dyn Any, Run<'_>) -> Result<AnyOutput, Fault>,
    pub(crate) encode: fn(AnyOutput, &'static Meta, &str, &mut Response) -> Result<(), Fault>,
    pub(crate) stage: Option<StageFn>,
    pub(crate) prove: Option<Prove>,
    /// Writes the input, and the output, as their audit record shows them.
    pub(crate) tell_input: TellFn,
    pub(crate) tell_output: TellFn,
    pub(crate) prepare: Option<PrepareFn>,
}

/// [`Proving`] without its types.
#[derive(Clone, Copy)]
pub(crate) struct Prove {
    pub account: fn(&dyn Any) -> Option<AccountId>,
    pub prove: for<'a> fn(&'a dyn Any, &'a At<'a>) -> Pending<'a, Result<Caller, Fault>>,
}

/// [`Tell::tell`] without its type.
pub(crate) type TellFn = fn(&dyn Any, &mut Teller);

/// [`Operation::PREPARE`] without its types.
pub(crate) type PrepareFn = fn(&dyn Any, &At<'_>) -> Result<Slow, Fault>;
/// [`Streaming::stage`] without its types.
pub(crate) type StageFn = for<'a> fn(&'a dyn Any, &'a At<'a>, &'a mut Payload) -> Staging<'a>;
/// What it gives.
pub type Staging<'a> = Pending<'a, Result<Box<dyn Any + Send + Sync>, Fault>>;

impl Row {
    /// Whether this call runs in a transaction.
    pub(crate) fn writes_with(&self, input: &dyn Any) -> bool {
        self.writes && self.writes_for.is_none_or(|asks| asks(input))
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({}:{})", self.meta.service, self.meta.name)
    }
}

/// All that [`Authorized`] is made of but the input.
pub(crate) struct Run<'a> {
    pub place: Place<'a>,
    pub request_id: &'a str,
    pub db: Db<'a>,
    pub passed: &'a [String],
    pub allowed: &'a [Result<(), Fault>],
    pub staged: Option<&'a (dyn Any + Send + Sync)>,
}

/// An operation whose body is taken in before it runs: PutObject, UploadPart.
///
/// The door has authenticated and decided once; `stage` stores the bytes under a name that nobody knows yet; then the
/// door decides again and runs the operation, which finds the outcome in [`Authorized::staged`]. When that does not
/// happen, what was staged is swept.
pub trait Streaming: Operation {
    fn stage<'a>(input: &'a Self::Input, at: &'a At<'a>, body: &'a mut Payload) -> Staging<'a>;
}

/// An operation whose caller brings its own proof instead of a signature: AssumeRoleWithWebIdentity and
/// AssumeRoleWithSAML. A signature that comes all the same is not looked at.
///
/// `prove` runs once, after the input was read and before anything is decided. It may wait, for a provider's keys may
/// have to be fetched; what it saw of the store may then have changed. So it says who calls and no more: `needs` looks up
/// the provider again, in the state that is decided on, and refuses if the proof does not hold by it any more.
pub trait Proving: Operation {
    /// The account that the request says it is about: whose log a refusal belongs in.
    fn account(input: &Self::Input) -> Option<AccountId>;

    /// Verifies the proof and says whose it is: a caller made by [`Caller::federated`].
    ///
    /// # Errors
    /// The operation's documented faults for a proof that is not good.
    fn prove<'a>(input: &'a Self::Input, at: &'a At<'a>) -> Pending<'a, Result<Caller, Fault>>;
}

/// The row of an operation.
pub const fn row<Op: Operation>() -> Row {
    Row {
        meta: Op::META,
        writes: <Op::Access as Access>::WRITES,
        decode: decode::<Op>,
        needs: needs::<Op>,
        run: run::<Op>,
        encode: encode::<Op>,
        stage: None,
        prove: None,
        tell_input: tell::<Op::Input>,
        tell_output: tell::<Op::Output>,
        writes_for: match Op::WRITES_FOR {
            Some(_) => Some(writes_for::<Op>),
            None => None,
        },
        prepare: match Op::PREPARE {
            Some(_) => Some(prepare::<Op>),
            None => None,
        },
    }
}

/// The row of an operation with a streamed body.
pub const fn streaming_row<Op: Streaming>() -> Row {
    Row { stage: Some(stage::<Op>), ..row::<Op>() }
}

/// The row of an operation whose caller brings its own proof.
pub const fn proving_row<Op: Proving>() -> Row {
    Row { prove: Some(Prove { account: account::<Op>, prove: prove::<Op> }), ..row::<Op>() }
}

fn decode<Op: Operation>(message: &Message<'_>) -> Result<AnyInput, Fault> {
    Ok(Box::new(rolecall_wire::read::<Op>(message)?))
}

/// An input that never came to be (`()`) has nothing to tell.
fn tell<T: Tell + 'static>(any: &dyn Any, t: &mut Teller) {
    if let Some(value) = any.downcast_ref::<T>() {
        value.tell(t);
    }
}

fn typed<T: 'static>(any: &dyn Any) -> Result<&T, Fault> {
    any.downcast_ref().ok_or_else(|| Fault::internal("an input of another operation"))
}

fn needs<Op: Operation>(input: &dyn Any, at: &At<'_>) -> Result<Needs, Fault> {
    Op::needs(typed(input)?, at)
}

fn run<Op: Operation>(input: &dyn Any, run: Run<'_>) -> Result<AnyOutput, Fault> {
    let mut authorized = Authorized::<Op> {
        input: typed(input)?,
        caller: run.place.caller,
        region: run.place.region,
        now: run.place.now,
        env: run.place.env,
        identity: run.place.identity,
        origin: run.place.origin,
        request_id: run.request_id,
        extensions: run.place.extensions,
        db: run.db,
        passed: run.passed,
        allowed: run.allowed,
        staged: run.staged,
    };
    Ok(Box::new(Op::run(&mut authorized)?))
}

fn encode<Op: Operation>(
    output: AnyOutput,
    meta: &'static Meta,
    request_id: &str,
    response: &mut Response,
) -> Result<(), Fault> {
    let output = output.downcast::<Op::Output>();
    output.map_err(|_| Fault::internal("an output of another operation"))?.encode(meta, request_id, response);
    Ok(())
}

fn writes_for<Op: Operation>(input: &dyn Any) -> bool {
    // An input of another operation goes the way that can do both, and fails there.
    Op::WRITES_FOR.zip(input.downcast_ref()).is_none_or(|(asks, input)| asks(input))
}

fn prepare<Op: Operation>(input: &dyn Any, at: &At<'_>) -> Result<Slow, Fault> {
    let gather = Op::PREPARE.ok_or_else(|| Fault::internal("an operation without slow work"))?;
    gather(typed(input)?, at)
}

fn stage<'a, Op: Streaming>(input: &'a dyn Any, at: &'a At<'a>, body: &'a mut Payload) -> Staging<'a> {
    match typed(input) {
        Ok(input) => Op::stage(input, at, body),
        Err(fault) => Box::pin(std::future::ready(Err(fault))),
    }
}

fn account<Op: Proving>(input: &dyn Any) -> Option<AccountId> {
    input.downcast_ref().and_then(Op::account)
}

fn prove<'a, Op: Proving>(input: &'a dyn Any, at: &'a At<'a>) -> Pending<'a, Result<Caller, Fault>> {
    match typed(input) {
        Ok(input) => Op::prove(input, at),
        Err(fault) => Box::pin(std::future::ready(Err(fault))),
    }
}
