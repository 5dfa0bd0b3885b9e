//! What every resource keeps, asked of the whole contract and the whole catalogue, so that nobody has to remember it.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod budget;
mod catalogue;
mod document;
mod edges;
mod examples;
mod golden;
mod headers;
mod input;
mod lists;
mod migrations;
mod packaging;
mod packed;
mod permissions;
mod separation;
mod tokens;
mod versions;
mod walls;
mod writes;
