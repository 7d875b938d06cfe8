//! Images in an engine: each a copy of one in the driver's store, made when the first instance boots from it there, and
//! the one that the host's `/usr` is mounted in.

use std::path::{Path, PathBuf};

use http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::client::Sent;
use super::{Engine, accounts, describe, pack};
use crate::images::Exported;
use crate::supervisor::{Ids, SYSTEM};
use crate::{ComputeError, Image, images};

/// Names of the engine's and of ours at the top of a container's root.
const ENGINE_OWN: &[&str] = &[".rolecall", ".dockerenv", ".containerenv"];

impl Engine {
    /// The name in the engine of what an instance boots from, sent when it is not there; and whether it sees the host's
    /// folders.
    pub(super) async fn image(&self, image: &Image) -> Result<(String, bool), ComputeError> {
        let Image::RootFs { id } = image else {
            let _sending = self.sending.lock().await;
            return Ok((self.send_usr().await?, true));
        };
        let base =
            images::base(&self.dir, id).map_err(|error| ComputeError::failed("find the image", error))?;
        accounts::check_image(&base.root)?;
        let name = self.image_name(id);
        let _sending = self.sending.lock().await;
        if !self.has_image(&name).await? {
            let root = base.root.clone();
            let checked = tokio::task::spawn_blocking(move || pack::check_holes(&root)).await;
            let checked = checked.unwrap_or_else(|error| Err(std::io::Error::other(error)));
            checked.map_err(|error| ComputeError::failed("send the image", error))?;
            let archive = pack::send_tree(base.root, Ids::RANGE.base);
            self.send_image(&name, Sent::Archive(archive)).await?;
        }
        Ok((name, base.over_host))
    }

    /// Sends the image that the host's `/usr` is mounted in, unless it is there. What of the host's `/etc` goes into it is in
    /// its name.
    async fn send_usr(&self) -> Result<String, ComputeError> {
        let shared = SYSTEM.iter().map(Path::new).filter(|path| path.exists());
        let places: Vec<PathBuf> =
            shared.filter_map(|path| path.strip_prefix("/").ok()).map(PathBuf::from).collect();
        let packed = pack::fresh_system(&places);
        let packed = packed.map_err(|error| ComputeError::failed("pack the default image", error))?;
        let digest: String =
            Sha256::digest(&packed).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let name = format!("localhost/rolecall/usr:{digest}");
        if !self.has_image(&name).await? {
            self.send_image(&name, Sent::Archive(pack::send_whole(packed).await)).await?;
        }
        Ok(name)
    }

    /// How this engine exports: Podman tells ids as the host has them.
    pub(crate) fn exported(&self) -> Exported {
        let root_is = if self.own_users { describe::OWN_USERS.base } else { 0 };
        Exported { root_is, engine_own: ENGINE_OWN }
    }

    /// Deletes the engine's copy of an image; one that a container still needs stays until that goes.
    pub(crate) async fn forget_image(&self, id: &str) {
        self.forget(&self.image_name(id)).await;
    }

    /// The same by a name or id of the engine's.
    pub(super) async fn forget(&self, name: &str) {
        match self.client.ask(Method::DELETE, &format!("/images/{name}"), Sent::Nothing).await {
            Err(error)
                if !error.has_status(StatusCode::NOT_FOUND) && !error.has_status(StatusCode::CONFLICT) =>
            {
                log::warn!("{name} in {} cannot be deleted: {error}", self.kind.name());
            }
            _ => {}
        }
    }

    fn image_name(&self, id: &str) -> String {
        format!("localhost/rolecall-{}/{}:latest", self.id, id.to_ascii_lowercase())
    }

    async fn has_image(&self, name: &str) -> Result<bool, ComputeError> {
        self.check("find the image")?;
        match self.client.ask(Method::GET, &format!("/images/{name}/json"), Sent::Nothing).await {
            Ok(_) => Ok(true),
            Err(error) if error.has_status(StatusCode::NOT_FOUND) => Ok(false),
            Err(error) => Err(self.failed("find the image", error)),
        }
    }

    async fn send_image(&self, name: &str, archive: Sent) -> Result<(), ComputeError> {
        self.check("send the image")?;
        let (repository, tag) = name.rsplit_once(':').unwrap_or((name, "latest"));
        let labels = self.labels().into_iter().fold(String::new(), |text, (label, value)| {
            let change = format!("LABEL {label}={value:?}");
            format!("{text}&changes={}", utf8_percent_encode(&change, NON_ALPHANUMERIC))
        });
        let path = if self.own_users {
            format!("/v4.0.0/libpod/images/import?reference={name}{labels}")
        } else {
            format!("/images/create?fromSrc=-&repo={repository}&tag={tag}{labels}")
        };
        let answer = self.client.ask_patiently(Method::POST, &path, archive).await;
        let answer = answer.map_err(|error| self.failed("send the image", error))?;
        // Docker has answered before it began: how it went is in what it says on the way.
        let said = String::from_utf8_lossy(&answer.body);
        if let Some(error) = said.lines().find_map(error_of) {
            return Err(ComputeError::failed("send the image", error));
        }
        Ok(())
    }
}

fn error_of(line: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Said {
        error: Option<String>,
    }
    serde_json::from_str::<Said>(line).ok()?.error
}

#[cfg(test)]
mod tests {
    use super::error_of;

    #[test]
    fn an_error_on_the_way_is_found() {
        assert_eq!(error_of("{\"status\":\"sha256:12\"}"), None);
        assert_eq!(error_of("{\"error\":\"no space left\"}").as_deref(), Some("no space left"));
        assert_eq!(error_of("not json"), None);
    }
}
