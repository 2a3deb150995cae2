//! What turns a server into a node: a token of its own, user data that joins with it, and the approval of the certificates it then asks for.
//!
//! Architecture invariant: nothing here decides whether a host should exist, and nothing here talks to OpenStack: what the cloud knows of
//! a server comes in as a value.

pub mod api_time;
pub mod approval;
pub mod approve;
pub mod asked;
#[cfg(test)]
mod forged;
pub mod labels;
pub mod token;
pub mod token_store;
pub mod user_data;
