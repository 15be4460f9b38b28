//! How the service is spoken to, and where an account lives.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, ErrorKind, Result};
use crate::escape::escape;

/// Where an account lives. The wrong region answers 403, not a redirect.
///
/// Source: the vendor's documentation of its APIs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// Europe.
    #[default]
    R1,
    /// North America.
    R2,
    /// Asia Pacific.
    R3,
}

impl Region {
    /// Its name in an address, such as `r1`.
    pub fn as_str(self) -> &'static str {
        match self {
            Region::R1 => "r1",
            Region::R2 => "r2",
            Region::R3 => "r3",
        }
    }
}

/// How the service is spoken to. What is fetched is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// SOAP 1.1, with the report in base64.
    #[default]
    Soap,
    /// REST v2, with the report as it is.
    Rest,
    /// The newer API, v3: one answer in JSON holds the status, the figures and the failures, which are read as they come.
    ///
    /// What it tells of a list is not what the others tell: see [`ReportKind`](crate::ReportKind).
    V3,
}

impl Protocol {
    /// Its name, `soap`, `rest` or `v3`.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Soap => "soap",
            Protocol::Rest => "rest",
            Protocol::V3 => "v3",
        }
    }
}

macro_rules! names {
    ($type:ident, $what:literal, $($variant:ident),+) => {
        impl FromStr for $type {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                [$($type::$variant),+].into_iter().find(|known| known.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
                    let names = [$($type::$variant.as_str()),+].join(", ");
                    Error::new(ErrorKind::Configuration, format!("no {} is named `{}`", $what, escape(text, 100)))
                        .advise(format!("there are {names}"))
                })
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

names!(Region, "region", R1, R2, R3);
names!(Protocol, "protocol", Soap, Rest, V3);
