//! What is bought, and what is not.

mod buying;
mod company;
mod going;
mod growth;
mod limits;
mod order;
mod properties;
mod reasons;
mod seats;
mod supply;
