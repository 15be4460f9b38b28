//! Reading a report from bytes that are pushed in, in pieces of any size.

use std::fmt;

use super::Reading;
use super::options::ReadOptions;
use super::row::RowSink;
use crate::error::Result;
use crate::reason::counts::ReasonCounts;

/// How much is added at a time to bytes that were kept back.
const STEP: usize = 64 * 1024;

/// A reading, and the bytes that it still needs. `Debug` shows none of them.
pub(crate) struct Push {
    reading: Reading,
    kept: Vec<u8>,
    /// From where on they are needed.
    from: usize,
}

impl Push {
    #[inline]
    pub(crate) fn new(options: &ReadOptions) -> Self {
        Push { reading: Reading::new(options), kept: Vec::new(), from: 0 }
    }

    /// Reads the next bytes. An error stays: nothing is read after it.
    pub(crate) fn feed<S: RowSink>(&mut self, mut bytes: &[u8], sink: &mut S) -> Result<()> {
        while !bytes.is_empty() {
            if self.kept.is_empty() {
                let dropped = self.reading.read(bytes, false, sink)?;
                self.kept.extend_from_slice(&bytes[dropped..]);
                return Ok(());
            }
            let (step, rest) = bytes.split_at(bytes.len().min(STEP));
            bytes = rest;
            self.kept.extend_from_slice(step);
            self.from += self.reading.read(&self.kept[self.from..], false, sink)?;
            // Moved to the front only when that frees half of it, so that tiny pieces cost no more than large ones.
            if self.from * 2 >= self.kept.len() {
                self.kept.drain(..self.from);
                self.from = 0;
            }
        }
        Ok(())
    }

    /// Ends the input.
    #[inline]
    pub(crate) fn finish<S: RowSink>(mut self, sink: &mut S) -> Result<ReasonCounts> {
        self.reading.read(&self.kept[self.from..], true, sink)?;
        Ok(self.reading.into_counts())
    }

    /// What has been counted so far.
    pub(crate) fn counts(&self) -> Option<&ReasonCounts> {
        self.reading.counts()
    }
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push").field("kept", &(self.kept.len() - self.from)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::Arc;

    use super::*;
    use crate::read::header::Header;
    use crate::read::row::Row;

    /// Looks at the rows' bytes, and keeps none.
    struct Looks;

    impl RowSink for Looks {
        const NEEDS_BYTES: bool = true;

        fn header(&mut self, _: &Arc<Header>) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }

        fn row(&mut self, row: Row, bytes: &[u8]) -> ControlFlow<()> {
            assert_eq!(row.end - row.start, bytes.len() as u64);
            ControlFlow::Continue(())
        }
    }

    /// Feeds a text many times, in pieces, and tells the most that was kept, and what was counted.
    fn fed<S: RowSink>(mut sink: S, options: &ReadOptions, text: &str, times: usize, piece: usize) -> (usize, u64) {
        let mut push = Push::new(options);
        push.feed(b"Reason,email,name,note\n", &mut sink).unwrap();
        let (text, mut most) = (text.repeat(times), 0);
        for piece in text.as_bytes().chunks(piece) {
            push.feed(piece, &mut sink).unwrap();
            most = most.max(push.kept.len());
        }
        (most, push.finish(&mut sink).unwrap().total())
    }

    /// However long the report is, and each of its rows, little of it is kept.
    #[test]
    fn little_is_kept() {
        const MIB: usize = 1 << 20;
        let options = ReadOptions::new();
        for (row, largest) in [
            ("Hard bounced,jo@example.com,Jo,x\n".to_owned(), 64),
            ("Moon phase,jo@example.com,\"Jo, or so\",\n".to_owned(), 64),
            // Torn, so that each row waits for the next.
            ("Moon phase,jo@example.com,Jo\nBloggs,x\n".to_owned(), 128),
            (format!("Blocker,jo@example.com,{},x\n", "y".repeat(5_000)), 10_240),
            (format!("Blocker,jo@example.com,\"{}\",x\n", "y,\n".repeat(2_000)), 20_480),
        ] {
            for piece in [1, 7, 4_099] {
                let bytes = if piece == 1 { MIB / 4 } else { MIB };
                let times = bytes / row.len();
                let counted = fed((), &options, &row, times, piece);
                let looked_at = fed(Looks, &options, &row, times / 4, piece);
                for ((most, total), times) in [(counted, times), (looked_at, times / 4)] {
                    assert_eq!(total as usize, times);
                    assert!(most <= largest + 2 * piece, "{most} of {row:.40} by {piece}");
                }
            }
        }
        // Rows that are longer than the largest are counted all the same, and not kept.
        for row in [
            format!("Blocker,jo@example.com,{},x\n", "y".repeat(5 * MIB)),
            format!("Blocker,jo@example.com,{}x\n", ",y".repeat(3 * MIB)),
            format!("Blocker,jo@example.com,\"{}\",x\n", "y".repeat(5 * MIB)),
            format!("Moon phase,jo@example.com,Jo{}\n", format!("\n{}", "y".repeat(99)).repeat(50_000)),
        ] {
            let (most, total) = fed((), &options.clone().largest_row(MIB), &row, 2, 65_536);
            assert_eq!(total, 2);
            assert!(most < 3 * MIB, "{most} of {row:.40}");
        }
    }

    /// Rows are counted as they come, whatever stands in front of them.
    #[test]
    fn counts_so_far() {
        let titles: String = (1..=16).map(|number| format!("title {number}\n")).collect();
        let rows = "Blocker,a@x\n".repeat(10);
        for (input, counted) in [
            (String::new(), None),
            ("\r\n \r\r".repeat(20), None),
            (format!("Reason,email\n{rows}Dupli"), Some(10)),
            (format!("{}Reason,email\n{rows}", "\r\n \r\r".repeat(20)), Some(10)),
            (format!("Reason,email\n{rows}\u{feff}Reason,email\n{rows}"), Some(20)),
            // None of the first sixteen records is a header: so the first one is it, and the others are faults.
            (format!("{titles}{rows}"), Some(25)),
            // What stands behind a short row is too much already to go on with it, or isn't yet.
            (format!("Reason,email,x\nBlocker,a@x{}", "\n".repeat(65_536)), Some(0)),
            (format!("Reason,email,x\nBlocker,a@x{}", "\n".repeat(65_537)), Some(1)),
            (r#"{"importId":"1","status":"Finished","summary":{},"created":[],"failures":["#.into(), None),
            (r#"{"importId":"1","failures":[{"failures":[{"failureCode":"Blocker"}]},{"#.into(), Some(1)),
        ] {
            let mut push = Push::new(&ReadOptions::new());
            push.feed(input.as_bytes(), &mut ()).unwrap();
            assert_eq!(push.counts().map(ReasonCounts::total), counted, "{input:.80}");
        }
    }

    /// A first line that takes more than the first MiB is waited for only where it names the reason's column.
    #[test]
    fn what_no_end_can_make_a_report() {
        let cells = "x,".repeat(600_000);
        for (beginning, may_be_report) in [("", false), ("email,", false), ("Reason,", true)] {
            let mut push = Push::new(&ReadOptions::new());
            let fed = push.feed(format!("{beginning}{cells}").as_bytes(), &mut ());
            assert_eq!(fed.is_ok(), may_be_report, "{beginning}");
        }
    }

    #[test]
    fn debug_shows_no_contact() {
        let mut push = Push::new(&ReadOptions::new());
        push.feed(format!("Reason,email\n{}Dupli", "Blocker,a@x\n".repeat(10)).as_bytes(), &mut ()).unwrap();
        assert_eq!(format!("{push:?}"), "Push { kept: 5, .. }");
        // What isn't needed any more may still be there for a while.
        push.feed(format!("cate,a@x\nMoon,{}", "x".repeat(100)).as_bytes(), &mut ()).unwrap();
        assert_eq!(format!("{push:?}"), "Push { kept: 105, .. }");
        let mut push = Push::new(&ReadOptions::new());
        let answer = r#"{"failures":[{"identifiers":{"email":"jo@example.com"},"failures":[]}],"#;
        push.feed(answer.as_bytes(), &mut ()).unwrap();
        let shown = format!("{:?}", push.reading);
        assert!(shown.contains("Answer { position: 71, .. }") && !shown.contains("example.com"), "{shown}");
    }

    /// What goes on is looked at once more when it is twice as long, and not at each byte.
    #[test]
    fn looks_at_what_goes_on() {
        for (beginning, expected) in [
            // Counted are the bytes that are kept: the two line ends are, and what stands in front of a text isn't.
            ("\n\nReason,", vec![126, 250, 498, 994, 1_986]),
            (r#"{"importId":""#, vec![104, 208, 416, 832, 1_664]),
        ] {
            let mut push = Push::new(&ReadOptions::new());
            let mut looks = vec![0];
            for byte in beginning.bytes().chain(std::iter::repeat_n(b'x', 1_500)) {
                push.feed(&[byte], &mut ()).unwrap();
                if looks.last() != Some(&push.reading.look_again) {
                    looks.push(push.reading.look_again);
                }
            }
            assert_eq!(looks[1..], expected, "{beginning}");
        }
    }

    /// The header that comes byte by byte behind a mark is found where it ends, or soon after.
    #[test]
    fn a_copy_of_a_long_header() {
        let header = format!("Reason,email,{}", "x".repeat(47));
        let rows = "Blocker,a@x,1\n".repeat(10);
        let mut push = Push::new(&ReadOptions::new());
        for byte in format!("{header}\n{rows}\u{feff}{header}\n{rows}").bytes() {
            push.feed(&[byte], &mut ()).unwrap();
        }
        assert_eq!(push.counts().map(ReasonCounts::total), Some(20));
    }

    /// Whoever looks at rows is told as soon as one has become too long; who counts them doesn't mind.
    #[test]
    fn a_row_that_goes_on() {
        let options = ReadOptions::new().largest_row(100);
        let report = format!("Reason,email\nBlocker,a@{}", "x".repeat(200));
        let fed = Push::new(&options).feed(report.as_bytes(), &mut Looks);
        assert_eq!(fed.map_err(|error| error.line()), Err(Some(2)));
        Push::new(&options).feed(report.as_bytes(), &mut ()).unwrap();
    }

    #[test]
    fn the_largest_header() {
        let options = ReadOptions::new().largest_row(100);
        for (len, is_read) in [(100, true), (101, false)] {
            let mut push = Push::new(&options);
            let header = format!("Reason,{}", "x".repeat(len - 7));
            let fed = push.feed(format!("\n\n{header}").as_bytes(), &mut ());
            assert_eq!(fed.map_err(|error| error.line()), if is_read { Ok(()) } else { Err(Some(3)) }, "{len}");
        }
    }
}
