//! From a file to its cases: each caller, action and resource of each test.

use rolecall_identity::aws_policies;
use rolecall_policy::Trace;

use super::file::{Caller, Expectation, File, Resource, Test};
use crate::offline::{Document, Documents, Keys, Line};

/// One question with its expected answer.
#[derive(Debug)]
pub struct Case {
    /// The test's name, or what it says.
    pub test: String,
    /// As the file calls the caller.
    pub who: String,
    pub principal: String,
    pub action: String,
    pub resource: String,
    pub context: Keys,
    pub expect: Expectation,
}

/// The most cases of one file.
const MANY: usize = 1_000_000;

/// All cases, in the order of the file.
///
/// # Errors
/// When there are too many.
pub fn cases(file: &File) -> Result<Vec<Case>, String> {
    let anything = ["*".to_owned()];
    let mut all = Vec::new();
    for test in &file.tests {
        let on = test.on.as_ref().map_or(anything.as_slice(), |on| on.all());
        for who in test.who.all() {
            for action in test.does.all() {
                all.extend(on.iter().map(|resource| case(file, test, who, action, resource)));
                if all.len() > MANY {
                    return Err(format!("there are more than {MANY} cases"));
                }
            }
        }
    }
    Ok(all)
}

fn case(file: &File, test: &Test, who: &str, action: &str, resource: &str) -> Case {
    let caller = file.callers.get(who);
    let mut context = Keys::default();
    // What the test says counts most.
    let known = [caller.map(|caller| &caller.context), file.resource(resource).map(|found| &found.context)];
    for keys in known.into_iter().flatten().chain([&test.with]) {
        context.extend(keys);
    }
    let principal = caller.map_or(who, |caller| caller.arn.as_str()).to_owned();
    let (action, resource) = (action.to_owned(), resource.to_owned());
    let told = || format!("{who} {action} on {resource}: {}", test.expect.word());
    let test_name = test.name.clone().unwrap_or_else(told);
    Case { test: test_name, who: who.to_owned(), principal, action, resource, context, expect: test.expect }
}

impl File {
    fn resource(&self, arn: &str) -> Option<&Resource> {
        let holds = |one: &&Resource| {
            arn.strip_prefix(one.arn.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.resources.iter().filter(holds).max_by_key(|one| one.arn.len())
    }

    /// Decides a case by the file's own policies.
    ///
    /// # Errors
    /// A sentence: what the case names is not there, or no document that AWS takes.
    pub fn decide(&self, case: &Case) -> Result<Trace, String> {
        let nobody = Caller { arn: case.principal.clone(), ..Caller::default() };
        let caller = self.callers.get(&case.who).unwrap_or(&nobody);
        let resource = self.resource(&case.resource);
        let one = |name: &Option<String>| {
            name.as_ref().map(|name| self.all(std::slice::from_ref(name))).transpose()
        };
        let levels = |levels: &[Vec<String>]| -> Result<Option<Vec<Vec<Document>>>, String> {
            let all = levels.iter().map(|names| self.all(names)).collect::<Result<Vec<_>, _>>()?;
            Ok((!all.is_empty()).then_some(all))
        };
        let session = self.all(&caller.session_policies)?;
        let bound = rolecall_policy::has_resource_control(&case.action);
        let line = Line {
            principal: case.principal.clone(),
            action: case.action.clone(),
            resource: case.resource.clone(),
            resource_account: resource.and_then(|found| found.account.clone()),
            context: Some(case.context.clone()),
            identity_policies: Some(self.all(&caller.policies)?),
            boundary: one(&caller.boundary)?.map(Documents),
            session_policy: (!session.is_empty()).then_some(Documents(session)),
            resource_policy: match resource {
                Some(found) => one(&found.policy)?.map(Documents),
                None => None,
            },
            endpoint_policy: None,
            scps: levels(&caller.scps)?,
            rcps: resource.filter(|_| bound).map_or(Ok(None), |found| levels(&found.rcps))?,
            service_linked_role: Some(caller.service_linked_role),
            management_account: Some(caller.management_account),
        };
        line.explained().map_err(|refusal| refusal.to_string())
    }

    /// Documents by their names in the file, or AWS's managed ones by ARN.
    fn all(&self, names: &[String]) -> Result<Vec<Document>, String> {
        let document = |name: &String| {
            if let Some(Document(text)) = self.policies.get(name) {
                return Ok(Document(text.clone()));
            }
            let of_aws = aws_policies::find(name).map(|policy| Document(policy.document()));
            of_aws.ok_or_else(|| format!("there is no policy `{name}`"))
        };
        names.iter().map(document).collect()
    }
}
