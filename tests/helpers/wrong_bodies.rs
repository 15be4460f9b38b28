//! What has come in place of a report: each must be an error, whichever way it comes.

/// A name, and the bytes. Where there are contacts in it, they are Ann, Bob and Cy.
pub const WRONG_BODIES: &[(&str, &[u8])] = &[
    ("prose with a comma", b"We are down for maintenance, please try again later."),
    ("prose with a semicolon", b"The service is busy; come back later\r\n"),
    ("two lines of prose", b"Service unavailable\nTry again in ten minutes, please\n"),
    ("two lines of prose, a comma in the first", b"Busy, as ever\nTry again\n"),
    ("the uploaded list", b"email,firstname\nann@example.com,Ann\nbob@example.com,Bob\ncy@example.com,Cy\n"),
    ("the uploaded list, with semicolons", b"firstname;email\nAnn;ann@example.com\nBob;bob@example.com\n"),
    ("the uploaded list, without a header", b"ann@example.com,Ann\nbob@example.com,Bob\n"),
    ("the uploaded list, of one column", b"ann@example.com\nbob@example.com\n"),
    ("one contact", b"Ann,ann@example.com"),
    ("our own summary", b"import_id,source,reason,label,remedy,count,share\n,ann.csv,blocker,Blocker,remove,1,1.0\n"),
    ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\x02\xff\x03\0\0\0\0\0\0\0\0\0"),
    ("zip", b"PK\x03\x04\x14\0\0\0\x08\0ann@example.com,Ann"),
    ("PDF", b"%PDF-1.7\n1 0 obj (ann@example.com, Ann)\n"),
    ("UTF-16 behind a mark", b"\xff\xfeR\0e\0a\0s\0o\0n\0,\0e\0m\0a\0i\0l\0\n\0F\0a\0i\0l\0e\0d\0,\0A\0n\0n\0@\0x\0"),
    ("UTF-16", b"R\0e\0a\0s\0o\0n\0,\0e\0m\0a\0i\0l\0\n\0F\0a\0i\0l\0e\0d\0,\0A\0n\0n\0@\0x\0"),
    ("HTML", b"<!DOCTYPE html>\n<html><title>Sign in, please</title></html>\n"),
    ("HTML behind a mark", b"\xef\xbb\xbf\r\n<html>Sign in</html>"),
    ("JSON", b"{\"message\": \"Something went wrong, sorry\"}"),
];

/// Does a text show a contact of these?
pub fn shows_contact(text: &str) -> bool {
    ["Ann", "ann", "Bob", "bob", "Cy", "cy@"].iter().any(|name| text.contains(name))
}
