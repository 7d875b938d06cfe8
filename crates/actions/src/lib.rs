//! Typed actions, resource kinds and condition keys, generated from the Service Authorization Reference
