//! The model's regular expressions, which are Java's, in the dialect of crate `regex`.

use std::collections::HashMap;

/// Translates a pattern, or takes the patch's translation; either must compile.
pub fn translated(pattern: &str, patches: &HashMap<String, String>) -> Result<String, String> {
    let source = patches.get(pattern).cloned().unwrap_or_else(|| translate(pattern));
    match regex::Regex::new(&format!("^(?:{source})$")) {
        Ok(_) => Ok(source),
        Err(why) => Err(format!("pattern {pattern} needs a patch: {why}")),
    }
}

/// `\w`, `\d` and `\s` are ASCII in Java; `\uXXXX` has braces here.
fn translate(pattern: &str) -> String {
    // The model writes code points above the first plane with five and six digits.
    let pattern = pattern.replace("\\u10FFFF", "\\U0010FFFF").replace("\\u10000", "\\U00010000");
    let mut out = String::new();
    let mut in_class = false;
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '[' => in_class = true,
            ']' => in_class = false,
            '\\' => {
                escape(letters.next().unwrap_or('\\'), in_class, &mut out);
                continue;
            }
            _ => {}
        }
        out.push(letter);
    }
    out
}

fn escape(letter: char, in_class: bool, out: &mut String) {
    let set = match letter.to_ascii_lowercase() {
        'w' => "0-9A-Za-z_",
        'd' => "0-9",
        's' => " \\t\\n\\x0B\\f\\r",
        _ => {
            out.push('\\');
            out.push(letter);
            return;
        }
    };
    if letter.is_ascii_uppercase() {
        out.push_str(&format!("[^{set}]"));
    } else if in_class {
        out.push_str(set);
    } else {
        out.push_str(&format!("[{set}]"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javas_classes_are_ascii() {
        let found = translated(r"[\w+=,.@-]+", &HashMap::new());
        assert_eq!(found, Ok(r"[0-9A-Za-z_+=,.@-]+".to_owned()));
        assert_eq!(translate(r"\d{12}"), "[0-9]{12}");
        assert!(translated(r"a(?!b)", &HashMap::new()).is_err());
    }
}
