//! The newer API's answers of every shape, sound and broken, compared with another reading of them.

use proptest::prelude::*;
use serde_json::Value;

use crate::helpers::v3::compare;

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
                // Sometimes, a text was cut in the middle of a character.
                let kept = if escapes >> 29 == 7 { 1 } else { 2 };
                let units = character.encode_utf16(&mut units).iter().take(kept);
                units.for_each(|unit| json += &format!("\\u{unit:04x}"));
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
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

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
