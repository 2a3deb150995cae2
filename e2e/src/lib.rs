//! Environments and end-to-end suites: a real Kubernetes, an OpenStack simulated or real, guests, the demo.

pub mod api_cases;
pub mod bench;
pub mod demo;
pub mod guest;
pub mod kubernetes;
pub mod lab;
pub mod suite;
