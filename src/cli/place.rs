//! Where an account lives, and who asks: what options, variables and a file of accounts say of it.

use std::env;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use clap::builder::PossibleValuesParser;
use dotdigital_faults::{Credentials, Protocol, ReadOptions, Region};
use zeroize::Zeroizing;

use super::accounts::Account;
use super::failure::{Failure, NOT_PERMITTED};
use super::help::CONNECTION;
use super::secret::{read_secret, variable};

const USERNAME: &str = "DOTDIGITAL_USERNAME";
const PASSWORD: &str = "DOTDIGITAL_PASSWORD";
const PASSWORD_FILE: &str = "DOTDIGITAL_PASSWORD_FILE";

/// The options of the one account of the environment, which is only looked at when something is asked.
#[derive(Clone, Args)]
pub struct PlaceArgs {
    /// How the service is spoken to [env: DOTDIGITAL_PROTOCOL] [default: soap]
    #[arg(long, help_heading = CONNECTION, value_name = "PROTOCOL", value_parser = PossibleValuesParser::new(["soap", "rest", "v3"]))]
    protocol: Option<String>,

    /// Where the account lives: Europe, North America, Asia Pacific [env: DOTDIGITAL_REGION] [default: r1]
    #[arg(long, help_heading = CONNECTION, value_name = "REGION", value_parser = PossibleValuesParser::new(["r1", "r2", "r3"]))]
    region: Option<String>,

    /// The whole SOAP address, or the base of REST and v3, without /v2 [env: DOTDIGITAL_ENDPOINT] [default: the region's]
    #[arg(long, help_heading = CONNECTION, value_name = "URL")]
    endpoint: Option<String>,

    /// A file with the password, in place of DOTDIGITAL_PASSWORD [env: DOTDIGITAL_PASSWORD_FILE]
    #[arg(long, help_heading = CONNECTION, value_name = "PATH")]
    password_file: Option<PathBuf>,
}

/// Where an account lives.
#[derive(Clone)]
pub struct Place {
    pub protocol: Protocol,
    pub region: Region,
    pub endpoint: Option<String>,
    /// What the reports of the account are known to be like.
    pub reading: ReadOptions,
}

impl PlaceArgs {
    /// The protocol that was asked for by hand, and not by a variable.
    pub fn given_protocol(&self) -> Option<Protocol> {
        self.protocol.as_deref()?.parse().ok()
    }

    /// Where the account of the environment lives.
    pub fn place(&self) -> Result<Place, Failure> {
        Ok(Place {
            protocol: choice(&self.protocol, "DOTDIGITAL_PROTOCOL")?,
            region: choice(&self.region, "DOTDIGITAL_REGION")?,
            endpoint: self.endpoint.clone().map_or_else(|| variable("DOTDIGITAL_ENDPOINT"), |url| Ok(Some(url)))?,
            reading: ReadOptions::new(),
        })
    }

    /// Who asks there.
    pub fn credentials(&self) -> Result<Credentials, Failure> {
        let missing = |what: &str| {
            Failure::new(format!("there is no {what}"))
                .hint(format!("set {USERNAME} and {PASSWORD} (or --password-file) to those of an API user"))
                .with_code(NOT_PERMITTED)
        };
        let username = variable(USERNAME)?.ok_or_else(|| missing("user name"))?;
        let password = match &self.password_file {
            Some(path) => read_password(path)?,
            None => match (variable(PASSWORD)?, env::var_os(PASSWORD_FILE).filter(|path| !path.is_empty())) {
                (None, Some(path)) => read_password(path.as_ref())?,
                (password, _) => password,
            },
        };
        Ok(Credentials::new(username, password.ok_or_else(|| missing("password"))?))
    }

    /// Refuses options that a file of accounts says, too.
    pub fn refused_beside_accounts(&self) -> Result<(), Failure> {
        let others = [
            ("--protocol", self.protocol.is_some()),
            ("--region", self.region.is_some()),
            ("--endpoint", self.endpoint.is_some()),
            ("--password-file", self.password_file.is_some()),
        ];
        match others.iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((option, _)) => Err(Failure::new(format!("{option} doesn't go with a file of accounts"))
                .hint("the file says it: leave the option out, or --accounts and DOTDIGITAL_ACCOUNTS")),
        }
    }
}

impl Place {
    /// Has it an endpoint that can only be one of SOAP?
    pub fn is_of_soap(&self) -> bool {
        self.endpoint.as_deref().is_some_and(|endpoint| base_of_soap(endpoint).is_some())
    }

    /// The same place, spoken to otherwise. An endpoint of SOAP is one of REST and of v3 by the way that addresses are
    /// documented to have, and the other way round.
    pub fn over(mut self, protocol: Protocol) -> Result<Self, Failure> {
        if (self.protocol == Protocol::Soap) != (protocol == Protocol::Soap) {
            self.endpoint = self.endpoint.map(|endpoint| other_endpoint(&endpoint, protocol)).transpose()?;
        }
        self.protocol = protocol;
        Ok(self)
    }
}

/// How the path of SOAP ends.
const SERVICE: &str = "/v2/api.svc";

fn other_endpoint(endpoint: &str, protocol: Protocol) -> Result<String, Failure> {
    if protocol == Protocol::Soap {
        return Ok(format!("{}{SERVICE}", endpoint.trim_end_matches('/')));
    }
    base_of_soap(endpoint).map(str::to_owned).ok_or_else(|| {
        Failure::new(format!("the account's endpoint is one of SOAP, from which that of {protocol} can't be told"))
            .hint(
                "leave the protocol out, or give the account the endpoint and the protocol of the most of its imports",
            )
    })
}

/// What stands in front of the path of SOAP, where an endpoint ends with it.
fn base_of_soap(endpoint: &str) -> Option<&str> {
    let endpoint = endpoint.trim_end_matches('/');
    let (base, service) = endpoint.split_at_checked(endpoint.len().checked_sub(SERVICE.len())?)?;
    service.eq_ignore_ascii_case(SERVICE).then_some(base)
}

impl From<&Account> for Place {
    fn from(account: &Account) -> Self {
        Place {
            protocol: account.protocol,
            region: account.region,
            endpoint: account.endpoint.clone(),
            reading: account.reading.clone(),
        }
    }
}

/// An option or else a variable, by its name.
fn choice<T>(option: &Option<String>, name: &str) -> Result<T, Failure>
where
    T: FromStr<Err = dotdigital_faults::Error> + Default,
{
    match option {
        Some(text) => Ok(text.parse()?),
        None => variable(name)?
            .map_or_else(|| Ok(T::default()), |text| text.parse().map_err(|error| Failure::from(error).at(name))),
    }
}

/// Reads a password; an empty one counts as none.
fn read_password(path: &Path) -> Result<Option<String>, Failure> {
    let mut secret = read_secret(path, "password file")?;
    // The bytes move and stay where they are, so that none of them is left behind.
    match String::from_utf8(std::mem::take(&mut *secret)) {
        Ok(password) => Ok(Some(password).filter(|password| !password.is_empty())),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(Failure::new(format!("the password file {path:?} is not UTF-8")).hint("save it as UTF-8"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_of_other_protocols() {
        let place = |protocol, endpoint: &str| Place {
            protocol,
            region: Region::R1,
            endpoint: Some(endpoint.into()),
            reading: ReadOptions::new(),
        };
        use Protocol::{Rest, Soap, V3};
        for (own, endpoint, asked, expected) in [
            (Soap, "https://a.test/v2/api.svc", V3, Some("https://a.test")),
            (Soap, "https://a.test/x/V2/Api.svc/", Rest, Some("https://a.test/x")),
            (Soap, "https://a.test/moon", Soap, Some("https://a.test/moon")),
            (Soap, "https://a.test/moon", Rest, None),
            (Soap, "x", Rest, None),
            (Rest, "https://a.test/", V3, Some("https://a.test/")),
            (V3, "https://a.test/", Soap, Some("https://a.test/v2/api.svc")),
        ] {
            let found = place(own, endpoint).over(asked).ok();
            assert_eq!(found.as_ref().and_then(|place| place.endpoint.as_deref()), expected, "{endpoint} {asked}");
            assert!(found.is_none_or(|place| place.protocol == asked));
        }
    }
}
