//! What HTTP and TLS say when there is no answer, or only half of one.

use std::error::Error as StdError;
use std::io;

use super::retry::FailedAttempt;
use super::secrets::Secrets;
use crate::error::{Error, ErrorKind, Timeout};
use crate::escape::escape_within;

/// The longest text of a library that is repeated.
const LONGEST: usize = 300;

/// There is no answer.
pub(super) fn failed(error: &reqwest::Error, secrets: &Secrets) -> FailedAttempt {
    let cause = cause(error, secrets);
    let told = |kind, what: &'static str, advice: &'static str| {
        Error::new(kind, what).advise(advice).caused_by(Cause(cause.clone()))
    };
    if chain(error).filter_map(|error| error.downcast_ref::<rustls::Error>()).any(is_about_trust) {
        return FailedAttempt::lasting(told(
            ErrorKind::Untrusted,
            "the service can't be trusted",
            "check the endpoint, and whether a proxy needs its own root certificate",
        ));
    }
    if chain(error).filter_map(|error| error.downcast_ref::<hyper::Error>()).any(hyper::Error::is_parse) {
        return FailedAttempt::lasting(told(
            ErrorKind::UnexpectedAnswer,
            "the answer is not what was asked for: it breaks the rules of HTTP, or its headers are too many",
            "check the endpoint",
        ));
    }
    if error.is_builder() {
        return FailedAttempt::lasting(told(
            ErrorKind::Configuration,
            "the request can't be made",
            "check the endpoint",
        ));
    }
    if error.is_timeout() {
        return FailedAttempt::passing(
            Error::timed_out(Timeout::Connecting, "no connection to the service within the time of an attempt")
                .advise("check the endpoint and the network"),
        );
    }
    if error.is_connect() {
        return FailedAttempt::passing(told(
            ErrorKind::Unavailable,
            "the service can't be reached",
            "check the endpoint and the network",
        ));
    }
    FailedAttempt::passing(told(
        ErrorKind::Unavailable,
        "the connection broke before there was an answer",
        "try again later",
    ))
}

/// Does it show that the other side isn't the service, or that this one isn't who may ask it? All else that TLS can
/// stumble over may pass.
fn is_about_trust(error: &rustls::Error) -> bool {
    use rustls::AlertDescription as Alert;
    use rustls::Error::*;
    match error {
        // What the other side says about certificates.
        AlertReceived(alert) => matches!(
            alert,
            Alert::NoCertificate
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
                | Alert::CertificateUnobtainable
                | Alert::BadCertificateStatusResponse
                | Alert::BadCertificateHashValue
                | Alert::CertificateRequired
        ),
        InvalidCertificate(_) | InvalidCertRevocationList(_) | NoCertificatesPresented | UnsupportedNameType => true,
        // It speaks no TLS, or none that is safe.
        InvalidMessage(_) | InappropriateMessage { .. } | InappropriateHandshakeMessage { .. } => true,
        PeerIncompatible(_) | PeerMisbehaved(_) => true,
        _ => false,
    }
}

/// There is half of an answer.
pub(super) fn cut(error: &reqwest::Error, secrets: &Secrets) -> Error {
    Error::new(ErrorKind::Unavailable, "the answer was cut in the middle")
        .advise("try again later")
        .caused_by(Cause(cause(error, secrets)))
}

/// The innermost words about it: the outer ones repeat the address, and that something went wrong.
fn cause(error: &reqwest::Error, secrets: &Secrets) -> String {
    let innermost = chain(error).last().map(ToString::to_string).unwrap_or_default();
    escape_within(secrets.clean(&innermost), LONGEST)
}

/// An error and its sources, those inside an [`io::Error`] among them.
fn chain<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner as &(dyn StdError + 'static)),
        None => error.source(),
    })
}

/// The words alone, cleaned: what a library holds in its errors is not ours to promise.
#[derive(Debug)]
struct Cause(String);

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Cause {}
