//! Callers that bring their own proof: a provider's token instead of a signature. See [`Proving`].

use std::task::Poll;

use rolecall_base::Fault;
use rolecall_identity::Caller;
use rolecall_identity::records::Accounts;

use crate::authenticate::Proof;
use crate::door::{Door, Pass, Visitor, guarded};
use crate::operation::{Lazy, Sight};
use crate::payload::BodyCheck;
use crate::request::{Origin, Request};
use crate::row::{Prove, Proving, proving_row};

/// Bytes of a request that nobody has signed; AssumeRoleWithSAML's longest is below.
const LONGEST: usize = 512 * 1024;

impl Door {
    /// Calls an operation in this process with the proof that its input carries; see [`Door::call`].
    ///
    /// # Errors
    /// The operation's faults; denials among them.
    pub async fn call_proving<Op: Proving>(
        &self,
        region: &str,
        origin: Origin,
        input: Op::Input,
    ) -> Result<Op::Output, Fault> {
        rolecall_wire::check::<Op>(&input)?;
        let row = proving_row::<Op>();
        let visitor = Visitor::vouched(Caller::anonymous());
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
        if let Some(prove) = row.prove {
            self.prove(&mut pass, prove).await?;
        }
        let output = self.pass(pass).await?;
        output.downcast().map(|output| *output).map_err(|_| Fault::internal("an output of another operation"))
    }

    /// A request that is nobody's until its proof is verified.
    pub(crate) fn unproven(&self, request: &Request) -> Result<Proof, Fault> {
        if request.whole().is_some_and(|body| body.len() > LONGEST) {
            return Err(Fault::new("RequestEntityTooLarge", 413, "The request's body is too large."));
        }
        let visitor = Visitor::vouched(Caller::anonymous());
        Ok(Proof { visitor, region: self.region.clone(), body: BodyCheck::none(), signature: None })
    }

    /// Finds the caller of a pass by its proof. A refusal is recorded in the account that the request names, as nobody's;
    /// nowhere when there is no such account.
    pub(crate) async fn prove(&self, pass: &mut Pass<'_>, prove: Prove) -> Result<(), Fault> {
        if let Some(account) = (prove.account)(&*pass.input) {
            pass.visitor = Visitor::vouched(Caller { account, ..Caller::anonymous() });
        }
        let outcome = {
            let pass = &*pass;
            let lazy = Lazy::new(self.identity.store.clone());
            let at = self.place(pass).at(Sight::Lazy(&lazy));
            let mut proving = (prove.prove)(&*pass.input, &at);
            std::future::poll_fn(|context| match guarded(|| Ok(proving.as_mut().poll(context))) {
                Ok(polled) => polled,
                Err(fault) => Poll::Ready(Err(fault)),
            })
            .await
        };
        let checked = outcome.and_then(|caller| match caller.who.is_federated() {
            true => Ok(caller),
            false => Err(Fault::internal("a proof made somebody who is no federated caller")),
        });
        match checked {
            Ok(caller) => {
                pass.visitor = Visitor::vouched(caller);
                Ok(())
            }
            Err(fault) => {
                let (account, now) = (pass.visitor.caller.account, self.identity.env.now());
                let exists = self.identity.store.read()?.exists::<Accounts>(&account)?;
                if exists && self.unproven.admit(account, now) {
                    self.log_refused(pass, &fault);
                }
                Err(fault)
            }
        }
    }
}
