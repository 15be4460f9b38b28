//! A report as the stand-in keeps it: handed out piece by piece, never copied whole.

use std::io::{self, Read};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;

/// How many bytes are handed out at a time. A multiple of 3, so that every piece but the last is base64 without
/// padding, and of 57, so that it is whole lines of 76 letters.
const PIECE: u64 = 57 * 1024;

/// The bytes of a report, cheap to clone.
#[derive(Clone)]
pub(super) enum Report {
    /// As they stand.
    Bytes(Bytes),
    /// A beginning, then a row again and again: large reports that take no memory.
    Repeated {
        /// What stands first.
        head: Bytes,
        /// What is repeated; never empty.
        row: Bytes,
        /// How often.
        times: u64,
    },
}

/// Reads a report from its beginning.
pub(super) struct ReportReader {
    report: Report,
    at: u64,
    /// What was taken from the report and not yet read.
    piece: Bytes,
}

impl Report {
    pub(super) fn new(bytes: Vec<u8>) -> Report {
        Report::Bytes(bytes.into())
    }

    pub(super) fn shared(bytes: Arc<[u8]>) -> Report {
        Report::Bytes(Bytes::from_owner(bytes))
    }

    pub(super) fn repeated(head: Vec<u8>, row: Vec<u8>, times: u64) -> Report {
        if row.is_empty() || times == 0 {
            return Report::new(head);
        }
        Report::Repeated { head: head.into(), row: row.into(), times }
    }

    pub(super) fn reader(&self) -> ReportReader {
        ReportReader { report: self.clone(), at: 0, piece: Bytes::new() }
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Report::Bytes(bytes) => bytes.len() as u64,
            Report::Repeated { head, row, times } => {
                (row.len() as u64).saturating_mul(*times).saturating_add(head.len() as u64)
            }
        }
    }

    /// The length once it is base64, with or without a line break after every 76 letters.
    pub(super) fn base64_len(&self, lines: bool) -> u64 {
        let letters = self.len().div_ceil(3).saturating_mul(4);
        letters.saturating_add(if lines { letters.div_ceil(76).saturating_mul(2) } else { 0 })
    }

    /// The piece that begins at a byte; an empty one at the end.
    pub(super) fn piece(&self, at: u64) -> Bytes {
        let end = at.saturating_add(PIECE).min(self.len());
        if at >= end {
            return Bytes::new();
        }
        match self {
            // Both fit into `usize`: the end is no larger than the length.
            Report::Bytes(bytes) => bytes.slice(at as usize..end as usize),
            Report::Repeated { head, row, .. } => {
                let mut piece = Vec::with_capacity((end - at) as usize);
                let rows_start = head.len() as u64;
                piece.extend(head.iter().skip(at.min(rows_start) as usize).take((end - at) as usize));
                while (piece.len() as u64) < end - at {
                    let within = (at + piece.len() as u64 - rows_start) % row.len() as u64;
                    let wanted = (end - at) as usize - piece.len();
                    let rest = row.get(within as usize..).unwrap_or_default();
                    piece.extend_from_slice(rest.get(..wanted).unwrap_or(rest));
                }
                piece.into()
            }
        }
    }

    /// The same piece in base64, and where the next one begins.
    pub(super) fn base64_piece(&self, at: u64, lines: bool) -> (Bytes, u64) {
        let piece = self.piece(at);
        let next = at.saturating_add(piece.len() as u64);
        if !lines {
            return (STANDARD.encode(piece).into(), next);
        }
        let mut text = String::new();
        for line in piece.chunks(57) {
            STANDARD.encode_string(line, &mut text);
            text.push_str("\r\n");
        }
        (text.into(), next)
    }
}

impl Read for ReportReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            self.piece = self.report.piece(self.at);
            self.at = self.at.saturating_add(self.piece.len() as u64);
        }
        let taken = self.piece.split_to(self.piece.len().min(buffer.len()));
        for (place, byte) in buffer.iter_mut().zip(&taken) {
            *place = *byte;
        }
        Ok(taken.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(report: &Report) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let piece = report.piece(bytes.len() as u64);
            if piece.is_empty() {
                return bytes;
            }
            bytes.extend_from_slice(&piece);
        }
    }

    fn base64(report: &Report, lines: bool) -> String {
        let (mut text, mut at) = (String::new(), 0);
        while at < report.len() {
            let (piece, next) = report.base64_piece(at, lines);
            text.push_str(std::str::from_utf8(&piece).unwrap());
            at = next;
        }
        text
    }

    #[test]
    fn a_repeated_report_is_its_parts_joined() {
        for (head, row, times) in
            [("", "ab", 3), ("head\n", "", 9), ("h", "row\r\n", 0), ("Reason,email\n", "x,y\n", 99_999)]
        {
            let report = Report::repeated(head.into(), row.into(), times);
            let expected = format!("{head}{}", row.repeat(times as usize));
            assert!(whole(&report) == expected.as_bytes(), "{head:?} {row:?} {times}");
            assert_eq!(report.len(), expected.len() as u64);
            let mut read = String::new();
            report.reader().read_to_string(&mut read).unwrap();
            assert!(read == expected, "{head:?} {row:?} {times}");
        }
    }

    #[test]
    fn pieces_of_base64_join_to_the_whole() {
        for length in [0, 1, 2, 3, 56, 57, 58, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 100] {
            let bytes: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            let report = Report::new(bytes.clone());
            let text = base64(&report, false);
            assert!(STANDARD.decode(&text).unwrap() == bytes, "{length}");
            assert_eq!(report.base64_len(false), text.len() as u64);
            let lines = base64(&report, true);
            assert_eq!(lines.replace("\r\n", ""), text);
            assert!(lines.lines().all(|line| line.len() <= 76));
            assert_eq!(report.base64_len(true), lines.len() as u64, "{length}");
        }
    }

    #[test]
    fn no_length_overflows() {
        let report = Report::repeated(b"head".to_vec(), b"row".to_vec(), u64::MAX);
        assert_eq!(report.len(), u64::MAX);
        assert_eq!(report.base64_len(true), u64::MAX);
        assert_eq!(report.piece(u64::MAX - 2).len(), 2);
    }
}
