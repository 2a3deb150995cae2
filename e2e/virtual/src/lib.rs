//! The whole operator in one process on virtual time: an API server, guests and an OpenStack in memory, and what must never happen.

pub mod api;
pub mod big;
pub mod burst;
pub mod catastrophes;
pub mod checks;
pub mod clock;
pub mod cloud_wire;
pub mod economy;
pub mod histogram;
pub mod lab;
pub mod log;
pub mod matrix;
pub mod process;
pub mod wire;
pub mod world;
