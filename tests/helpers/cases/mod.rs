//! The reading rules, case by case: a file for each part of them.

/// What is repeated of something that is no report.
macro_rules! words {
    ($text:literal) => {
        concat!(
            "NotAReport: this is not a faults report: ",
            $text,
            "; fetch or save the report again, exactly as the service sends it"
        )
    };
}

/// What is said of a table without reasons, of which nothing is repeated.
macro_rules! no_reason {
    ($columns:literal, $separator:literal) => {
        concat!(
            "NotAReport: this is not a faults report: ",
            $columns,
            ", and none of its first 1,000 rows holds a known reason; the columns seem to be separated by ",
            $separator,
            "; if it is the list that was uploaded, fetch the report of its import; if one of its columns is the reason, \
             name it (ReadOptions::reason_column, --reason-column)"
        )
    };
}

/// Where a strict reading stops.
macro_rules! stopped {
    ($at:literal) => {
        concat!("Anomaly: ", $at, "; the default reading counts such a row and goes on")
    };
}

mod formats;
mod header;
mod options;
mod records;
mod refusals;
mod rows;

/// A name, the report, and what it reads as.
pub type Case = (&'static str, &'static [u8], &'static str);

/// The same with options, as the program has them.
pub type CaseWithOptions = (&'static str, &'static str, &'static [u8], &'static str);

/// All of them.
pub fn cases() -> impl Iterator<Item = CaseWithOptions> {
    let plain = [formats::CASES, refusals::CASES, records::CASES, header::CASES, rows::CASES].concat();
    plain.into_iter().map(|(name, report, expected)| (name, "", report, expected)).chain(options::CASES.iter().copied())
}
