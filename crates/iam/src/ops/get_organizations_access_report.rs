//! GetOrganizationsAccessReport: a report of an organization's access, service by service.

use std::cmp::Reverse;

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{
    AccessDetail, ErrorDetails, GetOrganizationsAccessReport, GetOrganizationsAccessReportRequest,
    GetOrganizationsAccessReportResponse, fault,
};
use crate::organization_report::{self, OrganizationReport, Row};
use crate::page::Window;
use crate::report;

impl Operation for GetOrganizationsAccessReport {
    type Access = Read;

    fn needs(_input: &GetOrganizationsAccessReportRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::GetOrganizationsAccessReport).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetOrganizationsAccessReportResponse, Fault> {
        let (db, account, input) = (req.db()?, req.account(), req.input);
        organization_report::managed(db, account)?;
        let found = report::get(db, account, &input.job_id)?;
        let read = found.as_ref().and_then(|found| serde_json::from_str::<OrganizationReport>(&found.text).ok());
        let (Some(found), Some(mut made)) = (found, read) else {
            return Err(fault::no_such_entity(format!("No job found for job id {}", input.job_id)));
        };
        let time = |row: &Row| row.last.as_ref().map(|last| last.time);
        match input.sort_key.as_deref() {
            Some("SERVICE_NAMESPACE_DESCENDING") => made.rows.reverse(),
            Some("LAST_AUTHENTICATED_TIME_ASCENDING") => made.rows.sort_by_key(time),
            Some("LAST_AUTHENTICATED_TIME_DESCENDING") => made.rows.sort_by_key(|row| Reverse(time(row))),
            _ => {}
        }
        let number = |count: usize| i32::try_from(count).ok();
        let unused = made.rows.iter().filter(|row| row.last.is_none()).count();
        let (all, done) = (made.rows.len(), made.failed.is_none());
        let window = Window::new(input.marker.as_deref(), input.max_items)?;
        let page = window.cut(made.rows.into_iter().enumerate().map(|(at, row)| (format!("{at:06}"), row)));
        Ok(GetOrganizationsAccessReportResponse {
            job_status: if done { "COMPLETED" } else { "FAILED" }.to_owned(),
            job_creation_date: found.created,
            job_completion_date: Some(found.created),
            number_of_services_accessible: number(all).filter(|_| done),
            number_of_services_not_accessed: number(unused).filter(|_| done),
            is_truncated: page.is_truncated(),
            marker: page.marker,
            access_details: Some(page.items.into_iter().map(shown).collect()),
            error_details: made.failed.map(|(code, message)| ErrorDetails { message, code }),
        })
    }
}

fn shown(row: Row) -> AccessDetail {
    let (mut region, mut path, mut time) = (None, None, None);
    if let Some(last) = row.last {
        (region, path, time) = (Some(last.region), Some(last.path), Some(last.time));
    }
    AccessDetail {
        service_name: row.name,
        service_namespace: row.namespace,
        region,
        entity_path: path,
        last_authenticated_time: time,
        total_authenticated_entities: Some(row.accounts),
    }
}
