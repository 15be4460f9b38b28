//! The newer API's answer once more, read as a whole by serde_json, and answers of every shape to compare by.

use std::fmt;

use dotdigital_faults::{FailureReason, FaultReport, ReadOptions};
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::answers;

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

/// The failures of a finished answer; an error for anything else.
fn read(input: &[u8]) -> Result<Vec<Row>, ()> {
    let text = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    // serde_json takes no offence at text that is passed over.
    serde_json::from_slice::<Value>(text).map_err(|_| ())?;
    let answer: Answer = serde_json::from_slice(text).map_err(|_| ())?;
    let has_id = scalar(answer.import_id.as_ref())?.is_some();
    scalar(answer.status.as_ref())?;
    let is_finished = matches!(&answer.status, Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("Finished"));
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

/// Compares every way of reading with this one.
pub fn compare(input: &[u8], pieces: &[usize]) {
    let is_object = input.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte));
    // A number that serde_json has no room for, or writes otherwise, is none of ours to judge.
    let has_other_numbers = |value: &Value| value.to_string().contains(['.', 'e', '-']);
    let value = serde_json::from_slice::<Value>(input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input));
    let is_out_of_range = value.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
    if is_object != Some(&b'{') || is_out_of_range {
        let _ = FaultReport::from_bytes(input);
        return;
    }
    let read = answers::read(input, &ReadOptions::new(), pieces);
    let expected = self::read(input);
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

/// A text in JSON, with some of its characters escaped.
fn text() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        "[a-z]{0,6}@[a-z]{1,5}\\.com",
        Just(String::new()),
        "[A-Za-z0-9 ,;\"\\\\\n\r\t😀é\u{0}]{0,8}",
        Just("Reason".into())
    ];
    (plain, any::<u32>()).prop_map(|(text, escapes)| {
        let mut json = String::from("\"");
        for (index, character) in text.chars().enumerate() {
            if escapes >> (index % 32) & 1 == 1 {
                let mut units = [0; 2];
                character.encode_utf16(&mut units).iter().for_each(|unit| json += &format!("\\u{unit:04x}"));
            } else {
                let quoted = serde_json::to_string(&character).unwrap();
                json += &quoted[1..quoted.len() - 1];
            }
        }
        json + "\""
    })
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![6 => text(), 1 => Just("null".into()), 1 => "[1-9][0-9]{0,3}", 1 => Just("true".into())]
}

/// Members in any order, some of them there.
fn object(members: Vec<BoxedStrategy<(String, String)>>) -> impl Strategy<Value = String> {
    let len = members.len();
    (members, any::<u32>(), Just((0..len).collect::<Vec<_>>()).prop_shuffle()).prop_map(|(members, there, order)| {
        let members = order.iter().filter(|index| there >> **index & 7 != 0).map(|index| &members[*index]);
        let members: Vec<_> = members.map(|(name, value)| format!("{}:{value}", Value::from(&**name))).collect();
        format!("{{{}}}", members.join(" , "))
    })
}

fn member(name: &'static str, value: impl Strategy<Value = String> + 'static) -> BoxedStrategy<(String, String)> {
    value.prop_map(move |value| (name.to_owned(), value)).boxed()
}

fn list(item: impl Strategy<Value = String> + 'static, most: usize) -> BoxedStrategy<String> {
    prop::collection::vec(item, 0..=most).prop_map(|items| format!("[{}]", items.join(", "))).boxed()
}

fn failure() -> impl Strategy<Value = String> {
    let code = prop_oneof![
        Just("\"consentRecordsNotApplied\"".to_owned()),
        Just("\"invalidEmail\"".to_owned()),
        Just("\"GloballySuppressed\"".to_owned()),
        value()
    ];
    let inner = object(vec![member("failureCode", code), member("description", value()), member("x", value())]);
    let identifiers = object(vec![
        member("email", value()),
        member("mobileNumber", value()),
        member("loyaltyNo", value()),
        member("Reason", value()),
        member("a,\"b", value()),
    ]);
    object(vec![
        member("contactId", value()),
        member("matchIdentifier", value()),
        member("identifiers", prop_oneof![9 => identifiers, 1 => Just("null".to_owned())]),
        member("failures", list(inner, 3)),
        member("new", Just("{\"identifiers\":[{\"failures\":[]}]}".to_owned())),
    ])
}

fn answer() -> impl Strategy<Value = String> {
    let status = prop_oneof![8 => Just("\"Finished\"".to_owned()), 1 => Just("\"Failed\"".to_owned()), 1 => value()];
    let summary = object(vec![member("newContacts", Just("7".to_owned())), member("x", value())]);
    object(vec![
        member("importId", value()),
        member("status", status),
        member("summary", summary),
        member("created", list(failure(), 2)),
        member("failures", list(failure(), 5)),
        member("moon", value()),
    ])
}

/// What may happen to an answer on its way.
#[derive(Clone, Debug)]
enum Change {
    Cut(prop::sample::Index),
    Drop(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let byte = || prop_oneof![prop::sample::select(b"{}[]\",:\\ue0@ \n".to_vec()), any::<u8>()];
    let at = any::<prop::sample::Index>;
    prop_oneof![
        at().prop_map(Change::Cut),
        (at(), 1..40usize).prop_map(|(at, len)| Change::Drop(at, len)),
        (at(), 1..80usize).prop_map(|(at, len)| Change::Repeat(at, len)),
        (at(), byte()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at(), byte()).prop_map(|(at, byte)| Change::Insert(at, byte)),
    ]
}

fn changed(mut answer: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if answer.is_empty() {
            break;
        }
        match *change {
            Change::Cut(at) => answer.truncate(at.index(answer.len())),
            Change::Drop(at, len) => {
                let at = at.index(answer.len());
                answer.drain(at..answer.len().min(at + len));
            }
            Change::Repeat(at, len) => {
                let at = at.index(answer.len());
                let part = answer[at..answer.len().min(at + len)].to_vec();
                answer.splice(at..at, part);
            }
            Change::Set(at, byte) => {
                let at = at.index(answer.len());
                answer[at] = byte;
            }
            Change::Insert(at, byte) => answer.insert(at.index(answer.len()), byte),
        }
    }
    answer
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_answer(answer in answer(), piece in 1..200usize) {
        compare(answer.as_bytes(), &[1, piece]);
    }

    #[test]
    fn any_answer_that_was_changed(
        answer in answer(),
        changes in prop::collection::vec(change(), 1..4),
        piece in 1..200usize,
    ) {
        compare(&changed(answer.into_bytes(), &changes), &[1, piece]);
    }
}
