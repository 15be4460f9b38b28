//! Errors, and what can be sent and shared.

use dotdigital_faults::{
    Anomaly, Error, ErrorKind, Fault, FaultReport, Format, ReadOptions, ReasonCounter, ReasonCounts,
};

#[test]
fn an_error_is_one_word_and_can_be_sent() {
    fn is_sendable<T: std::error::Error + Send + Sync + Clone + 'static>() {}
    is_sendable::<Error>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
}

#[test]
fn what_is_shared_between_threads_can_be() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<FaultReport>();
    is_shared::<Fault<'static>>();
    is_shared::<ReasonCounter>();
    is_shared::<ReasonCounts>();
}

#[test]
fn an_answer_that_is_no_report_keeps_the_services_code_and_words() {
    let error = FaultReport::from_bytes(r#"{"message":"Gone. ERROR_IMPORT_NOT_FOUND"}"#).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAReport);
    assert!(!error.is_not_there() && !error.is_unavailable());
    assert_eq!(error.code(), Some("ERROR_IMPORT_NOT_FOUND"));
    assert_eq!(error.message(), Some("Gone. ERROR_IMPORT_NOT_FOUND"));
    assert_eq!((error.line(), error.column(), error.anomaly()), (None, None, None));
    assert_eq!(
        format!("{error:?}"),
        "Error { kind: NotAReport, what: \"this is not a faults report\", code: \"ERROR_IMPORT_NOT_FOUND\", message: \
         \"Gone. ERROR_IMPORT_NOT_FOUND\" }"
    );
}

#[test]
fn an_error_stays_in_the_counter() {
    let mut counter = ReasonCounter::with_options(&ReadOptions::new().strict(true));
    assert!(counter.feed(b"Reason,email\nBlocker").is_ok());
    // The first 64 bytes tell the format; until they are there, nothing is read.
    assert!(counter.feed(b"\nDuplicate,a@b\n").is_ok());
    let first = counter.feed(&b"Duplicate,c@d\n".repeat(3)).unwrap_err();
    let second = counter.feed(b"Blocker,a@b,c\n").unwrap_err();
    assert_eq!(first.to_string(), second.to_string());
    assert_eq!(first.anomaly(), Some(Anomaly::ShortRow));
    assert_eq!(counter.finish().unwrap_err().to_string(), first.to_string());

    let utf16 = [&b"\xff\xfe"[..], &b"R\0".repeat(31)].concat();
    let written = std::io::copy(&mut &utf16[..], &mut ReasonCounter::new()).unwrap_err();
    assert_eq!(written.kind(), std::io::ErrorKind::InvalidData);
    assert!(written.get_ref().unwrap().downcast_ref::<Error>().is_some_and(|error| error.kind() == ErrorKind::Utf16));

    // And it comes back as it was.
    let back = Error::from(written);
    assert_eq!((back.kind(), back.format()), (ErrorKind::Utf16, Some(Format::Utf16)));
    assert_eq!(Error::from(std::io::Error::other("the cable is out")).kind(), ErrorKind::Io);

    // A shorter input is told at its end.
    let mut counter = ReasonCounter::new();
    assert!(counter.feed(&utf16[..63]).is_ok());
    assert_eq!(counter.finish().unwrap_err().kind(), ErrorKind::Utf16);
}
