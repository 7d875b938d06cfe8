//! ListServiceSpecificCredentials: those of one user or of all, without their secrets.

use rolecall_actions::iam::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Read};

use crate::model::{
    ListServiceSpecificCredentials, ListServiceSpecificCredentialsRequest,
    ListServiceSpecificCredentialsResponse,
};
use crate::page::Window;
use crate::records::ServiceCredentials;
use crate::{access_key, service_credential};

impl Operation for ListServiceSpecificCredentials {
    type Access = Read;

    fn needs(input: &ListServiceSpecificCredentialsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = Needs::action(iam::ListServiceSpecificCredentials);
        if input.all_users == Some(true) {
            let all = format!("arn:aws:iam::{}:user/*", at.account());
            return Ok(question.on(&ByArn::<kind::User>::new(all, at.account())).done());
        }
        Ok(question.on(&access_key::target(at, input.user_name.as_deref())?).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListServiceSpecificCredentialsResponse, Fault> {
        let (db, input, account, now) = (req.db()?, req.input, req.account(), req.now);
        let window = Window::new(input.marker.as_deref(), input.max_items)?;
        let wanted = |service: &str| input.service_name.as_deref().is_none_or(|name| name == service);
        if let Some(name) = &input.service_name {
            service_credential::service(name)?;
        }
        let page = if input.all_users == Some(true) {
            if input.user_name.is_some() {
                return Err(Fault::validation("AllUsers cannot be specified together with UserName"));
            }
            window.scan::<ServiceCredentials, _>(
                db,
                &(account,),
                |place| {
                    let (user, id) = place.split_once(':').unwrap_or_default();
                    (account, user.to_owned(), id.to_owned())
                },
                |(_, user, id)| format!("{user}:{id}"),
                |(_, user, _), row| {
                    if !wanted(&row.service) {
                        return Ok(None);
                    }
                    let user = service_credential::user_of(db, account, user)?;
                    Ok(user.map(|user| service_credential::to_wire_in_list(&user, row, now)))
                },
            )?
        } else {
            let user = access_key::user(db, req.caller, input.user_name.as_deref())?;
            let rows = service_credential::of_user(db, &user)?.into_iter().filter(|row| wanted(&row.service));
            let show = |row| service_credential::to_wire_in_list(&user, row, now);
            window.cut(rows.map(|row| (row.id.clone(), show(row))))
        };
        Ok(ListServiceSpecificCredentialsResponse {
            is_truncated: page.is_truncated(),
            service_specific_credentials: Some(page.items),
            marker: page.marker,
        })
    }
}
