//! Where the service is, and how it is spoken to.

use reqwest::Url;
use uuid::Uuid;

use super::operation::ServiceOperation;
use super::rest;
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::{Protocol, Region};

/// An address that credentials may be sent to.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    protocol: Protocol,
    url: Url,
}

impl Endpoint {
    pub(super) fn of_region(protocol: Protocol, region: Region) -> Result<Self> {
        Endpoint::parse(
            protocol,
            &match protocol {
                // The host form is documented for all APIs; the path is that of the older hosts.
                Protocol::Soap => format!("https://{region}-api.dotdigital.com/v2/api.svc"),
                Protocol::Rest | Protocol::V3 => format!("https://{region}-api.dotdigital.com"),
            },
        )
    }

    pub(super) fn parse(protocol: Protocol, address: &str) -> Result<Self> {
        // The address itself is not repeated: somebody may have put a password into it.
        let wrong = |what: &'static str, advice: &'static str| {
            Err(Error::new(ErrorKind::Configuration, format!("the endpoint {what}")).advise(advice))
        };
        let Ok(url) = Url::parse(address) else {
            return wrong("is no URL", "give all of it, such as https://r1-api.dotdigital.com/v2/api.svc");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("holds credentials", "give them apart from the address");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return wrong("has a query or a fragment", "give it without what follows `?` or `#`");
        }
        let endpoint = Endpoint { protocol, url };
        match endpoint.url.scheme() {
            "https" => {}
            "http" if endpoint.is_loopback() => {}
            "http" => {
                return wrong(
                    "is http:// to another machine, which would show the password on the way",
                    "use https://; http:// is for 127.0.0.0/8, ::1 and localhost alone",
                );
            }
            _ => return wrong("is neither https:// nor http://", "use https://"),
        }
        let base = endpoint.base().to_ascii_lowercase();
        match protocol {
            Protocol::Soap => {}
            _ if base.ends_with("/v2") => {
                return wrong("ends with /v2, which is added to it", "give it up to and without /v2");
            }
            _ if base.ends_with("/contacts/v3") => {
                return wrong("ends with /contacts/v3, which is added to it", "give it up to and without /contacts/v3");
            }
            _ if base.ends_with(".svc") => {
                return wrong(
                    "is the one of SOAP, and not the base of REST",
                    "give it up to and without /v2, or use SOAP",
                );
            }
            _ => {}
        }
        Ok(endpoint)
    }

    /// Is it on this very machine, by its address or as `localhost`?
    pub(super) fn is_loopback(&self) -> bool {
        // Compared as parsed, never as text: `127.1` is loopback, `127.0.0.1.example.com` is not.
        match self.url.host_str() {
            Some("localhost") => true,
            Some(host) => {
                let host = host.trim_start_matches('[').trim_end_matches(']');
                host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
            }
            None => false,
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn base(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The address of one call.
    pub(super) fn of_call(&self, operation: ServiceOperation, id: Uuid) -> Result<Url> {
        let protocol = operation.protocol(self.protocol);
        if protocol == Protocol::Soap {
            return Ok(self.url.clone());
        }
        let path = rest::path(protocol, operation, id);
        Url::parse(&format!("{}{path}", self.rest_base()?))
            .map_err(|_| Error::new(ErrorKind::Configuration, "the endpoint is no base of an address"))
    }

    /// The base of REST, also where the endpoint is the whole address of SOAP.
    fn rest_base(&self) -> Result<&str> {
        const SERVICE: &str = "/v2/api.svc";

        let base = self.base();
        if self.protocol != Protocol::Soap {
            return Ok(base);
        }
        let (rest, service) = base.split_at_checked(base.len().saturating_sub(SERVICE.len())).unwrap_or_default();
        if service.eq_ignore_ascii_case(SERVICE) {
            return Ok(rest);
        }
        let what = "the endpoint is one of SOAP, from which the base of REST can't be told: program enrolments are there \
                    over REST alone";
        Err(Error::new(ErrorKind::Configuration, what).advise("set the protocol to REST, and give the base of REST"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::nil();

    #[test]
    fn http_is_for_loopback_alone() {
        for (address, is_allowed) in [
            ("https://r1-api.dotdigital.com/", true),
            ("https://0.0.0.0/", true),
            ("http://127.0.0.1:8080/", true),
            ("http://127.9.8.7/", true),
            ("http://127.1/", true),
            ("http://0x7f.1/", true),
            ("http://[::1]:8080/", true),
            ("http://localhost/", true),
            ("HTTP://LOCALHOST/", true),
            ("http://0.0.0.0/", false),
            ("http://[::]/", false),
            ("http://[::ffff:127.0.0.1]/", false),
            ("http://localhost./", false),
            ("http://localhost.example.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://127.0.0.1@example.com/", false),
            ("http://example.com#localhost", false),
            ("http://128.0.0.1/", false),
            ("http://2130706434/", true),
            ("http://3232235521/", false),
            ("http://r1-api.dotdigital.com/", false),
            ("ftp://localhost/", false),
            ("file:///etc/passwd", false),
            ("localhost:8080", false),
            ("", false),
            ("https://user:secret@localhost/", false),
            ("https://localhost/?a=secret", false),
        ] {
            for protocol in [Protocol::Soap, Protocol::Rest, Protocol::V3] {
                let parsed = Endpoint::parse(protocol, address);
                assert_eq!(parsed.is_ok(), is_allowed, "{address}");
                if let Err(error) = parsed {
                    assert_eq!(error.kind(), ErrorKind::Configuration, "{address}");
                    assert!(!error.to_string().contains("secret"), "{error}");
                }
            }
        }
    }

    #[test]
    fn the_address_of_a_call() {
        let call = |protocol, address| {
            let endpoint = Endpoint::parse(protocol, address).unwrap();
            endpoint.of_call(ServiceOperation::Figures, Uuid::nil()).unwrap().to_string()
        };
        let path = "/v2/contacts/import/00000000-0000-0000-0000-000000000000/report";
        assert_eq!(call(Protocol::Soap, "https://apiconnector.com/v2/Api.svc"), "https://apiconnector.com/v2/Api.svc");
        assert_eq!(call(Protocol::Rest, "https://x.com"), format!("https://x.com{path}"));
        assert_eq!(call(Protocol::Rest, "https://x.com/"), format!("https://x.com{path}"));
        assert_eq!(call(Protocol::Rest, "https://x.com/proxy/"), format!("https://x.com/proxy{path}"));
        assert_eq!(call(Protocol::V3, "https://x.com/proxy/"), format!("https://x.com/proxy/contacts/v3/import/{ID}"));
        for address in [
            "https://x.com/v2",
            "https://x.com/v2/",
            "https://x.com/V2",
            "https://x.com/v2/api.svc",
            "https://x.com/v2/Api.svc/",
            "https://x.com/contacts/v3",
            "https://x.com/Contacts/v3/",
        ] {
            for protocol in [Protocol::Rest, Protocol::V3] {
                assert!(Endpoint::parse(protocol, address).is_err(), "{protocol} {address}");
            }
        }
    }

    #[test]
    fn enrolments_are_asked_about_over_rest_alone() {
        for (protocol, address, base) in [
            (Protocol::Soap, "https://x.com/v2/api.svc", Some("https://x.com")),
            (Protocol::Soap, "https://x.com/proxy/V2/Api.svc/", Some("https://x.com/proxy")),
            (Protocol::Soap, "https://x.com/soap", None),
            (Protocol::Soap, "https://x.com/", None),
            (Protocol::Rest, "https://x.com/", Some("https://x.com")),
            (Protocol::V3, "https://x.com/proxy", Some("https://x.com/proxy")),
        ] {
            let endpoint = Endpoint::parse(protocol, address).unwrap();
            let url = endpoint.of_call(ServiceOperation::EnrolmentFaults, Uuid::nil());
            let expected = base.map(|base| format!("{base}/v2/programs/enrolments/{ID}/report-faults"));
            assert_eq!(url.as_ref().ok().map(Url::as_str), expected.as_deref(), "{protocol} {address}");
            assert!(url.is_ok() || url.unwrap_err().kind() == ErrorKind::Configuration);
        }
    }

    #[test]
    fn regions_and_protocols() {
        for (region, protocol, address) in [
            (Region::R1, Protocol::Soap, "https://r1-api.dotdigital.com/v2/api.svc"),
            (Region::R3, Protocol::Rest, "https://r3-api.dotdigital.com/"),
            (Region::R3, Protocol::V3, "https://r3-api.dotdigital.com/"),
        ] {
            assert_eq!(Endpoint::of_region(protocol, region).unwrap().url.as_str(), address);
        }
        assert_eq!("R2".parse::<Region>().unwrap(), Region::R2);
        assert_eq!("rest".parse::<Protocol>().unwrap(), Protocol::Rest);
        for region in [Region::R1, Region::R2, Region::R3] {
            let json = serde_json::to_string(&region).unwrap();
            assert_eq!(json, format!("\"{region}\""));
            assert_eq!(serde_json::from_str::<Region>(&json).unwrap(), region);
        }
        assert_eq!(
            serde_json::to_string(&[Protocol::Soap, Protocol::Rest, Protocol::V3]).unwrap(),
            r#"["soap","rest","v3"]"#
        );
        assert_eq!(serde_json::from_str::<Protocol>(r#""REST""#).unwrap(), Protocol::Rest);
        let error = serde_json::from_str::<Protocol>(r#""ftp""#).unwrap_err().to_string();
        assert!(error.starts_with("no protocol is named `ftp`; there are soap, rest, v3"), "{error}");
        let error = "r9".parse::<Region>().unwrap_err();
        assert_eq!(error.to_string(), "no region is named `r9`; there are r1, r2, r3");
    }
}
