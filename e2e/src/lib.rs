//! Environments and end-to-end suites: a real Kubernetes, an OpenStack simulated or real, guests, the demo.

pub mod api_cases;
pub mod bench;
pub mod bench_scale;
pub mod catastrophes;
pub mod closed_loop;
pub mod contract;
pub mod crash_matrix;
pub mod demo;
pub mod guest;
pub mod kubernetes;
pub mod lab;
pub mod oracle;
pub mod suite;
