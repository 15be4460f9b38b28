//! What foreign programs make of us, and we of them. A test says so where its program is missing, and passes.

#[path = "../helpers/mod.rs"]
mod helpers;
