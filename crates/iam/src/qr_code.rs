//! The picture that an authenticator app scans: a QR code of the device's `otpauth` address, as a PNG.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use qrcodegen::{QrCode, QrCodeEcc};
use rolecall_base::Fault;

use crate::wire::encoded;

/// Pixels of one square of the code.
const SCALE: usize = 4;
/// Squares of white around it, as its standard wants.
const BORDER: usize = 4;

/// The address of a seed, as AWS's codes have it: the account is its alias, or its number where it has none.
pub(crate) fn address(device: &str, account: &str, seed: &str) -> String {
    let (device, account) = (encoded(device), encoded(account));
    format!(
        "otpauth://totp/Amazon%20Web%20Services:{device}@{account}?secret={seed}&issuer=Amazon%20Web%20Services"
    )
}

/// A PNG of the QR code of a text.
///
/// # Errors
/// InternalFailure for a text of more than some 2,000 characters.
pub(crate) fn png(text: &str) -> Result<Vec<u8>, Fault> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(Fault::internal)?;
    let squares = usize::try_from(code.size()).map_err(Fault::internal)? + 2 * BORDER;
    let mut rows = Vec::new();
    for y in 0..squares {
        let row = row(&code, y, squares);
        (0..SCALE).for_each(|_| rows.extend_from_slice(&row));
    }
    image(squares * SCALE, &rows)
}

/// One row of pixels, a bit each, white is 1; PNG wants its filter's number (none: 0) before it.
fn row(code: &QrCode, y: usize, squares: usize) -> Vec<u8> {
    let module = |n: usize| i32::try_from(n).unwrap_or(0) - i32::try_from(BORDER).unwrap_or(0);
    let mut bytes = vec![0];
    let (mut byte, mut bits) = (0_u8, 0);
    for x in 0..squares {
        let white = !code.get_module(module(x), module(y));
        for _ in 0..SCALE {
            byte = byte << 1 | u8::from(white);
            bits += 1;
            if bits == 8 {
                bytes.push(byte);
                (byte, bits) = (0, 0);
            }
        }
    }
    if bits > 0 {
        bytes.push(byte << (8 - bits));
    }
    bytes
}

/// A square picture of one bit a pixel.
fn image(side: usize, rows: &[u8]) -> Result<Vec<u8>, Fault> {
    let side = u32::try_from(side).map_err(Fault::internal)?.to_be_bytes();
    // One bit, gray, and the only methods of compression, filter and order that fit.
    let header = [&side[..], &side, &[1, 0, 0, 0, 0]].concat();
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(rows).map_err(Fault::internal)?;
    let packed = packed.finish().map_err(Fault::internal)?;
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, body) in [(b"IHDR", &header), (b"IDAT", &packed), (b"IEND", &Vec::new())] {
        let length = u32::try_from(body.len()).map_err(Fault::internal)?;
        let mut sum = Crc::new();
        sum.update(kind);
        sum.update(body);
        png.extend_from_slice(&length.to_be_bytes());
        png.extend_from_slice(kind);
        png.extend_from_slice(body);
        png.extend_from_slice(&sum.sum().to_be_bytes());
    }
    Ok(png)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_names_device_account_and_issuer() {
        assert_eq!(
            address("ann+1", "acme", "MZXW6"),
            "otpauth://totp/Amazon%20Web%20Services:ann%2B1@acme?secret=MZXW6&issuer=Amazon%20Web%20Services"
        );
    }

    #[test]
    fn the_picture_has_the_squares_of_the_code_within_a_white_border() {
        let png = png("otpauth://totp/x").unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
        let side = usize::try_from(u32::from_be_bytes(png[16..20].try_into().unwrap())).unwrap();
        let length = usize::try_from(u32::from_be_bytes(png[33..37].try_into().unwrap())).unwrap();
        let mut rows = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(&png[41..41 + length]), &mut rows)
            .unwrap();
        let width = side.div_ceil(8) + 1;
        assert_eq!(rows.len(), width * side);
        let is_white = |x: usize, y: usize| rows[y * width + 1 + x / 8] >> (7 - x % 8) & 1 == 1;
        // The first finder pattern: black outside, white within, black in its middle.
        let at = |x: usize, y: usize| is_white((BORDER + x) * SCALE, (BORDER + y) * SCALE);
        assert!((0..side).all(|x| is_white(x, 0) && is_white(0, x)));
        assert!((0..7).all(|n| !at(n, 0) && !at(0, n) && !at(n, 6)));
        assert!(at(1, 1) && at(5, 5) && !at(3, 3) && at(7, 0));
    }
}
