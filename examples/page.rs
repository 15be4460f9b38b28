//! Writes a page for people, which can be mailed or served as it is.

use std::fs;

use dotdigital_faults::{FaultReport, GroupBy, SourceCounts, Tally, export};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("name a report")?;
    let page = arguments.next().ok_or("name the file of the page")?;

    let report = FaultReport::from_path(&path)?;
    let groups = report.count_by(&GroupBy::column("country"))?;
    let tally = Tally::from(SourceCounts::new(path, report.counts().clone()).with_groups(groups)).top(10);

    let mut html = Vec::new();
    export::tally_to_html(&tally, &mut html)?;
    fs::write(&page, html)?;
    println!("open {page} in a browser");
    Ok(())
}
