//! What is bought, and what is not.

mod buying;
mod going;
mod growth;
mod limits;
mod properties;
mod reasons;
mod supply;
