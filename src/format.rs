//! What a file is that is no text: told by its first bytes, rule 1.

use std::fmt;

use memchr::memchr;

/// The UTF-8 byte order mark.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// How many bytes tell the format.
pub(crate) const FIRST_BYTES: usize = 64;

/// A format that people bring in place of a CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Text in UTF-16, with a byte order mark or without one.
    Utf16,
    /// gzip, which the program `faults` unpacks by itself.
    Gzip,
    /// zip, which an Excel workbook (`xlsx`) is, too.
    Zip,
    /// OLE2, as of an old Excel workbook (`xls`).
    Ole2,
    /// PDF.
    Pdf,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// zstd.
    Zstd,
    /// 7z.
    SevenZip,
}

impl Format {
    /// What it is, in a few words.
    pub fn description(self) -> &'static str {
        match self {
            Format::Utf16 => "UTF-16 text",
            Format::Gzip => "gzip",
            Format::Zip => "zip, as an Excel workbook (xlsx) is",
            Format::Ole2 => "OLE2, as an old Excel workbook (xls) is",
            Format::Pdf => "PDF",
            Format::Bzip2 => "bzip2",
            Format::Xz => "xz",
            Format::Zstd => "zstd",
            Format::SevenZip => "7z",
        }
    }

    /// How to make a report of it.
    pub fn advice(self) -> &'static str {
        match self {
            Format::Utf16 => {
                "save it as \"CSV UTF-8\", or convert it with `iconv -f UTF-16 -t UTF-8`, or use the bytes exactly as the \
                 service sent them"
            }
            Format::Gzip => "unpack it, such as with `gzip -d`",
            Format::Zip => "if it is an Excel workbook, save it as \"CSV UTF-8\"; else unpack it",
            Format::Ole2 => "save it as \"CSV UTF-8\"",
            Format::Pdf => "fetch the report itself, or export it as CSV",
            Format::Bzip2 => "unpack it, such as with `bzip2 -d`",
            Format::Xz => "unpack it, such as with `xz -d`",
            Format::Zstd => "unpack it, such as with `zstd -d`",
            Format::SevenZip => "unpack it",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.description())
    }
}

/// The format of an input, by its first bytes, where it is none of text in UTF-8.
pub(crate) fn format(input: &[u8]) -> Option<Format> {
    let format = match input {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Format::Utf16,
        [0x1f, 0x8b, ..] => Format::Gzip,
        [b'P', b'K', 3, 4, ..] => Format::Zip,
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Format::Ole2,
        [b'%', b'P', b'D', b'F', b'-', ..] => Format::Pdf,
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Format::Bzip2,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Format::Xz,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Format::Zstd,
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Format::SevenZip,
        _ if is_unmarked_utf16(input.get(..FIRST_BYTES).unwrap_or(input)) => Format::Utf16,
        _ => return None,
    };
    Some(format)
}

/// Are at least half of the bytes at even places NUL and none of the others, or the other way round?
fn is_unmarked_utf16(first: &[u8]) -> bool {
    if memchr(0, first).is_none() {
        return false;
    }
    let nuls = |from: usize| first.iter().skip(from).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    let half_of_even = even * 2 >= first.len().div_ceil(2);
    let half_of_odd = odd * 2 >= first.len() / 2;
    first.len() >= 4 && (half_of_even && even > 0 && odd == 0 || half_of_odd && odd > 0 && even == 0)
}
