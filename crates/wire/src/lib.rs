//! AWS's wire protocols over bytes: query, ec2, json, rest-json, rest-xml
