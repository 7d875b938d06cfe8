//! Resource tags in the order they were set.

use serde::{Deserialize, Serialize};

/// One tag. Keys are unique within a resource, and compared as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub key: String,
    pub value: String,
}

/// The tags of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(Vec<Tag>);

impl Tags {
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
    }

    /// Sets a tag, replacing the value of an existing key in its place.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|tag| tag.key == key) {
            Some(tag) => tag.value = value,
            None => self.0.push(Tag { key, value }),
        }
    }

    pub fn remove(&mut self, key: &str) {
        self.0.retain(|tag| tag.key != key);
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Tag> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, String)> for Tags {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        let mut tags = Tags::default();
        for (key, value) in pairs {
            tags.set(key, value);
        }
        tags
    }
}

impl<'a> IntoIterator for &'a Tags {
    type Item = &'a Tag;
    type IntoIter = std::slice::Iter<'a, Tag>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_a_key_again_replaces_its_value_in_place() {
        let mut tags: Tags = [("a".into(), "1".into()), ("b".into(), "2".into())].into_iter().collect();
        tags.set("a", "3");
        assert_eq!(tags.iter().map(|t| t.value.as_str()).collect::<Vec<_>>(), ["3", "2"]);
        tags.remove("a");
        assert_eq!(tags.get("a"), None);
    }
}
