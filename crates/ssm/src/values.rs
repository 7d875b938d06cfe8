//! Values: what a type, a data type and a pattern allow, and how secure ones are sealed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rolecall_base::Fault;
use rolecall_door::At;
use rolecall_env::Env;
use rolecall_identity::Vault;
use zeroize::Zeroizing;

use crate::model::fault;
use crate::named::invalid;
use crate::public::Images;
use crate::records::{Stored, Version, owner};

/// Characters of a value in each tier.
const STANDARD_SIZE: usize = 4096;
const ADVANCED_SIZE: usize = 8192;
/// The one key that there is: secure strings are sealed by this server's own.
pub(crate) const KEY: &str = "alias/aws/ssm";
/// Memory of a compiled pattern.
const PATTERN_SIZE: usize = 1 << 20;

/// Seals a value, or keeps it as it is.
pub(crate) fn store(env: &Env, vault: &Vault, kind: &str, owner: &str, value: &str) -> Result<Stored, Fault> {
    if kind != "SecureString" {
        return Ok(Stored::Plain(value.to_owned()));
    }
    let sealed = vault.seal(env, owner, value.as_bytes());
    Ok(Stored::Sealed(sealed.map_err(|_| Fault::internal("a parameter could not be sealed"))?))
}

/// A value as an answer has it: secure ones as cipher text, unless they are to be decrypted.
///
/// # Errors
/// InternalFailure for a value that this server's key does not open.
pub(crate) fn open(
    vault: &Vault,
    arn: &str,
    name: &str,
    version: &Version,
    decrypt: bool,
) -> Result<String, Fault> {
    match &version.value {
        Stored::Plain(value) => Ok(value.clone()),
        Stored::Sealed(sealed) if !decrypt => Ok(STANDARD.encode(sealed)),
        Stored::Sealed(sealed) => {
            let opened = vault.unseal(&owner(arn, name, version.number), sealed);
            let bytes: Zeroizing<Vec<u8>> =
                opened.map_err(|_| Fault::internal(format!("{arn} does not open")))?;
            String::from_utf8(bytes.to_vec()).map_err(|_| Fault::internal(format!("{arn} is no text")))
        }
    }
}

/// The tier that a value is kept in, from the one asked for and the one it has.
///
/// # Errors
/// ValidationException for a value that is too long, and for a way back to the standard tier.
pub(crate) fn tier(asked: Option<&str>, old: Option<&str>, value: &str) -> Result<&'static str, Fault> {
    let size = value.encode_utf16().count();
    let is_advanced = match asked {
        Some("Advanced") => true,
        Some("Intelligent-Tiering") => size > STANDARD_SIZE || old == Some("Advanced"),
        Some(_) if old == Some("Advanced") => {
            return Err(invalid(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the \
                 advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced \
                 parameter and recreate it as a standard parameter.",
            ));
        }
        Some(_) => false,
        None => old == Some("Advanced"),
    };
    if is_advanced && size > ADVANCED_SIZE {
        let text = format!(
            "Advanced tier parameters support a maximum parameter value of {ADVANCED_SIZE} characters."
        );
        return Err(invalid(text));
    }
    if !is_advanced && size > STANDARD_SIZE {
        return Err(invalid(format!(
            "Standard tier parameters support a maximum parameter value of {STANDARD_SIZE} characters. To create a \
             larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, \
             see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
        )));
    }
    Ok(if is_advanced { "Advanced" } else { "Standard" })
}

/// Holds a value to a pattern, which must match the whole of it.
///
/// # Errors
/// InvalidAllowedPatternException, ParameterPatternMismatchException.
pub(crate) fn check_pattern(pattern: &str, value: &str) -> Result<(), Fault> {
    let compiled = regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(PATTERN_SIZE)
        .build()
        .map_err(|_| {
            fault::invalid_allowed_pattern(format!(
                "The pattern is not a valid regular expression: {pattern}"
            ))
        })?;
    if compiled.is_match(value) {
        return Ok(());
    }
    let text = format!("Parameter value, cannot be validated against allowedPattern: {pattern}");
    Err(fault::parameter_pattern_mismatch(text))
}

/// Holds a value to a data type. An image must be there for the caller's account: AWS looks later, and then drops the
/// change without a word.
///
/// # Errors
/// ValidationException.
pub(crate) fn check_data_type(at: &At<'_>, kind: &str, data_type: &str, value: &str) -> Result<(), Fault> {
    let fits = match data_type {
        "text" => true,
        "aws:ec2:image" if kind != "String" => {
            return Err(invalid(
                "The data type aws:ec2:image is supported for parameters of type String only.",
            ));
        }
        "aws:ec2:image" => {
            let images = at.extensions.get::<Images>()?;
            images.0.usable(at.db()?, at.account(), at.region, value)?
        }
        "aws:account:id" => value.len() == 12 && value.bytes().all(|b| b.is_ascii_digit()),
        "boolean" => matches!(value, "true" | "false"),
        "integer" => value.parse::<i64>().is_ok(),
        "float" => value.parse::<f64>().is_ok_and(f64::is_finite),
        "ipv4-address" => value.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6-address" => value.parse::<std::net::Ipv6Addr>().is_ok(),
        "json" => serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok(),
        _ => {
            return Err(invalid(format!(
                "The following data type is not supported: {data_type} (Data type names are all lowercase.)"
            )));
        }
    };
    if fits {
        return Ok(());
    }
    Err(invalid(format!("Parameter value, cannot be validated against the data type {data_type}.")))
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;

    #[test]
    fn a_tier_holds_so_many_characters_and_never_goes_back() {
        let long = "x".repeat(STANDARD_SIZE + 1);
        assert_eq!(tier(None, None, "x").unwrap(), "Standard");
        assert_eq!(tier(Some("Intelligent-Tiering"), None, &long).unwrap(), "Advanced");
        assert_eq!(tier(None, Some("Advanced"), &long).unwrap(), "Advanced");
        check_fault(tier(None, None, &long), "ValidationException");
        check_fault(tier(Some("Standard"), Some("Advanced"), "x"), "ValidationException");
        check_fault(tier(Some("Advanced"), None, &"x".repeat(ADVANCED_SIZE + 1)), "ValidationException");
    }

    #[test]
    fn a_pattern_must_match_the_whole_value() {
        check_pattern("\\d{1,4}", "1234").unwrap();
        let message = check_fault(check_pattern("\\d{1,4}", "12345"), "ParameterPatternMismatchException");
        assert_eq!(message, "Parameter value, cannot be validated against allowedPattern: \\d{1,4}");
        check_fault(check_pattern("(", "x"), "InvalidAllowedPatternException");
        check_fault(check_pattern("((a{500}){500}){500}", "x"), "InvalidAllowedPatternException");
    }
}
