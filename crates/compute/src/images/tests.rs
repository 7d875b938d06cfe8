//! What an archive may and may not do to the folder that it is unpacked into, and to all others.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::archive::Bounded;
use super::layer::{Meaning, unpack};
use super::tree::Tree;
use super::{Images, Owners, Wanted, Wish, base};

struct Scene {
    place: TempDir,
    images: Images,
}

impl Scene {
    fn new() -> Scene {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("instances")).unwrap();
        let images = Images::open(place.path(), Owners::Own).unwrap();
        Scene { place, images }
    }

    fn import(&self, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.place.path().join("source");
        fs::write(&path, bytes)?;
        self.images.import("ami-1", &File::open(path)?, &Wanted::default())?;
        Ok(base(self.place.path(), "ami-1")?.root)
    }

    fn left_over(&self) -> usize {
        fs::read_dir(self.place.path().join("images")).unwrap().count()
    }
}

/// Names, kinds, and bytes or link targets.
fn archive(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (path, kind, text) in entries {
        let mut header = Header::new_gnu();
        // Set by hand: the builder refuses what these tests are about.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o4755);
        header.set_mtime(1_000_000_000);
        header.set_uid(0);
        header.set_gid(0);
        let bytes = match kind {
            EntryType::Symlink | EntryType::Link => {
                header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
                ""
            }
            _ => text,
        };
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, bytes.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn read(root: &Path, name: &str) -> String {
    fs::read_to_string(root.join(name)).unwrap()
}

use EntryType::{Char, Directory, Fifo, Link, Regular, Symlink};

#[test]
fn a_root_file_system_keeps_its_files_links_modes_and_times() {
    let scene = Scene::new();
    let root = scene
        .import(&archive(&[
            ("./", Directory, ""),
            ("usr/bin/", Directory, ""),
            ("bin", Symlink, "usr/bin"),
            ("usr/bin/tool", Regular, "bytes"),
            ("usr/bin/same", Link, "usr/bin/tool"),
            ("bin/through", Regular, "by a link"),
            ("run/pipe", Fifo, ""),
            ("dev/sda", Char, ""),
        ]))
        .unwrap();
    let about = fs::metadata(root.join("usr/bin/tool")).unwrap();
    assert_eq!((about.mode() & 0o7777, about.mtime(), about.nlink()), (0o4755, 1_000_000_000, 2));
    assert_eq!(read(&root, "usr/bin/through"), "by a link");
    assert_eq!(fs::read_link(root.join("bin")).unwrap(), Path::new("usr/bin"));
    assert!(!root.join("dev/sda").exists(), "a device was made");
    assert!(root.join("run/pipe").exists());
}

#[test]
fn no_name_or_link_leads_out_of_the_folder() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let (folder, secret_name) = (outside.path().to_str().unwrap(), secret.to_str().unwrap());
    for hostile in [
        archive(&[("../escaped", Regular, "x")]),
        archive(&[("a/../../escaped", Regular, "x")]),
        archive(&[("hard", Link, "../../../../../../../../../../etc/passwd")]),
        archive(&[("hard", Link, secret_name)]),
        archive(&[("out", Symlink, folder), ("hard", Link, "out/secret")]),
    ] {
        let scene = Scene::new();
        let refused = scene.import(&hostile).unwrap_err();
        assert!(!refused.to_string().is_empty());
        assert_eq!(scene.left_over(), 0, "half an image is left");
    }
    // These are legal; they stay inside.
    for harmless in [
        archive(&[("out", Symlink, folder), ("out/escaped", Regular, "x")]),
        archive(&[("out", Symlink, "../../../../../.."), ("out/escaped", Regular, "x")]),
        archive(&[("/escaped", Regular, "x")]),
        archive(&[("out", Symlink, secret_name), ("out", Regular, "x")]),
    ] {
        let scene = Scene::new();
        // Made inside, or refused since the link leads nowhere inside.
        if let Ok(root) = scene.import(&harmless) {
            assert!(root.join("escaped").exists() || root.join("out").exists());
        }
    }
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    assert!(!Path::new("/escaped").exists());
}

#[test]
fn a_size_that_is_too_large_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let mut tree = Tree::open(place.path(), Owners::Own, &Wanted::default()).unwrap();
    tree.limit(1000);
    let large = "x".repeat(600);
    let bytes = archive(&[("one", Regular, &large), ("two", Regular, &large)]);
    let refused = unpack(&mut tree, &bytes[..], Meaning::RootFs).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
}

#[test]
fn what_unpacks_to_too_much_is_refused_although_nothing_is_written() {
    let left = std::cell::Cell::new(10_000);
    let small = archive(&[("one", Char, "")]);
    let place = tempfile::tempdir().unwrap();
    let mut tree = Tree::open(place.path(), Owners::Own, &Wanted::default()).unwrap();
    unpack(&mut tree, Bounded { source: &small[..], left: &left }, Meaning::Layer).unwrap();
    // All that read share one bound.
    let mut padding = Bounded { source: io::repeat(0), left: &left };
    let refused = io::copy(&mut padding, &mut io::sink()).unwrap_err();
    assert!(refused.to_string().contains("too large"), "{refused}");
}

#[test]
fn a_manifest_that_names_one_layer_again_and_again_is_refused() {
    let layer = archive(&[("etc/file", Regular, "x")]);
    let scene = Scene::new();
    let refused = scene.import(&saved(&vec![layer.clone(); 257])).unwrap_err();
    assert!(refused.to_string().contains("more than 256 layers"), "{refused}");
    scene.import(&saved(&vec![layer; 256])).unwrap();
}

#[test]
fn names_as_long_as_the_claim_are_not_kept_in_memory() {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNULongName);
    header.set_size(1 << 40);
    header.set_cksum();
    let endless = header.as_bytes().as_slice().to_vec();
    let place = tempfile::tempdir().unwrap();
    let mut tree = Tree::open(place.path(), Owners::Own, &Wanted::default()).unwrap();
    let source = io::Read::chain(&endless[..], io::repeat(b'x'));
    let refused = unpack(&mut tree, source, Meaning::RootFs).unwrap_err();
    assert!(refused.to_string().contains("too long"), "{refused}");
}

#[test]
fn long_names_are_read() {
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(120));
    let mut builder = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o600);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    builder.append_data(&mut header, &long, &b"x"[..]).unwrap();
    let scene = Scene::new();
    let root = scene.import(&builder.into_inner().unwrap()).unwrap();
    assert_eq!(read(&root, &long), "x");
}

/// An archive as `docker save` writes it, of these layers.
fn saved(layers: &[Vec<u8>]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    let mut names = Vec::new();
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, bytes).unwrap();
    };
    for layer in layers {
        let digest: String = Sha256::digest(layer).iter().map(|byte| format!("{byte:02x}")).collect();
        let name = format!("blobs/sha256/{digest}");
        add(&name, layer);
        names.push(name);
    }
    let manifest = serde_json::json!([{ "Config": "c", "RepoTags": [], "Layers": names }]);
    add("manifest.json", manifest.to_string().as_bytes());
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn layers_lie_over_each_other_and_take_names_away() {
    let below = archive(&[
        ("etc/kept", Regular, "kept"),
        ("etc/changed", Regular, "old"),
        ("etc/gone", Regular, "gone"),
        ("var/cache/old", Regular, "old"),
        ("var/cache/deep/old", Regular, "old"),
    ]);
    let above = archive(&[
        ("etc/changed", Regular, "new"),
        ("etc/.wh.gone", Regular, ""),
        ("var/cache/new", Regular, "new"),
        ("var/cache/.wh..wh..opq", Regular, ""),
    ]);
    for bytes in [
        saved(&[below.clone(), above.clone()]),
        saved(&[gzip(&below), gzip(&above)]),
        gzip(&saved(&[below.clone(), above.clone()])),
    ] {
        let scene = Scene::new();
        let root = scene.import(&bytes).unwrap();
        assert_eq!((read(&root, "etc/kept"), read(&root, "etc/changed")), ("kept".into(), "new".into()));
        assert!(!root.join("etc/gone").exists() && !root.join("etc/.wh.gone").exists());
        let names: Vec<_> = fs::read_dir(root.join("var/cache")).unwrap().flatten().collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }
}

#[test]
fn a_layer_that_does_not_have_its_digest_is_refused() {
    let mut bytes = saved(&[archive(&[("etc/file", Regular, "honest")])]);
    let at = bytes.windows(6).position(|part| part == b"honest").unwrap();
    bytes[at] = b'H';
    let scene = Scene::new();
    let refused = scene.import(&bytes).unwrap_err();
    assert!(refused.to_string().contains("digest"), "{refused}");
    assert_eq!(scene.left_over(), 0);
}

#[test]
fn a_disk_becomes_an_image_without_what_it_took_away_or_links_to() {
    let scene = Scene::new();
    scene.import(&archive(&[("etc/kept", Regular, "kept"), ("etc/changed", Regular, "old")])).unwrap();
    let instance = scene.place.path().join("instances/i-1");
    let upper = instance.join("root/upper");
    fs::create_dir_all(upper.join("etc")).unwrap();
    fs::create_dir_all(upper.join("tmp/junk")).unwrap();
    fs::write(instance.join("image"), "ami-1").unwrap();
    fs::write(upper.join("etc/changed"), "new").unwrap();
    fs::hard_link(upper.join("etc/changed"), upper.join("etc/twin")).unwrap();
    symlink("/etc/shadow", upper.join("etc/link")).unwrap();
    File::create(upper.join("etc/sparse")).unwrap().set_len(1 << 40).unwrap();
    scene.images.snapshot("i-1", "ami-2", &Wanted::default()).unwrap();
    let root = base(scene.place.path(), "ami-2").unwrap().root;
    assert_eq!((read(&root, "etc/kept"), read(&root, "etc/changed")), ("kept".into(), "new".into()));
    assert_eq!(fs::metadata(root.join("etc/twin")).unwrap().nlink(), 2);
    assert_eq!(fs::read_link(root.join("etc/link")).unwrap(), Path::new("/etc/shadow"));
    assert_eq!(fs::metadata(root.join("etc/sparse")).unwrap().blocks(), 0);
    assert!(!root.join("tmp/junk").exists());
    // The image that it booted from is as before, and lives while the instance does.
    let first = base(scene.place.path(), "ami-1").unwrap().root;
    assert_eq!(read(&first, "etc/changed"), "old");
    scene.images.delete("ami-1").unwrap();
    assert_eq!(read(&first, "etc/kept"), "kept");
    fs::remove_dir_all(&instance).unwrap();
    scene.images.released("ami-1").unwrap();
    assert!(!first.exists());
    assert_eq!(read(&root, "etc/kept"), "kept");
}

#[test]
fn what_nobody_waits_for_any_more_is_not_made_to_its_end() {
    let scene = Scene::new();
    fs::create_dir_all(scene.place.path().join("instances/i-1/root/etc")).unwrap();
    fs::write(scene.place.path().join("instances/i-1/root/etc/file"), "own").unwrap();
    let source = scene.place.path().join("source");
    fs::write(&source, archive(&[("etc/kept", Regular, "kept")])).unwrap();
    let wish = Wish::default();
    let wanted = wish.wanted();
    scene.images.snapshot("i-1", "ami-1", &wanted).unwrap();
    drop(wish);
    let copied = scene.images.snapshot("i-1", "ami-2", &wanted).unwrap_err();
    let imported = scene.images.import("ami-3", &File::open(source).unwrap(), &wanted).unwrap_err();
    for given_up in [copied, imported] {
        assert_eq!(given_up.kind(), io::ErrorKind::TimedOut, "{given_up}");
    }
    assert_eq!(scene.left_over(), 1);
}

#[test]
fn nobody_starts_from_an_image_that_was_deleted() {
    let scene = Scene::new();
    scene.import(&archive(&[("etc/kept", Regular, "kept")])).unwrap();
    let image = crate::Image::RootFs { id: "ami-1".into() };
    scene.images.take("i-1", &image).unwrap();
    scene.images.delete("ami-1").unwrap();
    scene.images.take("i-1", &image).unwrap();
    let refused = scene.images.take("i-2", &image).unwrap_err();
    assert!(refused.to_string().contains("no image `ami-1`"), "{refused}");
}
