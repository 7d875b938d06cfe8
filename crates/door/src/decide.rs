//! Putting an operation's questions to the policies.

use rolecall_base::{AccountId, Fault};
use rolecall_identity::{Caller, Session, Who};
use rolecall_policy::{Decision, Layers, Principal, Trace};
use rolecall_wire::Protocol;

use crate::facts::AskFacts;
use crate::needs::{Ask, Mode, Needs};
use crate::operation::Place;

/// The answers to all questions of a call.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// For [`Needs::each`]: one a question. Empty otherwise.
    pub each: Vec<Result<(), Fault>>,
    /// ARNs on which `iam:PassRole` was asked and allowed.
    pub passed: Vec<String>,
}

/// Asks everything.
///
/// # Errors
/// The first denial, in the protocol's form, unless the questions are about separate items.
pub(crate) fn decide(place: &Place<'_>, needs: &mut Needs, denial: &Denial<'_>) -> Result<Answers, Fault> {
    let mut answers = Answers::default();
    if needs.asks.is_empty() && needs.open.is_none() {
        return Err(Fault::internal("an operation asked nothing and did not say why"));
    }
    for ask in &mut needs.asks {
        find_placements(place, ask)?;
        let ask = &*ask;
        let allowed = with_decision(place, ask, |decision| match decision.allowed {
            true => denial.closed(ask),
            false => Err(denial.fault(place, ask, decision)),
        });
        if allowed.is_ok() && ask.action == "iam:PassRole" {
            answers.passed.push(ask.resource.clone().into_owned());
        }
        match needs.mode {
            Mode::Each => answers.each.push(allowed),
            Mode::All => allowed?,
        }
    }
    Ok(answers)
}

/// Why one question was answered as it was: every layer and statement.
pub(crate) fn explain(place: &Place<'_>, ask: &Ask) -> Trace {
    question(place, ask, rolecall_policy::explain)
}

/// The smallest changes after which the question would be answered with yes.
pub(crate) fn remedies(place: &Place<'_>, ask: &Ask, others: &[&str]) -> Vec<rolecall_policy::Remedy> {
    question(place, ask, |layers, request| rolecall_policy::remedies(layers, request, others))
}

fn with_decision<R>(place: &Place<'_>, ask: &Ask, then: impl FnOnce(&Decision<'_>) -> R) -> R {
    question(place, ask, |layers, request| then(&rolecall_policy::decide(layers, request)))
}

fn question<R>(
    place: &Place<'_>,
    ask: &Ask,
    then: impl FnOnce(&Layers<'_>, &rolecall_policy::Request<'_>) -> R,
) -> R {
    let caller = place.caller;
    let origin = ask.via.as_deref().unwrap_or(place.origin);
    let facts = AskFacts { caller, region: place.region, now: place.now, origin, ask };
    let (of_caller, of_owner) = (facts.seat(), facts.owner_seat());
    let guarded = of_owner.filter(|_| rolecall_policy::has_resource_control(ask.action));
    let layers = Layers {
        scps: of_caller.map_or(&[], |seat| &seat.scps),
        rcps: guarded.map_or(&[], |seat| &seat.rcps),
        management_account: of_caller.is_some_and(|seat| seat.is_management),
        resource_in_management_account: of_owner.is_some_and(|seat| seat.is_management),
        endpoint: origin.endpoint.as_ref().map(|endpoint| &*endpoint.policy),
        identity: Some(&caller.policies.identity),
        boundary: caller.policies.boundary.as_deref(),
        session: caller.policies.session.as_deref(),
        resource: ask.policy.as_deref(),
        service_linked_role: caller.service_linked,
    };
    let request = rolecall_policy::Request {
        principal: principal(caller),
        action: ask.action,
        resource: &ask.resource,
        resource_account: ask.account,
        facts: &facts,
        rule: ask.rule,
    };
    then(&layers, &request)
}

/// Looks up where the accounts of a question stand, as far as the caller does not know it: most questions are about the
/// caller's own account, and need nothing.
pub(crate) fn find_placements(place: &Place<'_>, ask: &mut Ask) -> Result<(), Fault> {
    let caller = place.caller;
    // Who comes by a provider's word is of no account yet, and in no organization.
    let nobodys = caller.who.is_federated() || matches!(caller.who, Who::Anonymous | Who::Service);
    let find = |account: AccountId| place.identity.placement(account).map(Some);
    if caller.placement.is_none() && !nobodys {
        ask.placed.caller = find(caller.account)?;
    }
    let owner = ask.account.unwrap_or(caller.account);
    if (nobodys || owner != caller.account) && owner != AccountId::AWS {
        ask.placed.owner = find(owner)?;
    }
    if let Some(via) = &mut ask.via {
        // Services that called before this one come first.
        via.called_via.splice(0..0, place.origin.called_via.iter().cloned());
        return Ok(());
    }
    if let Some(source) = &place.origin.source {
        ask.placed.source = find(source.account)?;
    }
    if let Some(endpoint) = &place.origin.endpoint {
        ask.placed.endpoint = find(endpoint.account)?;
    }
    Ok(())
}

fn principal(caller: &Caller) -> Principal<'_> {
    let account = caller.account;
    match caller.who {
        Who::Anonymous => Principal::Anonymous,
        Who::Root => Principal::Root { account },
        Who::User => Principal::User { account, arn: &caller.arn, unique_id: &caller.principal_id },
        Who::RoleSession => Principal::Role {
            account,
            role_arn: &caller.principal_arn,
            session_arn: &caller.arn,
            unique_id: &caller.principal_id,
        },
        Who::FederatedUser => Principal::FederatedUser {
            account,
            arn: &caller.arn,
            user_arn: caller.federated_by.as_deref().unwrap_or_default(),
            // Root has no unique id; its session carries the account's number.
            user_unique_id: caller.user_name.as_ref().map_or("", |_| &caller.principal_id),
        },
        Who::WebIdentity | Who::Saml => Principal::Federated { provider: &caller.arn },
        Who::Service => Principal::Service { name: &caller.arn },
    }
}

/// Makes the encoded text of a denial.
pub(crate) type Encode<'a> = dyn Fn(&Place<'_>, &Ask, &Decision<'_>) -> String + 'a;

/// How a protocol says no.
pub(crate) struct Denial<'a> {
    pub protocol: Protocol,
    /// Makes EC2's encoded authorization message, for operations that carry one.
    pub encode: Option<&'a Encode<'a>>,
}

impl Denial<'_> {
    /// Refuses what is in an account that was closed, whatever allows it.
    fn closed(&self, ask: &Ask) -> Result<(), Fault> {
        if !ask.placed.owner.as_ref().is_some_and(|owner| owner.is_closed()) {
            return Ok(());
        }
        Err(match self.protocol {
            Protocol::RestXml => {
                Fault::new("AllAccessDisabled", 403, "All access to this object has been disabled")
            }
            Protocol::Ec2 => {
                Fault::new("UnauthorizedOperation", 403, "You are not authorized to perform this operation.")
            }
            Protocol::Query => Fault::new("AccessDenied", 403, "Access denied"),
            Protocol::RestJson => Fault::new("AccessDeniedException", 403, "Access denied"),
            Protocol::Json(_) => Fault::new("AccessDeniedException", 400, "Access denied"),
        })
    }

    fn fault(&self, place: &Place<'_>, ask: &Ask, decision: &Decision<'_>) -> Fault {
        let caller = place.caller;
        match self.protocol {
            // AWS names neither the caller nor the role to those whom it does not know.
            _ if caller.who.is_federated() => {
                Fault::new("AccessDenied", 403, format!("Not authorized to perform {}", ask.action))
            }
            Protocol::RestXml if decision.cross_account || caller.who == Who::Anonymous => {
                Fault::new("AccessDenied", 403, "Access Denied")
            }
            Protocol::RestXml => {
                let quoted = (ask.resource != "*").then(|| format!("\"{}\"", ask.resource));
                Fault::new("AccessDenied", 403, decision.denial(&caller.arn, ask.action, quoted.as_deref()))
            }
            Protocol::Ec2 => {
                let text = decision.denial(&caller.arn, ask.action, Some(&ask.resource));
                let mut message = format!("You are not authorized to perform this operation. {text}");
                if let Some(encode) = self.encode {
                    message.push_str(". Encoded authorization failure message: ");
                    message.push_str(&encode(place, ask, decision));
                }
                // EC2 has a code of its own for the parameters that it looks up.
                let of_parameters = ask.action.starts_with("ssm:");
                Fault::new(
                    if of_parameters { "SsmAccessDenied" } else { "UnauthorizedOperation" },
                    403,
                    message,
                )
            }
            Protocol::Query => {
                let text = decision.denial(&caller.arn, ask.action, Some(&ask.resource));
                Fault::new("AccessDenied", 403, text)
            }
            Protocol::Json(_) | Protocol::RestJson => {
                let text = decision.denial(&caller.arn, ask.action, Some(&ask.resource));
                let status = if self.protocol == Protocol::RestJson { 403 } else { 400 };
                Fault::new("AccessDeniedException", status, text)
            }
        }
    }
}

/// Whether AWS lets these credentials call a service at all, before any policy is asked (POLICY.md 6.7): what
/// GetFederationToken and GetSessionToken give is barred from most of IAM and STS.
pub(crate) fn barred(caller: &Caller, service: &str, operation: &str) -> Option<Fault> {
    let session: &Session = caller.session.as_deref()?;
    let is_sts = service == "sts";
    if !is_sts && service != "iam" {
        return None;
    }
    use rolecall_identity::SessionKind::{Delegated, Federated, Instance, Role, Root, User};
    let allowed = match session.kind {
        Role => true,
        // Nothing that outlives or widens the delegated session; the policy of its request limits the rest.
        Delegated => !is_sts || matches!(operation, "AssumeRole" | "GetCallerIdentity"),
        // Its task policy denies the rest; this also bars what asks for no permission.
        Root => !is_sts || operation == "GetCallerIdentity",
        Federated | Instance => is_sts && operation == "GetCallerIdentity",
        User if is_sts => matches!(operation, "AssumeRole" | "GetCallerIdentity"),
        User => session.mfa.is_some(),
    };
    if allowed {
        return None;
    }
    let text = if is_sts {
        format!("Cannot call {operation} with session credentials")
    } else {
        "The security token included in the request is invalid".to_owned()
    };
    let (code, status) = if is_sts { ("AccessDenied", 403) } else { ("InvalidClientTokenId", 403) };
    Some(Fault::new(code, status, text))
}
