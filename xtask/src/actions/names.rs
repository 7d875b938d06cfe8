//! Rust names of AWS's resource kinds and condition keys.

/// The words of an AWS name, each with a capital first letter, joined: `access-report` → `AccessReport`,
/// `x-amz-acl` → `XAmzAcl`, `RoleTemplateARN` stays.
pub fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let (first, rest) = word.split_at(1);
        out.push_str(&first.to_ascii_uppercase());
        out.push_str(rest);
    }
    out
}

/// The module of a service, by its prefix: `ec2-instance-connect` → `ec2_instance_connect`.
pub fn module(prefix: &str) -> String {
    prefix.replace('-', "_")
}

/// Where the variable part of a key begins: `${TagKey}`, or S3's `<key>`.
pub fn placeholder(key: &str) -> Option<usize> {
    key.find("${").or_else(|| key.find('<'))
}

/// The Rust name of a condition key: the text after the colon; the provider's name before it when the key is an
/// identity provider's. A variable last part is left out.
pub fn key(service: &str, key: &str) -> String {
    let (prefix, name) = key.split_once(':').unwrap_or(("", key));
    let fixed = match placeholder(name) {
        Some(at) => name.get(..at).unwrap_or(name),
        None => name,
    };
    if prefix == service { camel(fixed) } else { format!("{}{}", camel(prefix), camel(fixed)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_text_after_the_colon() {
        assert_eq!(key("iam", "iam:PermissionsBoundary"), "PermissionsBoundary");
        assert_eq!(key("s3", "s3:x-amz-acl"), "XAmzAcl");
        assert_eq!(key("s3", "s3:ExistingObjectTag/<key>"), "ExistingObjectTag");
        assert_eq!(key("sts", "accounts.google.com:aud"), "AccountsGoogleComAud");
        assert_eq!(camel("vpc-flow-log"), "VpcFlowLog");
    }
}
