//! What servers that are no more left in an engine: containers that nobody will start again, and such that still run.

use std::collections::BTreeMap;
use std::path::Path;

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::client::Sent;
use super::container::engine_of;
use super::life::{self, Life};
use super::{Engine, describe, read};
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
    /// server that kept nothing goes with that server, once it is certain that it is no more.
    pub(super) async fn sweep(&self, notes: &mut Vec<String>) -> Result<(), ComputeError> {
        for Listed { id, state, labels } in self.list("").await? {
            let labels = Labels(labels.unwrap_or_default());
            let instance = labels.get(describe::INSTANCE);
            let own = labels.get(describe::SERVER) == self.id;
            let orphan = if own {
                let engine = engine_of(&self.folder(instance));
                engine.map_err(|error| ComputeError::failed("find the disks", error))?.is_none()
            } else {
                match labels.life() {
                    Life::Dead => true,
                    Life::Lives => false,
                    Life::Unknown => {
                        notes.push(labels.left(self.kind.name(), &id));
                        false
                    }
                }
            };
            if orphan {
                log::info!("{} {id} of {instance} is removed: nobody would start it again", self.kind.name());
                self.remove_named(&id).await?;
            } else if own && state == "running" {
                // Its first process ends with its server; whatever keeps it from that must not keep the next start.
                self.kill(instance).await?;
            }
        }
        for Kept { id, labels } in self.kept().await? {
            let labels = Labels(labels.unwrap_or_default());
            // What cannot be told was told of its containers.
            if labels.get(describe::SERVER) != self.id && labels.life() == Life::Dead {
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

/// What stands at a container or an image.
#[derive(Debug)]
struct Labels(BTreeMap<String, String>);

impl Labels {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether it is still needed: what a server keeps is, although that server is not there.
    fn life(&self) -> Life {
        if self.get(describe::EPHEMERAL) != "true" {
            return Life::Lives;
        }
        let folder = Path::new(self.get(describe::FOLDER));
        life::of(self.get(describe::SERVER), folder, self.get(describe::PROCESS))
    }

    fn left(&self, engine: &str, id: &str) -> String {
        format!(
            "the container of {} is left: whether its server lives, which keeps nothing in {}, cannot be told from here \
             (`{engine} rm --force {}` removes it)",
            self.get(describe::INSTANCE),
            self.get(describe::FOLDER),
            id.get(..12).unwrap_or(id)
        )
    }
}
