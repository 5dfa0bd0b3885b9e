//! What every resource keeps, asked of the whole contract and the whole catalogue, so that nobody has to remember it.
#[path = "../support/mod.rs"]
mod support;

mod budget;
mod catalogue;
mod document;
mod edges;
mod examples;
mod golden;
mod input;
mod lists;
mod migrations;
mod packaging;
mod permissions;
mod separation;
mod tokens;
mod writes;
