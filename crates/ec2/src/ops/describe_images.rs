//! DescribeImages: what an instance can boot from.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::pick;
use crate::images::{self, Image, Shown, is_of};
use crate::model::{DescribeImages, DescribeImagesRequest, DescribeImagesResult};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::ImageState;
use crate::tags;

impl Operation for DescribeImages {
    type Access = Read;

    fn needs(_: &DescribeImagesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeImages, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeImagesResult, Fault> {
        let (place, input, now) = (Place::here(req), req.input, req.now);
        faults::dry_run(input.dry_run)?;
        let db = req.db()?;
        let ids = input.image_ids.as_deref().unwrap_or_default();
        let mut list = if ids.is_empty() { images::all(db, place)? } else { named(req, ids)? };
        let owners = input.owners.as_deref().unwrap_or_default();
        let users = input.executable_users.as_deref().unwrap_or_default();
        let is_old = |image: &Image| image.deprecated.is_some_and(|time| time <= now);
        list.retain(|image| {
            let is_mine = image.account == place.account;
            let shows_old = input.include_deprecated == Some(true) || is_mine || !ids.is_empty();
            (owners.is_empty() || owners.iter().any(|own| is_of(image, own, place.account)))
                && (users.is_empty() || users.iter().any(|user| is_executable(image, user, place)))
                && (shows_old || !is_old(image))
                && (image.state != ImageState::Disabled || input.include_disabled == Some(true))
        });
        let mut found = Vec::new();
        for image in list {
            let tags = tags::of(db, place, &image.id)?;
            found.push(Shown { image, tags });
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn { least: 1, ..Turn::new(input.next_token.as_deref(), input.max_results) };
        let page = turn.cut(found, |shown| shown.image.id.clone())?;
        let images = page.items.iter().map(Shown::to_wire).collect();
        Ok(DescribeImagesResult { images: Some(images), next_token: page.next })
    }
}

/// The images of some ids; all the missing ones are named in one fault.
fn named(req: &Authorized<'_, DescribeImages>, ids: &[String]) -> Result<Vec<Image>, Fault> {
    let (mut found, mut missing) = (Vec::<Image>::new(), Vec::new());
    for id in ids {
        images::check_id(id)?;
        match images::find(req.db()?, Place::here(req), id)? {
            Some(image) if found.iter().any(|own| own.id == image.id) => {}
            Some(image) => found.push(image),
            None => missing.push(id.as_str()),
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(faults::no_image(&missing)) }
}

/// Whether a user was given an image: everybody (`all`), the caller (`self`), or an account of one's own images.
fn is_executable(image: &Image, user: &str, place: Place<'_>) -> bool {
    match user {
        "all" => image.public,
        "self" => image.shared.contains(&place.account),
        account => {
            let mine = image.account == place.account || place.account.to_string() == account;
            mine && image.shared.iter().any(|own| own.to_string() == account)
        }
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use super::*;
    use crate::model::Filter;

    fn names(world: &World, owners: &[&str], name: &str) -> Vec<String> {
        let owners = owners.iter().map(|own| (*own).to_owned()).collect();
        let filter = Filter { name: Some("name".into()), values: Some(vec![name.into()]) };
        let input =
            DescribeImagesRequest { owners: Some(owners), filters: Some(vec![filter]), ..Default::default() };
        let answer = world.call::<DescribeImages>(&world.root(ACCOUNT), input).unwrap();
        answer.images.unwrap().into_iter().map(|image| image.name.unwrap()).collect()
    }

    #[test]
    fn templates_find_their_images() {
        let world = World::new(1);
        for (owner, name, count) in [
            ("amazon", "al2023-ami-2023.*-x86_64", 2),
            ("137112412989", "amzn2-ami-hvm-*-x86_64-gp2", 1),
            ("099720109477", "ubuntu/images/hvm-ssd/ubuntu-xenial-16.04-amd64-server-*", 1),
            ("099720109477", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*", 1),
            ("099720109477", "ubuntu/images/*/ubuntu-noble-24.04-amd64-server-*", 1),
            ("136693071363", "debian-12-arm64-*", 1),
            ("amazon", "ubuntu/*", 0),
            ("self", "*", 0),
            ("aws-marketplace", "*", 0),
        ] {
            assert_eq!(names(&world, &[owner], name).len(), count, "{owner} {name}");
        }
        assert!(names(&world, &["self", "amazon"], "*").len() > 5);
    }

    #[test]
    fn an_image_is_found_by_the_public_parameter_that_names_it() {
        let world = World::new(1);
        let find = |name: &str, value: &str| {
            let filter = Filter { name: Some(name.into()), values: Some(vec![value.into()]) };
            let input = DescribeImagesRequest { filters: Some(vec![filter]), ..Default::default() };
            let answer = world.call::<DescribeImages>(&world.root(ACCOUNT), input).unwrap();
            answer.images.unwrap().into_iter().map(|image| image.image_id.unwrap()).collect::<Vec<_>>()
        };
        let (name, id) = images::parameters().remove(0);
        assert_eq!(find("public-ssm-parameter-name", &name), [id]);
        assert_eq!(find("public-ssm-parameter-name", name.trim_start_matches('/')), [id]);
        assert!(find("public-ssm-parameter-name", "/aws/service/none").is_empty());
        assert!(find("boot-mode", "uefi-preferred").len() > 5 && find("boot-mode", "legacy-bios").is_empty());
        assert!(find("image-watermark.watermark-key", "*").is_empty());
    }

    #[test]
    fn ids_are_held_to_their_form_and_must_be_there() {
        let world = World::new(1);
        let ask = |ids: &[&str]| {
            let ids = ids.iter().map(|id| (*id).to_owned()).collect();
            let input = DescribeImagesRequest { image_ids: Some(ids), ..Default::default() };
            world.call::<DescribeImages>(&world.root(ACCOUNT), input)
        };
        assert_eq!(ask(&[images::DEFAULT]).unwrap().images.unwrap().len(), 1);
        let message = check_fault(ask(&["ami-00000000000000001"]), "InvalidAMIID.NotFound");
        assert_eq!(message, "The image id '[ami-00000000000000001]' does not exist");
        let message = check_fault(ask(&["ami-x"]), "InvalidAMIID.Malformed");
        assert_eq!(message, "Invalid id: \"ami-x\"");
    }
}
