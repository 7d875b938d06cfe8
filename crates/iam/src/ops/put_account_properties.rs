//! PutAccountProperties: sets the account's settings by their names.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::account_properties;
use crate::entity::Target;
use crate::model::{PutAccountProperties, PutAccountPropertiesRequest, PutAccountPropertiesResponse};
use crate::records::AllAccountSettings;
use crate::service_linked;

/// Whose role role manager acts through.
const PRINCIPAL: &str = "role-manager.iam.amazonaws.com";

impl Operation for PutAccountProperties {
    type Access = Write;

    fn needs(input: &PutAccountPropertiesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let names = input.properties.keys().map(String::as_str);
        let needs = Needs::action(iam::PutAccountProperties)
            .anywhere()
            .list(iam::key::AccountPropertyNamespaces, account_properties::namespaces(names))
            .done();
        let on =
            |(key, value): (&String, &String)| key == account_properties::ROLE_MANAGER && value == "true";
        if !input.properties.iter().any(on) {
            return Ok(needs);
        }
        // Whoever switches role manager on must be allowed to give it its role.
        let path = service_linked::path(PRINCIPAL);
        let role = Target::<Role>::new(at.account(), Some(&path), "AWSServiceRoleForIAMRoleManager");
        let create = Needs::action(iam::CreateServiceLinkedRole).on(&role);
        Ok(needs.and(create.key(iam::key::AWSServiceName, Some(PRINCIPAL)).done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutAccountPropertiesResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut settings = tx.get::<AllAccountSettings>(&account)?.unwrap_or_default();
        let pairs = input.properties.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        account_properties::set(&mut settings, pairs)?;
        tx.put::<AllAccountSettings>(&account, &settings)?;
        Ok(PutAccountPropertiesResponse::default())
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_door::Visitor;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{READ, Scene};

    fn put(scene: &Scene, who: &Visitor, pairs: &[(&str, &str)]) -> Result<(), Fault> {
        let properties = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let input = PutAccountPropertiesRequest { properties: properties.collect() };
        scene.world.call::<PutAccountProperties>(who, input).map(|_| ())
    }

    fn shown(scene: &Scene) -> String {
        let shown = scene.call::<GetAccountProperties>(Default::default()).unwrap().properties.unwrap();
        shown.iter().map(|(key, value)| format!("{key}={value} ")).collect()
    }

    #[test]
    fn role_manager_is_switched_on_and_off() {
        let scene = Scene::new();
        assert_eq!(shown(&scene), "RoleManager/Enabled=false ");
        put(&scene, &scene.root, &[("RoleManager/Enabled", "true")]).unwrap();
        assert_eq!(shown(&scene), "RoleManager/Enabled=true ");
        for bad in [
            &[][..],
            &[("RoleManager", "true")],
            &[("RoleManager/Enabled/Other", "true")],
            &[("RoleManager/Other", "true")],
            &[("RoleManager/Enabled", "0")],
            &[("RoleManager/Enabled", "false"), ("Other/Enabled", "false")],
        ] {
            check_fault(put(&scene, &scene.root, bad), "InvalidInput");
            assert_eq!(shown(&scene), "RoleManager/Enabled=true ");
        }
        put(&scene, &scene.root, &[("RoleManager/Enabled", "false")]).unwrap();
        assert_eq!(shown(&scene), "RoleManager/Enabled=false ");
    }

    #[test]
    fn switching_it_on_takes_the_right_to_make_its_role() {
        let scene = Scene::new();
        let ann = scene.world.user("ann", &READ.replace("s3:GetObject", "iam:PutAccountProperties"));
        put(&scene, &ann, &[("RoleManager/Enabled", "false")]).unwrap();
        check_fault(put(&scene, &ann, &[("RoleManager/Enabled", "true")]), "AccessDenied");
    }
}
