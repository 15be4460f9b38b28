//! The client and the stand-in, over sockets of this machine.
//!
//! Nothing here depends on how fast the machine is: what has to wait goes by a clock that a test moves by itself, see
//! `helpers/clock.rs`.

#[path = "../helpers/mod.rs"]
mod helpers;

// The client against scripted servers.
mod answers;
mod blocking;
mod calls;
mod enrolments;
mod foreign;
mod pace;
mod tls;
mod v3;
mod wrong_bodies;

// The stand-in by itself, and the client against it.
#[cfg(feature = "sandbox")]
mod journeys;
#[cfg(feature = "sandbox")]
mod sandbox;
#[cfg(feature = "sandbox")]
mod sandbox_accounts;
#[cfg(feature = "sandbox")]
mod sandbox_enrolments;
#[cfg(feature = "sandbox")]
mod sandbox_v3;

// The archive's place, and what comes into it.
#[cfg(feature = "archive")]
mod archive_places;
#[cfg(feature = "archive")]
mod collect;
