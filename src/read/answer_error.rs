//! What the newer API says where it refuses a call: `{"errorCode", "description", "details": [{"item", …}]}`.
//!
//! Source: the vendor's OpenAPI file of contacts 3.4.3, in which a detail has a `description`, and its documentation, in
//! which it has an `error`.

use std::borrow::Cow;

use serde_json::Value;
use uuid::Uuid;

use crate::contact_data::may_be_in;

/// A code that is longer is none.
const LONGEST_CODE: usize = 128;

/// As many details as are told.
const MOST_DETAILS: usize = 8;

/// So many digits in a row, however they are grouped, may be a phone number.
const PHONE_NUMBER: usize = 7;

/// The code, such as `contacts:importNotFound`.
pub(super) fn code(value: &Value) -> Option<&str> {
    let code = text(value, "errorCode")?;
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-' | b'.');
    let is_shaped = !code.is_empty() && code.len() <= LONGEST_CODE && code.bytes().all(is_code);
    (is_shaped && !is_about_contact(code)).then_some(code)
}

/// The description, and the details in brackets, where there is a code. What may be about a contact is left out.
pub(super) fn words(value: &Value, clean: &impl Fn(&str) -> Cow<'_, str>) -> Option<String> {
    code(value)?;
    let seen =
        |text: &str| Some(clean(text).trim().to_owned()).filter(|text| !text.is_empty() && !is_about_contact(text));
    let mut words = text(value, "description").and_then(seen).unwrap_or_default();
    let details = value.get("details").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let details = details.iter().take(MOST_DETAILS).filter_map(|detail| {
        let what = text(detail, "description").or_else(|| text(detail, "error")).and_then(seen);
        match (text(detail, "item").and_then(seen), what) {
            (Some(item), Some(what)) => Some(format!("{item}: {what}")),
            (item, what) => item.or(what),
        }
    });
    let details: Vec<_> = details.collect();
    if !details.is_empty() {
        words = format!("{words} ({})", details.join("; "));
    }
    Some(words)
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

/// May it hold an email or a phone number? An id is neither.
fn is_about_contact(text: &str) -> bool {
    let is_between = |character: char| !character.is_alphanumeric() && character != '-';
    let is_id = |word: &&str| Uuid::try_parse(word.trim_end_matches(is_between)).is_ok();
    let words = text.split_inclusive(is_between).filter(|word| !is_id(word));
    let (mut run, mut longest) = (0, 0);
    for character in words.flat_map(str::chars) {
        match character {
            _ if character.is_numeric() => run += 1,
            '-' | '.' | '(' | ')' | '+' | '/' => {}
            _ if character.is_whitespace() => {}
            _ => run = 0,
        }
        longest = longest.max(run);
    }
    may_be_in(text) || longest >= PHONE_NUMBER
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn withheld(text: &str) -> Cow<'_, str> {
        Cow::Owned(text.replace("opensesame", "[withheld]"))
    }

    fn read(value: Value) -> (Option<String>, Option<String>) {
        (code(&value).map(Into::into), words(&value, &withheld))
    }

    #[test]
    fn code_description_and_details() {
        for (value, code, words) in [
            (
                json!({"errorCode": "contacts:invalidId", "description": "Not an id", "details": [
                    {"item": "importId", "description": "must be a GUID"}, {"item": "x", "error": "too long"}, {"error": "no"}, 7
                ]}),
                Some("contacts:invalidId"),
                Some("Not an id (importId: must be a GUID; x: too long; no)"),
            ),
            (json!({"errorCode": "a:b"}), Some("a:b"), Some("")),
            (json!({"errorCode": "a b", "description": "x"}), None, None),
            (json!({"errorCode": 7, "description": "x"}), None, None),
            (json!({"errorCode": "x".repeat(129), "description": "x"}), None, None),
            (json!({"description": "x"}), None, None),
            (json!([{"errorCode": "a:b"}]), None, None),
            // What may be about a contact.
            (
                json!({"errorCode": "a:b", "description": "bo@example.com is bad", "details": [
                    {"item": "mobileNumber", "error": "'441632960011' is not E.164"}, {"item": "email", "error": "bad"},
                    {"item": "mobileNumber", "error": "'44-1632-960' is not E.164"}
                ]}),
                Some("a:b"),
                Some(" (mobileNumber; email: bad; mobileNumber)"),
            ),
            (
                json!({"errorCode": "a:b", "description": "44 1632 960 011", "details": [
                    {"item": "x", "error": "+44(1632)960011"}, {"item": "y", "error": "44\u{a0}1632/960.011 no"},
                    {"item": "z", "error": "line 12, column 345"}
                ]}),
                Some("a:b"),
                Some(" (x; y; z: line 12, column 345)"),
            ),
            (json!({"errorCode": "ann_example.com:441632960011", "description": "x"}), None, None),
            (
                json!({"errorCode": "a:b", "description": "No '5b1f6a52-0c7e-4c1d-9a55-100000000007' for opensesame"}),
                Some("a:b"),
                Some("No '5b1f6a52-0c7e-4c1d-9a55-100000000007' for [withheld]"),
            ),
        ] {
            assert_eq!(read(value.clone()), (code.map(Into::into), words.map(Into::into)), "{value}");
        }
    }
}
