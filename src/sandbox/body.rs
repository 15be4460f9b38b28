//! The body of an answer on its way out, and what may happen to it there.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Bytes, Frame, SizeHint};
use tokio::time::Sleep;

use super::answer::Content;
use super::calls::Running;

/// How long the connection stays open before it is cut, so that what stands before the cut has left the house.
const LINGER: Duration = Duration::from_millis(50);

/// What happens to a body after so many bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    /// The connection is closed.
    Truncate,
    /// The connection is reset.
    Reset,
    /// Nothing is sent for a while; then it goes on.
    Stall(Duration),
}

/// A body that hyper sends.
pub(super) struct Body {
    content: Content,
    /// What was taken from the content and not yet sent.
    piece: Bytes,
    /// `None` where the body is sent in chunks: its length isn't to be told, or isn't known.
    length: Option<u64>,
    /// How many bytes are still to be handed out, where that is known.
    left: Option<u64>,
    /// After how many more bytes what happens.
    cut: Option<(u64, Cut)>,
    /// Until when nothing is sent, and whether the body ends there.
    pause: Option<(Pin<Box<Sleep>>, bool)>,
    /// Asks the socket to be reset when it is closed.
    reset: Arc<AtomicBool>,
    /// The call that this answers, until all is handed out.
    running: Option<Running>,
}

impl Body {
    pub(super) fn new(
        content: Content,
        chunked: bool,
        cut: Option<(u64, Cut)>,
        reset: Arc<AtomicBool>,
        running: Option<Running>,
    ) -> Body {
        let length = content.len();
        let running = running.filter(|_| length != Some(0));
        let (left, length) = (length, length.filter(|_| !chunked));
        Body { content, piece: Bytes::new(), length, left, cut, pause: None, reset, running }
    }

    /// What happens now that all the bytes before the cut are sent.
    fn happen(&mut self, cut: Cut) {
        self.cut = None;
        let (duration, ends) = match cut {
            Cut::Stall(duration) => (duration, false),
            Cut::Truncate => (LINGER, true),
            Cut::Reset => {
                self.reset.store(true, Ordering::Relaxed);
                (LINGER, true)
            }
        };
        self.pause = Some((Box::pin(tokio::time::sleep(duration)), ends));
    }

    /// The next bytes, no further than the cut. With the last of them the call has ended: whoever has read the whole answer
    /// may call again.
    fn next(&mut self) -> Option<Bytes> {
        let piece = self.next_piece()?;
        self.left = self.left.map(|left| left.saturating_sub(piece.len() as u64));
        if self.left == Some(0) {
            self.running = None;
        }
        Some(piece)
    }

    fn next_piece(&mut self) -> Option<Bytes> {
        if self.piece.is_empty() {
            self.piece = self.content.next()?;
        }
        let Some((left, _)) = &mut self.cut else {
            return Some(std::mem::take(&mut self.piece));
        };
        let taken = (*left).min(self.piece.len() as u64);
        *left -= taken;
        Some(self.piece.split_to(taken as usize))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        loop {
            if let Some((sleep, ends)) = &mut self.pause {
                let ends = *ends;
                std::task::ready!(sleep.as_mut().poll(context));
                self.pause = None;
                if ends {
                    // hyper then closes the connection, whatever it has promised.
                    return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
                }
            }
            match self.cut {
                Some((0, cut)) => self.happen(cut),
                _ => return Poll::Ready(self.next().map(|piece| Ok(Frame::data(piece)))),
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
