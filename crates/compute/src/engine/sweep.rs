//! What servers that are no more left in an engine: containers that nobody will start again, and such that still run.

use std::collections::BTreeMap;
use std::path::Path;

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::client::Sent;
use super::container::engine_of;
use super::{Engine, LOCK, describe, hold, read};
use crate::ComputeError;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    id: String,
    #[serde(default)]
    state: String,
    labels: Option<BTreeMap<String, String>>,
}

/// An image.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Kept {
    id: String,
    labels: Option<BTreeMap<String, String>>,
}

impl Engine {
    /// Called while no instance runs. A container of this folder without a folder of its instance is an orphan; one of a
    /// server that kept nothing goes with that server.
    pub(super) async fn sweep(&self) -> Result<(), ComputeError> {
        for Listed { id, state, labels } in self.list("").await? {
            let labels = labels.unwrap_or_default();
            let label = |name: &str| labels.get(name).map_or("", String::as_str);
            let own = label(describe::SERVER) == self.id;
            let orphan = if own {
                engine_of(&self.folder(label(describe::INSTANCE))).is_none()
            } else {
                label(describe::EPHEMERAL) == "true" && !is_alive(Path::new(label(describe::FOLDER)))
            };
            if orphan {
                log::info!(
                    "{} {id} of {} is removed: nobody would start it again",
                    self.kind.name(),
                    label(describe::INSTANCE)
                );
                self.remove_named(&id).await?;
            } else if own && state == "running" {
                // Its first process ends with its server; whatever keeps it from that must not keep the next start.
                self.kill(label(describe::INSTANCE)).await?;
            }
        }
        for Kept { id, labels } in self.kept().await? {
            let labels = labels.unwrap_or_default();
            let label = |name: &str| labels.get(name).map_or("", String::as_str);
            if label(describe::SERVER) != self.id
                && label(describe::EPHEMERAL) == "true"
                && !is_alive(Path::new(label(describe::FOLDER)))
            {
                self.forget(&id).await;
            }
        }
        Ok(())
    }

    /// At the end of a server that keeps nothing.
    pub(crate) async fn close(&self) {
        if !self.ephemeral {
            return;
        }
        let own = match self.list(&self.id).await {
            Ok(own) => own,
            Err(error) => return log::warn!("containers may be left: {error}"),
        };
        for Listed { id, .. } in own {
            if let Err(error) = self.remove_named(&id).await {
                log::warn!("a container is left: {error}");
            }
        }
        let kept = self.kept().await.unwrap_or_default();
        let own = |kept: &Kept| {
            kept.labels.as_ref().and_then(|labels| labels.get(describe::SERVER)) == Some(&self.id)
        };
        for Kept { id, .. } in kept.into_iter().filter(own) {
            self.forget(&id).await;
        }
    }

    /// Images with our label.
    async fn kept(&self) -> Result<Vec<Kept>, ComputeError> {
        let path = format!("/images/json?filters={}", labeled(describe::SERVER));
        read(self.ask("list the images", Method::GET, &path, Sent::Nothing).await?)
    }

    /// Containers with our label, those of one server when it is named.
    async fn list(&self, server: &str) -> Result<Vec<Listed>, ComputeError> {
        let label = match server {
            "" => describe::SERVER.to_owned(),
            server => format!("{}={server}", describe::SERVER),
        };
        let path = format!("/containers/json?all=true&filters={}", labeled(&label));
        read(self.ask("list the containers", Method::GET, &path, Sent::Nothing).await?)
    }
}

fn labeled(label: &str) -> String {
    utf8_percent_encode(&format!("{{\"label\":[\"{label}\"]}}"), NON_ALPHANUMERIC).to_string()
}

/// Whether the server of a folder lives: it holds the folder's lock.
fn is_alive(folder: &Path) -> bool {
    folder.join(LOCK).exists() && hold(&folder.join(LOCK)).is_err()
}
