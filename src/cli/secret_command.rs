//! A secret that another program prints.

use std::fmt;
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::secret::LONGEST_SECRET;

/// How long a program may take: a person may have to unlock what it asks.
pub const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How often it is looked whether a program has ended.
const PAUSE: Duration = Duration::from_millis(10);

/// Why a program gave no secret. What it has printed is never part of it.
#[derive(Debug)]
pub enum Refused {
    NotStarted(io::Error),
    Unreadable(io::Error),
    TooLong,
    TooLate(Duration),
    Ended(ExitStatus),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::NotStarted(error) => write!(f, "can't be started: {error}"),
            Refused::Unreadable(error) => write!(f, "can't be heard: {error}"),
            Refused::TooLong => write!(f, "has printed a line of more than {LONGEST_SECRET} bytes"),
            Refused::TooLate(limit) => write!(f, "has taken more than {} s", limit.as_secs()),
            Refused::Ended(status) => write!(f, "has failed: {status}"),
        }
    }
}

/// The first line of what a program prints, without its end. What it says on standard error is for the user to see.
pub fn first_line(mut command: Command, limit: Duration) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let until = Instant::now() + limit;
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(Refused::NotStarted)?;
    let line = heard(&mut child);
    let result = line.and_then(|line| {
        let line = match line.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => line?,
            Err(RecvTimeoutError::Timeout) => return Err(Refused::TooLate(limit)),
            Err(RecvTimeoutError::Disconnected) => return Err(Refused::Unreadable(io::ErrorKind::BrokenPipe.into())),
        };
        match ended(&mut child, until)? {
            None => Err(Refused::TooLate(limit)),
            Some(status) if status.success() => Ok(line),
            Some(status) => Err(Refused::Ended(status)),
        }
    });
    if result.is_err() {
        // It may have ended already.
        let _ = child.kill();
        let _ = child.wait();
    }
    result
}

type Line = Result<Zeroizing<Vec<u8>>, Refused>;

/// Reads the first line on another thread, since a program may print nothing for long, and reads the rest away, since a
/// program may not end before that.
fn heard(child: &mut Child) -> Result<Receiver<Line>, Refused> {
    let mut stdout = child.stdout.take().ok_or(Refused::Unreadable(io::ErrorKind::BrokenPipe.into()))?;
    let (sender, receiver) = channel();
    thread::spawn(move || {
        // Where nobody waits any more, nobody is told.
        let _ = sender.send(read_line(&mut stdout));
        let _ = io::copy(&mut stdout, &mut io::sink());
    });
    Ok(receiver)
}

fn read_line(stdout: &mut impl Read) -> Line {
    // As large as it may become: no part of it stays behind where a vector has grown.
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST_SECRET));
    let mut byte = Zeroizing::new([0]);
    loop {
        match stdout.read(&mut *byte) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) if line.len() == LONGEST_SECRET => return Err(Refused::TooLong),
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Refused::Unreadable(error)),
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

/// How it has ended; `None` where it hasn't in time.
fn ended(child: &mut Child, until: Instant) -> Result<Option<ExitStatus>, Refused> {
    loop {
        if let Some(status) = child.try_wait().map_err(Refused::Unreadable)? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn line(script: &str, limit: Duration) -> Result<String, String> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let line = first_line(command, limit).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(line.to_vec()).unwrap())
    }

    #[test]
    fn first_lines() {
        for (script, expected) in [
            ("echo secret", Ok("secret")),
            ("printf 'secret\\r\\nmore\\n'", Ok("secret")),
            ("printf secret", Ok("secret")),
            ("printf ' with spaces '", Ok(" with spaces ")),
            ("true", Ok("")),
            ("echo secret; exit 3", Err("has failed: exit status: 3")),
            ("echo secret; head -c 300000 /dev/zero", Ok("secret")),
            ("head -c 70000 /dev/zero", Err("has printed a line of more than 65536 bytes")),
        ] {
            let read = line(script, LONGEST_WAIT * 10);
            assert_eq!(read.as_deref().map_err(String::as_str), expected, "{script}");
        }
        let error = first_line(Command::new("no/such/program"), LONGEST_WAIT).unwrap_err().to_string();
        assert!(error.starts_with("can't be started"), "{error}");
    }

    #[test]
    fn a_program_that_takes_too_long() {
        for script in ["exec sleep 1000", "echo secret; exec sleep 1000"] {
            assert_eq!(line(script, Duration::from_millis(50)), Err("has taken more than 0 s".to_owned()), "{script}");
        }
    }
}
