//! The names of condition operators, taken apart.

/// `ForAllValues:StringNotEqualsIfExists` and its kin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub quantifier: Option<Quantifier>,
    pub if_exists: bool,
    pub negated: bool,
    pub family: Family,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    All,
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Text,
    TextIgnoringCase,
    Like,
    Number(Compare),
    Date(Compare),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

/// How the request's value must stand to the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Compare {
    pub fn holds<T: Ord>(self, request: T, policy: T) -> bool {
        match self {
            Compare::Equal => request == policy,
            Compare::Less => request < policy,
            Compare::LessOrEqual => request <= policy,
            Compare::Greater => request > policy,
            Compare::GreaterOrEqual => request >= policy,
        }
    }
}

impl Operator {
    /// Spelling is exact; `None`: no operator of AWS's.
    pub fn parse(text: &str) -> Option<Operator> {
        let (quantifier, name) = match text.split_once(':') {
            Some(("ForAllValues", name)) => (Some(Quantifier::All), name),
            Some(("ForAnyValue", name)) => (Some(Quantifier::Any), name),
            Some(_) => return None,
            None => (None, text),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (family, negated) = family(name)?;
        if family == Family::Null && (if_exists || quantifier.is_some()) {
            return None;
        }
        Some(Operator { quantifier, if_exists, negated, family })
    }
}

fn family(name: &str) -> Option<(Family, bool)> {
    if let Some(rest) = name.strip_prefix("Numeric") {
        return compare(rest).map(|(compare, negated)| (Family::Number(compare), negated));
    }
    if let Some(rest) = name.strip_prefix("Date") {
        return compare(rest).map(|(compare, negated)| (Family::Date(compare), negated));
    }
    Some(match name {
        "StringEquals" => (Family::Text, false),
        "StringNotEquals" => (Family::Text, true),
        "StringEqualsIgnoreCase" => (Family::TextIgnoringCase, false),
        "StringNotEqualsIgnoreCase" => (Family::TextIgnoringCase, true),
        "StringLike" => (Family::Like, false),
        "StringNotLike" => (Family::Like, true),
        "Bool" => (Family::Bool, false),
        "BinaryEquals" => (Family::Binary, false),
        "IpAddress" => (Family::Ip, false),
        "NotIpAddress" => (Family::Ip, true),
        "ArnEquals" | "ArnLike" => (Family::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Family::Arn, true),
        "Null" => (Family::Null, false),
        _ => return None,
    })
}

fn compare(name: &str) -> Option<(Compare, bool)> {
    Some(match name {
        "Equals" => (Compare::Equal, false),
        "NotEquals" => (Compare::Equal, true),
        "LessThan" => (Compare::Less, false),
        "LessThanEquals" => (Compare::LessOrEqual, false),
        "GreaterThan" => (Compare::Greater, false),
        "GreaterThanEquals" => (Compare::GreaterOrEqual, false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let operator = Operator::parse("ForAnyValue:NumericNotEqualsIfExists").unwrap();
        assert_eq!(operator.quantifier, Some(Quantifier::Any));
        assert!(operator.if_exists && operator.negated);
        assert_eq!(operator.family, Family::Number(Compare::Equal));
    }

    #[test]
    fn spelling_is_exact() {
        for bad in
            ["stringEquals", "StringEqualsifExists", "NullIfExists", "ForAll:Bool", "StringGreaterThan", ""]
        {
            assert_eq!(Operator::parse(bad), None, "{bad}");
        }
    }
}
