//! CreateDelegationRequest: a product provider asks for temporary access to somebody's account.

use rolecall_actions::iam;
use rolecall_base::{AccountId, Arn, Fault};
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};
use rolecall_identity::records::{
    DelegationRequest, DelegationState, DelegationWorkflows, PolicyTemplate, PolicyTemplates, TemplateValue,
};
use rolecall_policy::{Kind, Policy};

use crate::delegation;
use crate::model::{
    CreateDelegationRequest, CreateDelegationRequestRequest, CreateDelegationRequestResponse,
    PolicyParameter, fault,
};
use crate::role_limits;
use crate::template::{self, Filling, Fillings};

/// Characters of a template with its parameters filled in.
const MOST_CHARACTERS: usize = 2_048;

impl Operation for CreateDelegationRequest {
    type Access = Write;

    fn needs(input: &CreateDelegationRequestRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target =
            ByArn::<iam::kind::DelegationRequest>::new(delegation::arn(at.account(), "*"), at.account());
        let owner = input.owner_account_id.as_ref().map(|account| format!("arn:aws:iam::{account}:root"));
        Ok(Needs::action(iam::CreateDelegationRequest)
            .on(&target)
            .key(iam::key::DelegationDuration, Some(input.session_duration.to_string()))
            .key(iam::key::DelegationRequestOwner, owner)
            .key(iam::key::NotificationChannel, Some(input.notification_channel.as_str()))
            .key(iam::key::TemplateArn, input.permissions.policy_template_arn.as_deref())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateDelegationRequestResponse, Fault> {
        let request = read(req)?;
        let key = (request.requestor, request.workflow.clone());
        let tx = req.tx()?;
        if tx.exists::<DelegationWorkflows>(&key)? {
            let text = format!("A delegation request with workflow id {} already exists.", request.workflow);
            return Err(fault::entity_already_exists(text));
        }
        delegation::add(tx, &request)?;
        let link = format!("https://console.aws.amazon.com/iam/home#/delegation-requests/{}", request.id);
        Ok(CreateDelegationRequestResponse {
            console_deep_link: Some(link),
            delegation_request_id: Some(request.id),
        })
    }
}

fn read(req: &Authorized<'_, CreateDelegationRequest>) -> Result<DelegationRequest, Fault> {
    let (input, account) = (req.input, req.account());
    check_channel(&input.notification_channel)?;
    let owner_account = input.owner_account_id.as_deref().map(str::parse::<AccountId>).transpose();
    let owner_account =
        owner_account.map_err(|_| fault::invalid_input("OwnerAccountId is not an account id."))?;
    let (arn, template) = template_of(req)?;
    let parameters = input.permissions.parameters.as_deref().unwrap_or_default();
    let parameters = parameters.iter().map(value).collect::<Result<Vec<_>, Fault>>()?;
    let policy = render(&template.document, &parameters)?;
    Ok(DelegationRequest {
        id: req.env.uuid(),
        requestor: account,
        requestor_name: template.partner_name,
        workflow: input.requestor_workflow_id.clone(),
        owner_account,
        owner: None,
        approver: None,
        state: DelegationState::Unassigned,
        description: input.description.clone(),
        message: input.request_message.clone(),
        redirect_url: input.redirect_url.clone(),
        channel: input.notification_channel.clone(),
        template: arn,
        parameters,
        boundaries: role_limits::boundaries(&policy),
        policy,
        duration: input.session_duration,
        only_send_by_owner: input.only_send_by_owner.unwrap_or(false),
        notes: None,
        rejection: None,
        created: req.now.whole_seconds(),
        updated: req.now,
        expires: delegation::first_end(req.now),
        sent: None,
    })
}

/// Only topics of SNS hear of requests.
fn check_channel(channel: &str) -> Result<(), Fault> {
    let arn = Arn::parse(channel).ok().filter(|arn| arn.service == "sns" && arn.account_id().is_some());
    if arn.is_some_and(|arn| !arn.region.is_empty() && !arn.resource.is_empty()) {
        return Ok(());
    }
    Err(fault::invalid_input("NotificationChannel must be the ARN of an SNS topic."))
}

/// The template that a request names. That of another provider is none.
fn template_of(req: &Authorized<'_, CreateDelegationRequest>) -> Result<(String, PolicyTemplate), Fault> {
    let arn = req.input.permissions.policy_template_arn.clone();
    let arn = arn.ok_or_else(|| fault::invalid_input("Permissions must name a PolicyTemplateArn."))?;
    let found = req.db()?.get::<PolicyTemplates>(&arn)?.filter(|found| found.partner == req.account());
    let missing = || {
        let text =
            format!("{arn} is not a policy template that is registered for account {}.", req.account());
        fault::invalid_input(text)
    };
    let found = found.ok_or_else(missing)?;
    Ok((arn, found))
}

fn value(parameter: &PolicyParameter) -> Result<TemplateValue, Fault> {
    let name = parameter.name.clone().ok_or_else(|| fault::invalid_input("A parameter must have a Name."))?;
    let values = parameter.values.clone().unwrap_or_default();
    let is_list = parameter.type_.as_deref() == Some("stringList");
    if values.is_empty() || (!is_list && values.len() != 1) {
        return Err(fault::invalid_input(format!(
            "The parameter {name} must have one value, or be a stringList."
        )));
    }
    Ok(TemplateValue { name, values, is_list })
}

fn render(document: &str, parameters: &[TemplateValue]) -> Result<String, Fault> {
    let known = template::parameters(document);
    let mut fillings = Fillings::new();
    for TemplateValue { name, values, is_list } in parameters {
        let filling = match values.as_slice() {
            [value] if !is_list => Filling::Text(value.clone()),
            values => Filling::List(values.to_vec()),
        };
        if !known.contains(&name.as_str()) || fillings.insert(name.clone(), filling).is_some() {
            let text = format!("{name} is not a parameter of the template, or is given twice.");
            return Err(fault::invalid_input(text));
        }
    }
    let policy = template::document(document, &fillings)?;
    if policy.chars().count() > MOST_CHARACTERS {
        let text = format!("The policy is longer than {MOST_CHARACTERS} characters with these parameters.");
        return Err(fault::invalid_input(text));
    }
    Policy::parse(&policy, Kind::Session).map_err(|error| {
        fault::invalid_input(format!("The policy is malformed with these parameters: {error}"))
    })?;
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::delegation::sample::Delegations;
    use crate::model::*;

    #[test]
    fn a_request_is_made_of_a_template_and_its_parameters() {
        let scene = Delegations::new();
        let id = scene.request(|input| input.request_message = Some("again".into()));
        let got = scene.get(&id).unwrap();
        assert_eq!(got.requestor_id, Some(scene.provider_account.to_string()));
        assert_eq!(got.request_message.as_deref(), Some("again"));
        assert!(got.permission_policy.unwrap().contains(r#""Resource": "arn:aws:s3:::pics/*""#));
        assert_eq!(got.role_permission_restriction_arns, Some(vec![]));
    }

    #[test]
    fn workflow_ids_are_unique() {
        let scene = Delegations::new();
        scene.request(|_| {});
        check_fault(scene.create(|_| {}), "EntityAlreadyExists");
    }

    #[test]
    fn what_the_template_does_not_take_is_refused() {
        let scene = Delegations::new();
        type Change = fn(&mut CreateDelegationRequestRequest);
        let changes: [Change; 6] = [
            |input| input.permissions.parameters = None,
            |input| input.permissions.policy_template_arn = None,
            |input| {
                input.permissions.policy_template_arn =
                    Some("arn:aws:iam::000000000000:policy-template/none".into())
            },
            |input| input.notification_channel = "mail".into(),
            |input| {
                let first = input.permissions.parameters.as_mut().unwrap().first_mut().unwrap();
                first.values = Some(vec!["a".into(), "b".into()]);
            },
            |input| {
                let parameters = input.permissions.parameters.as_mut().unwrap();
                parameters.push(PolicyParameter { name: Some("other".into()), ..parameters[0].clone() });
            },
        ];
        for change in changes {
            check_fault(scene.create(change), "InvalidInput");
        }
    }

    #[test]
    fn the_template_of_another_provider_is_none() {
        let scene = Delegations::new();
        let input = scene.input();
        let message = check_fault(scene.call::<CreateDelegationRequest>(input), "InvalidInput");
        assert!(
            message.contains(&format!("is registered for account {ACCOUNT}"))
                || message.contains("not a policy template"),
            "{message}"
        );
    }
}
