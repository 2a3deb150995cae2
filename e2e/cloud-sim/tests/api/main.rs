//! The simulated cloud over HTTP, against what a real one answered.
mod client;
mod create;
mod faults;
mod glance;
mod identity;
mod life;
mod list;
mod network;
mod project;
mod record;
mod scale;
