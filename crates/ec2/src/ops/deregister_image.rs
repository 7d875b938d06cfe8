//! DeregisterImage: no further instances are launched of an image; those that there are live on.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::{on_image, on_snapshot};
use crate::model::{
    DeleteSnapshotReturnCode, DeregisterImage, DeregisterImageRequest, DeregisterImageResult,
};
use crate::place::Place;
use crate::records::{Image, Snapshots};
use crate::{disks, faults, images, tags};

impl Operation for DeregisterImage {
    type Access = Write;

    fn needs(input: &DeregisterImageRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let mut needs = on_image(ec2::DeregisterImage, at, &input.image_id)?.done();
        if input.delete_associated_snapshots == Some(true)
            && let Some(image) = images::find(at.db()?, Place::of(at), &input.image_id)?
        {
            for id in snapshots_of(&image) {
                needs = needs.and(on_snapshot(ec2::DeleteSnapshot, at, id)?.done());
            }
        }
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeregisterImageResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let image = images::own(req.db()?, place, &input.image_id)?;
        if image.kept {
            let text = format!("The image {} is protected from deregistration.", image.id);
            return Err(faults::not_permitted(text));
        }
        faults::dry_run(input.dry_run)?;
        let tx = req.tx()?;
        images::delete(tx, &image)?;
        tags::put(tx, place, &image.id, Default::default())?;
        disks::let_go(tx, &image.bytes)?;
        let mut results = Vec::new();
        if input.delete_associated_snapshots == Some(true) {
            for id in snapshots_of(&image) {
                results.push(delete(tx, place, id)?);
            }
        }
        Ok(DeregisterImageResult { return_: Some(true), delete_snapshot_results: Some(results) })
    }
}

fn snapshots_of(image: &Image) -> impl Iterator<Item = &str> {
    image.disks.iter().filter_map(|disk| disk.snapshot.as_deref())
}

fn delete(
    tx: &mut rolecall_store::Tx,
    place: Place<'_>,
    id: &str,
) -> Result<DeleteSnapshotReturnCode, Fault> {
    let code = match tx.get::<Snapshots>(&place.key(id))? {
        None => "missing-permissions",
        Some(_) if disks::image_of(tx, place, id)?.is_some() => "skipped",
        Some(snapshot) => {
            disks::delete_snapshot(tx, &snapshot)?;
            "success"
        }
    };
    Ok(DeleteSnapshotReturnCode { snapshot_id: Some(id.to_owned()), return_code: Some(code.to_owned()) })
}
