//! The proxy that the environment names.

use std::ffi::OsString;

use hyper::Uri;

use crate::error::{Error, ErrorKind, Result};

/// The variables of proxies for https, as the HTTP library reads them: of each pair the first one that is set, and the
/// second pair only where the first names none.
const VARIABLES: [[&str; 2]; 2] = [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];

/// Refuses a variable that names no proxy which could be used: the HTTP library would do without one, and so speak to
/// the service on a way that somebody has closed.
pub(super) fn check(variable: impl Fn(&str) -> Option<OsString>) -> Result<()> {
    for names in VARIABLES {
        let set = names.into_iter().find_map(|name| Some((name, variable(name)?)));
        match set {
            Some((name, address)) if !address.is_empty() => return check_address(name, address.to_str()),
            _ => {}
        }
    }
    Ok(())
}

fn check_address(name: &str, address: Option<&str>) -> Result<()> {
    let uri = address.and_then(|address| address.parse::<Uri>().ok());
    let is_proxy = uri.is_some_and(|uri| {
        let is_http = matches!(uri.scheme_str(), None | Some("http" | "https"));
        is_http
            && uri.authority().is_some_and(|authority| {
                // What follows the host must be a port, if anything does.
                let ends_with_host = authority.as_str().ends_with(authority.host());
                !authority.host().is_empty() && (ends_with_host || authority.port_u16().is_some())
            })
    });
    if is_proxy {
        return Ok(());
    }
    // The address is not repeated: it may hold a password.
    Err(Error::new(ErrorKind::Configuration, format!("the variable {name} names no proxy that can be used"))
        .advise("set it to an address such as http://proxy.example.com:8080, or unset it to do without a proxy"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_must_be_a_proxy() {
        for (set, wrong) in [
            (&[][..], None),
            (&[("HTTPS_PROXY", "http://proxy.example.com:8080")], None),
            (&[("https_proxy", "https://jo:secret@proxy.example.com")], None),
            (&[("all_proxy", "proxy.example.com:8080")], None),
            (&[("ALL_PROXY", "localhost")], None),
            (&[("HTTPS_PROXY", ""), ("https_proxy", "http://secret bad"), ("ALL_PROXY", "")], None),
            (&[("HTTPS_PROXY", "http://secret bad")], Some("HTTPS_PROXY")),
            (&[("https_proxy", "http://")], Some("https_proxy")),
            (&[("HTTPS_PROXY", "http://[::secret")], Some("HTTPS_PROXY")),
            (&[("HTTPS_PROXY", "http://proxy:secret")], Some("HTTPS_PROXY")),
            (&[("HTTPS_PROXY", "/secret")], Some("HTTPS_PROXY")),
            (&[("HTTPS_PROXY", "socks5://secret")], Some("HTTPS_PROXY")),
            (&[("HTTPS_PROXY", "ftp://secret")], Some("HTTPS_PROXY")),
            (&[("HTTPS_PROXY", ""), ("all_proxy", "::secret::")], Some("all_proxy")),
            (&[("HTTPS_PROXY", "http://a"), ("ALL_PROXY", "http://secret bad")], None),
            (&[("HTTP_PROXY", "http://secret bad"), ("NO_PROXY", "::")], None),
        ] {
            let find = |name: &str| set.iter().find(|(of, _)| *of == name).map(|(_, value)| value.into());
            let checked = check(find);
            assert_eq!(checked.is_err(), wrong.is_some(), "{set:?}");
            if let (Err(error), Some(name)) = (checked, wrong) {
                let told = format!("{error} {error:?}");
                assert!(error.kind() == ErrorKind::Configuration && told.contains(name), "{told}");
                assert!(!told.contains("secret"), "{told}");
            }
        }
    }
}
