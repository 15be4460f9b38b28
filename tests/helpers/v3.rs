//! The newer API's answer, read in every way there is, and once more as a whole by serde_json. The fuzz target has this,
//! too.

use std::fmt;
use std::io::Read;

use dotdigital_faults::{
    Columns, Error, FailureReason, Fault, FaultFeed, FaultReader, FaultReport, FaultSink, ReadOptions, ReasonCounter,
    ReasonCounts,
};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// What a fault is told as.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub slug: &'static str,
    pub label: String,
    pub is_partial: bool,
    /// By the columns' names.
    pub cells: Vec<(String, Option<String>)>,
}

impl Told {
    fn of(fault: &Fault<'_>) -> Self {
        assert_eq!((fault.line(), fault.anomalies().is_empty()), (None, true));
        let columns = fault.columns();
        assert_eq!(fault.fields().count(), columns.len());
        let cell = |column| fault.field(column).map(|cell| cell.into_owned());
        let cells = (0..columns.len()).map(|column| (columns.name(column).unwrap().to_owned(), cell(column)));
        Told {
            slug: fault.reason().slug(),
            label: fault.reason().label().to_owned(),
            is_partial: fault.is_partial(),
            cells: cells.collect(),
        }
    }

    /// Without the custom identifiers that are absent: a stream tells of those that come later only from then on.
    fn without_absent(mut self) -> Self {
        let last = self.cells.len() - 3;
        let mut column = 0;
        self.cells.retain(|(_, cell)| {
            column += 1;
            cell.is_some() || !(5..last).contains(&(column - 1))
        });
        self
    }
}

/// Takes what a stream hands out.
#[derive(Default)]
struct Taken {
    faults: Vec<Told>,
    headers: usize,
}

impl FaultSink for Taken {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<(), Error> {
        assert_eq!(fault.index(), self.faults.len() as u64);
        self.faults.push(Told::of(fault));
        Ok(())
    }

    fn columns(&mut self, _: &Columns) -> Result<(), Error> {
        self.headers += 1;
        Ok(())
    }
}

/// An input that comes in pieces of one size.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let len = room.len().min(self.1).min(self.0.len());
        room[..len].copy_from_slice(&self.0[..len]);
        self.0 = &self.0[len..];
        Ok(len)
    }
}

/// Reads an answer in every way there is, all of which must agree, and tells its faults.
pub fn read(answer: &[u8], options: &ReadOptions, pieces: &[usize]) -> Result<(Vec<Told>, ReasonCounts), Error> {
    let report = FaultReport::with_options(answer, options);
    let told = report.as_ref().map(|report| (report.faults().map(|fault| Told::of(&fault)).collect(), report.counts()));
    let told: Result<(Vec<Told>, _), _> = told.map_err(Error::clone);
    for &piece in pieces {
        let from_reader = FaultReport::from_reader(Pieces(answer, piece), options);
        let mut counter = ReasonCounter::with_options(options);
        let counted = answer.chunks(piece).try_for_each(|piece| counter.feed(piece)).and_then(|()| counter.finish());
        let mut feed = FaultFeed::with_options(Taken::default(), options);
        let fed = answer.chunks(piece).try_for_each(|piece| feed.feed(piece)).and_then(|()| feed.finish());
        let mut reader = FaultReader::with_options(Pieces(answer, piece), options);
        let mut lent = Vec::new();
        let ended = loop {
            match reader.read_fault() {
                Ok(Some(fault)) => lent.push(Told::of(&fault)),
                Ok(None) => break reader.into_counts(),
                Err(error) => break Err(error),
            }
        };
        let mut drained = Taken::default();
        let drain = FaultReader::with_options(Pieces(answer, piece), options).drain_into(&mut drained);
        match &told {
            Ok((faults, counts)) => {
                let of_reader = from_reader.unwrap();
                assert_eq!(of_reader.bytes(), report.as_ref().unwrap().bytes());
                assert!(of_reader.faults().map(|fault| Told::of(&fault)).eq(faults.iter().cloned()));
                let streamed: Vec<_> = faults.iter().cloned().map(Told::without_absent).collect();
                let (taken, fed) = fed.unwrap();
                for (told, counted) in [(taken.faults, fed), (lent, ended.unwrap()), (drained.faults, drain.unwrap())] {
                    assert_eq!(told.into_iter().map(Told::without_absent).collect::<Vec<_>>(), streamed);
                    assert_eq!(&counted, *counts);
                }
                assert_eq!(&counted.unwrap(), *counts);
                assert!(taken.headers > 0 || answer.is_empty());
            }
            Err(error) => {
                let what = error.to_string();
                assert_eq!(from_reader.unwrap_err().to_string(), what);
                assert_eq!(counted.unwrap_err().to_string(), what);
                assert_eq!(fed.map(|_| ()).unwrap_err().to_string(), what);
                assert_eq!(ended.unwrap_err().to_string(), what);
                assert_eq!(drain.unwrap_err().to_string(), what);
            }
        }
    }
    told.map(|(faults, counts)| (faults, counts.clone()))
}

/// An answer. A member that stands there twice is an error of serde's own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    import_id: Option<Value>,
    #[serde(default)]
    status: Option<Value>,
    #[serde(default)]
    #[expect(dead_code, reason = "it only has to be an object without a name twice")]
    summary: Option<Members<IgnoredAny>>,
    #[serde(default)]
    failures: Option<Vec<Failure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    #[serde(default)]
    contact_id: Option<Value>,
    #[serde(default)]
    match_identifier: Option<Value>,
    #[serde(default)]
    identifiers: Option<Members<Value>>,
    #[serde(default)]
    failures: Option<Vec<Inner>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inner {
    #[serde(default)]
    failure_code: Option<Value>,
    #[serde(default)]
    description: Option<Value>,
}

/// Members in their order, each name once.
struct Members<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Each<T> {
            type Value = Members<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<T>, A::Error> {
                let mut members: Vec<(String, T)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if members.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom("twice"));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Each(std::marker::PhantomData))
    }
}

/// A text, a number or a truth value, or that it is absent; an error for anything else.
fn scalar(value: Option<&Value>) -> Result<Option<String>, ()> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(value)) => Ok(Some(value.to_string())),
        Some(_) => Err(()),
    }
}

/// One failure: the slug of its reason, whether it is partial, and its cells by name.
type Row = (&'static str, bool, Vec<(String, Option<String>)>);

/// The failures of a finished answer, by serde_json; an error for anything else.
fn read_whole(input: &[u8]) -> Result<Vec<Row>, ()> {
    let text = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let text = &whole_characters(text);
    // serde_json takes no offence at text that is passed over.
    serde_json::from_slice::<Value>(text).map_err(|_| ())?;
    let answer: Answer = serde_json::from_slice(text).map_err(|_| ())?;
    let has_id = scalar(answer.import_id.as_ref())?.is_some();
    scalar(answer.status.as_ref())?;
    let is_finished =
        matches!(&answer.status, Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("Finished"));
    if !is_finished || !has_id && answer.failures.is_none() {
        return Err(());
    }
    let failures = answer.failures.unwrap_or_default();
    let mut custom: Vec<String> = Vec::new();
    for (name, _) in failures.iter().flat_map(|failure| &failure.identifiers).flat_map(|members| &members.0) {
        if name != "email" && name != "mobileNumber" && !custom.contains(name) {
            custom.push(name.clone());
        }
    }
    failures.iter().map(|failure| row(failure, &custom)).collect()
}

fn row(failure: &Failure, custom: &[String]) -> Result<Row, ()> {
    let none = Vec::new();
    let members = failure.identifiers.as_ref().map_or(&none, |members| &members.0);
    for (_, value) in members {
        scalar(Some(value))?;
    }
    let identifier = |wanted: &str| scalar(members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value));
    let (mut codes, mut descriptions) = (Vec::new(), Vec::new());
    for inner in failure.failures.iter().flatten() {
        codes.push(scalar(inner.failure_code.as_ref())?.unwrap_or_default());
        descriptions.push(scalar(inner.description.as_ref())?.unwrap_or_default());
    }
    let is_partial = |code: &&String| FailureReason::from(code.as_str()).is_partial();
    let code = (codes.iter().find(|code| !code.is_empty() && !is_partial(code)))
        .or_else(|| codes.iter().find(|code| code.is_empty()))
        .or_else(|| codes.first());
    let reason = FailureReason::from(code.map_or("", String::as_str));
    let some = |texts: &[String], separator| (!texts.is_empty()).then(|| texts.join(separator));
    let mut cells = vec![
        ("Reason".to_owned(), code.cloned()),
        ("email".to_owned(), identifier("email")?),
        ("mobileNumber".to_owned(), identifier("mobileNumber")?),
        ("contactId".to_owned(), scalar(failure.contact_id.as_ref())?),
        ("matchIdentifier".to_owned(), scalar(failure.match_identifier.as_ref())?),
    ];
    for name in custom {
        cells.push((name.clone(), identifier(name)?));
    }
    cells.push(("failureCodes".to_owned(), some(&codes, ";")));
    cells.push(("description".to_owned(), some(&descriptions, "; ")));
    cells.push(("partial".to_owned(), Some(reason.is_partial().to_string())));
    Ok((reason.slug(), reason.is_partial(), cells))
}

/// The same JSON with U+FFFD in place of each escape that is half a character, which serde_json refuses.
fn whole_characters(json: &[u8]) -> Vec<u8> {
    // Text that is no UTF-8 has none: byte for byte, it is only looked at.
    let unit = |at: usize| {
        let escape = json.get(at..at + 6).filter(|escape| escape.starts_with(b"\\u"))?;
        let digits = std::str::from_utf8(&escape[2..]).ok().filter(|digits| !digits.starts_with('+'))?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut whole, mut at) = (Vec::new(), 0);
    while at < json.len() {
        let len = match (json[at], unit(at)) {
            (b'\\', Some(first)) => {
                let second = unit(at + 6).filter(|_| (0xd800..0xdc00).contains(&first));
                match char::decode_utf16([first].into_iter().chain(second)).next() {
                    Some(Ok(character)) => 6 * character.len_utf16(),
                    _ => {
                        whole.extend_from_slice(b"\\ufffd");
                        at += 6;
                        continue;
                    }
                }
            }
            (b'\\', None) => 2,
            _ => 1,
        };
        whole.extend_from_slice(&json[at..json.len().min(at + len)]);
        at += len;
    }
    whole
}

/// Compares every way of reading with this one.
pub fn compare(input: &[u8], pieces: &[usize]) {
    let is_object = input.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte));
    // A number that serde_json has no room for, or writes otherwise, is none of ours to judge.
    let has_other_numbers = |value: &Value| value.to_string().contains(['.', 'e', '-']);
    let text = whole_characters(input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input));
    let value = serde_json::from_slice::<Value>(&text);
    let is_out_of_range = value.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
    if is_object != Some(&b'{') || is_out_of_range {
        let _ = FaultReport::from_bytes(input);
        return;
    }
    let read = read(input, &ReadOptions::new(), pieces);
    let expected = read_whole(input);
    assert_eq!(read.is_ok(), expected.is_ok(), "{read:?} for {}", String::from_utf8_lossy(input));
    let (Ok((faults, counts)), Ok(expected)) = (read, expected) else { return };
    assert_eq!(counts.total(), expected.len() as u64);
    for (fault, (slug, is_partial, cells)) in faults.iter().zip(&expected) {
        assert_eq!((fault.slug, fault.is_partial), (*slug, *is_partial));
        if !value.as_ref().is_ok_and(has_other_numbers) {
            assert_eq!(&fault.cells, cells);
        }
    }
    // The CSV that is made of it is one.
    let csv = FaultReport::from_bytes(FaultReport::from_bytes(input).unwrap().into_bytes()).unwrap();
    assert!(csv.counts().iter().eq(counts.iter()) && csv.anomalies().is_empty());
}
