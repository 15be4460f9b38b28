//! Counts a report of any size in constant memory: here from standard input, as it might come from an archive.

use std::io;

use dotdigital_faults::ReasonCounter;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut counter = ReasonCounter::new();
    io::copy(&mut io::stdin().lock(), &mut counter)?;
    let counts = counter.finish()?;
    if counts.is_cut_off() {
        eprintln!("the report seems to have been cut off");
    }
    println!("{} faults, {} kinds of anomaly", counts.total(), counts.anomalies().iter().count());
    Ok(())
}
