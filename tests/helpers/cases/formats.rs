//! Rule 1: byte order marks, UTF-16, and formats that are no text.

use super::Case;

pub const CASES: &[Case] = &[
    ("a mark", b"\xef\xbb\xbfReason,email\nBlocker,a@b\n", "2 blocker [Blocker|a@b]"),
    ("a mark alone", b"\xef\xbb\xbf", ""),
    ("a mark and a blank line", b"\xef\xbb\xbf\r\nReason,email\nBlocker,a@b\n", "3 blocker [Blocker|a@b]"),
    (
        "a second mark belongs to the name, which folds to the reason's all the same",
        b"\xef\xbb\xbf\xef\xbb\xbfemail,Reason\na@b,Blocker",
        "2 blocker [a@b|Blocker]",
    ),
    ("little-endian UTF-16", b"\xff\xfeR\0", UTF16),
    ("big-endian UTF-16", b"\xfe\xff\0R", UTF16),
    ("a lone 0xff is text", b"\xff", words!("\u{fffd}")),
    (
        "little-endian UTF-16 behind its mark, a whole report",
        b"\xff\xfeR\0e\0a\0s\0o\0n\0,\0e\0m\0a\0i\0l\0\r\0\n\0",
        UTF16,
    ),
    (
        "big-endian UTF-16 behind its mark, a whole report",
        b"\xfe\xff\0R\0e\0a\0s\0o\0n\0,\0e\0m\0a\0i\0l\0\n\0B\0l\0o\0c\0k\0e\0r\0,\0a\0@\0b\0\n",
        UTF16,
    ),
    ("a UTF-16 mark alone", b"\xff\xfe", UTF16),
    ("half of a UTF-16 mark", b"\xfe", words!("\u{fffd}")),
    (
        "little-endian UTF-16 without a mark",
        b"R\0e\0a\0s\0o\0n\0,\0e\0m\0a\0i\0l\0\n\0B\0l\0o\0c\0k\0e\0r\0,\0a\0@\0b\0\n\0",
        UTF16,
    ),
    (
        "big-endian UTF-16 without a mark",
        b"\0R\0e\0a\0s\0o\0n\0,\0e\0m\0a\0i\0l\0\n\0B\0l\0o\0c\0k\0e\0r\0,\0a\0@\0b\0\n",
        UTF16,
    ),
    ("UTF-16 without a mark, in two characters", b"N\0o\0", UTF16),
    ("UTF-16 without a mark, of half Greek letters", b"a\0\xb1\x03,\0\xb2\x03", UTF16),
    ("NULs at places of both kinds are text", b"R\0eason,email\n\0Blocker,a@b\n", r"2 blocker [\0Blocker|a@b]"),
    ("one NUL in three bytes is too little to tell", b"a\0b", words!(r"a\u{0}b")),
    ("fewer NULs than half are text", b"R\0eason,email\nBlocker,a@b\n", "2 blocker [Blocker|a@b]"),
    ("four NULs", b"\0\0\0\0", words!(r"\u{0}\u{0}\u{0}\u{0}")),
    (
        "gzip",
        b"\x1f\x8b\x08\0\0\0\0\0",
        "NotAReport: this is not a faults report: it is gzip; unpack it, such as with `gzip -d`",
    ),
    (
        "gzip, two bytes of it",
        b"\x1f\x8b",
        "NotAReport: this is not a faults report: it is gzip; unpack it, such as with `gzip -d`",
    ),
    ("half of gzip's beginning is text", b"\x1f", words!(r"\u{1f}")),
    (
        "zip",
        b"PK\x03\x04\x14\0",
        "NotAReport: this is not a faults report: it is zip, as an Excel workbook (xlsx) is; if it is an Excel workbook, save it as \"CSV UTF-8\"; else unpack it",
    ),
    ("an empty zip begins otherwise", b"PK\x05\x06", words!(r"PK\u{5}\u{6}")),
    ("letters that zip begins with", b"PK,email,Reason\n1,a@b,Blocker\n", "2 blocker [1|a@b|Blocker]"),
    (
        "OLE2",
        b"\xd0\xcf\x11\xe0\xa1\xb1",
        "NotAReport: this is not a faults report: it is OLE2, as an old Excel workbook (xls) is; save it as \"CSV UTF-8\"",
    ),
    ("OLE2, three bytes of it", b"\xd0\xcf\x11", words!("\u{fffd}\u{fffd}\\u{11}")),
    (
        "PDF",
        b"%PDF-1.7\n%\xe2\xe3\n",
        "NotAReport: this is not a faults report: it is PDF; fetch the report itself, or export it as CSV",
    ),
    ("PDF, without its hyphen", b"%PDF", words!("%PDF")),
    (
        "bzip2",
        b"BZh91AY&SY",
        "NotAReport: this is not a faults report: it is bzip2; unpack it, such as with `bzip2 -d`",
    ),
    (
        "bzip2 of the smallest blocks",
        b"BZh1",
        "NotAReport: this is not a faults report: it is bzip2; unpack it, such as with `bzip2 -d`",
    ),
    ("bzip2 has no blocks of size 0", b"BZh0", words!("BZh0")),
    ("xz", b"\xfd7zXZ\0\0\x04", "NotAReport: this is not a faults report: it is xz; unpack it, such as with `xz -d`"),
    (
        "zstd",
        b"\x28\xb5\x2f\xfd\x04",
        "NotAReport: this is not a faults report: it is zstd; unpack it, such as with `zstd -d`",
    ),
    ("7z", b"7z\xbc\xaf\x27\x1c\0\x04", "NotAReport: this is not a faults report: it is 7z; unpack it"),
    ("a format behind a mark is text", b"\xef\xbb\xbf%PDF-1.7", words!("%PDF-1.7")),
    ("a format behind a blank line is text", b"\n%PDF-1.7", words!("%PDF-1.7")),
    ("marks, blank lines and tabs alone", b"\xef\xbb\xbf\n\t\xef\xbb\xbf \r\n\xef\xbb\xbf", ""),
    ("two empty reports, joined", b"\xef\xbb\xbf\xef\xbb\xbf", ""),
];

const UTF16: &str = "Utf16: this is not a faults report: it is UTF-16 text; save it as \"CSV UTF-8\", or convert it with \
                     `iconv -f UTF-16 -t UTF-8`, or use the bytes exactly as the service sent them";
