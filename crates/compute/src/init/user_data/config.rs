//! `#cloud-config`, read: the modules that are carried out, as values that are checked; all else by name.

use serde_json::{Map, Value};

/// Modules that are carried out here.
const KNOWN: &[&str] = &[
    "bootcmd",
    "chpasswd",
    "final_message",
    "fqdn",
    "groups",
    "hostname",
    "locale",
    "package_reboot_if_required",
    "package_update",
    "package_upgrade",
    "packages",
    "power_state",
    "prefer_fqdn_over_hostname",
    "preserve_hostname",
    "runcmd",
    "ssh_authorized_keys",
    "timezone",
    "users",
    "write_files",
];

/// Without effect here, since there is nothing that they are about: no passwords to log in with, no growing of disks.
const IDLE: &[&str] =
    &["disable_root", "growpart", "manage_etc_hosts", "resize_rootfs", "ssh_deletekeys", "ssh_pwauth"];

/// Several `#cloud-config`s as one: of each key the last part that has it counts.
#[derive(Debug, Default)]
pub(super) struct Config {
    map: Map<String, Value>,
    pub problems: Vec<String>,
}

/// A command: a line for the shell, or a program with arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Shell(String),
    Program(Vec<String>),
}

impl Config {
    /// Reads one more part.
    pub(super) fn read(&mut self, text: &[u8]) {
        match parse(text) {
            Ok(map) => self.map.extend(map),
            Err(why) => self.problems.push(format!("#cloud-config: {why}")),
        }
    }

    /// Says which keys are not carried out.
    pub(super) fn check(&mut self) {
        for key in self.map.keys() {
            if IDLE.contains(&key.as_str()) {
                self.problems.push(format!("`{key}` has no effect here"));
            } else if !KNOWN.contains(&key.as_str()) {
                self.problems.push(format!("`{key}` is not supported and was left out"));
            }
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// A key whose value is one text.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let value = self.get(key)?;
        match text(value) {
            Some(text) => Some(text),
            None => {
                self.problems.push(format!("{key}: not a text"));
                None
            }
        }
    }

    pub(super) fn is_true(&self, key: &str) -> bool {
        self.get(key).is_some_and(truth)
    }

    /// The entries of a list; one alone counts as a list.
    pub(super) fn list(&self, key: &str) -> Vec<Value> {
        match self.get(key) {
            None => Vec::new(),
            Some(Value::Array(list)) => list.clone(),
            Some(one) => vec![one.clone()],
        }
    }

    /// The commands of `runcmd` or `bootcmd`.
    pub(super) fn lines(&mut self, key: &str) -> Vec<Line> {
        let mut lines = Vec::new();
        for (at, value) in self.list(key).iter().enumerate() {
            match line(value) {
                Some(line) => lines.push(line),
                None => self.problems.push(format!("{key}[{at}]: neither a line nor a list of arguments")),
            }
        }
        lines
    }
}

/// Reads YAML with bounds on what it may unfold to.
fn parse(text: &[u8]) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 100_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_depth: 64,
            max_nodes: 50_000,
            flow_nesting_limit: 64,
        },
        leading_zero_numbers_as_strings: true,
    };
    let value: Value = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let text = error.to_string();
        text.lines().next().unwrap_or_default().to_owned()
    })?;
    match value {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err("it is not a mapping".into()),
    }
}

fn line(value: &Value) -> Option<Line> {
    match value {
        Value::String(line) => Some(Line::Shell(line.clone())),
        Value::Array(arguments) => {
            let arguments: Option<Vec<String>> = arguments.iter().map(text).collect();
            arguments.filter(|arguments| !arguments.is_empty()).map(Line::Program)
        }
        _ => None,
    }
}

/// A text; numbers and truths as they are written.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// A text of a mapping.
pub(super) fn field(map: &Map<String, Value>, key: &str) -> Option<String> {
    map.get(key).and_then(text)
}

pub(super) fn truth(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => *truth,
        Value::String(word) => matches!(word.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1"),
        _ => false,
    }
}

/// A list of texts: as a list, or one text with commas.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
        Some(Value::String(names)) => {
            names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Line};

    fn read(text: &str) -> Config {
        let mut config = Config::default();
        config.read(text.as_bytes());
        config.check();
        config
    }

    #[test]
    fn commands_are_lines_or_lists() {
        let mut config = read("#cloud-config\nruncmd:\n - echo a\n - [ls, -l, 3]\n - {a: b}\n");
        let lines = config.lines("runcmd");
        assert_eq!(lines[0], Line::Shell("echo a".into()));
        assert_eq!(lines[1], Line::Program(["ls", "-l", "3"].map(String::from).to_vec()));
        assert_eq!(config.problems, ["runcmd[2]: neither a line nor a list of arguments"]);
    }

    #[test]
    fn what_is_not_carried_out_is_named() {
        let config = read("#cloud-config\nntp: {}\nssh_pwauth: true\nhostname: x\n");
        assert_eq!(
            config.problems,
            ["`ntp` is not supported and was left out", "`ssh_pwauth` has no effect here"]
        );
    }

    #[test]
    fn of_two_parts_the_last_that_has_a_key_counts() {
        let mut config = read("#cloud-config\nhostname: one\ntimezone: UTC\n");
        config.read(b"#cloud-config\nhostname: two\n");
        assert_eq!(
            (config.text("hostname"), config.text("timezone")),
            (Some("two".into()), Some("UTC".into()))
        );
    }

    #[test]
    fn bombs_and_broken_texts_are_errors() {
        let mut bomb = String::from("#cloud-config\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let below = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        let deep = format!("#cloud-config\na: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
        for text in [bomb.as_str(), deep.as_str(), "#cloud-config\na: [b\n", "#cloud-config\n- a\n", "\u{0}"]
        {
            let config = read(text);
            assert!(config.is_empty(), "{:?}", config.map.keys());
            assert_eq!(config.problems.len(), 1, "{:?}", config.problems);
        }
    }
}
