//! Just enough reading of Rust to find functions: names, signatures, bodies.

use std::path::Path;

use regex::Regex;

/// A function with a body.
#[derive(Debug)]
pub struct Function {
    pub name: String,
    /// The module, which is the file's name, or the folder's for `mod.rs`.
    pub module: String,
    pub signature: String,
    pub body: String,
}

/// All functions of a file but those of its tests.
pub fn functions(path: &Path, text: &str) -> Result<Vec<Function>, String> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let text = without_comments(text);
    let start = Regex::new(r"\bfn (\w+)").map_err(|e| e.to_string())?;
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let module = if stem(path) == "mod" { path.parent().map(stem).unwrap_or_default() } else { stem(path) };
    let mut found = Vec::new();
    for head in start.captures_iter(&text) {
        let (Some(whole), Some(name)) = (head.get(0), head.get(1)) else { continue };
        let rest = text.get(whole.start()..).unwrap_or_default();
        // A declaration without a body ends before any brace.
        let Some(open) = rest.find(['{', ';']).filter(|at| rest.as_bytes().get(*at) == Some(&b'{')) else {
            continue;
        };
        found.push(Function {
            name: name.as_str().to_owned(),
            module: module.clone(),
            signature: rest.get(..open).unwrap_or_default().to_owned(),
            body: rest
                .get(open..open.saturating_add(block(rest.get(open..).unwrap_or_default())))
                .unwrap_or_default()
                .to_owned(),
        });
    }
    Ok(found)
}

/// Lines without what follows `//`; texts with `//` in them (addresses) lose their end, which nobody asks for.
fn without_comments(text: &str) -> String {
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// The length of a block that begins with a brace. Braces in texts come in pairs.
fn block(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at.saturating_add(1);
        }
    }
    text.len()
}
