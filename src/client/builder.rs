//! Setting up a client.

use std::env;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use reqwest::{Certificate, Proxy, redirect, tls};

use super::credentials::Credentials;
use super::endpoint::Endpoint;
use super::proxy;
use super::retry::Policy;
use super::secrets::Secrets;
use super::service::Service;
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::{Protocol, Region};
use crate::read::options::ReadOptions;

/// The most headers of an answer. What bounds them is the 400 KiB that the HTTP library reads of them; this is only
/// there since it keeps a list of them, and none with room for all that fit into those.
const MOST_HEADERS: usize = 10_000;

/// Sets up a [`Client`](crate::Client).
///
/// ```
/// use std::time::Duration;
/// use dotdigital_faults::{Client, Credentials, Protocol, Region};
///
/// let client = Client::builder(Credentials::new("apiuser-1@apiconnector.com", "opensesame"))
///     .protocol(Protocol::Rest)
///     .region(Region::R2)
///     .timeout(Duration::from_secs(60))
///     .build()?;
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[must_use]
pub struct ClientBuilder {
    credentials: Credentials,
    protocol: Protocol,
    region: Region,
    endpoint: Option<String>,
    user_agent: String,
    proxy: Option<String>,
    root_certificates: Vec<Vec<u8>>,
    http: Option<reqwest::Client>,
    timeout: Duration,
    stall_timeout: Duration,
    max_size: u64,
    policy: Policy,
    pub(super) is_paced: bool,
    options: ReadOptions,
}

impl ClientBuilder {
    pub(super) fn new(credentials: Credentials) -> Self {
        ClientBuilder {
            credentials,
            protocol: Protocol::default(),
            region: Region::default(),
            endpoint: None,
            user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).into(),
            proxy: None,
            root_certificates: Vec::new(),
            http: None,
            timeout: Duration::from_secs(300),
            stall_timeout: Duration::from_secs(30),
            max_size: 256 << 20,
            policy: Policy {
                // The vendor advises to allow 121 seconds.
                attempt_timeout: Duration::from_secs(121),
                max_retries: 4,
                first_pause: Duration::from_millis(800),
                jitter: fastrand::f64,
            },
            is_paced: false,
            options: ReadOptions::new(),
        }
    }

    /// How the service is spoken to; [`Soap`](Protocol::Soap) unless set.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Where the account lives; [`R1`](Region::R1) unless set.
    pub fn region(mut self, region: Region) -> Self {
        self.region = region;
        self
    }

    /// The address of the service, in place of a region's: over SOAP all of it, over REST up to and without `/v2`.
    ///
    /// It is `https://`, or `http://` to this very machine, by an address of `127.0.0.0/8` or `::1`, or as
    /// `localhost`, which is never looked up.
    pub fn endpoint(mut self, address: impl Into<String>) -> Self {
        self.endpoint = Some(address.into());
        self
    }

    /// How the client calls itself; by the name and version of this crate unless set.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// A proxy, in place of the one that the environment or the system names. It is used for `https://` alone, and
    /// only as a tunnel: it never sees what is said.
    pub fn proxy(mut self, address: impl Into<String>) -> Self {
        self.proxy = Some(address.into());
        self
    }

    /// Root certificates to trust besides those of the system, in PEM. May be called more than once.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// The most time that a call may take, with all attempts and all waiting; 300 seconds unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The most time that one attempt may take, from connecting to the last byte; 121 seconds unless set.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.policy.attempt_timeout = timeout;
        self
    }

    /// The most time that may pass without a byte once an answer has begun; 30 seconds unless set. Until its header is
    /// whole, the [attempt timeout](Self::attempt_timeout) alone rules.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = timeout;
        self
    }

    /// How many attempts there may be after the first one; 4 unless set.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.policy.max_retries = retries;
        self
    }

    /// The most that the first pause between two attempts may be; 0.8 seconds unless set. The next may be twice as
    /// long, and so on, up to a minute; each is a random part of the most that it may be.
    pub fn first_pause(mut self, pause: Duration) -> Self {
        self.policy.first_pause = pause;
        self
    }

    /// Makes all clones of the client keep to the pace that the service wants of an account: for asking about many imports.
    ///
    /// They make one call at a time, and wait together. Behind an answer with `X-RateLimit-Remaining: 0` they wait until its
    /// `X-RateLimit-Reset`. Behind a 429, or the code `ERROR_APIUSAGE_EXCEEDED`, they wait as long as its `Retry-After` says,
    /// else until its `X-RateLimit-Reset`, else for a minute, and then the call is made again, as often as
    /// [`max_retries`](Self::max_retries) allows. None is made meanwhile. What a call waits so, or for the calls before it,
    /// doesn't count against its [timeout](Self::timeout), but does against a [deadline](crate::Client::with_deadline). A wait that
    /// doesn't fit, or of more than a day, ends each call at once as [`RateLimited`](ErrorKind::RateLimited).
    ///
    /// Once the service doesn't accept the credentials, with 401 or one of its codes for that, all other calls fail with the
    /// same error, and the service is asked no more.
    ///
    /// Source: the vendor's documentation of its rate limits, which are those of an account, for the headers.
    ///
    /// ```
    /// use dotdigital_faults::{Client, Credentials};
    ///
    /// let client = Client::builder(Credentials::new("apiuser-1@apiconnector.com", "opensesame")).paced().build()?;
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn paced(mut self) -> Self {
        self.is_paced = true;
        self
    }

    /// The most bytes that a report may have, once decoded; 256 MiB unless set.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// How reports are read.
    pub fn read_options(mut self, options: ReadOptions) -> Self {
        self.options = options;
        self
    }

    /// A client of one's own, in place of the one that would be made; its library is re-exported as
    /// [`dotdigital_faults::reqwest`](crate::reqwest).
    ///
    /// What it does is then up to it: this crate can no longer promise that no redirect is followed, that no
    /// compression is offered, which proxies are used, which certificates are trusted, that `localhost` is this very
    /// machine, and that it asks no more often than it says. The user agent, the proxy and the root
    /// certificates that are set here have no effect. All else holds: the limits of time and size, retries, what
    /// addresses are allowed, that `Authorization` is marked as sensitive, and that no error holds the credentials.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }

    /// What the clients share, checked.
    pub(super) fn service(self) -> Result<Service> {
        self.credentials.check()?;
        let endpoint = match &self.endpoint {
            Some(address) => Endpoint::parse(self.protocol, address)?,
            None => Endpoint::of_region(self.protocol, self.region)?,
        };
        let http = match &self.http {
            Some(client) => client.clone(),
            None => self.http(&endpoint)?,
        };
        let secrets = Secrets::new(&self.credentials);
        let ClientBuilder { credentials, policy, timeout, stall_timeout, max_size, options, .. } = self;
        Ok(Service { http, endpoint, credentials, secrets, policy, timeout, stall_timeout, max_size, options })
    }

    fn http(&self, endpoint: &Endpoint) -> Result<reqwest::Client> {
        // Other crates may have enabled features of reqwest that this one does without, so each is switched off.
        let mut http = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .no_hickory_dns()
            .http1_only()
            .http1_max_headers(MOST_HEADERS)
            // A kept connection may be closed by the other side just as it is used again: a failure of no meaning.
            // Calls are few, so that a new one each time costs little.
            .pool_max_idle_per_host(0)
            .tls_backend_rustls()
            .tls_version_min(tls::Version::TLS_1_2)
            // Before the attempt as a whole is given up, so that it can be told what took the time.
            .connect_timeout(self.policy.attempt_timeout.mul_f64(0.9))
            // Whatever a resolver makes of the name, it is this machine.
            .resolve_to_addrs("localhost", &[(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()]);
        if endpoint.is_loopback() {
            http = http.no_proxy();
        } else if self.proxy.is_none() {
            proxy::check(|name| env::var_os(name))?;
        }
        if let Some(address) = &self.proxy {
            let proxy = Proxy::https(address).map_err(|_| {
                // The address is not repeated: it may hold a password.
                Error::new(ErrorKind::Configuration, "the proxy's address is no URL")
            })?;
            http = http.proxy(proxy);
        }
        if !endpoint.is_encrypted() {
            // Not to fail on a machine without any root certificates, where none is needed.
            return build(http.tls_certs_only([]));
        }
        let mut certificates = Vec::new();
        for pem in &self.root_certificates {
            let read = Certificate::from_pem_bundle(pem).ok().filter(|read| !read.is_empty());
            certificates.extend(
                read.ok_or_else(|| Error::new(ErrorKind::Configuration, "a root certificate is not one in PEM"))?,
            );
        }
        build(http.tls_certs_merge(certificates))
    }
}

fn build(http: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    http.build()
        .map_err(|error| Error::new(ErrorKind::Configuration, "the HTTP client can't be built").caused_by(error))
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("credentials", &self.credentials)
            .field("protocol", &self.protocol)
            .field("region", &self.region)
            .field("timeout", &self.timeout)
            .field("stall_timeout", &self.stall_timeout)
            .field("max_size", &self.max_size)
            .field("policy", &self.policy)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
