//! Writing and reading bodies: 4 KiB inline, 1 MiB and 64 MiB in files.
#![allow(missing_docs, clippy::unwrap_used, reason = "bench code")]

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rolecall_blobs::{Blobs, Body, Durability, Plan, Wanted};
use rolecall_env::Env;

async fn put(blobs: &Blobs, piece: &Bytes, pieces: usize, md5: bool) -> Body {
    let plan = Plan { digests: Wanted { md5, crc32: true, ..Wanted::NONE }, ..Plan::default() };
    let mut staging = blobs.stage(plan);
    for _ in 0..pieces {
        staging.write(piece.clone()).await.unwrap();
    }
    staging.commit().await.unwrap().body
}

async fn get(blobs: &Blobs, body: &Body) -> usize {
    let Body::Blob(id) = body else { return 0 };
    let mut stream = blobs.open(id, None).await.unwrap();
    let mut length = 0;
    while let Some(piece) = stream.next().await {
        length += piece.unwrap().len();
    }
    length
}

fn blobs(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let root = tempfile::tempdir().unwrap();
    let open =
        |name: &str, durability| Blobs::folder(Env::system(), &root.path().join(name), durability).unwrap();
    let (strict, none) = (open("strict", Durability::Strict), open("none", Durability::None));
    let (small, large) = (Bytes::from(vec![7; 4096]), Bytes::from(vec![7; 256 * 1024]));
    let mut group = c.benchmark_group("blobs");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(4096));
    group.bench_function("put 4 KiB inline, md5", |b| {
        b.iter(|| runtime.block_on(put(&none, &small, 1, true)))
    });
    group.throughput(Throughput::Bytes(1 << 20));
    for (name, blobs, md5) in
        [("strict, md5", &strict, true), ("none, md5", &none, true), ("none, no md5", &none, false)]
    {
        group.bench_function(format!("put 1 MiB {name}"), |b| {
            b.iter(|| {
                runtime.block_on(async {
                    if let Body::Blob(id) = put(blobs, &large, 4, md5).await {
                        blobs.delete(&id).await.unwrap();
                    }
                });
            });
        });
    }
    let body = runtime.block_on(put(&none, &large, 4, false));
    group.bench_function("get 1 MiB cached", |b| b.iter(|| runtime.block_on(get(&none, &body))));
    group.throughput(Throughput::Bytes(64 << 20));
    group.bench_function("put 64 MiB none, md5", |b| {
        b.iter(|| {
            runtime.block_on(async {
                if let Body::Blob(id) = put(&none, &large, 256, true).await {
                    none.delete(&id).await.unwrap();
                }
            });
        });
    });
    let body = runtime.block_on(put(&none, &large, 256, false));
    group.bench_function("get 64 MiB cached", |b| b.iter(|| runtime.block_on(get(&none, &body))));
    group.finish();
}

criterion_group!(benches, blobs);
criterion_main!(benches);
