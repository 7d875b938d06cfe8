//! User data, taken apart: a script, a `#cloud-config`, or a MIME archive of several; each plain, gzip or base64.
//! What a stranger wrote is bounded here: sizes after decompression, numbers of parts, depth of archives.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// All parts together, decoded.
const MOST_BYTES: u64 = 4 << 20;
const MOST_PARTS: usize = 64;
const DEEPEST: usize = 4;

/// What is to be done with a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Run once in the life of an instance.
    Script,
    /// Run at each boot, with the other scripts.
    PerBoot,
    /// Run at each boot, before all else.
    BootHook,
    CloudConfig,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub kind: Kind,
    pub bytes: Vec<u8>,
    /// What the archive calls it, as a plain file name.
    pub name: Option<String>,
}

/// The parts, and what cannot be done with the others.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub parts: Vec<Part>,
    pub problems: Vec<String>,
    left: u64,
    seen: usize,
}

/// Whether parts keep to what is promised above.
#[cfg(feature = "hostile")]
pub(super) fn are_bounded(parts: &[Part]) -> bool {
    let bytes: u64 = parts.iter().map(|part| part.bytes.len() as u64).sum();
    let plain = |name: &String| !name.contains('/') && name != ".." && name != ".";
    let names = parts.iter().filter_map(|part| part.name.as_ref());
    bytes <= MOST_BYTES && parts.len() <= MOST_PARTS && names.into_iter().all(plain)
}

/// Takes user data apart.
pub(super) fn split(data: &[u8]) -> Parts {
    let mut parts = Parts { left: MOST_BYTES, ..Parts::default() };
    parts.take(data, None, None, 0);
    parts
}

impl Parts {
    fn take(&mut self, data: &[u8], declared: Option<&str>, name: Option<String>, depth: usize) {
        self.seen += 1;
        if depth > DEEPEST || self.seen > MOST_PARTS {
            if self.seen == MOST_PARTS + 1 || depth > DEEPEST {
                self.problems.push("the archive has too many parts, or archives in archives".into());
            }
            return;
        }
        let data = match unzip(data, self.left) {
            Ok(data) => data,
            Err(why) => return self.problems.push(why),
        };
        match self.left.checked_sub(data.len() as u64) {
            Some(left) => self.left = left,
            None => return self.problems.push(format!("the parts have more than {MOST_BYTES} bytes")),
        }
        if let Some(boundary) = archive(&data, declared) {
            return self.take_archive(&data, &boundary, depth);
        }
        match kind(&data, declared) {
            Ok(kind) => self.parts.push(Part { kind, bytes: data, name }),
            Err(why) => self.problems.push(why),
        }
    }

    fn take_archive(&mut self, data: &[u8], boundary: &str, depth: usize) {
        let (_, body) = headers(data);
        for piece in pieces(body, boundary) {
            let (fields, body) = headers(piece);
            let body = match decode(body, fields.get("content-transfer-encoding")) {
                Ok(body) => body,
                Err(why) => {
                    self.problems.push(why);
                    continue;
                }
            };
            let declared = fields.get("content-type");
            let inner = declared.filter(|declared| declared.starts_with("multipart/"));
            if let Some(boundary) = inner.and_then(|declared| parameter(declared, "boundary")) {
                if depth < DEEPEST {
                    self.take_archive(&[b"\n", body.as_slice()].concat(), &boundary, depth + 1);
                }
                continue;
            }
            let name = fields.get("content-disposition").and_then(|text| parameter(text, "filename"));
            self.take(
                &body,
                declared.map(String::as_str),
                name.and_then(|name| plain_name(&name)),
                depth + 1,
            );
        }
    }
}

fn unzip(data: &[u8], most: u64) -> Result<Vec<u8>, String> {
    if !data.starts_with(&[0x1f, 0x8b]) {
        return Ok(data.to_vec());
    }
    let mut plain = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(data).take(most + 1);
    reader.read_to_end(&mut plain).map_err(|error| format!("a part is not gzip as it says: {error}"))?;
    Ok(plain)
}

/// The boundary when this is a MIME archive.
fn archive(data: &[u8], declared: Option<&str>) -> Option<String> {
    let first = data.get(..data.len().min(2048))?;
    let first = String::from_utf8_lossy(first).to_ascii_lowercase();
    let is_message = first.starts_with("content-type:") || first.starts_with("mime-version:");
    if !is_message && !declared.is_some_and(|declared| declared.starts_with("message/")) {
        return None;
    }
    let (fields, _) = headers(data);
    let declared = fields.get("content-type")?;
    declared.starts_with("multipart/").then(|| parameter(declared, "boundary"))?
}

/// What a part is: by its first line, or else by what the archive calls it.
fn kind(data: &[u8], declared: Option<&str>) -> Result<Kind, String> {
    let line = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line.get(..line.len().min(80)).unwrap_or_default()).into_owned();
    let declared = declared.and_then(|declared| declared.split(';').next()).unwrap_or_default().trim();
    let refused = |what: &str, why: &str| Err(format!("{what} is not supported: {why}"));
    match declared {
        "text/x-shellscript-per-boot" => return Ok(Kind::PerBoot),
        "text/x-shellscript-per-instance" | "text/x-shellscript-per-once" => return Ok(Kind::Script),
        "text/cloud-boothook" => return Ok(Kind::BootHook),
        "text/cloud-config" => return Ok(Kind::CloudConfig),
        "text/x-include-url" | "text/x-include-once-url" => return refused("#include", "nothing is fetched"),
        "text/cloud-config-archive" => return refused("#cloud-config-archive", "use a MIME archive"),
        "text/part-handler" => return refused("#part-handler", "there is no Python of cloud-init's"),
        "text/jinja2" => return refused("## template: jinja", "texts are taken as they are"),
        _ => {}
    }
    let line = line.trim_end();
    match line {
        _ if line.starts_with("#!") => Ok(Kind::Script),
        _ if line.starts_with("#cloud-config-archive") => {
            refused("#cloud-config-archive", "use a MIME archive")
        }
        _ if line.starts_with("#cloud-config") => Ok(Kind::CloudConfig),
        _ if line.starts_with("#cloud-boothook") => Ok(Kind::BootHook),
        _ if line.starts_with("#include") => refused("#include", "nothing is fetched"),
        _ if line.starts_with("#part-handler") => {
            refused("#part-handler", "there is no Python of cloud-init's")
        }
        _ if line.starts_with("## template:") => refused("## template: jinja", "texts are taken as they are"),
        _ if declared == "text/x-shellscript" => Err("a script does not start with #!: not run".into()),
        _ => Err(format!(
            "a part that starts with `{}` is nothing that is known: kept, not run",
            printable(line)
        )),
    }
}

fn printable(line: &str) -> String {
    line.chars().take(40).map(|c| if c.is_control() || c == '\u{fffd}' { '?' } else { c }).collect()
}

/// Header fields by lower-case name, and the body after the empty line.
fn headers(data: &[u8]) -> (std::collections::HashMap<String, String>, &[u8]) {
    let mut fields = std::collections::HashMap::new();
    let mut rest = data;
    let mut last = None::<String>;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some(value) = last.as_ref().and_then(|name| fields.get_mut(name)) {
                let value: &mut String = value;
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            let name = name.trim().to_ascii_lowercase();
            fields.insert(name.clone(), value.trim().to_owned());
            last = Some(name);
        }
    }
    (fields, rest)
}

/// `NAME=VALUE` of a header field, quoted or not.
fn parameter(field: &str, name: &str) -> Option<String> {
    field.split(';').skip(1).find_map(|part| {
        let (own, value) = part.split_once('=')?;
        own.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// What stands between the boundaries.
fn pieces<'d>(body: &'d [u8], boundary: &str) -> Vec<&'d [u8]> {
    let mark = format!("--{boundary}");
    let (mut found, mut start, mut at) = (Vec::new(), None, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let last = text.strip_suffix(b"--").is_some_and(|text| text == mark.as_bytes());
        if text == mark.as_bytes() || last {
            if let Some(piece) = start.and_then(|start: usize| body.get(start..at)) {
                // The line end before a boundary belongs to the boundary.
                let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
                found.push(piece.strip_suffix(b"\r").unwrap_or(piece));
            }
            start = Some(at + line.len());
            if last || found.len() > MOST_PARTS {
                return found;
            }
        }
        at += line.len();
    }
    if let Some(piece) = start.and_then(|start| body.get(start..)) {
        found.push(piece);
    }
    found
}

fn decode(body: &[u8], encoding: Option<&String>) -> Result<Vec<u8>, String> {
    match encoding.map(|text| text.to_ascii_lowercase()).as_deref() {
        None | Some("7bit" | "8bit" | "binary") => Ok(body.to_vec()),
        Some("base64") => unbase64(body),
        Some("quoted-printable") => Ok(unquote(body)),
        Some(other) => Err(format!("the transfer encoding `{}` is not known", printable(other))),
    }
}

/// Base64, broken into lines or not.
pub(super) fn unbase64(text: &[u8]) -> Result<Vec<u8>, String> {
    let packed: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(packed).map_err(|error| format!("this is not base64: {error}"))
}

/// gzip, for contents of files.
pub(super) fn ungzip(data: &[u8]) -> Result<Vec<u8>, String> {
    if !data.starts_with(&[0x1f, 0x8b]) {
        return Err("this is not gzip".into());
    }
    let plain = unzip(data, MOST_BYTES)?;
    if plain.len() as u64 > MOST_BYTES {
        Err(format!("it has more than {MOST_BYTES} bytes"))
    } else {
        Ok(plain)
    }
}

fn unquote(body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut bytes = body.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'=' {
            plain.push(byte);
            continue;
        }
        match (bytes.next(), bytes.peek()) {
            (Some(b'\n') | None, _) => {}
            (Some(b'\r'), Some(b'\n')) => drop(bytes.next()),
            (Some(high), Some(&low)) => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => {
                    plain.push(high << 4 | low);
                    bytes.next();
                }
                _ => plain.extend([b'=', high]),
            },
            (Some(other), None) => plain.extend([b'=', other]),
        }
    }
    plain
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// A name that stays in its folder.
fn plain_name(name: &str) -> Option<String> {
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' })
        .take(64)
        .collect();
    (!name.is_empty() && !name.starts_with('.')).then_some(name)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{Kind, split};

    fn kinds(data: &[u8]) -> Vec<Kind> {
        split(data).parts.into_iter().map(|part| part.kind).collect()
    }

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    const MIME: &str = "Content-Type: multipart/mixed; boundary=\"==B==\"\nMIME-Version: 1.0\n\n--==B==\n\
        Content-Type: text/cloud-config; charset=\"us-ascii\"\n\nruncmd: []\n--==B==\r\n\
        Content-Type: text/x-shellscript\nContent-Transfer-Encoding: base64\n\
        Content-Disposition: attachment;\n filename=\"../first.sh\"\n\nIyEvYmluL3No\nCmVjaG8K\n--==B==\n\
        Content-Type: text/x-include-url\n\nhttp://example.com\n--==B==--\nepilogue\n";

    #[test]
    fn the_first_line_says_what_user_data_is() {
        assert_eq!(kinds(b"#!/bin/sh\n"), [Kind::Script]);
        assert_eq!(kinds(b"#cloud-config\nruncmd: []\n"), [Kind::CloudConfig]);
        assert_eq!(kinds(b"#cloud-boothook\n#!/bin/sh\n"), [Kind::BootHook]);
        assert_eq!(kinds(&gzip(b"#!/bin/sh\n")), [Kind::Script]);
        for refused in [&b"#include\nhttp://x"[..], b"## template: jinja\n", b"hello", b"#part-handler\n"] {
            let parts = split(refused);
            assert_eq!((parts.parts.len(), parts.problems.len()), (0, 1), "{parts:?}");
        }
    }

    #[test]
    fn a_mime_archive_gives_its_parts_in_order() {
        for data in [MIME.as_bytes().to_vec(), gzip(MIME.as_bytes())] {
            let parts = split(&data);
            assert_eq!(parts.parts.len(), 2, "{parts:?}");
            assert_eq!((parts.parts[0].kind, parts.parts[1].kind), (Kind::CloudConfig, Kind::Script));
            assert_eq!(parts.parts[1].bytes, b"#!/bin/sh\necho\n");
            assert_eq!(parts.parts[1].name.as_deref(), None);
            assert_eq!(parts.problems, ["#include is not supported: nothing is fetched"]);
        }
    }

    #[test]
    fn what_grows_too_large_is_refused() {
        let bomb = gzip(&vec![b'#'; 100 << 20]);
        let parts = split(&bomb);
        assert_eq!((parts.parts.len(), parts.problems.len()), (0, 1));
        let part = "--B\nContent-Type: text/cloud-config\n\na: 1\n";
        let many = format!("Content-Type: multipart/mixed; boundary=B\n\n{}--B--\n", part.repeat(500));
        assert!(split(many.as_bytes()).parts.len() <= 64);
        let mut nested = "#!/bin/sh\n".to_owned();
        for _ in 0..40 {
            nested = format!("Content-Type: multipart/mixed; boundary=B\n\n--B\n{nested}\n--B--\n");
        }
        assert!(split(nested.as_bytes()).parts.is_empty());
    }

    #[test]
    fn quoted_printable_is_read() {
        assert_eq!(super::unquote(b"a=3Db=\nc=\r\nd=zz=4"), b"a=bcd=zz=4");
    }
}
