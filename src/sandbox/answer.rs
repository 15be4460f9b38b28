//! An answer before it is sent: a status, headers, and content that is produced as it goes out.

use std::collections::VecDeque;

use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};

use super::report::Report;

/// What is answered to a request.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) content: Content,
}

/// The bytes of an answer, a part after another; made as they go out.
#[derive(Default)]
pub(super) struct Content(VecDeque<ContentPart>);

enum ContentPart {
    Bytes(Bytes),
    Report {
        report: Report,
        at: u64,
    },
    Base64 {
        report: Report,
        at: u64,
        lines: bool,
    },
    /// Bytes whose number isn't known before they are made.
    Made(Box<dyn Iterator<Item = Bytes> + Send>),
}

impl Answer {
    pub(super) fn new(status: u16) -> Answer {
        Answer { status, headers: Vec::new(), content: Content::default() }
    }

    pub(super) fn of_type(status: u16, content_type: &'static str, content: Content) -> Answer {
        let headers = vec![(hyper::header::CONTENT_TYPE, HeaderValue::from_static(content_type))];
        Answer { status, headers, content }
    }

    /// With a header in place of any other of its name.
    pub(super) fn with(mut self, (name, value): (HeaderName, HeaderValue)) -> Answer {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value));
        self
    }

    pub(super) fn header(mut self, name: HeaderName, value: &'static str) -> Answer {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }
}

impl Content {
    pub(super) fn text(text: impl Into<Bytes>) -> Content {
        Content::default().then(text)
    }

    pub(super) fn then(mut self, text: impl Into<Bytes>) -> Content {
        self.0.push_back(ContentPart::Bytes(text.into()));
        self
    }

    pub(super) fn then_report(mut self, report: Report) -> Content {
        self.0.push_back(ContentPart::Report { report, at: 0 });
        self
    }

    pub(super) fn then_base64(mut self, report: Report, lines: bool) -> Content {
        self.0.push_back(ContentPart::Base64 { report, at: 0, lines });
        self
    }

    pub(super) fn then_made(mut self, pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Content {
        self.0.push_back(ContentPart::Made(Box::new(pieces)));
        self
    }

    /// The length of all that [`next`](Content::next) will hand out, if none has been yet; `None` where it isn't known.
    pub(super) fn len(&self) -> Option<u64> {
        self.0.iter().try_fold(0_u64, |sum, part| {
            Some(sum.saturating_add(match part {
                ContentPart::Bytes(bytes) => bytes.len() as u64,
                ContentPart::Report { report, .. } => report.len(),
                ContentPart::Base64 { report, lines, .. } => report.base64_len(*lines),
                ContentPart::Made(_) => return None,
            }))
        })
    }

    /// The next bytes, never empty; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        loop {
            let piece = match self.0.front_mut()? {
                ContentPart::Bytes(bytes) => std::mem::take(bytes),
                ContentPart::Report { report, at } => {
                    let piece = report.piece(*at);
                    *at = at.saturating_add(piece.len() as u64);
                    piece
                }
                ContentPart::Base64 { report, at, lines } => {
                    let (piece, next) = report.base64_piece(*at, *lines);
                    *at = next;
                    piece
                }
                ContentPart::Made(pieces) => pieces.next().unwrap_or_default(),
            };
            if !piece.is_empty() {
                return Some(piece);
            }
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_length_is_what_it_hands_out() {
        let report = Report::repeated(b"Reason,email\n".to_vec(), b"Duplicate,a@example.com\n".to_vec(), 10_000);
        let mut content =
            Content::text("<a>").then("").then_base64(report.clone(), false).then_report(report).then("</a>");
        let length = content.len();
        let mut bytes = Vec::new();
        while let Some(piece) = content.next() {
            assert!(!piece.is_empty());
            bytes.extend_from_slice(&piece);
        }
        assert_eq!(Some(bytes.len() as u64), length);
        assert_eq!(Content::text("a").then_made(std::iter::empty()).len(), None);
        assert!(bytes.starts_with(b"<a>UmVh") && bytes.ends_with(b"a@example.com\n</a>"));
    }
}
