//! `rolecall ps`: the account's instances, with their roles, how long their credentials last, and how they are reached.

use serde_json::{Value, json};

use super::{block_on, show};
use crate::client::{Client, Failure};

/// Title of a column, and the member that it shows.
const COLUMNS: [(&str, &str); 9] = [
    ("INSTANCE", "instance_id"),
    ("NAME", "name"),
    ("STATE", "state"),
    ("TYPE", "instance_type"),
    ("PRIVATE", "private_ip"),
    ("PUBLIC", "public_ip"),
    ("ROLE", "role"),
    ("CREDENTIALS UNTIL", "credentials_expire"),
    ("DRIVER", "driver"),
];

pub fn run(endpoint: &str, json: bool) -> Result<u8, Failure> {
    let client = Client::new(endpoint)?;
    let answer = block_on(client.call("/_rolecall/instances", &json!({})))?;
    if json {
        return show(&format!("{answer:#}\n"));
    }
    let instances = answer.get("instances").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    show(&table(instances))
}

fn table(instances: &[Value]) -> String {
    let titles = COLUMNS.map(|(title, _)| title.to_owned());
    let cell = |instance: &Value, name: &str| match instance.get(name) {
        Some(Value::String(text)) if !text.is_empty() => text.chars().filter(|c| !c.is_control()).collect(),
        _ => "-".to_owned(),
    };
    let row = |instance: &Value| COLUMNS.map(|(_, name)| cell(instance, name));
    let rows: Vec<[String; COLUMNS.len()]> =
        std::iter::once(titles).chain(instances.iter().map(row)).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_control_characters_go() {
        let instance =
            json!({"instance_id": "i-1", "name": "a\u{1b}[31mb", "state": "running", "public_ip": null});
        let text = table(&[instance]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("INSTANCE  NAME    STATE    TYPE"));
        assert!(lines[1].starts_with("i-1       a[31mb  running  -"));
    }
}
