//! Objects that images are made of: EC2 asks for them, S3 has them, so they meet here.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use rolecall_base::{AccountId, Fault};
use rolecall_compute::ImageSource;
use rolecall_door::{At, Origin, Visitor};
use rolecall_ec2::{BucketSays, ObjectSays, Opening, Source};
use rolecall_identity::Caller;
use rolecall_s3::model::{GetObject, GetObjectRequest};
use rolecall_s3::records::Heads;
use rolecall_store::Reader;
use rolecall_wire::Body;
use tokio::io::{AsyncRead, ReadBuf};

use crate::control::Server;

/// The objects of this server's own S3.
#[derive(Debug)]
pub struct ImageObjects(pub Arc<Server>);

impl Source for ImageObjects {
    fn bucket(&self, at: &At<'_>, bucket: &str) -> Result<Option<BucketSays>, Fault> {
        let said = rolecall_s3::bucket_policy(at.db()?, &at.identity.documents, at.caller, bucket)?;
        Ok(said.map(|said| BucketSays { owner: said.owner, policy: said.policy }))
    }

    fn object(&self, db: &Reader, bucket: &str, key: &str) -> Result<Option<ObjectSays>, Fault> {
        let row = db.get::<Heads>(&(bucket, key))?;
        Ok(row.map(|row| ObjectSays { tags: row.head.tags, etag: row.head.etag }))
    }

    /// Reads as the owner of the bucket: whether the caller may was decided when the image was registered.
    fn open(&self, owner: AccountId, region: &str, bucket: &str, key: &str, etag: &str) -> Opening {
        let door = self.0.door.get().and_then(std::sync::Weak::upgrade);
        let input = GetObjectRequest {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            // A bucket of the same name that is somebody else's by now is another bucket.
            expected_bucket_owner: Some(owner.to_string()),
            if_match: Some(format!("\"{etag}\"")),
            ..Default::default()
        };
        let region = region.to_owned();
        Box::pin(async move {
            let door = door.ok_or_else(|| Fault::internal("the server is ending"))?;
            let origin = Origin::via("ec2.amazonaws.com");
            let visitor = Visitor::vouched(Caller::root(owner));
            let output = door.call::<GetObject>(visitor, &region, origin, input).await?;
            let pieces = match output.body {
                Body::Bytes(bytes) => Pieces { piece: bytes, rest: None },
                Body::Stream { stream, .. } => Pieces { piece: Bytes::new(), rest: Some(stream) },
            };
            Ok(ImageSource::Stream(Box::new(pieces)))
        })
    }
}

type Arriving = Pin<Box<dyn Stream<Item = Result<Bytes, io::Error>> + Send>>;

/// A body that is read as a file.
struct Pieces {
    piece: Bytes,
    rest: Option<Arriving>,
}

impl AsyncRead for Pieces {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let own = self.get_mut();
        while own.piece.is_empty() {
            let Some(rest) = own.rest.as_mut() else { return Poll::Ready(Ok(())) };
            match rest.as_mut().poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(piece)) => own.piece = piece?,
                Poll::Ready(None) => own.rest = None,
            }
        }
        let length = own.piece.len().min(buffer.remaining());
        buffer.put_slice(own.piece.get(..length).unwrap_or_default());
        own.piece.advance(length);
        Poll::Ready(Ok(()))
    }
}
