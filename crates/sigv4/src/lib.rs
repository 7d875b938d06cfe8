//! Signature Version 4: canonical requests, verification, presigned URLs, streaming chunks
