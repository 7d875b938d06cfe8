//! PEM: base 64 between dashes. Nothing but white space may stand around the blocks, as IAM has it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The blocks of a text, each with its label and what it holds; `None` when the text has anything else.
pub(crate) fn all(text: &str) -> Option<Vec<(&str, Vec<u8>)>> {
    let mut rest = text.trim();
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        let (label, after) = rest.strip_prefix("-----BEGIN ")?.split_once("-----")?;
        let (body, after) = after.split_once("-----END ")?;
        let after = after.strip_prefix(label)?.strip_prefix("-----")?;
        // A line with a colon is a header, such as that of an encrypted key: it does not decode.
        let packed: String = body.split_ascii_whitespace().collect();
        blocks.push((label, STANDARD.decode(packed).ok()?));
        rest = after.trim_start();
    }
    Some(blocks)
}

/// The one block of a text.
pub(crate) fn one(text: &str) -> Option<(&str, Vec<u8>)> {
    let mut blocks = all(text)?;
    let block = blocks.pop()?;
    blocks.is_empty().then_some(block)
}

/// A block with lines of 64 characters. `packed` is base 64.
pub(crate) fn encode(label: &str, packed: &str) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, letter) in packed.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str(&format!("\n-----END {label}-----"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_and_nothing_else() {
        let block = encode("X", "aGVsbG8=");
        assert_eq!(one(&block), Some(("X", b"hello".to_vec())));
        assert_eq!(all(&format!("{block}\n\n{block}\n")).map(|all| all.len()), Some(2));
        assert_eq!((one(&format!("{block}{block}")), all("")), (None, Some(Vec::new())));
        for bad in
            ["x", &format!("{block} x"), &block.replace("END X", "END Y"), &block.replace("aG", "a: b")]
        {
            assert_eq!(all(bad), None, "{bad}");
        }
    }
}
