//! What is read at once, and what is left to the careful reading. Both tell the same, so only a look at the runs shows
//! whether they are as long as they may be, and end where they must.

use std::sync::Arc;

use super::*;
use crate::read::header::{Names, Texts};
use crate::read::level::every_level;
use crate::read::options::ReadOptions;
use crate::read::record::Shape;
use crate::read::word::WORD;

const HEADER: &str = "Reason,email,name,note";

fn header(names: &str, separator: u8) -> Arc<Header> {
    let mut texts = Texts::default();
    names.split(char::from(separator)).for_each(|name| texts.push(name.as_bytes()));
    let rules = Names::new(&ReadOptions::new());
    let shape = Shape { separator, largest_field: 1 << 20, largest_row: 1 << 20 };
    Header::new(texts.clone(), &rules.exact(&texts), shape, &rules).unwrap()
}

/// A reader, and the header for whose rows it is.
struct Reader {
    header: Arc<Header>,
    plain: PlainReader,
}

fn reader(names: &str) -> Reader {
    let header = header(names, b',');
    let plain = PlainReader::for_rows_under(&header, true).unwrap();
    Reader { header, plain }
}

impl Reader {
    fn read<'b>(
        &mut self,
        bytes: &'b [u8],
        (position, line): (u64, u64),
        is_held: bool,
        take: impl FnMut(PlainRecord<'b>) -> ControlFlow<()>,
    ) -> Run {
        self.plain.read(&self.header, bytes, RunStart { position, line, is_held }, take)
    }
}

#[test]
fn debug_shows_where_the_reason_stands() {
    assert_eq!(format!("{:?}", reader(HEADER).plain), "PlainReader { place: First, .. }");
}

/// A record as it is told: its bytes, its line, and its reason's slot or text.
type Told = (Vec<u8>, u64, Result<Slot, Vec<u8>>);

/// Reads what is plain of the text behind `at`, as if this were all of the input.
fn read(reader: &mut Reader, text: &[u8], at: usize, line: u64) -> (Vec<Told>, Run) {
    let mut told = Vec::new();
    let bytes = &text[at..];
    let run = reader.read(bytes, (at as u64, line), false, |PlainRecord { from, to, line, slot, unknown }| {
        let reason = unknown.map_or(Ok(slot), |unknown| Err(unknown.to_vec()));
        assert!(unknown.is_none() || slot == Slot::Other);
        told.push((bytes[from..to].to_vec(), line, reason));
        ControlFlow::Continue(())
    });
    (told, run)
}

/// A plain record with its LF, so long.
fn filler(len: usize) -> Vec<u8> {
    let around = "Blocker,@,,\n".len();
    let text = format!("Blocker,{}@,,\n", "x".repeat(len - around));
    assert_eq!(text.len(), len);
    text.into_bytes()
}

const BEHIND: &[u8] = b"Duplicate,b@x,Al,y\nHard bounced,c@x,\"Bo, \"\"B\"\"\",\r\n";

fn behind(line: u64) -> [Told; 2] {
    [
        (b"Duplicate,b@x,Al,y".to_vec(), line, Ok(Slot::Duplicate)),
        (b"Hard bounced,c@x,\"Bo, \"\"B\"\"\",".to_vec(), line + 1, Ok(Slot::HardBounced)),
    ]
}

/// Where a record may start: at each place of a word, for each level, and around the end of a block.
fn places() -> impl Iterator<Item = (Level, usize)> {
    let levels = every_level().into_iter().filter_map(|(_, level)| level);
    let words = levels.flat_map(|level| (12..12 + WORD).map(move |place| (level, place)));
    words.chain((BLOCK - 24..=BLOCK).map(|place| (level(), place)))
}

/// What is plain, wherever it stands, at any level; with its reason.
#[test]
fn plain_records() {
    let known = |slot| Ok(slot);
    let unknown = |text: &str| Err(text.as_bytes().to_vec());
    let far = format!("Blocker,a@x,\"\"\"{}\",z", "y, ".repeat(40));
    let records = [
        ("Blocker,a@x,Jo,note", known(Slot::Blocker)),
        ("Blocker,,,", known(Slot::Blocker)),
        ("Soft bounced,a@x,\"\",\"\"", known(Slot::SoftBounced)),
        ("Blocker,\"a@x\",\"The Old, House\",\"y\"", known(Slot::Blocker)),
        ("Blocker,a@x,\"one\ntwo\r\nthree\n\",\"\n\"", known(Slot::Blocker)),
        ("\"Duplicate\",a@x,\"\"\"\",\",\"\",\"", known(Slot::Duplicate)),
        // Two quotes, one behind the end of a word, and no other in the next.
        (&far, known(Slot::Blocker)),
        ("HARD-BOUNCED,a@x,x,y", known(Slot::HardBounced)),
        ("Moon phase,a@x,\"Jo, \",x", unknown("Moon phase")),
        ("Quarantined by the phase of the moon,a@x,x,y", unknown("Quarantined by the phase of the moon")),
        ("Blocker,é@x,花é,ß", known(Slot::Blocker)),
        ("Blocker,\u{7ff}\u{800}\u{fff}\u{1000}@x,\u{d7ff}\u{e000}\u{ffff},\u{10000}\u{10ffff}", known(Slot::Blocker)),
        ("Blocker,a@x,\"é\n花\",ß", known(Slot::Blocker)),
    ];
    for (record, reason) in &records {
        for (level, place) in places() {
            let text = [&filler(place), record.as_bytes(), b"\n", BEHIND].concat();
            let mut reader = reader(HEADER);
            reader.plain.level = level;
            let (told, run) = read(&mut reader, &text, 0, 7);
            let lines = record.bytes().filter(|&byte| byte == b'\n').count() as u64;
            let first = (filler(place)[..place - 1].to_vec(), 7, Ok(Slot::Blocker));
            let second = (record.as_bytes().to_vec(), 8, reason.clone());
            let expected: Vec<_> = [first, second].into_iter().chain(behind(9 + lines)).collect();
            assert_eq!(told, expected, "{record} at {place}");
            assert_eq!((run.bytes, run.lines), (text.len(), 4 + lines), "{record} at {place}");
        }
    }
}

/// What isn't, wherever it stands, at any level: the run ends in front of it, and goes on behind it.
#[test]
fn odd_records() {
    let records: &[&[u8]] = &[
        // Quotes.
        b"Blocker,a@x,x\"y,z",
        b"Blocker,a@x,x\"y\",z",
        b"Blocker,a@x,\"y\"z,w",
        b"Blocker,a@x,\"y\" ,w",
        b"Blocker,a@x,\"y\"\0,w",
        b"Blocker,a@x,\"y\"\xc3\xa9,w",
        b"Blocker,a@x, \"y\",w",
        b"Blocker,a@x,y,w\"",
        b"x\",a@x,y,w",
        b"\"Dupli\"\"cate\",a@x,y,w",
        b"\"Moon phase\",a@x,y,w",
        // Neither of the header's width, nor with a known reason.
        b"Moon phase,a@x,Jo",
        b"Moon phase,a@x,Jo,x,y",
        b"\"Bloc\"ker,a@x,Jo",
        // Nothing.
        b"",
        b" ",
        b",,,",
        // Line ends.
        b"Blocker,a@x,y\rz,w",
        b"Blocker,a@x,y,w\r\r",
        b"Blocker,a@x,\"y\rz\",w",
        b"Blocker,a@x,\"y\r\",w",
        // Neither UTF-8, nor with a known reason.
        b"Moon phase,a@x,\xff,w",
        b"Moon\xff phase,a@x,y,w",
        // What others judge: a header once more, another one, marks, and a fault that stands inside quotes.
        b"Reason,email,name,note",
        b"reason ,a@x,Jo,note",
        b"R\xc3\xa9ason,a@x,Jo,note",
        b"Moon phase,nobody,Jo,note",
        b"\xef\xbb\xbfBlocker,a@x,Jo,note",
        b"Blocker,a@x,\"one\nDuplicate,d@x,c,d\ntwo\",x",
        b"Blocker,a@x,\"one\r\nDuplicate,d@x\",x",
    ];
    for record in records {
        for (level, place) in places() {
            let shown = record.escape_ascii();
            let text = [&filler(place), *record, b"\n", BEHIND].concat();
            let mut reader = reader(HEADER);
            reader.plain.level = level;
            let (told, run) = read(&mut reader, &text, 0, 7);
            assert_eq!(told, [(filler(place)[..place - 1].to_vec(), 7, Ok(Slot::Blocker))], "{shown} at {place}");
            assert_eq!((run.bytes, run.lines), (place, 1), "{shown} at {place}");
            let (none, run) = read(&mut reader, &text, place, 8);
            assert_eq!((none.len(), run.bytes, run.lines), (0, 0, 0), "{shown} at {place}");
            // The next one is looked for once more, even where the last time was in vain.
            reader.plain.pause = 0;
            let at = place + record.len() + 1;
            let (told, run) = read(&mut reader, &text, at, 20);
            assert_eq!(told, behind(20), "behind {shown} at {place}");
            assert_eq!((run.bytes, run.lines), (BEHIND.len(), 2), "behind {shown} at {place}");
        }
    }
}

/// What is plain but for its width or its bytes: it ends the run, and is told aside, wherever it stands, at any level.
#[test]
fn unusual_records() {
    let far = [&b"Blocker,a@x,\xc3"[..], &[b'x'; WORD], b"\xa9,", &[b'w'; 2 * WORD]].concat();
    // A whole word, at one of the places, goes on with characters that never began.
    let begun_nowhere = [&b"Blocker,a@x,"[..], &[0x80; WORD], b",w"].concat();
    let widths: &[&[u8]] = &[
        b"Blocker",
        b"Blocker,a@x",
        b"Blocker,a@x,Jo\r",
        b"Blocker,a@x,Jo,x,y",
        b"Blocker,a@x,\"Jo,x,y\"",
        b"Blocker,a@x,\"one\ntwo\"",
    ];
    let bytes: &[&[u8]] = &[
        // The rest of a character is a word too late.
        &far,
        &begun_nowhere,
        b"Blocker,a@x,\xff,w",
        b"Blocker,a@x,\xc3,w",
        b"Blocker,a@x,y,\xc3",
        b"Blocker,a@x,\xa9,w",
        b"Blocker,a@x,\xc3\xa9\xa9,w",
        b"Blocker,a@x,\xe2\x82,w",
        b"Blocker,a@x,\xe2,\x82,w",
        b"Blocker,a@x,\xe2\x28\xac,w",
        b"Blocker,a@x,\xc0\x80,w",
        b"Blocker,a@x,\xc1\xbf,w",
        b"Blocker,a@x,\xe0\x9f\xbf,w",
        b"Blocker,a@x,\xed\xa0\x80,w",
        b"Blocker,a@x,\xf0\x9f\x98,w",
        b"Blocker,a@x,\xf4\x90\x80\x80,w",
    ];
    for (record, is_utf8) in
        widths.iter().map(|record| (record, true)).chain(bytes.iter().map(|record| (record, false)))
    {
        for (level, place) in places() {
            let shown = record.escape_ascii();
            let text = [&filler(place), *record, b"\n", BEHIND].concat();
            let mut reader = reader(HEADER);
            reader.plain.level = level;
            let (told, run) = read(&mut reader, &text, 0, 7);
            assert_eq!(told, [(filler(place)[..place - 1].to_vec(), 7, Ok(Slot::Blocker))], "{shown} at {place}");
            let lines = record.iter().filter(|&&byte| byte == b'\n').count() as u64;
            assert_eq!((run.bytes, run.lines), (place + record.len() + 1, 2 + lines), "{shown} at {place}");
            let UnusualRecord { from, to, line, slot, cells, is_utf8: is_told_utf8 } =
                reader.plain.take_unusual().unwrap();
            let inner = record.strip_suffix(b"\r").unwrap_or(record);
            assert_eq!((&text[from..to], line, slot), (inner, 8, Slot::Blocker), "{shown} at {place}");
            let quoted = if record.contains(&b'"') { b"\"" } else { &b"\r"[..] };
            let bare = inner.split(|byte| quoted.contains(byte)).step_by(2).flatten();
            assert_eq!(cells, 1 + bare.filter(|&&byte| byte == b',').count(), "{shown} at {place}");
            assert_eq!(is_told_utf8, is_utf8, "{shown} at {place}");
            assert!(reader.plain.take_unusual().is_none());
            let (told, _) = read(&mut reader, &text, run.bytes, 9 + lines);
            assert_eq!(told, behind(9 + lines), "behind {shown} at {place}");
        }
    }
}

/// Behind a record that is kept back, the next one is told aside, and those behind it are not; one whose reason isn't known
/// may go on with it, and is left.
#[test]
fn what_stands_behind_a_held_record() {
    let mut reader = reader(HEADER);
    let text = [b"Soft bounced,a@x,Jo,x\n", BEHIND].concat();
    let run = reader.read(&text, (0, 5), true, |_| panic!("nothing is plain behind it"));
    assert_eq!((run.bytes, run.lines), (22, 1));
    let unusual = reader.plain.take_unusual().unwrap();
    assert_eq!((unusual.cells, unusual.slot, unusual.line, unusual.is_utf8), (4, Slot::SoftBounced, 5, true));
    assert_eq!(read(&mut reader, &text, 22, 6).0, behind(6));
    let text = [b"Moon phase,a@x,Jo,x\n", BEHIND].concat();
    let run = reader.read(&text, (100, 5), true, |_| panic!("nothing is plain behind it"));
    assert_eq!((run.bytes, run.lines), (0, 0));
    assert!(reader.plain.take_unusual().is_none());
}

/// Where the reason doesn't stand first, a row of another width must have its column at the same place.
#[test]
fn unusual_widths_under_other_headers() {
    for (names, record, cells) in [
        ("email,Reason,name,note", "a@x,Blocker", Some(2)),
        ("email,Reason,name,note", "a@x,Blocker,Jo,x,y", Some(5)),
        ("email,Reason,name,note", "a@x", None),
        ("email,Reason,name,note", "Blocker", None),
        ("email,name,note,Reason", "a@x,Jo,Blocker", None),
        ("email,name,note,Reason", "a@x,Jo,x,y,Blocker", None),
        ("email,name,note,Reason", "a@x,Jo,x,Blocker,y", None),
    ] {
        let mut reader = reader(names);
        let (told, run) = read(&mut reader, format!("{record}\n").as_bytes(), 0, 1);
        assert_eq!(told.len(), 0);
        assert_eq!(reader.plain.take_unusual().map(|unusual| unusual.cells), cells, "{record} under {names}");
        assert_eq!(run.bytes > 0, cells.is_some(), "{record} under {names}");
    }
}

/// The end of the input is no line end; only the careful reading knows what ends there.
#[test]
fn a_record_that_is_not_whole() {
    for rest in ["Blocker,a@x,Jo,note", "Blocker,a@x,Jo,note\r", "Blocker,a@x,\"Jo\n", "B", "\"", "\u{e9}", ""] {
        for (_, place) in places() {
            let text = [&filler(place), rest.as_bytes()].concat();
            let mut reader = reader(HEADER);
            let (told, run) = read(&mut reader, &text, 0, 1);
            assert_eq!((told.len(), run.bytes, run.lines), (1, place, 1), "{rest:?} at {place}");
            assert!(reader.plain.misses <= 1, "what is there of it is looked at once");
        }
    }
}

/// A run is as long as there are plain records, over any number of blocks; one record fits a block.
#[test]
fn long_runs() {
    for (len, count) in [(12, 5000), (64, 2000), (100, 999), (5000, 20), (BLOCK - 1, 5), (BLOCK, 5)] {
        let text = filler(len).repeat(count);
        let (told, run) = read(&mut reader(HEADER), &text, 0, 3);
        assert_eq!((run.bytes, run.lines), (text.len(), count as u64), "{count} of {len}");
        let lines = told.iter().map(|(bytes, line, _)| (bytes.len(), *line));
        assert!(lines.eq((3..).take(count).map(|line| (len - 1, line))), "{count} of {len}");
    }
    let (told, run) = read(&mut reader(HEADER), &filler(BLOCK + 1), 0, 1);
    assert_eq!((told.len(), run.bytes, run.lines), (0, 0, 0));
}

/// A block is looked at but once, whatever of it is left to the careful reading.
#[test]
fn a_block_is_looked_at_once() {
    let records = ["Blocker,a@x,Jo,note\n", "Moon phase,\n", "Moon phase,\nBlocker,a@x,Jo,note\n"];
    let text = [records.concat().as_bytes(), BEHIND].concat();
    let mut reader = reader(HEADER);
    let (mut at, mut line, mut runs) = (0, 1, Vec::new());
    while at < text.len() {
        let (told, run) = read(&mut reader, &text, at, line);
        assert_eq!(reader.plain.block.start, 0);
        runs.push(told.len());
        (at, line) = (at + run.bytes, line + run.lines);
        // The careful reading takes a record.
        if let Some(len) = memchr::memchr(b'\n', &text[at..]) {
            (at, line) = (at + len + 1, line + 1);
        }
    }
    assert_eq!(runs, [1, 0, 3]);
    // It has taken two.
    let mut reader = self::reader(HEADER);
    let first = records.iter().map(|record| record.len()).next().unwrap();
    assert_eq!(read(&mut reader, &text, 0, 1).1.bytes, first);
    let (told, _) = read(&mut reader, &text, first + 2 * "Moon phase,\n".len(), 4);
    assert_eq!((told.len(), told[0].1, reader.plain.block.start), (3, 4, 0));
    // What it has taken ends in the middle of a record that was noted: its quotes are others than they seemed.
    let middle = first + 3;
    let (_, run) = read(&mut reader, &text, middle, 4);
    assert_eq!((run.bytes, reader.plain.block.start), (0, middle as u64));
    // Input in front of the block: a quote that wasn't closed was gone back to.
    let (told, _) = read(&mut reader, &text, 0, 1);
    assert_eq!((told.len(), reader.plain.block.start), (1, 0));
}

/// Where nothing is plain, it is looked less and less often, but never less than once in 64 records.
#[test]
fn looks_that_are_in_vain() {
    let odd = b"Moon phase,\n";
    let text = [&odd.repeat(400)[..], &filler(40).repeat(3), &odd.repeat(100)].concat();
    let mut reader = reader(HEADER);
    let look = |reader: &mut Reader, at: usize| {
        // Where the block starts tells whether it has been looked.
        reader.plain.block.start = u64::MAX;
        reader.plain.block.count = 0;
        let (told, _) = read(reader, &text, at, 1);
        (reader.plain.block.start != u64::MAX, told.len())
    };
    let looks: Vec<_> = (0..400).filter(|&number| look(&mut reader, number * odd.len()).0).collect();
    assert_eq!(looks, [0, 1, 3, 7, 15, 31, 63, 127, 191, 255, 319, 383]);
    reader.plain.pause = 0;
    assert_eq!(look(&mut reader, 400 * odd.len()), (true, 3));
    // It goes well again: from here on, as at the beginning.
    let behind = 400 * odd.len() + 3 * 40;
    let looks: Vec<_> = (0..40).filter(|&number| look(&mut reader, behind + number * odd.len()).0).collect();
    assert_eq!(looks, [0, 1, 3, 7, 15, 31]);
    // What begins as no record does isn't looked at.
    for blank in ["\nx", "\rx", " x", "\tx", ""] {
        let mut reader = self::reader(HEADER);
        reader.plain.block.start = u64::MAX;
        read(&mut reader, blank.as_bytes(), 0, 1);
        assert_eq!(reader.plain.block.start, u64::MAX, "{blank:?}");
    }
}

/// The reason's cell is found in whichever column it is, however long the cells are, and however many.
#[test]
fn the_reasons_column() {
    for width in [2, 3, 4, 63, 64, 65, 129, 200] {
        for column in [0, 1, width / 2, width - 2, width - 1] {
            let mut names: Vec<String> = (0..width).map(|number| format!("n{number}")).collect();
            names[column] = "Reason".into();
            let mut reader = reader(&names.join(","));
            let mut text = Vec::new();
            for number in 0..90 {
                let cell = |other: usize| match other == column {
                    true => "Hard bounced".to_owned(),
                    // Some are empty, some quoted with separators inside, some longer than several words.
                    false if other * 7 % 90 == number => format!("\"{}\"", ",x".repeat(number)),
                    false if other == number % width => "y".repeat(3 * number),
                    false => String::new(),
                };
                text.extend_from_slice((0..width).map(cell).collect::<Vec<_>>().join(",").as_bytes());
                text.extend_from_slice(if number % 2 == 0 { b"\n" } else { b"\r\n" });
            }
            let (told, run) = read(&mut reader, &text, 0, 1);
            assert_eq!((told.len(), run.bytes), (90, text.len()), "{column} of {width}");
            assert!(told.iter().all(|(_, _, reason)| *reason == Ok(Slot::HardBounced)), "{column} of {width}");
        }
    }
}

/// The last cell may be longer than any number of words, and begin anywhere in one.
#[test]
fn a_long_last_cell() {
    for len in 1..5 * WORD {
        let reason = "x".repeat(len);
        let text = [&b"a@x,Blocker\n"[..], format!("b@x,{reason}\nc@x,Duplicate\n").as_bytes()].concat();
        let (told, _) = read(&mut reader("email,Reason"), &text, 0, 1);
        let reasons: Vec<_> = told.into_iter().map(|(_, _, reason)| reason).collect();
        assert_eq!(reasons, [Ok(Slot::Blocker), Err(reason.into_bytes()), Ok(Slot::Duplicate)], "{len}");
    }
}

/// A mark in front of a record is for others, in whichever column the reason is; behind the first byte it is a text.
#[test]
fn marks() {
    for (names, record) in [
        ("email,name,Reason", "\u{feff}a@x,Jo,Blocker\n"),
        ("email,Reason,name", "\u{feff}a@x,Blocker,Jo\n"),
        ("email,name,Reason", "a@x,Jo,\u{feff}Blocker\n"),
        ("email,Reason,name", "a@x,\u{feff}Moon,Jo\n"),
    ] {
        assert_eq!(read(&mut reader(names), record.as_bytes(), 0, 1).0.len(), 0, "{record}");
    }
    let record = "a@x,\u{feff}Jo,Blocker\n";
    assert_eq!(read(&mut reader("email,name,Reason"), record.as_bytes(), 0, 1).0.len(), 1);
}

/// Whoever takes the records may have had enough.
#[test]
fn a_run_that_is_stopped() {
    let text = filler(30).repeat(10);
    let mut left = 3;
    let run = reader(HEADER).read(&text, (0, 1), false, |_| {
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((left, run.bytes, run.lines), (0, 90, 3));
}

/// There is nothing to be read at once under a header that may be taken for a fault, or that lacks the reason's column.
#[test]
fn headers_without_runs() {
    let is_there = |header: &Arc<Header>, may_run| PlainReader::for_rows_under(header, may_run).is_some();
    assert!(is_there(&header(HEADER, b','), true));
    assert!(!is_there(&header(HEADER, b','), false));
    assert!(!is_there(&header("Blocker,email", b','), true));
    let rules = Names::new(&ReadOptions::new());
    let none = |width| Header::none(width, header(HEADER, b',').shape, &rules).unwrap();
    assert!(is_there(&none(1), true));
    assert!(!is_there(&none(0), true));
}
