//! A bucket that speaks S3 instead of a folder. A small one stands in for it, which knows what the service asks of it.
use crate::support::{Caller, Organization, Service, run, service};
use crate::{PNG, id};
use actix_web::http::Method;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Mutex;

#[derive(Default)]
struct Bucket {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    uploads: Mutex<HashMap<String, BTreeMap<u32, Vec<u8>>>>,
}

async fn answer(
    http: HttpRequest,
    asked: Query<HashMap<String, String>>,
    body: Bytes,
    bucket: Data<Bucket>,
) -> HttpResponse {
    let signed =
        http.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !signed.starts_with("AWS4-HMAC-SHA256 Credential=key-of-the-test/") {
        return HttpResponse::Forbidden().finish();
    }
    let (mut objects, mut uploads) = (bucket.objects.lock().unwrap(), bucket.uploads.lock().unwrap());
    let key = http.path().strip_prefix("/papers").unwrap().trim_start_matches('/').to_owned();
    let upload = asked.get("uploadId").cloned();
    let xml = |text: String| HttpResponse::Ok().content_type("application/xml").body(text);
    match (http.method(), upload) {
        (&Method::POST, None) if asked.contains_key("uploads") => {
            let upload = uuid::Uuid::now_v7().to_string();
            uploads.insert(upload.clone(), BTreeMap::new());
            xml(format!(
                "<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            ))
        }
        (&Method::PUT, Some(upload)) => {
            let part = asked["partNumber"].parse().unwrap();
            uploads.get_mut(&upload).unwrap().insert(part, body.to_vec());
            HttpResponse::Ok().insert_header(("etag", format!("\"{part}\""))).finish()
        }
        (&Method::POST, Some(upload)) => {
            let parts = uploads.remove(&upload).unwrap();
            let last = parts.len();
            assert!(
                parts.values().take(last - 1).all(|part| part.len() >= 5 << 20),
                "parts have 5 MiB, but for the last"
            );
            objects.insert(key, parts.into_values().flatten().collect());
            xml("<CompleteMultipartUploadResult><ETag>\"whole\"</ETag></CompleteMultipartUploadResult>"
                .into())
        }
        (&Method::DELETE, Some(upload)) => {
            uploads.remove(&upload);
            HttpResponse::NoContent().finish()
        }
        (&Method::PUT, None) => {
            objects.insert(key, body.to_vec());
            HttpResponse::Ok().insert_header(("etag", "\"whole\"")).finish()
        }
        (&Method::DELETE, None) => {
            objects.remove(&key);
            HttpResponse::NoContent().finish()
        }
        (&Method::GET, None) if asked.contains_key("list-type") => {
            let prefix = asked.get("prefix").cloned().unwrap_or_default();
            let (mut found, mut folders) = (String::new(), BTreeSet::new());
            for (key, bytes) in objects.iter().filter(|(key, _)| key.starts_with(&prefix)) {
                let below = key[prefix.len()..].split_once('/').filter(|_| asked.contains_key("delimiter"));
                if let Some((folder, _)) = below {
                    folders.insert(format!("{prefix}{folder}/"));
                    continue;
                }
                let size = bytes.len();
                let _ = write!(
                    found,
                    "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\"whole\"</ETag><Size>{size}</Size></Contents>"
                );
            }
            let folders = folders.iter().fold(String::new(), |all, folder| {
                all + "<CommonPrefixes><Prefix>" + folder + "</Prefix></CommonPrefixes>"
            });
            xml(format!(
                "<ListBucketResult><IsTruncated>false</IsTruncated>{found}{folders}</ListBucketResult>"
            ))
        }
        (&Method::GET | &Method::HEAD, None) => {
            let Some(bytes) = objects.get(&key) else { return HttpResponse::NotFound().finish() };
            let mut response = HttpResponse::Ok();
            response
                .insert_header(("etag", "\"whole\""))
                .insert_header(("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"));
            let range = http.headers().get("range").map(|range| range.to_str().unwrap().to_owned());
            let Some(range) = range else { return response.body(bytes.clone()) };
            let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
            response.status(actix_web::http::StatusCode::PARTIAL_CONTENT);
            response.insert_header(("content-range", format!("bytes {first}-{last}/{}", bytes.len())));
            response.body(bytes[first..=last].to_vec())
        }
        _ => HttpResponse::NotImplemented().finish(),
    }
}

/// A bucket, and the address that it has.
fn bucket() -> (Data<Bucket>, String) {
    let bucket = Data::new(Bucket::default());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let shared = bucket.clone();
    std::thread::spawn(move || {
        let app = move || {
            App::new()
                .app_data(web::PayloadConfig::new(64 << 20))
                .app_data(shared.clone())
                .default_service(web::to(answer))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
        actix_web::rt::System::new().block_on(server).unwrap();
    });
    (bucket, endpoint)
}

struct InBucket {
    base: String,
    child: std::process::Child,
}

impl InBucket {
    fn at(endpoint: &str, secret: &str) -> Self {
        let variables = [
            ("AWS_ENDPOINT", endpoint),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", secret),
            ("AWS_SECRET_ACCESS_KEY", "secret-of-the-test"),
        ];
        let flags = ["--files", "s3://papers/backoffice", "--jobs-at-once", "0"];
        let (base, _, child) = Service::spawn_with(&service().url, &flags, &variables);
        Self { base, child }
    }

    async fn upload(&self, caller: &Caller, bytes: Vec<u8>) -> crate::support::Answer {
        let request = caller.request(reqwest::Method::POST, "/v1/files?name=a").to(&self.base);
        request.body("application/octet-stream", bytes).send().await
    }
}

impl Drop for InBucket {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn files_are_kept_in_a_bucket_as_they_are_in_a_folder() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let (bucket, endpoint) = bucket();
        let kept = InBucket::at(&endpoint, "key-of-the-test");
        let mut large = PNG.to_vec();
        large.resize(12 << 20, 7);
        let small = kept.upload(&caller, b"a small text".to_vec()).await.is(201);
        let large = kept.upload(&caller, large).await.is(201);
        let names: Vec<String> = bucket.objects.lock().unwrap().keys().cloned().collect();
        assert_eq!(names.len(), 2);
        assert!(
            names.iter().all(|name| name.starts_with(&format!("backoffice/{}/", caller.organization))),
            "{names:?}"
        );
        let get = |path: String| caller.request(reqwest::Method::GET, &path).to(&kept.base);
        assert_eq!(get(format!("/v1/files/{}/content", id(&small))).send().await.text, "a small text");
        let part =
            get(format!("/v1/files/{}/content", id(&large))).header("range", "bytes=12582900-").send().await;
        assert_eq!((part.status, part.text.as_str()), (206, "\u{7}".repeat(12).as_str()));
        let well = get("/v1/files/integrity?checksum=true".into()).send().await.is(200);
        assert_eq!((&well["data"], &well["examined"]), (&json!([]), &json!(2)));
        // What is refused, and what was there already, does not stay.
        kept.upload(&caller, b"<html>".to_vec()).await.is_problem(415, "unsupported-media-type");
        kept.upload(&caller, b"a small text".to_vec()).await.is(201);
        kept.upload(&caller, crate::archives::zip(&[("../a", b"a")])).await.is_problem(422, "invalid-input");
        assert_eq!(bucket.objects.lock().unwrap().len(), 2);
        assert!(bucket.uploads.lock().unwrap().is_empty());
        bucket.objects.lock().unwrap().clear();
        let lost = get("/v1/files/integrity".into()).send().await.is(200);
        assert_eq!(lost["data"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_bucket_that_lets_nobody_in_is_told_as_away_and_its_keys_to_nobody() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let (_, endpoint) = bucket();
        let refused = InBucket::at(&endpoint, "another-key");
        let problem =
            refused.upload(&caller, b"text".to_vec()).await.is_problem(503, "unavailable").to_string();
        assert!(
            !problem.contains("another-key") && !problem.contains("127.0.0.1") && !problem.contains("papers"),
            "{problem}"
        );
        let gone = InBucket::at("http://127.0.0.1:9", "key-of-the-test");
        gone.upload(&caller, b"text".to_vec()).await.is_problem(503, "unavailable");
    });
}
