//! However large two reports are, a comparison takes a few bytes a contact, also where it lists those that have changed.

use std::io::{self, Read};

use dotdigital_faults::{Comparer, Comparison, Error, ErrorKind, FaultReader};

use crate::helpers::child;
use crate::helpers::memory::peak;

/// How many rows a report has; 5000000 to measure.
const ROWS: &str = "DOTDIGITAL_FAULTS_TEST_ROWS";

fn rows() -> usize {
    std::env::var(ROWS).ok().and_then(|text| text.parse().ok()).unwrap_or(200_000)
}

/// A report that is made as it is read: its header, then a row at a time.
struct Made<F> {
    row: F,
    next: usize,
    text: Vec<u8>,
    read: usize,
}

impl<F: Fn(usize) -> Option<Vec<u8>>> Made<F> {
    fn new(row: F) -> Self {
        Made { row, next: 0, text: b"Reason,email,note\n".to_vec(), read: 0 }
    }
}

impl<F: Fn(usize) -> Option<Vec<u8>>> Read for Made<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.text.len() {
            let Some(row) = (self.row)(self.next) else { return Ok(0) };
            (self.text, self.read) = (row, 0);
            self.next += 1;
        }
        let len = (&self.text[self.read..]).read(buffer)?;
        self.read += len;
        Ok(len)
    }
}

/// Lists the contacts that have changed between two reports, each of them read twice.
fn listed<R: Read>(old: impl Fn() -> R, new: impl Fn() -> R, most_bytes: u64) -> Result<Comparison, Error> {
    let mut comparer = Comparer::new();
    let old_counts = FaultReader::new(old()).drain_into(&mut comparer.older())?;
    let new_counts = FaultReader::new(new()).drain_into(&mut comparer.newer())?;
    let mut finder = comparer.find_contacts(old_counts, new_counts)?.most_bytes(most_bytes);
    for report in [old(), new()] {
        FaultReader::new(report).drain_into(&mut finder)?;
    }
    finder.finish()
}

/// Of two reports of about 40 MB, in which one contact of a thousand has changed.
#[test]
fn few_contacts_of_large_reports() {
    if child::given().is_none() {
        return child::run(module_path!(), "few_contacts_of_large_reports", "yes", &[]);
    }
    let report = |changes: bool| {
        move || {
            Made::new(move |row| {
                let reason = if changes && row.is_multiple_of(1000) { "Blocker" } else { "Duplicate" };
                (row < rows()).then(|| format!("{reason},contact.{row}@example.com,{:160}\n", "x").into_bytes())
            })
        }
    };
    let before = peak();
    let changed = rows().div_ceil(1000);
    let comparison = listed(report(false), report(true), u64::MAX).unwrap();
    println!("{} MiB for {} rows, {} before", peak() >> 20, rows(), before >> 20);
    assert_eq!(comparison.contacts().len(), changed);
    // 24 bytes a fault, where a part has just grown a quarter more, and what readers and the allocator need.
    let most = before + 70 * rows() as u64 + (10 << 20);
    assert!(peak() < most, "{} of {most} bytes, {before} before", peak());
}

/// Of reports of 24 huge emails, each another one: more than is allowed is an error before it is held.
#[test]
fn huge_emails() {
    if child::given().is_none() {
        return child::run(module_path!(), "huge_emails", "yes", &[]);
    }
    let report = |letter: char| {
        move || {
            Made::new(move |row| {
                let text = letter.to_string().repeat(2 << 20);
                (row < 24).then(|| format!("Blocker,{row}{text}@example.com,\n").into_bytes())
            })
        }
    };
    let before = peak();
    let error = listed(report('a'), report('b'), 8 << 20).unwrap_err();
    println!("{} MiB, {} before", peak() >> 20, before >> 20);
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    // The emails that are allowed, and a few copies of a row while it is read.
    assert!(peak() < before + (40 << 20), "{} bytes, {before} before", peak());
}
