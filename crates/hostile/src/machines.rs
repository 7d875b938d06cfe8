//! What machines are made of: user data, archives of root file systems and of layers, and what the kernel answers.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

pub(crate) fn user_data() -> Vec<Vec<u8>> {
    let script = "#!/bin/sh\necho hello\n";
    let config = "#cloud-config\nhostname: web\nfqdn: web.example.com\nruncmd:\n- echo a\n- [touch, /b]\nbootcmd: [date]\n\
                  write_files:\n- {path: /etc/x, content: !!binary aGk=, permissions: '0600', owner: root:root}\n\
                  users:\n- default\n- {name: ann, groups: [wheel], ssh_authorized_keys: [ssh-ed25519 AAAA]}\n";
    let mime = format!(
        "Content-Type: multipart/mixed; boundary=\"==B==\"\r\nMIME-Version: 1.0\r\n\r\n--==B==\r\n\
         Content-Type: text/x-shellscript; charset=\"us-ascii\"\r\nContent-Disposition: attachment; \
         filename=\"a.sh\"\r\n\r\n{script}\r\n--==B==\r\nContent-Type: text/cloud-config\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nI2Nsb3VkLWNvbmZpZwpob3N0bmFtZTogd2ViCg==\r\n--==B==\r\n\
         Content-Type: text/x-shellscript-per-boot\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         #!/bin/sh=0Adate\r\n--==B==\r\nContent-Type: text/cloud-boothook\r\n\r\n#cloud-boothook\ndate\r\n--==B==--\r\n"
    );
    let encoded = b"IyEvYmluL3NoCmRhdGUK".to_vec();
    let mut seeds =
        vec![script.into(), config.into(), mime.clone().into_bytes(), encoded, packed(mime.as_bytes())];
    seeds.push(b"#include\nhttps://example.com/x\n".to_vec());
    seeds
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A folder of a driver, beside a file that is none of its business.
struct Place {
    folder: TempDir,
    neighbor: std::path::PathBuf,
}

thread_local! {
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

fn with_place(then: impl FnOnce(&Place)) {
    PLACE.with_borrow_mut(|place| {
        then(place.get_or_insert_with(|| {
            let shared = Path::new("/dev/shm");
            let folder = match shared.is_dir() {
                true => TempDir::new_in(shared),
                false => TempDir::new(),
            };
            let folder = folder.expect("a folder");
            fs::create_dir_all(folder.path().join("driver/instances")).expect("a folder");
            let neighbor = folder.path().join("neighbor");
            fs::write(&neighbor, "untouched").expect("a file");
            Place { folder, neighbor }
        }));
    });
}

/// Unpacks an archive: what it holds stays in its image, and with the image it goes.
pub(crate) fn image(data: &[u8]) {
    with_place(|place| {
        let source = place.folder.path().join("source");
        fs::write(&source, data).expect("a file");
        let driver = place.folder.path().join("driver");
        let file = File::open(&source).expect("a file");
        let _ = rolecall_compute::hostile::archive(&file, &driver);
        assert_eq!(fs::read(&place.neighbor).expect("the neighbor"), b"untouched");
        let names = |folder: &Path| fs::read_dir(folder).expect("a folder").count();
        assert_eq!(names(place.folder.path()), 3, "something new beside the driver's folder");
        assert_eq!(names(&driver), 2, "something new in the driver's folder");
        assert_eq!(names(&driver.join("images")), 0, "something is left of the image");
    });
}

fn tar(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (path, kind, bytes) in entries {
        let mut header = Header::new_gnu();
        header.set_path(path).expect("a short name");
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        let content = match kind {
            EntryType::Symlink | EntryType::Link => {
                header.set_link_name_literal(bytes).expect("a short name");
                &[][..]
            }
            _ => bytes,
        };
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content).expect("memory");
    }
    builder.into_inner().expect("memory")
}

pub(crate) fn images() -> Vec<Vec<u8>> {
    use EntryType::{Directory, Fifo, Link, Regular, Symlink};
    let root = tar(&[
        ("usr/bin/", Directory, b""),
        ("bin", Symlink, b"usr/bin"),
        ("usr/bin/tool", Regular, b"bytes"),
        ("usr/bin/same", Link, b"usr/bin/tool"),
        ("bin/through", Regular, b"by a link"),
        ("out", Symlink, b"../../../.."),
        ("run/pipe", Fifo, b""),
    ]);
    let below = tar(&[("etc/", Directory, b""), ("etc/a", Regular, b"a"), ("etc/b", Regular, b"b")]);
    let above =
        tar(&[("etc/.wh.a", Regular, b""), ("etc/.wh..wh..opq", Regular, b""), ("etc/c", Regular, b"c")]);
    let saved = tar(&[
        ("a/layer.tar", Regular, &below),
        ("b/layer.tar", Regular, &above),
        ("manifest.json", Regular, br#"[{"Layers":["a/layer.tar","b/layer.tar"]}]"#),
    ]);
    let oci = oci(&[&below, &packed(&above)]);
    let mut seeds = vec![packed(&root), root, saved, packed(&oci), oci];
    // Names longer than a header holds, and what pax says of an entry.
    let mut builder = Builder::new(Vec::new());
    let long = format!("{}/file", "folder".repeat(30));
    let mut header = Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o644);
    header.set_cksum();
    builder.append_pax_extensions([("mtime", &b"1.5"[..]), ("path", b"pax/name")]).expect("memory");
    builder.append_data(&mut header, &long, &b"x"[..]).expect("memory");
    seeds.push(builder.into_inner().expect("memory"));
    seeds
}

/// An image in OCI's layout, its blobs named by their digests.
fn oci(layers: &[&[u8]]) -> Vec<u8> {
    let digest =
        |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let listed: Vec<String> =
        layers.iter().map(|layer| format!(r#"{{"digest":"sha256:{}"}}"#, digest(layer))).collect();
    let manifest = format!(r#"{{"layers":[{}]}}"#, listed.join(","));
    let index = format!(r#"{{"manifests":[{{"digest":"sha256:{}"}}]}}"#, digest(manifest.as_bytes()));
    let mut names: Vec<(String, Vec<u8>)> = vec![
        ("oci-layout".into(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
        ("index.json".into(), index.into_bytes()),
    ];
    for blob in layers.iter().copied().chain([manifest.as_bytes()]) {
        names.push((format!("blobs/sha256/{}", digest(blob)), blob.to_vec()));
    }
    let entries: Vec<(&str, EntryType, &[u8])> =
        names.iter().map(|(name, bytes)| (name.as_str(), EntryType::Regular, bytes.as_slice())).collect();
    tar(&entries)
}

/// Two answers, an error and an acknowledgement, each with its header.
pub(crate) fn kernel_answers() -> Vec<Vec<u8>> {
    let answer = |number: u32, errno: i32| {
        let words = [36_u32, 2, number, 0];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        bytes.extend(errno.to_ne_bytes());
        bytes.resize(36, 0);
        bytes
    };
    vec![answer(0, 0), [answer(1, -17), answer(2, 0)].concat(), answer(3, i32::MIN)]
}
