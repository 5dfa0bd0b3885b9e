//! Who is calling, as stories over HTTP: signing in, sessions, members, roles, API clients, installations.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod clients;
mod company;
mod forgotten;
mod grants;
mod guesses;
mod installation;
mod invitations;
mod keys;
mod mails;
mod members;
mod owners;
mod passwords;
mod roles;
mod second_factor;
mod second_factor_required;
mod sessions;
mod sign_in;

use serde_json::Value;

/// The id of what was answered.
fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// The first fault of a problem: its place and its code.
fn fault(problem: &Value) -> (&str, &str) {
    let fault = &problem["errors"][0];
    (fault["pointer"].as_str().or(fault["parameter"].as_str()).unwrap(), fault["code"].as_str().unwrap())
}

/// How many of the answers had this status.
fn count(answers: &[support::Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}
