//! GetHumanReadableSummary: what a delegation request would allow, in words. AWS has a language model write it; here the
//! statements of the policy are told one by one, in English.

use rolecall_actions::iam;
use rolecall_base::{AccountId, Arn, Fault};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::delegation::{self, Target};
use crate::model::{
    GetHumanReadableSummary, GetHumanReadableSummaryRequest, GetHumanReadableSummaryResponse, fault,
};
use crate::summary;

/// The languages of AWS's console.
const LOCALES: [&str; 16] = [
    "en", "en-US", "en-GB", "ar-SA", "de-DE", "es-ES", "fr-FR", "he-IL", "id-ID", "it-IT", "ja-JP", "ko-KR",
    "pt-BR", "tr-TR", "zh-CN", "zh-TW",
];

impl Operation for GetHumanReadableSummary {
    type Access = Read;

    fn needs(input: &GetHumanReadableSummaryRequest, at: &At<'_>) -> Result<Needs, Fault> {
        // What is no such ARN is told by `run`, to those who may ask about any request.
        let id = read(&input.entity_arn).map_or("*", |(_, id)| id);
        let request = Target::find(at, id)?;
        Ok(Needs::action(iam::GetHumanReadableSummary)
            .on(&request)
            .key(iam::key::DelegationRequestOwner, request.owner())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetHumanReadableSummaryResponse, Fault> {
        let (account, id) = read(&req.input.entity_arn)?;
        let locale = req.input.locale.clone().unwrap_or_else(|| "en-US".to_owned());
        if !LOCALES.contains(&locale.as_str()) {
            return Err(fault::invalid_input(format!("The locale {locale} is not supported.")));
        }
        let request = delegation::get(req.db()?, req.account(), id)?;
        // A request without an account yet is everybody's; after that, of its own account.
        if request.owner_account.unwrap_or(account) != account {
            return Err(delegation::missing(id));
        }
        let content = locale.starts_with("en").then(|| summary::of_request(&request));
        let state = if content.is_some() { "AVAILABLE" } else { "NOT_SUPPORTED" };
        Ok(GetHumanReadableSummaryResponse {
            summary_content: Some(content.unwrap_or_default()),
            locale: Some(locale),
            summary_state: Some(state.to_owned()),
        })
    }
}

fn read(arn: &str) -> Result<(AccountId, &str), Fault> {
    let parsed = Arn::parse(arn).ok().filter(|arn| arn.service == "iam" && arn.region.is_empty());
    let found = parsed.and_then(|arn| {
        let (word, id) = arn.kind_and_rest();
        (word == "delegation-request" && !id.is_empty()).then_some((arn.account_id()?, id))
    });
    found.ok_or_else(|| fault::invalid_input("EntityArn must be the ARN of a delegation request."))
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::delegation::sample::Delegations;
    use crate::model::*;

    #[test]
    fn a_summary_tells_each_statement_in_english() {
        let scene = Delegations::new();
        let id = scene.request(|_| {});
        let ask = |arn: String, locale: Option<&str>| {
            let input = GetHumanReadableSummaryRequest { entity_arn: arn, locale: locale.map(str::to_owned) };
            scene.call::<GetHumanReadableSummary>(input)
        };
        let arn = format!("arn:aws:iam::{ACCOUNT}:delegation-request/{id}");
        let got = ask(arn.clone(), None).unwrap();
        assert_eq!(got.summary_state.as_deref(), Some("AVAILABLE"));
        let text = got.summary_content.unwrap();
        assert!(text.contains("It may do s3:GetObject on arn:aws:s3:::pics/*."), "{text}");
        assert_eq!(ask(arn.clone(), Some("ja-JP")).unwrap().summary_state.as_deref(), Some("NOT_SUPPORTED"));
        check_fault(ask(arn.clone(), Some("xx")), "InvalidInput");
        check_fault(ask("arn:aws:iam::000000000000:user/delegation-request".into(), None), "InvalidInput");
        check_fault(ask(arn.replace(&id, "00000000000000000"), None), "NoSuchEntity");
    }
}
