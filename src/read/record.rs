//! One record of the input, and who takes it.

use std::ops::ControlFlow;

/// What is told of a record once it has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    /// Where it starts, in bytes from the start of the input.
    pub(crate) start: u64,
    /// Where it ends; its line end is not part of it.
    pub(crate) end: u64,
    /// Where its line end ends.
    pub(crate) next: u64,
    /// The physical line on which it starts, counted from 1.
    pub(crate) line: u64,
    pub(crate) cells: usize,
    /// Has it a cell whose opening quote is never closed?
    pub(crate) unclosed_quote: bool,
    /// Has it been found to be the header once more, behind byte order marks?
    pub(crate) is_marked_header: bool,
    /// Has it a cell with quotes?
    pub(crate) has_quotes: bool,
    /// What is nowhere in its cells: nothing but spaces and tabs; nothing but these, NUL and U+001A.
    pub(crate) only_spaces: bool,
    pub(crate) only_blanks: bool,
}

/// Takes what the scanner finds. `Break` stops it for good.
pub(crate) trait Sink<'b> {
    /// A piece of the cell being read, without its quotes. A cell comes in any number of pieces.
    fn text(&mut self, piece: &'b [u8]);

    fn end_cell(&mut self) -> ControlFlow<()>;

    /// All cells of a record without quotes, in place of `text` and `end_cell` for each; and how many there are.
    fn cells(&mut self, line: &'b [u8], separator: u8) -> ControlFlow<(), usize> {
        let mut cells = 0;
        for cell in line.split(|&byte| byte == separator) {
            if !cell.is_empty() {
                self.text(cell);
            }
            self.end_cell()?;
            cells += 1;
        }
        ControlFlow::Continue(cells)
    }

    /// The record, and its bytes, unless it is longer than the largest row.
    fn end_record(&mut self, record: Record, bytes: Option<&'b [u8]>) -> ControlFlow<()>;

    /// Does a line that stands inside quotes look like a fault of its own?
    fn is_fault(&self, line: &[u8]) -> bool;

    /// Takes some of the records with which `bytes` begin at once, and tells how far they go: up to a line end's LF
    /// and beyond it.
    fn take_plain_records(&mut self, _bytes: &'b [u8], _start: u64, _line: u64) -> ControlFlow<(), Run> {
        ControlFlow::Continue(Run::default())
    }

    /// Is there a header, and do the records behind byte order marks begin with one equal to it? `None` where more is
    /// needed to tell, which it never is with `last`: the input ends there then.
    fn begins_with_header(&self, _text: &[u8], _last: bool) -> Option<bool> {
        Some(false)
    }
}

/// How far a run of records went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub(crate) bytes: usize,
    pub(crate) lines: u64,
}

/// What the options say of records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) separator: u8,
    pub(crate) largest_field: usize,
    pub(crate) largest_row: usize,
}
