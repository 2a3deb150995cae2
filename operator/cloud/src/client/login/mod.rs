//! From credentials to a session: token, addresses of the services, and the version to speak with Nova.

pub(crate) mod auth;
pub(crate) mod catalog;
pub(crate) mod microversion;
mod session;

pub(crate) use session::{LogIn, Session, Sessions};
