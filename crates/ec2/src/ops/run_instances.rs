//! RunInstances: new instances, pending until their machines run.

use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::describe::{describe, reservations};
use crate::faults;
use crate::launch::{self, Launch, Plan};
use crate::lifecycle;
use crate::model::{Reservation, RunInstances, RunInstancesRequest};
use crate::place::Place;
use crate::templates::Merged;

impl Operation for RunInstances {
    type Access = Write;

    fn needs(input: &RunInstancesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        launch::questions(input, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Reservation, Fault> {
        let place = Place { account: req.account(), region: req.region };
        let (input, env) = (req.input, req.env);
        let at_once = lifecycle::at_once(req);
        let instances = match launch::repeated(req.tx()?, place, input)? {
            Some(instances) => instances,
            None => {
                let merged = Merged::make(&req.at(), input)?;
                let plan = Plan::make(req.db()?, place, &merged)?;
                faults::dry_run(input.dry_run)?;
                let role = plan.profile.as_ref().map(|(_, role)| role.arn());
                let passed = role.map(|arn| req.passed_role(&arn)).transpose()?;
                launch::write(req.tx()?, env, place, &merged, &plan, &Launch { passed, at_once })?
            }
        };
        let described = describe(req.db()?, place, instances)?;
        let reservation = reservations(&described).into_iter().next();
        reservation.ok_or_else(|| Fault::internal("a launch without instances"))
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::image_parameters::stand_in;
    use crate::model::*;
    use crate::scene::{launch, named, profile, request, role, run, seen, tagged, template};

    fn refused(input: RunInstancesRequest, code: &str) -> String {
        let world = World::new(1);
        check_fault(run(&world, &world.root(ACCOUNT), input), code)
    }

    #[test]
    fn an_instance_stands_in_the_default_network_with_its_profile_and_tags() {
        let world = World::new(1);
        role(&world, "Get-pics");
        let own = profile(&world, "pics", Some("Get-pics"));
        let mut input = request();
        input.iam_instance_profile = named("pics");
        input.tag_specifications = tagged("instance", "Name", "web");
        let answer = run(&world, &world.root(ACCOUNT), input).unwrap().instances.unwrap().remove(0);
        assert_eq!(answer.state.unwrap().name.unwrap(), "pending");
        let seen = seen(&world, &answer.instance_id.unwrap());
        assert_eq!(seen.state.unwrap().name.unwrap(), "running");
        assert!(seen.private_ip_address.unwrap().starts_with("172.31."));
        assert!(seen.public_ip_address.unwrap().starts_with("127."));
        assert_eq!(seen.iam_instance_profile.unwrap().id.unwrap(), own.id);
        assert_eq!(seen.tags.unwrap()[0].value.as_deref(), Some("web"));
        assert_eq!(seen.security_groups.unwrap()[0].group_name.as_deref(), Some("default"));
    }

    #[test]
    fn a_public_address_has_a_name_where_the_vpc_gives_such() {
        let world = World::new(1);
        let id = launch(&world, request());
        let own = seen(&world, &id);
        let dashed = own.public_ip_address.unwrap().replace('.', "-");
        let name = format!("ec2-{dashed}.compute-1.amazonaws.com");
        assert_eq!(own.public_dns_name, Some(name.clone()));
        let association = own.network_interfaces.unwrap().remove(0).association.unwrap();
        assert_eq!(association.public_dns_name, Some(name.clone()));
        let by_name = |name: &str, value: &str| {
            let input = DescribeNetworkInterfacesRequest {
                filters: crate::scene::filter(name, value),
                ..Default::default()
            };
            let answer = world.call::<DescribeNetworkInterfaces>(&world.root(ACCOUNT), input).unwrap();
            answer.network_interfaces.unwrap().len()
        };
        assert_eq!(by_name("association.public-dns-name", &name), 1);
        let off = ModifyVpcAttributeRequest {
            vpc_id: own.vpc_id.unwrap(),
            enable_dns_hostnames: Some(AttributeBooleanValue { value: Some(false) }),
            ..Default::default()
        };
        world.call::<ModifyVpcAttribute>(&world.root(ACCOUNT), off).unwrap();
        assert_eq!(seen(&world, &id).public_dns_name.as_deref(), Some(""));
        assert_eq!(by_name("association.public-dns-name", &name), 0);
    }

    /// The walk's user `dev`: may launch, and pass one role.
    const DEV: &str = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["ec2:RunInstances", "ec2:Describe*"], "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::000000000000:role/Get-pics"}]}"#;

    #[test]
    fn only_a_role_that_may_be_passed_is_given_to_an_instance() {
        let world = World::new(1);
        for name in ["Get-pics", "other"] {
            role(&world, name);
            profile(&world, name, Some(name));
        }
        let dev = world.user("dev", DEV);
        let wish = |name| RunInstancesRequest { iam_instance_profile: named(name), ..request() };
        run(&world, &dev, wish("Get-pics")).unwrap();
        let text = check_fault(run(&world, &dev, wish("other")), "UnauthorizedOperation");
        assert!(text.contains("iam:PassRole on resource: arn:aws:iam::000000000000:role/other"), "{text}");
        assert!(text.contains("Encoded authorization failure message: "), "{text}");
        let tags = RunInstancesRequest { tag_specifications: tagged("instance", "a", "b"), ..request() };
        let text = check_fault(run(&world, &dev, tags), "UnauthorizedOperation");
        assert!(text.contains("ec2:CreateTags"), "{text}");
    }

    #[test]
    fn the_policy_sees_what_kind_of_instance_is_asked_for() {
        let world = World::new(1);
        let micro = world.user(
            "micro",
            r#"{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"},
                {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "arn:aws:ec2:*:*:instance/*",
                 "Condition": {"StringNotEquals": {"ec2:InstanceType": "t3.micro"}}}]}"#,
        );
        run(&world, &micro, request()).unwrap();
        let large = RunInstancesRequest { instance_type: Some("t3.large".into()), ..request() };
        check_fault(run(&world, &micro, large), "UnauthorizedOperation");
    }

    #[test]
    fn a_dry_run_tells_whether_it_would_succeed_and_does_nothing() {
        let world = World::new(1);
        let dry = || RunInstancesRequest { dry_run: Some(true), ..request() };
        let fault = run(&world, &world.root(ACCOUNT), dry()).unwrap_err();
        assert_eq!((fault.code(), fault.status()), ("DryRunOperation", 412));
        let nobody = world.user("nobody", "");
        check_fault(run(&world, &nobody, dry()), "UnauthorizedOperation");
        assert!(crate::instances::all(&world.store.read().unwrap()).unwrap().is_empty());
    }

    #[test]
    fn one_client_token_launches_once() {
        let world = World::new(1);
        let with = |token: &str, kind: &str| RunInstancesRequest {
            client_token: Some(token.into()),
            instance_type: Some(kind.into()),
            ..request()
        };
        let first = launch(&world, with("a", "t3.micro"));
        assert_eq!(launch(&world, with("a", "t3.micro")), first);
        assert_ne!(launch(&world, with("b", "t3.micro")), first);
        let other = run(&world, &world.root(ACCOUNT), with("a", "t3.small"));
        check_fault(other, "IdempotentParameterMismatch");
    }

    #[test]
    fn user_data_is_part_of_what_a_client_token_stands_for() {
        let world = World::new(1);
        let with = |data: &str| RunInstancesRequest {
            client_token: Some("a".into()),
            user_data: Some(data.into()),
            ..request()
        };
        launch(&world, with("YQ=="));
        check_fault(run(&world, &world.root(ACCOUNT), with("Yg==")), "IdempotentParameterMismatch");
    }

    #[test]
    fn several_instances_are_one_reservation() {
        let world = World::new(1);
        let many = RunInstancesRequest { min_count: 2, max_count: 3, ..request() };
        let answer = run(&world, &world.root(ACCOUNT), many).unwrap();
        let instances = answer.instances.unwrap();
        let index: Vec<_> = instances.iter().map(|own| own.ami_launch_index.unwrap()).collect();
        assert_eq!(index, [0, 1, 2]);
        let addresses: std::collections::BTreeSet<_> =
            instances.iter().map(|own| own.private_ip_address.clone()).collect();
        assert_eq!(addresses.len(), 3);
    }

    #[test]
    fn what_does_not_exist_is_named() {
        let with = |change: fn(&mut RunInstancesRequest)| {
            let mut input = request();
            change(&mut input);
            input
        };
        for (change, code) in [
            ((|own| own.image_id = None) as fn(&mut RunInstancesRequest), "MissingParameter"),
            (|own| own.image_id = Some("ami-00000000000000001".into()), "InvalidAMIID.NotFound"),
            (|own| own.image_id = Some("resolve:/x".into()), "InvalidAMIID.Malformed"),
            // Nobody has parameters here.
            (|own| own.image_id = Some("resolve:ssm:/x".into()), "UnsupportedOperation"),
            (|own| own.instance_type = Some("t9.micro".into()), "InvalidParameterValue"),
            (|own| own.key_name = Some("none".into()), "InvalidKeyPair.NotFound"),
            (|own| own.subnet_id = Some("subnet-0".into()), "InvalidSubnetID.NotFound"),
            (|own| own.security_group_ids = Some(vec!["sg-0".into()]), "InvalidGroup.NotFound"),
            (|own| own.security_groups = Some(vec!["web".into()]), "InvalidGroup.NotFound"),
            (|own| own.user_data = Some("%".into()), "InvalidParameterValue"),
            (|own| own.private_ip_address = Some("10.0.0.9".into()), "InvalidParameterValue"),
            (|own| own.min_count = 0, "InvalidParameterValue"),
            (|own| own.min_count = 2, "InvalidParameterValue"),
            (|own| own.kernel_id = Some("aki-1".into()), "UnsupportedOperation"),
            (
                |own| {
                    own.placement =
                        Some(Placement { availability_zone: Some("x".into()), ..Default::default() })
                },
                "InvalidParameterValue",
            ),
        ] {
            refused(with(change), code);
        }
    }

    #[test]
    fn a_profile_must_exist_and_hold_a_role() {
        let world = World::new(1);
        let empty = profile(&world, "empty", None);
        let wish = |spec| RunInstancesRequest { iam_instance_profile: spec, ..request() };
        let root = world.root(ACCOUNT);
        let text = check_fault(run(&world, &root, wish(named("none"))), "InvalidParameterValue");
        assert_eq!(
            text,
            "Value (none) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
        );
        let arn = IamInstanceProfileSpecification { arn: Some(empty.arn()), name: None };
        let text = check_fault(run(&world, &root, wish(Some(arn))), "InvalidParameterValue");
        assert!(text.contains("has no associated IAM Roles"), "{text}");
    }

    #[test]
    fn a_private_address_is_given_once() {
        let world = World::new(1);
        let wish = || RunInstancesRequest { private_ip_address: Some("172.31.0.10".into()), ..request() };
        assert_eq!(seen(&world, &launch(&world, wish())).private_ip_address.unwrap(), "172.31.0.10");
        check_fault(run(&world, &world.root(ACCOUNT), wish()), "InvalidIPAddress.InUse");
    }

    #[test]
    fn the_one_interface_may_be_described_apart() {
        let world = World::new(1);
        let interface = InstanceNetworkInterfaceSpecification {
            device_index: Some(0),
            associate_public_ip_address: Some(false),
            ..Default::default()
        };
        let input = RunInstancesRequest { network_interfaces: Some(vec![interface]), ..request() };
        assert_eq!(seen(&world, &launch(&world, input)).public_ip_address, None);
    }

    fn from(name: &str, version: Option<&str>) -> RunInstancesRequest {
        RunInstancesRequest {
            launch_template: Some(LaunchTemplateSpecification {
                launch_template_name: Some(name.into()),
                version: version.map(Into::into),
                ..Default::default()
            }),
            min_count: 1,
            max_count: 1,
            ..Default::default()
        }
    }

    #[test]
    fn a_template_says_what_the_caller_does_not() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let mut made = template("web", "t3.small");
        made.launch_template_data.metadata_options = Some(LaunchTemplateInstanceMetadataOptionsRequest {
            http_tokens: Some("required".into()),
            ..Default::default()
        });
        let made = world.call::<CreateLaunchTemplate>(&root, made).unwrap().launch_template.unwrap();
        let own = seen(&world, &launch(&world, from("web", None)));
        assert_eq!(own.instance_type.as_deref(), Some("t3.small"));
        assert_eq!(own.metadata_options.unwrap().http_tokens.as_deref(), Some("required"));
        let tags: Vec<_> = own.tags.unwrap().into_iter().map(|tag| (tag.key.unwrap(), tag.value)).collect();
        assert_eq!(
            tags,
            [
                ("aws:ec2launchtemplate:id".to_owned(), made.launch_template_id),
                ("aws:ec2launchtemplate:version".to_owned(), Some("1".to_owned())),
            ]
        );
        let mut over = from("web", Some("$Latest"));
        over.instance_type = Some("t3.micro".into());
        assert_eq!(seen(&world, &launch(&world, over)).instance_type.as_deref(), Some("t3.micro"));
        check_fault(run(&world, &root, from("web", Some("2"))), "InvalidLaunchTemplateId.VersionNotFound");
        check_fault(run(&world, &root, from("none", None)), "InvalidLaunchTemplateName.NotFoundException");
    }

    #[test]
    fn a_policy_may_bind_launches_to_a_template_and_what_it_names() {
        let world = World::new(1);
        let made = template("web", "t3.small");
        let root = world.root(ACCOUNT);
        let made = world.call::<CreateLaunchTemplate>(&root, made).unwrap().launch_template.unwrap();
        let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:RunInstances",
            "Resource": "*", "Condition": {
                "ArnLike": {"ec2:LaunchTemplate": "arn:aws:ec2:*:*:launch-template/ID"},
                "Bool": {"ec2:IsLaunchTemplateResource": "true"}}}}"#;
        let ann = world.user("ann", &policy.replace("ID", &made.launch_template_id.unwrap()));
        run(&world, &ann, from("web", None)).unwrap();
        check_fault(run(&world, &ann, request()), "UnauthorizedOperation");
        // The image is the caller's own choice now.
        let mut over = from("web", None);
        over.image_id = request().image_id;
        check_fault(run(&world, &ann, over), "UnauthorizedOperation");
        check_fault(run(&world, &ann, from("none", None)), "UnauthorizedOperation");
    }

    #[test]
    fn the_role_that_a_template_names_is_passed_by_who_launches() {
        let world = World::new(1);
        role(&world, "other");
        profile(&world, "other", Some("other"));
        let mut made = template("web", "t3.small");
        made.launch_template_data.iam_instance_profile =
            Some(LaunchTemplateIamInstanceProfileSpecificationRequest {
                name: Some("other".into()),
                ..Default::default()
            });
        world.call::<CreateLaunchTemplate>(&world.root(ACCOUNT), made).unwrap();
        let dev = world.user("dev", DEV);
        let text = check_fault(run(&world, &dev, from("web", None)), "UnauthorizedOperation");
        assert!(text.contains("iam:PassRole on resource: arn:aws:iam::000000000000:role/other"), "{text}");
    }

    #[test]
    fn a_parameter_names_the_image() {
        let world = stand_in::world();
        let root = world.root(ACCOUNT);
        let by =
            |name: &str| RunInstancesRequest { image_id: Some(format!("resolve:ssm:{name}")), ..request() };
        let id = launch(&world, by("/golden:1"));
        assert_eq!(seen(&world, &id).image_id.as_deref(), Some(crate::images::DEFAULT));
        let text = check_fault(run(&world, &root, by("/none")), "SsmInvalidParameter");
        assert_eq!(text, "The following aliases are invalid: /none");
        let text = check_fault(run(&world, &root, by("/text")), "SsmInvalidParameter");
        assert!(text.starts_with("Unsupported data type."), "{text}");
        let mut made = template("web", "t3.micro");
        made.launch_template_data.image_id = by("/golden").image_id;
        world.call::<CreateLaunchTemplate>(&root, made).unwrap();
        let id = launch(&world, from("web", None));
        assert_eq!(seen(&world, &id).image_id.as_deref(), Some(crate::images::DEFAULT));
    }

    #[test]
    fn only_who_may_read_the_parameter_launches_by_it_and_nobody_else_learns_what_it_says() {
        let world = stand_in::world();
        let by =
            |name: &str| RunInstancesRequest { image_id: Some(format!("resolve:ssm:{name}")), ..request() };
        let launcher = r#"{"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"}"#;
        let reader = r#"{"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "arn:aws:ssm:*:*:parameter/golden"}"#;
        let policy = |list: &str| format!(r#"{{"Version": "2012-10-17", "Statement": [{list}]}}"#);
        let ann = world.user("ann", &policy(launcher));
        for name in ["/golden", "/text", "/none"] {
            let text = check_fault(run(&world, &ann, by(name)), "SsmAccessDenied");
            assert!(text.contains("ssm:GetParameters on resource: arn:aws:ssm"), "{text}");
        }
        let ben = world.user("ben", &policy(&format!("{launcher}, {reader}")));
        run(&world, &ben, by("/golden")).unwrap();
        let only = world.user(
            "only",
            &policy(&format!(
                r#"{reader}, {launcher}, {{"Effect": "Deny", "Action": "ec2:RunInstances",
                "Resource": "arn:aws:ec2:*::image/{}"}}"#,
                crate::images::DEFAULT
            )),
        );
        check_fault(run(&world, &only, by("/golden")), "UnauthorizedOperation");
        let nobody = world.user("nobody", &policy(reader));
        check_fault(run(&world, &nobody, by("/golden")), "UnauthorizedOperation");
    }

    fn card(device_index: i32) -> InstanceNetworkInterfaceSpecification {
        InstanceNetworkInterfaceSpecification { device_index: Some(device_index), ..Default::default() }
    }

    fn with_cards(cards: Vec<InstanceNetworkInterfaceSpecification>) -> RunInstancesRequest {
        RunInstancesRequest {
            network_interfaces: Some(cards),
            instance_type: Some("t3.medium".into()),
            ..request()
        }
    }

    #[test]
    fn an_interface_that_stays_behind_is_given_to_another_instance() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let listed = |address: &str, primary| PrivateIpAddressSpecification {
            private_ip_address: Some(address.into()),
            primary: Some(primary),
        };
        let kept = InstanceNetworkInterfaceSpecification {
            delete_on_termination: Some(false),
            private_ip_addresses: Some(vec![listed("172.31.0.21", false), listed("172.31.0.20", true)]),
            ..card(1)
        };
        let more =
            InstanceNetworkInterfaceSpecification { secondary_private_ip_address_count: Some(2), ..card(0) };
        let id = launch(&world, with_cards(vec![kept, more]));
        let own = seen(&world, &id);
        assert_eq!(own.public_ip_address, None);
        let interfaces = own.network_interfaces.unwrap();
        let index = |own: &InstanceNetworkInterface| own.attachment.as_ref().unwrap().device_index.unwrap();
        assert_eq!(interfaces.iter().map(index).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(interfaces[0].private_ip_addresses.as_ref().unwrap().len(), 3);
        let second = interfaces[1].clone();
        assert_eq!(second.private_ip_address.as_deref(), Some("172.31.0.20"));
        let name = second.network_interface_id.clone();
        let again =
            || InstanceNetworkInterfaceSpecification { network_interface_id: name.clone(), ..card(0) };
        check_fault(run(&world, &root, with_cards(vec![again()])), "InvalidNetworkInterface.InUse");
        let end = TerminateInstancesRequest { instance_ids: vec![id], ..Default::default() };
        world.call::<TerminateInstances>(&root, end).unwrap();
        let own = seen(&world, &launch(&world, with_cards(vec![again()])));
        assert_eq!(own.private_ip_address.as_deref(), Some("172.31.0.20"));
        let interface = own.network_interfaces.unwrap().remove(0);
        assert_eq!(interface.attachment.unwrap().delete_on_termination, Some(false));
    }

    #[test]
    fn interfaces_that_can_not_be_are_refused() {
        let public =
            InstanceNetworkInterfaceSpecification { associate_public_ip_address: Some(true), ..card(0) };
        let none = InstanceNetworkInterfaceSpecification {
            network_interface_id: Some("eni-0123456789abcdef0".into()),
            ..card(0)
        };
        let mut both = none.clone();
        both.subnet_id = Some("subnet-1".into());
        let crowded =
            InstanceNetworkInterfaceSpecification { secondary_private_ip_address_count: Some(6), ..card(0) };
        for (cards, code) in [
            (vec![InstanceNetworkInterfaceSpecification::default()], "InvalidParameterValue"),
            (vec![card(1)], "InvalidParameterCombination"),
            (vec![card(0), card(0)], "InvalidParameterCombination"),
            (vec![public, card(1)], "InvalidParameterCombination"),
            (vec![none], "InvalidNetworkInterfaceID.NotFound"),
            (vec![both], "InvalidParameterCombination"),
            (vec![crowded], "PrivateIpAddressLimitExceeded"),
            ((0..4).map(card).collect(), "AttachmentLimitExceeded"),
        ] {
            refused(with_cards(cards), code);
        }
    }

    #[test]
    fn a_launch_takes_as_many_as_there_are_addresses() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpcs = world.call::<DescribeVpcs>(&root, Default::default()).unwrap().vpcs.unwrap();
        let subnet = CreateSubnetRequest {
            vpc_id: vpcs[0].vpc_id.clone().unwrap(),
            cidr_block: Some("172.31.128.0/28".into()),
            ..Default::default()
        };
        let subnet = world.call::<CreateSubnet>(&root, subnet).unwrap().subnet.unwrap().subnet_id;
        let wish = |least, most| RunInstancesRequest {
            min_count: least,
            max_count: most,
            subnet_id: subnet.clone(),
            ..request()
        };
        let text = check_fault(run(&world, &root, wish(12, 20)), "InsufficientFreeAddressesInSubnet");
        assert!(text.contains("to satisfy the requested number of instances"), "{text}");
        assert_eq!(run(&world, &root, wish(2, 20)).unwrap().instances.unwrap().len(), 11);
        check_fault(run(&world, &root, wish(1, 1)), "InsufficientFreeAddressesInSubnet");
    }

    #[test]
    fn every_interface_subnet_and_group_is_asked_about() {
        let world = World::new(1);
        let groups = world.call::<DescribeSecurityGroups>(&world.root(ACCOUNT), Default::default()).unwrap();
        let group = groups.security_groups.unwrap().remove(0).group_id.unwrap();
        let policy = r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"},
            {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "DENIED"}]}"#;
        let denied = |name: &str, resource: &str| {
            let user = world.user(name, &policy.replace("DENIED", resource));
            check_fault(run(&world, &user, with_cards(vec![card(0), card(1)])), "UnauthorizedOperation")
        };
        denied("one", "arn:aws:ec2:*:*:subnet/*");
        denied("two", &format!("arn:aws:ec2:*:*:security-group/{group}"));
        denied("three", "arn:aws:ec2:*:*:network-interface/*");
    }

    #[test]
    fn what_an_instance_is_told_to_be_is_told_of_it() {
        let world = World::new(1);
        let mut input = request();
        input.instance_type = Some("m5.2xlarge".into());
        input.cpu_options =
            Some(CpuOptionsRequest { core_count: Some(2), threads_per_core: Some(1), ..Default::default() });
        input.monitoring = Some(RunInstancesMonitoringEnabled { enabled: true, ..Default::default() });
        input.ebs_optimized = Some(true);
        input.private_dns_name_options = Some(PrivateDnsNameOptionsRequest {
            hostname_type: Some("resource-name".into()),
            enable_resource_name_dns_a_record: Some(true),
            ..Default::default()
        });
        let id = launch(&world, input.clone());
        let own = seen(&world, &id);
        let cpus = own.cpu_options.unwrap();
        assert_eq!((cpus.core_count, cpus.threads_per_core), (Some(2), Some(1)));
        assert_eq!(own.monitoring.unwrap().state.as_deref(), Some("enabled"));
        assert_eq!(own.ebs_optimized, Some(true));
        assert_eq!(own.private_dns_name, Some(format!("{id}.ec2.internal")));
        assert_eq!(own.private_dns_name_options.unwrap().enable_resource_name_dns_a_record, Some(true));
        input.credit_specification = Some(CreditSpecificationRequest { cpu_credits: "unlimited".into() });
        let refused = run(&world, &world.root(ACCOUNT), input);
        check_fault(refused, "InstanceCreditSpecification.NotSupported");
        let graviton = RunInstancesRequest { instance_type: Some("t4g.micro".into()), ..request() };
        if crate::images::architecture() == "x86_64" {
            let text = check_fault(run(&world, &world.root(ACCOUNT), graviton), "InvalidParameterValue");
            assert!(text.starts_with("The architecture 'arm64' of the specified instance type"), "{text}");
        }
    }
}
