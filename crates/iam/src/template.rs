//! Templates of policies and names: texts with parameters, `@{bucket}`, that a request fills in.

use std::collections::BTreeMap;

use rolecall_base::Fault;

use crate::model::fault;

/// What a parameter stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filling {
    Text(String),
    List(Vec<String>),
}

/// The parameters of a request, by name.
pub(crate) type Fillings = BTreeMap<String, Filling>;

/// The names of the parameters in a text, as often as they occur.
pub(crate) fn parameters(text: &str) -> Vec<&str> {
    pieces(text)
        .filter_map(|piece| if let Piece::Parameter(name) = piece { Some(name) } else { None })
        .collect()
}

/// A name or a description with its parameters filled in.
///
/// # Errors
/// InvalidInput for a parameter without a value, or with a list of them.
pub(crate) fn text(template: &str, fillings: &Fillings) -> Result<String, Fault> {
    let mut out = String::new();
    for piece in pieces(template) {
        match piece {
            Piece::Plain(plain) => out.push_str(plain),
            Piece::Parameter(name) => match find(name, fillings)? {
                Filling::Text(value) => out.push_str(value),
                Filling::List(_) => return Err(no_list_here(name)),
            },
        }
    }
    Ok(out)
}

/// A JSON document with the parameters in its strings filled in. A string with a list in it becomes one string for each
/// of the list's values.
///
/// # Errors
/// As [`text`]; a list may stand in values only, and one in a string.
pub(crate) fn document(template: &str, fillings: &Fillings) -> Result<String, Fault> {
    let mut out = String::with_capacity(template.len());
    let mut open: Vec<char> = Vec::new();
    let mut rest = template;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let (raw, after) = literal(rest);
            let is_key = after.trim_start().starts_with(':');
            out.push_str(&strings(raw, fillings, is_key, open.last() == Some(&'['))?);
            rest = after;
            continue;
        }
        match first {
            '[' | '{' => open.push(first),
            ']' | '}' => drop(open.pop()),
            _ => {}
        }
        out.push(first);
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    Ok(out)
}

/// The inside of the string literal that a text begins with, and what follows it.
fn literal(text: &str) -> (&str, &str) {
    let inside = text.get(1..).unwrap_or_default();
    let mut escaped = false;
    for (at, letter) in inside.char_indices() {
        match letter {
            '"' if !escaped => {
                return (inside.get(..at).unwrap_or_default(), inside.get(at + 1..).unwrap_or_default());
            }
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (inside, "")
}

/// The literals that the inside of one becomes.
fn strings(raw: &str, fillings: &Fillings, is_key: bool, in_list: bool) -> Result<String, Fault> {
    let mut all = vec![String::new()];
    let mut listed = false;
    for piece in pieces(raw) {
        let name = match piece {
            Piece::Plain(plain) => {
                all.iter_mut().for_each(|one| one.push_str(plain));
                continue;
            }
            Piece::Parameter(name) => name,
        };
        match find(name, fillings)? {
            Filling::Text(value) => all.iter_mut().for_each(|one| one.push_str(&escaped(value))),
            Filling::List(_) if is_key || listed => return Err(no_list_here(name)),
            Filling::List(values) => {
                listed = true;
                let before = all.pop().unwrap_or_default();
                all = values.iter().map(|value| format!("{before}{}", escaped(value))).collect();
            }
        }
    }
    let all: Vec<String> = all.into_iter().map(|one| format!("\"{one}\"")).collect();
    let joined = all.join(", ");
    Ok(if listed && !in_list { format!("[{joined}]") } else { joined })
}

/// As it stands inside of a string of JSON.
fn escaped(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

fn find<'f>(name: &str, fillings: &'f Fillings) -> Result<&'f Filling, Fault> {
    let missing = || fault::invalid_input(format!("The template parameter {name} has no value."));
    fillings.get(name).ok_or_else(missing)
}

fn no_list_here(name: &str) -> Fault {
    fault::invalid_input(format!("The template parameter {name} can not be a list where it stands."))
}

enum Piece<'t> {
    Plain(&'t str),
    Parameter(&'t str),
}

/// A text as what stands in it and the parameters between. An `@{` without an end is plain text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(inside) = rest.strip_prefix("@{")
            && let Some((name, after)) = inside.split_once('}')
        {
            rest = after;
            return Some(Piece::Parameter(name));
        }
        // Past the first letter, which may be an `@` that begins nothing.
        let begin = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest.get(begin..).and_then(|tail| tail.find("@{")).map_or(rest.len(), |at| at + begin);
        let (plain, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Plain(plain))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fillings() -> Fillings {
        let list = Filling::List(vec!["a".into(), "b\"c".into()]);
        [("bucket".to_owned(), Filling::Text("pics\"*".into())), ("names".to_owned(), list)].into()
    }

    #[test]
    fn texts_are_filled_in_and_escaped() {
        let filled = document(r#"{"Resource": "arn:aws:s3:::@{bucket}/*", "a": 1}"#, &fillings()).unwrap();
        assert_eq!(filled, r#"{"Resource": "arn:aws:s3:::pics\"*/*", "a": 1}"#);
        assert_eq!(text("x-@{bucket}@{", &fillings()).unwrap(), "x-pics\"*@{");
    }

    #[test]
    fn a_list_becomes_a_string_for_each_of_its_values() {
        let filled = document(r#"{"Resource": "arn:@{names}/*"}"#, &fillings()).unwrap();
        assert_eq!(filled, r#"{"Resource": ["arn:a/*", "arn:b\"c/*"]}"#);
        let filled = document(r#"["x", "@{names}"]"#, &fillings()).unwrap();
        assert_eq!(filled, r#"["x", "a", "b\"c"]"#);
    }

    #[test]
    fn what_has_no_value_or_stands_in_the_wrong_place_is_refused() {
        for bad in [r#"{"a": "@{none}"}"#, r#"{"@{names}": 1}"#, r#"["@{names}@{names}"]"#] {
            assert_eq!(document(bad, &fillings()).unwrap_err().code(), "InvalidInput", "{bad}");
        }
        assert_eq!(text("@{names}", &fillings()).unwrap_err().code(), "InvalidInput");
    }

    #[test]
    fn parameters_are_found_where_they_stand() {
        assert_eq!(parameters("@@{a}x@{b}@{c"), ["a", "b"]);
    }
}
