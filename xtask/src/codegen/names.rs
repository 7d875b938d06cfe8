//! AWS's names in Rust's spelling.

/// `CreateOpenIDConnectProvider` → `create_open_id_connect_provider`, `ClientIDList` → `client_id_list`,
/// `NotificationARNs` → `notification_arns`.
pub fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (i, letter) in letters.iter().enumerate() {
        let at = |offset: isize| i.checked_add_signed(offset).and_then(|i| letters.get(i)).copied();
        let (before, after) = (at(-1), at(1));
        // The plural of an acronym keeps its `s`: ARNs.
        let plural = after == Some('s') && at(2).is_none_or(char::is_uppercase);
        let ends_acronym = after.is_some_and(char::is_lowercase) && !plural;
        // CRC32C is one word, Ipv6Address is two.
        let begins =
            letter.is_uppercase() && before.is_some_and(|before| before.is_lowercase() || ends_acronym);
        if begins && !out.ends_with('_') {
            out.push('_');
        }
        if letter.is_alphanumeric() {
            out.extend(letter.to_lowercase());
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out
}

/// A field's name; a keyword gets an underscore behind it.
pub fn field(name: &str) -> String {
    let name = snake(name);
    const KEYWORDS: [&str; 36] = [
        "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
        "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref",
        "return", "self", "static", "struct", "super", "trait", "true", "type", "unsafe", "use", "where",
    ];
    if KEYWORDS.contains(&name.as_str()) { format!("{name}_") } else { name }
}

/// A structure's name.
pub fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// A constant's name.
pub fn constant(name: &str) -> String {
    snake(name).to_uppercase()
}

/// A text as a Rust literal.
pub fn literal(text: &str) -> String {
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acronyms_are_one_word() {
        for (name, expected) in [
            ("CreateRole", "create_role"),
            ("CreateOpenIDConnectProvider", "create_open_id_connect_provider"),
            ("ClientIDList", "client_id_list"),
            ("ListMFADevices", "list_mfa_devices"),
            ("NotificationARNs", "notification_arns"),
            ("ListObjectsV2", "list_objects_v2"),
            ("SSEKMSKeyId", "ssekms_key_id"),
            ("ETag", "e_tag"),
            ("ChecksumCRC32C", "checksum_crc32c"),
            ("Ipv6Addresses", "ipv6_addresses"),
            ("IsTruncated", "is_truncated"),
        ] {
            assert_eq!(snake(name), expected);
        }
    }
}
