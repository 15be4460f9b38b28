//! When a report was read, which is another time in every run.

use serde_json::Value;

const EXAMPLE: &str = "2026-11-28T09:00:00Z";

/// Is it a time as RFC 3339 has it, in UTC and in whole seconds?
fn is_time(text: &str) -> bool {
    text.len() == EXAMPLE.len()
        && text
            .bytes()
            .zip(EXAMPLE.bytes())
            .all(|(byte, like)| byte == like || byte.is_ascii_digit() && like.is_ascii_digit())
}

/// The document without the times of its sources, each of which must have had one.
#[track_caller]
pub fn without(mut document: Value) -> Value {
    let sources = match document.get_mut("sources") {
        Some(sources) => sources.as_array_mut().unwrap().iter_mut().collect(),
        None => vec![&mut document],
    };
    for source in sources {
        let read_at = source.as_object_mut().unwrap().remove("read_at");
        assert!(read_at.as_ref().and_then(Value::as_str).is_some_and(is_time), "{read_at:?} in {source}");
    }
    document
}

/// The text with each such time replaced by the same.
pub fn steady(text: &str) -> String {
    let mut steady = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let len = match rest.get(..EXAMPLE.len()) {
            Some(time) if is_time(time) => {
                steady.push_str(EXAMPLE);
                EXAMPLE.len()
            }
            _ => {
                steady.push(character);
                character.len_utf8()
            }
        };
        rest = &rest[len..];
    }
    steady
}
