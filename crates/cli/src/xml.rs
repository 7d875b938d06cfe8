//! Single values out of EC2's answers.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The text of the first element of this name.
pub fn first(text: &str, name: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if start.name().as_ref() == name => {
                let raw = reader.read_text(start.name()).ok()?;
                return quick_xml::escape::unescape(&raw).ok().map(|text| text.into_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::first;

    #[test]
    fn the_first_element_of_a_name_is_found() {
        let text = "<a><b>1 &lt; 2</b><c/><b>3</b></a>";
        assert_eq!(first(text, "b").as_deref(), Some("1 < 2"));
        assert_eq!(first(text, "d"), None);
        assert_eq!(first("<a><b>", "b"), None);
    }
}
