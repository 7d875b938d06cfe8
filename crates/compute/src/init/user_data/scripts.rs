//! The scripts that a configuration stands for: commands, and the packages that it wants.

use std::fmt::Write as _;

use super::config::{Config, Line, text};

/// Commands one after the other, as a script; one that fails does not end it.
pub(super) fn script_of(lines: &[Line]) -> String {
    let quote = |word: &String| format!("'{}'", word.replace('\'', r"'\''"));
    lines.iter().fold(String::from("#!/bin/sh\n"), |mut script, line| {
        let _ = match line {
            Line::Shell(line) => writeln!(script, "{line}"),
            Line::Program(words) => {
                writeln!(script, "{}", words.iter().map(quote).collect::<Vec<_>>().join(" "))
            }
        };
        script
    })
}

/// A script for the image's own package tool. `/usr` of this machine is read-only: there it says so and fails.
pub(super) fn packages(config: &Config) -> Option<String> {
    let names = config.list("packages").iter().filter_map(text).collect::<Vec<_>>();
    let (update, upgrade) = (config.is_true("package_update"), config.is_true("package_upgrade"));
    if names.is_empty() && !update && !upgrade {
        return None;
    }
    let names: Vec<String> = names.iter().map(|name| format!("'{}'", name.replace('\'', r"'\''"))).collect();
    let install =
        |command: &str| if names.is_empty() { ":".into() } else { format!("{command} {}", names.join(" ")) };
    let when = |wanted: bool, command: &str| if wanted { command.to_owned() } else { ":".to_owned() };
    let mut script = String::from(
        "#!/bin/sh\nif ! touch /usr/.writable 2>/dev/null; then\n\
         echo 'user data: packages cannot be installed: /usr is the host machine'\"'\"'s and read-only' >&2\n\
         exit 1\nfi\nrm -f /usr/.writable\n",
    );
    let apt = "DEBIAN_FRONTEND=noninteractive apt-get -y -q";
    let _ = writeln!(
        script,
        "if command -v apt-get >/dev/null; then apt-get -q update && {} && {}\n\
         elif command -v dnf >/dev/null; then {} && {}\n\
         elif command -v yum >/dev/null; then {} && {}\n\
         elif command -v apk >/dev/null; then apk update && {} && {}\n\
         else echo 'user data: packages: this image has no package tool that is known' >&2; exit 1; fi",
        when(upgrade, &format!("{apt} dist-upgrade")),
        install(&format!("{apt} install")),
        when(upgrade, "dnf -y -q upgrade"),
        install("dnf -y -q install"),
        when(upgrade, "yum -y -q update"),
        install("yum -y -q install"),
        when(upgrade, "apk upgrade"),
        install("apk add"),
    );
    Some(script)
}
