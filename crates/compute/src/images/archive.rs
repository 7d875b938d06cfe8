//! What was handed over: a root file system's tar, or an archive of layers as `docker save` and OCI tools write it.
//!
//! An archive of layers is read in the order that its manifest gives, so it is kept in a file; every blob that is
//! named by its digest must have it.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tar::{Archive, EntryType};

use super::compression::{is_compressed, plain};
use super::holes::Filling;
use super::layer::{Meaning, unpack};
use super::tree::Tree;

/// The most bytes of a manifest, and the most names in an archive of layers.
const LONGEST_JSON: u64 = 4 << 20;
const MOST_PARTS: usize = 10_000;
/// The most layers of an image; storage drivers stack half as many.
const MOST_LAYERS: usize = 256;
/// What is read to tell what an archive is: a few headers.
const MOST_PEEKED: u64 = 1 << 20;
/// How deep one index may lead to another.
const DEEPEST: usize = 4;

/// Unpacks what `file` holds. `spool` gives an empty file for what has to be kept uncompressed.
pub(super) fn import(
    tree: &mut Tree,
    file: &File,
    spool: impl FnOnce() -> io::Result<File>,
) -> io::Result<()> {
    let mut first = [0; 4];
    let read = file.read_at(&mut first, 0)?;
    let compressed = is_compressed(first.get(..read).unwrap_or_default());
    let whole = || -> io::Result<Part<'_>> { Ok(Part { file, at: 0, left: file.metadata()?.len() }) };
    let (peeked, unpacked) = (Cell::new(MOST_PEEKED), Cell::new(super::MOST_SOURCE));
    if !has_layers(Bounded { source: plain(whole()?)?, left: &peeked })? {
        return unpack(tree, Bounded { source: plain(whole()?)?, left: &unpacked }, Meaning::RootFs);
    }
    if !compressed {
        return Layers::index(file)?.unpack(tree);
    }
    let mut kept = Filling::new(spool()?);
    io::copy(&mut Bounded { source: plain(whole()?)?, left: &unpacked }, &mut kept)?;
    Layers::index(&kept.finish()?)?.unpack(tree)
}

/// A root file system has other names at its top than an archive of layers has.
fn has_layers(archive: impl Read) -> io::Result<bool> {
    for entry in Archive::new(archive).entries()?.raw(true).take(8) {
        let entry = entry?;
        use EntryType::{GNULongLink, GNULongName, XGlobalHeader, XHeader};
        if matches!(entry.header().entry_type(), GNULongLink | GNULongName | XGlobalHeader | XHeader) {
            continue;
        }
        let path = entry.header().path_bytes().into_owned();
        let path = String::from_utf8_lossy(path.strip_prefix(b"./").unwrap_or(&path)).into_owned();
        let top = path.split('/').next().unwrap_or_default();
        let digest = top.trim_end_matches(".json");
        let digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        if digest || ["blobs", "oci-layout", "index.json", "manifest.json", "repositories"].contains(&top) {
            return Ok(true);
        }
        if !top.is_empty() {
            return Ok(false);
        }
    }
    Ok(false)
}

/// A piece of a file.
struct Part<'f> {
    file: &'f File,
    at: u64,
    left: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read_at(buffer.get_mut(..most).unwrap_or_default(), self.at)?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

#[derive(Debug, Clone)]
enum Place {
    At {
        offset: u64,
        length: u64,
    },
    /// `docker save` of old links layers that are the same.
    Same(String),
}

/// Where each name of an archive is in its file.
struct Layers<'f> {
    file: &'f File,
    places: HashMap<String, Place>,
}

#[derive(Deserialize)]
struct Saved {
    #[serde(rename = "Layers")]
    layers: Vec<String>,
}

/// An OCI index or manifest.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    manifests: Vec<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    architecture: String,
    os: String,
}

impl<'f> Layers<'f> {
    fn index(file: &'f File) -> io::Result<Layers<'f>> {
        let mut places = HashMap::new();
        let whole = Part { file, at: 0, left: file.metadata()?.len() };
        for entry in Archive::new(whole).entries()?.raw(true) {
            let entry = entry?;
            let header = entry.header();
            let path = clean(&String::from_utf8_lossy(&header.path_bytes()));
            let place = match header.entry_type() {
                EntryType::Symlink | EntryType::Link => {
                    let link = header.link_name_bytes().unwrap_or_default();
                    let link = String::from_utf8_lossy(&link).into_owned();
                    let folder = Path::new(&path).parent().unwrap_or(Path::new(""));
                    Place::Same(clean(&folder.join(link).to_string_lossy()))
                }
                _ => Place::At { offset: entry.raw_file_position(), length: entry.size() },
            };
            places.insert(path, place);
            if places.len() > MOST_PARTS {
                return Err(broken("the archive has too many parts for an image"));
            }
        }
        Ok(Layers { file, places })
    }

    fn unpack(&self, tree: &mut Tree) -> io::Result<()> {
        let names = self.in_order()?;
        if names.len() > MOST_LAYERS {
            return Err(broken(&format!("the image has more than {MOST_LAYERS} layers")));
        }
        // A layer may be named again and again, and what is in none of its files is not counted elsewhere.
        let (read, unpacked) = (Cell::new(super::MOST_SOURCE), Cell::new(super::MOST_SOURCE));
        for name in names {
            let (offset, length) = self.place(&name)?;
            let part = Part { file: self.file, at: offset, left: length };
            let mut part = Checked { part: Bounded { source: part, left: &read }, hash: Sha256::new() };
            {
                let mut layer = Bounded { source: plain(&mut part)?, left: &unpacked };
                unpack(tree, &mut layer, Meaning::Layer)?;
                // Padding after the end of the archive belongs to the digest.
                io::copy(&mut layer, &mut io::sink())?;
            }
            io::copy(&mut part, &mut io::sink())?;
            check(&name, part.hash)?;
        }
        Ok(())
    }

    /// The layers' names, lowest first.
    fn in_order(&self) -> io::Result<Vec<String>> {
        if self.places.contains_key("manifest.json") {
            let saved: Vec<Saved> = self.json("manifest.json")?;
            return match <[Saved; 1]>::try_from(saved) {
                Ok([saved]) => Ok(saved.layers.iter().map(|name| clean(name)).collect()),
                Err(saved) => Err(broken(&format!("the archive holds {} images: save one", saved.len()))),
            };
        }
        let mut manifest: Manifest = self.json("index.json")?;
        for _ in 0..DEEPEST {
            if manifest.manifests.is_empty() {
                return manifest.layers.iter().map(|layer| blob(&layer.digest)).collect();
            }
            manifest = self.json(&blob(&choose(&manifest.manifests)?.digest)?)?;
        }
        Err(broken("one index of the image leads to another without end"))
    }

    fn place(&self, name: &str) -> io::Result<(u64, u64)> {
        let mut name = name;
        for _ in 0..DEEPEST {
            match self.places.get(name) {
                Some(Place::At { offset, length }) => return Ok((*offset, *length)),
                Some(Place::Same(other)) => name = other,
                None => break,
            }
        }
        Err(broken(&format!("the archive lacks `{name}`")))
    }

    fn json<T: DeserializeOwned>(&self, name: &str) -> io::Result<T> {
        let (at, left) = self.place(name)?;
        if left > LONGEST_JSON {
            return Err(broken(&format!("`{name}` is too long")));
        }
        let mut bytes = Vec::new();
        Part { file: self.file, at, left }.read_to_end(&mut bytes)?;
        let mut hash = Sha256::new();
        hash.update(&bytes);
        check(name, hash)?;
        serde_json::from_slice(&bytes).map_err(|error| broken(&format!("`{name}`: {error}")))
    }
}

/// The one for this machine, or the only one that says nothing.
fn choose(manifests: &[Descriptor]) -> io::Result<&Descriptor> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let fits = |found: &&Descriptor| {
        found
            .platform
            .as_ref()
            .is_some_and(|platform| platform.architecture == architecture && platform.os == "linux")
    };
    let silent =
        || if let [only] = manifests { Some(only).filter(|only| only.platform.is_none()) } else { None };
    let found = manifests.iter().find(fits).or_else(silent);
    found.ok_or_else(|| broken(&format!("the image is not for linux on {architecture}")))
}

fn blob(digest: &str) -> io::Result<String> {
    let hex = digest
        .strip_prefix("sha256:")
        .ok_or_else(|| broken(&format!("the digest `{digest}` is no SHA-256")))?;
    Ok(format!("blobs/sha256/{hex}"))
}

/// Names under `blobs/sha256` are what their bytes must digest to.
fn check(name: &str, hash: Sha256) -> io::Result<()> {
    let Some(wanted) = name.strip_prefix("blobs/sha256/") else { return Ok(()) };
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found == wanted { Ok(()) } else { Err(broken(&format!("`{name}` does not have its digest"))) }
}

/// Reads no more than what is left of a bound that several may share, and fails beyond it.
pub(super) struct Bounded<'b, R> {
    pub source: R,
    pub left: &'b Cell<u64>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.ok_or_else(|| broken("the image is too large"))?);
        Ok(read)
    }
}

struct Checked<R> {
    part: R,
    hash: Sha256,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.part.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// A name without `.` and `..`, which stay within the archive.
fn clean(name: &str) -> String {
    let mut path = PathBuf::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(path.pop()),
            part => path.push(part),
        }
    }
    path.to_string_lossy().into_owned()
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
