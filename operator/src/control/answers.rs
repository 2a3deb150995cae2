//! What OpenStack answers and what Gantry does: the table that the code goes by, that the tests hold against the classifier, and that the page is made from.

mod cases;
mod consequences;
mod page;
mod states;

pub use cases::{CASES, Case, Said};
pub use consequences::{CONSEQUENCES, Consequence, Reach, consequence};
pub use page::page;
pub use states::{STATES, State};

#[cfg(test)]
mod tests;
