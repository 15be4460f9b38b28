//! Answers, as bodies whose length is known.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// An answer for people and for logs: one sentence.
pub(super) fn sentence(status: StatusCode, text: &str) -> Response {
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))];
    (status, kind, format!("{text}\n")).into_response()
}

/// An answer of parts that stay where they are.
pub(super) fn parts(kind: &'static str, parts: impl IntoIterator<Item = Bytes>) -> Response {
    let kind = [(CONTENT_TYPE, HeaderValue::from_static(kind))];
    (kind, Body::new(Parts(parts.into_iter().collect()))).into_response()
}

/// Parts of a body, one after the other.
struct Parts(VecDeque<Bytes>);

impl hyper::body::Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|part| part.len() as u64).sum())
    }
}
