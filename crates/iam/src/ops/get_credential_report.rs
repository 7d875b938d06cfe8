//! GetCredentialReport: the account's credential report as it was generated.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::credential_report::{GOOD_FOR, ID};
use crate::model::{GetCredentialReport, GetCredentialReportRequest, GetCredentialReportResponse, fault};
use crate::report;

impl Operation for GetCredentialReport {
    type Access = Read;

    fn needs(_input: &GetCredentialReportRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::GetCredentialReport).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetCredentialReportResponse, Fault> {
        let report = report::get(req.db()?, req.account(), ID)?.ok_or_else(|| {
            fault::report_not_present(
                "There is no credential report: generate one with GenerateCredentialReport.",
            )
        })?;
        if report.created.seconds() + GOOD_FOR <= req.now.seconds() {
            return Err(fault::report_expired(
                "The most recent credential report has expired. To generate a new credential report, use GenerateCredentialReport.",
            ));
        }
        Ok(GetCredentialReportResponse {
            content: Some(report.text.into_bytes()),
            report_format: Some("text/csv".into()),
            generated_time: Some(report.created),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::*;
    use crate::scene::Scene;

    fn generate(scene: &Scene) -> (String, Option<String>) {
        let answer = scene.call::<GenerateCredentialReport>(GenerateCredentialReportRequest {}).unwrap();
        (answer.state.unwrap(), answer.description)
    }

    /// Lines by user, each a map of columns.
    fn lines(scene: &Scene) -> HashMap<String, HashMap<String, String>> {
        let report = scene.call::<GetCredentialReport>(GetCredentialReportRequest {}).unwrap();
        assert_eq!(report.report_format.as_deref(), Some("text/csv"));
        let text = String::from_utf8(report.content.unwrap()).unwrap();
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let head = lines.next().unwrap();
        assert_eq!(head.len(), 22);
        lines
            .map(|line| {
                assert_eq!(line.len(), head.len());
                (line[0].clone(), head.iter().cloned().zip(line).collect())
            })
            .collect()
    }

    #[test]
    fn a_report_must_be_generated_and_is_good_for_four_hours() {
        let scene = Scene::new();
        let get = || scene.call::<GetCredentialReport>(GetCredentialReportRequest {});
        check_fault(get(), "ReportNotPresent");
        let (state, description) = generate(&scene);
        assert_eq!(state, "STARTED");
        assert_eq!(description.unwrap(), "No report exists. Starting a new report generation task");
        let first = get().unwrap();
        assert_eq!(generate(&scene), ("COMPLETE".into(), None));
        scene.user("late");
        assert_eq!(get().unwrap(), first);
        scene.world.env.advance(Duration::from_secs(4 * 3600));
        check_fault(get(), "ReportExpired");
        assert_eq!(generate(&scene), ("STARTED".into(), None));
        assert!(lines(&scene).contains_key("late"));
    }

    #[test]
    fn each_line_tells_what_its_user_can_sign_with() {
        let scene = Scene::new();
        let ann = scene.world.user("ann", "");
        let outcome = scene.world.call::<ListUsers>(&ann, ListUsersRequest::default());
        check_fault(outcome, "AccessDenied");
        scene.user("bob");
        let input = CreateLoginProfileRequest {
            user_name: Some("bob".into()),
            password: Some("correct-Horse-7-battery".into()),
            ..Default::default()
        };
        scene.call::<CreateLoginProfile>(input).unwrap();
        generate(&scene);
        let lines = lines(&scene);
        let root = &lines["<root_account>"];
        assert_eq!(
            (root["arn"].as_str(), root["password_enabled"].as_str()),
            (ACCOUNT.root_arn().as_str(), "not_supported")
        );
        let ann = &lines["ann"];
        assert_eq!((ann["password_enabled"].as_str(), ann["password_last_used"].as_str()), ("false", "N/A"));
        assert_eq!(
            (ann["access_key_1_active"].as_str(), ann["access_key_1_last_used_service"].as_str()),
            ("true", "iam")
        );
        assert_eq!(
            (ann["access_key_1_last_used_region"].as_str(), ann["access_key_2_active"].as_str()),
            ("us-east-1", "false")
        );
        assert!(ann["user_creation_time"].ends_with("+00:00"));
        let bob = &lines["bob"];
        assert_eq!(
            (bob["password_enabled"].as_str(), bob["password_last_used"].as_str()),
            ("true", "no_information")
        );
        assert_eq!((bob["mfa_active"].as_str(), bob["password_next_rotation"].as_str()), ("false", "N/A"));
    }
}
