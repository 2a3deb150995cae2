//! What is bought, and what is not.

mod bounds;
mod buying;
mod company;
mod going;
mod growth;
mod joining;
mod limits;
mod oracle_cases;
mod order;
mod preferences;
mod properties;
mod reasons;
mod release;
mod seats;
mod supply;
