//! What AWS publishes for everybody: public parameters, and image ids that stand for others. Images are EC2's and
//! parameters Systems Manager's, so they meet here.

use std::sync::Arc;

use rolecall_base::{AccountId, Fault};
use rolecall_door::{At, Needs};
use rolecall_ec2::images;
use rolecall_ec2::records::{ImageAlias, ImageAliases};
use rolecall_ec2::regions;
use rolecall_ec2::{ImageName, ImageNames, Parameters};
use rolecall_ssm::{Images, Public, Usable};
use rolecall_store::{Reader, Store};

use crate::config::StartError;

const REGIONS: &str = "/aws/service/global-infrastructure/regions";

/// The public parameters: images, and the regions that are listed.
pub fn parameters() -> Public {
    let mut public = Public::default();
    for (name, id) in images::parameters() {
        public.image(name, id);
    }
    for region in regions::all("us-east-1") {
        let name = &region.name;
        public.text(format!("{REGIONS}/{name}"), name.as_str());
        public.text(format!("{REGIONS}/{name}/longName"), region.long_name.as_str());
        public.text(format!("{REGIONS}/{name}/domain"), "amazonaws.com");
        public.text(format!("{REGIONS}/{name}/partition"), "aws");
    }
    public
}

/// Who tells whether an image can be used.
pub fn images() -> Images {
    Images(Arc::new(Ec2))
}

/// Who tells what image a parameter names.
pub fn image_names() -> Parameters {
    Parameters(Arc::new(Ssm))
}

#[derive(Debug)]
struct Ssm;

impl ImageNames for Ssm {
    fn needs(&self, at: &At<'_>, name: &str) -> Result<Needs, Fault> {
        rolecall_ssm::image_needs(at, name)
    }

    fn find(&self, at: &At<'_>, name: &str) -> Result<Option<ImageName>, Fault> {
        let said = rolecall_ssm::image_said(at, name)?;
        Ok(said.map(|said| ImageName { id: said.value, data_type: said.data_type }))
    }
}

#[derive(Debug)]
struct Ec2;

impl Usable for Ec2 {
    fn usable(&self, db: &Reader, account: AccountId, region: &str, id: &str) -> Result<bool, Fault> {
        images::is_there(db, account, region, id)
    }
}

/// Writes the image ids that stand for others, and forgets those of the start before.
///
/// # Errors
/// When the store can't be written.
pub async fn keep_aliases(store: &Store, aliases: &[(String, String)]) -> Result<(), StartError> {
    let kept: Result<(), Fault> = async {
        let mut tx = store.begin()?;
        tx.delete_prefix::<ImageAliases>(&())?;
        for (alias, image) in aliases {
            tx.put::<ImageAliases>(alias, &ImageAlias { image: image.clone() })?;
        }
        store.commit(tx).await.map_err(Fault::internal)?;
        Ok(())
    }
    .await;
    kept.map_err(|fault| {
        StartError::new(
            format!("The image aliases could not be written: {fault:?}."),
            "Is the disk of the data folder full?",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_that_names_an_image_names_one_that_is_there() {
        let store = Store::new(Arc::new(rolecall_store::Memory::new()));
        let db = store.read().unwrap();
        for (name, id) in images::parameters() {
            assert!(Ec2.usable(&db, AccountId::ZERO, "us-east-1", id).unwrap(), "{name}");
        }
    }
}
