//! Pushes a report in as its bytes come, for code that has no reader to pull from: an event loop, or a web framework's
//! body. A closure gets each fault as soon as its row is whole.

use std::io::Read;

use dotdigital_faults::{Fault, FaultFeed};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut gone = Vec::new();
    let mut feed = FaultFeed::new(|fault: &Fault<'_>| {
        if fault.reason().is_permanent() {
            gone.push(fault.email().into_owned());
        }
        Ok(())
    });

    // Standard input stands for whatever brings the pieces; they may end anywhere, also in the middle of a letter.
    let mut piece = [0; 100];
    let mut input = std::io::stdin().lock();
    loop {
        match input.read(&mut piece)? {
            0 => break,
            len => feed.feed(&piece[..len])?,
        }
    }
    // Only now is it certain that the report was whole.
    let (_, counts) = feed.finish()?;
    println!("{} of {} are gone for good: {}", gone.len(), counts.total(), gone.join(", "));
    Ok(())
}
