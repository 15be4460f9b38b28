//! The vector instructions with which reports are read.

use std::sync::OnceLock;

use fearless_simd::Level;

static LEVEL: OnceLock<Level> = OnceLock::new();

/// The widest that the processor has, unless a test has asked for others.
pub(crate) fn level() -> Level {
    *LEVEL.get_or_init(Level::new)
}

/// For the tests: what this processor has, from the widest to the narrowest.
pub fn levels() -> impl Iterator<Item = &'static str> {
    every_level().into_iter().filter_map(|(name, level)| level.map(|_| name))
}

/// For the tests: this whole process reads with these instructions. `false` where it has read with others already, or
/// the processor doesn't have them.
pub fn read_at_level(name: &str) -> bool {
    let level = every_level().into_iter().find_map(|(other, level)| level.filter(|_| other == name));
    level.is_some_and(|level| LEVEL.set(level).is_ok())
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub(crate) fn every_level() -> [(&'static str, Option<Level>); 4] {
    let widest = Level::new();
    [
        ("avx512", widest.as_avx512().map(Level::Avx512)),
        ("avx2", widest.as_avx2().map(Level::Avx2)),
        ("sse4.2", widest.as_sse4_2().map(Level::Sse4_2)),
        ("sse2", widest.as_sse2().map(Level::Sse2)),
    ]
}

/// Others have one level, which is known when they are built.
#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
pub(crate) fn every_level() -> [(&'static str, Option<Level>); 1] {
    [("the only one", Some(Level::new()))]
}
