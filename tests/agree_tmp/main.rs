#![allow(missing_docs)]
#[path = "../core/reference.rs"]
mod reference;
#[path = "../core/agreement.rs"]
mod agreement;
