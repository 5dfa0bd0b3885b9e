//! Files and comments, as stories over HTTP: what is taken and what is not, who sees what, what becomes of it.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod archives;
mod buckets;
mod comments;
mod downloads;
mod integrity;
mod reach;
mod scanner;
mod storage;
mod uploads;

use serde_json::Value;
use support::Caller;

/// The id of what was answered.
fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// The first fault of a problem: its place and its code.
fn fault(problem: &Value) -> (&str, &str) {
    let fault = &problem["errors"][0];
    (fault["pointer"].as_str().or(fault["parameter"].as_str()).unwrap(), fault["code"].as_str().unwrap())
}

/// The ids of a list, in its order.
fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(id).collect()
}

/// A text file of the caller's own.
async fn note(caller: &Caller, text: &str) -> String {
    id(&caller.upload("name=note.txt", text).await.is(201))
}

/// A small picture.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\0IEND\xaeB`\x82";
