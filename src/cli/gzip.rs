//! Reports that are gzipped.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::GzDecoder;

/// How gzip begins.
const MAGIC: &[u8] = b"\x1f\x8b";

/// What is wrong where the last member is not the end.
const BEHIND: &str = "something else stands behind its end";

/// What is wrong with gzip in gzip, which would be read as text where another member stands in front.
const TWICE: &str = "what is in it is gzip once more: unpack it, such as with `gzip -d`";

/// How much is read at a time.
const PIECE: usize = 64 * 1024;

/// The bytes of an input, unpacked if they are gzipped, and then at most so many.
pub fn unpacked(mut input: Box<dyn Read>, max_size: u64) -> io::Result<Box<dyn Read>> {
    // A whole piece, so that what follows in a file starts at a page.
    let mut first = vec![0; PIECE];
    let mut len = 0;
    while len < MAGIC.len() {
        match input.read(&mut first[len..]) {
            Ok(0) => break,
            Ok(more) => len += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    first.truncate(len);
    let is_gzip = first.starts_with(MAGIC);
    let input = Cursor::new(first).chain(input);
    if !is_gzip {
        return Ok(Box::new(input));
    }
    Ok(Box::new(Members { state: State::of(BufReader::with_capacity(PIECE, input)), left: max_size }))
}

type Packed = BufReader<Chain<Cursor<Vec<u8>>, Box<dyn Read>>>;

/// All members of a gzipped input, one behind the other.
struct Members {
    state: State,
    /// How many more bytes are allowed.
    left: u64,
}

enum State {
    /// A member, and what is still missing of how gzip begins, as long as its text may begin so.
    Member(Box<GzDecoder<Packed>>, &'static [u8]),
    Over,
}

impl State {
    fn of(packed: Packed) -> Self {
        State::Member(Box::new(GzDecoder::new(packed)), MAGIC)
    }
}

impl Members {
    /// Begins the next member, if there is one. Tapes and disks pad with NULs.
    fn next_member(&mut self) -> io::Result<()> {
        let State::Member(member, _) = std::mem::replace(&mut self.state, State::Over) else { return Ok(()) };
        let mut packed = member.into_inner();
        let first = packed.fill_buf()?.first();
        match first {
            None => {}
            Some(0) => loop {
                let piece = packed.fill_buf()?;
                if piece.iter().any(|&byte| byte != 0) {
                    return Err(damaged(BEHIND));
                }
                match piece.len() {
                    0 => break,
                    len => packed.consume(len),
                }
            },
            Some(byte) if Some(byte) != MAGIC.first() => return Err(damaged(BEHIND)),
            Some(_) => self.state = State::of(packed),
        }
        Ok(())
    }
}

impl Read for Members {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let State::Member(member, magic) = &mut self.state else { return Ok(0) };
            let len = member.read(buffer).map_err(|error| match error.kind() {
                io::ErrorKind::Interrupted => error,
                io::ErrorKind::UnexpectedEof => damaged("it ends in the middle"),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => damaged("it is damaged"),
                _ => error,
            })?;
            if len > 0 {
                if is_gzip(magic, &buffer[..len]) {
                    return Err(damaged(TWICE));
                }
                self.left = self.left.checked_sub(len as u64).ok_or_else(|| {
                    io::Error::other("the unpacked report is larger than allowed: allow more, as with --max-size 2G")
                })?;
                return Ok(len);
            }
            self.next_member()?;
        }
    }
}

/// Does a text begin as gzip does, of which this is the next piece? What is missing is taken note of.
fn is_gzip(missing: &mut &'static [u8], piece: &[u8]) -> bool {
    let len = missing.len().min(piece.len());
    let (next, behind) = missing.split_at(len);
    let is_so_far = piece.starts_with(next);
    let is_seen = len > 0 && is_so_far && behind.is_empty();
    *missing = if is_so_far { behind } else { &[] };
    is_seen
}

fn damaged(how: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("its gzip can't be unpacked: {how}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// However small the pieces are.
    #[test]
    fn gzip_in_any_member() {
        let twice = gzip(&gzip(b"one"));
        for (packed, is_twice) in [
            (twice.clone(), true),
            ([gzip(b"one"), twice.clone()].concat(), true),
            ([gzip(b""), twice.clone(), gzip(b"two")].concat(), true),
            ([gzip(b"\x1f"), gzip(b"\x8b")].concat(), false),
            ([gzip(b"\x1f\x1f\x8b"), gzip(b"x\x1f\x8b"), gzip(b"\x8b\x1f\x8b")].concat(), false),
            (gzip(b"\x1f\x8b"), true),
        ] {
            for piece in [1, 2, 3, 100] {
                let mut unpacked = unpacked(Box::new(Cursor::new(packed.clone())), 100).unwrap();
                let mut buffer = vec![0; piece];
                let ended = loop {
                    match unpacked.read(&mut buffer) {
                        Ok(0) => break Ok(()),
                        Ok(_) => {}
                        Err(error) => break Err(error.to_string()),
                    }
                };
                assert_eq!(ended.is_err_and(|error| error.contains("gzip once more")), is_twice, "{piece}: {packed:?}");
            }
        }
    }

    fn read(packed: &[u8], max_size: u64) -> Result<Vec<u8>, String> {
        let mut text = Vec::new();
        let input = Box::new(Cursor::new(packed.to_vec()));
        let mut unpacked = unpacked(input, max_size).map_err(|error| error.to_string())?;
        unpacked.read_to_end(&mut text).map_err(|error| error.to_string())?;
        Ok(text)
    }

    #[test]
    fn members_and_what_is_behind_them() {
        let (one, two) = (gzip(b"one"), gzip(b"two"));
        for (packed, expected) in [
            (&b"plain"[..], Ok(&b"plain"[..])),
            (b"", Ok(b"")),
            (b"\x1f", Ok(b"\x1f")),
            (&one, Ok(b"one")),
            (&[&*one, &two].concat(), Ok(b"onetwo")),
            (&[&*one, &[0; 1000]].concat(), Ok(b"one")),
            (
                &[&*one, &[0; 10], b"x"].concat(),
                Err("its gzip can't be unpacked: something else stands behind its end"),
            ),
            (&[&*one, b"x"].concat(), Err("its gzip can't be unpacked: something else stands behind its end")),
            (
                &[&*one, b"some more text"].concat(),
                Err("its gzip can't be unpacked: something else stands behind its end"),
            ),
            (&[&*one, b"\x1f"].concat(), Err("its gzip can't be unpacked: it ends in the middle")),
            (&one[..one.len() - 1], Err("its gzip can't be unpacked: it ends in the middle")),
            (&[&one[..one.len() - 8], &[0; 8]].concat(), Err("its gzip can't be unpacked: it is damaged")),
        ] {
            assert_eq!(read(packed, 100).as_deref().map_err(String::as_str), expected);
        }
        assert!(read(&gzip(&[b'x'; 100]), 100).is_ok());
        assert!(read(&gzip(&[b'x'; 101]), 100).unwrap_err().contains("--max-size"));
    }
}
