//! The credentials, kept out of what the service says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::credentials::Credentials;
use super::folded::{letters, signs, unescaped};

/// As much of a text as is looked at: more than is ever shown of one.
const HEAD: usize = 16 * 1024;
/// A credential of fewer characters is only one as a word of its own, and no shorter part of one gives it away.
const SHORT: usize = 4;

/// Finds the credentials in what the service says, however it writes them. Where it does, nothing of it is repeated:
/// it can't be told which part of it would be safe.
///
/// Both sides are reduced before they are compared: escapes are undone, then all is dropped but ASCII letters and digits,
/// without accents and in lower case. What that leaves of a credential is looked for, and of its forms that are made of
/// other letters. One without letters is looked for by its signs.
pub(super) struct Secrets {
    letters: Vec<Zeroizing<String>>,
    signs: Vec<Zeroizing<String>>,
    words: Vec<Zeroizing<String>>,
}

impl Secrets {
    const WITHHELD: &str = "[withheld: it repeats the credentials]";

    pub(super) fn new(credentials: &Credentials) -> Self {
        let mut secrets = Secrets { letters: Vec::new(), signs: Vec::new(), words: Vec::new() };
        for plain in [&credentials.username, &credentials.password, &credentials.pair()] {
            if plain.chars().count() < SHORT {
                secrets.words.push(Zeroizing::new(plain.to_lowercase()));
                continue;
            }
            for (form, is_whole) in forms(plain) {
                let (letters, signs) = (letters(&form), signs(&form));
                if letters.len() >= SHORT {
                    secrets.letters.push(letters);
                } else if signs.chars().count() >= SHORT {
                    secrets.signs.push(signs);
                } else if is_whole {
                    secrets.words.push(Zeroizing::new(form.to_lowercase()));
                }
            }
            secrets.letters.extend(codes(plain).into_iter().filter(|code| code.len() >= SHORT));
        }
        for forms in [&mut secrets.letters, &mut secrets.signs, &mut secrets.words] {
            forms.retain(|form| !form.is_empty());
            forms.sort_unstable_by(|a, b| a.as_str().cmp(b));
            forms.dedup_by(|a, b| a.as_str() == b.as_str());
        }
        secrets
    }

    /// The beginning of `text`, or a word in place of it where it holds them.
    pub(super) fn clean<'t>(&self, text: &'t str) -> &'t str {
        let ends = (0..=HEAD.min(text.len())).rev();
        let head = ends.filter_map(|end| text.get(..end)).next().unwrap_or_default();
        self.clean_part(head, head.len() < text.len())
    }

    /// The same for a text that may have been cut before, and so may end in the middle of one.
    pub(super) fn clean_part<'t>(&self, text: &'t str, is_cut: bool) -> &'t str {
        let unescaped = unescaped(text);
        let is_met = [text, unescaped.as_str()].into_iter().any(|text| {
            let (folded, small) = (letters(text), text.to_lowercase());
            self.letters.iter().any(|form| folded.contains(form.as_str()) || is_cut && ends_inside(&folded, form))
                || self.words.iter().any(|word| has_word(&small, word))
                || !self.signs.is_empty() && self.signs.iter().any(|form| signs(text).contains(form.as_str()))
        });
        if is_met { Self::WITHHELD } else { text }
    }
}

/// A credential as it is, and as it becomes where it is read as ASCII, with a sign of its loss, which doesn't count, in
/// place of each other letter; without its escapes, too, since a text is read without them. Is it still all of it?
fn forms(plain: &Zeroizing<String>) -> [(Zeroizing<String>, bool); 4] {
    let ascii = |text: &str| Zeroizing::new(text.chars().filter(char::is_ascii).collect::<String>());
    let unescaped = unescaped(plain);
    let (ascii, ascii_unescaped) = (ascii(plain), ascii(&unescaped));
    [(plain.clone(), true), (unescaped, true), (ascii, false), (ascii_unescaped, false)]
}

/// A credential in UTF-8, in UTF-16 and in Latin-1, each in hexadecimal and in base64; in base64 of its base64; and as a
/// list of its bytes and of its units of UTF-16, in decimal figures.
fn codes(plain: &str) -> Vec<Zeroizing<String>> {
    let units = || plain.encode_utf16();
    let latin_1 = || plain.chars().map(|sign| u8::try_from(sign).unwrap_or(b'?')).collect();
    let utf_8 = Zeroizing::new(plain.as_bytes().to_vec());
    let others =
        [units().flat_map(u16::to_le_bytes).collect(), units().flat_map(u16::to_be_bytes).collect(), latin_1()];
    let twice = in_base64(&utf_8).into_iter().flat_map(|code| in_base64(code.as_bytes()));
    let mut codes: Vec<_> = twice.map(|code| letters(&code)).collect();
    for bytes in others.map(Zeroizing::new).into_iter().chain([utf_8.clone()]) {
        codes.extend(in_base64(&bytes).map(|code| letters(&code)));
        codes.push(Zeroizing::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect()));
    }
    codes.push(Zeroizing::new(utf_8.iter().map(u8::to_string).collect()));
    codes.push(Zeroizing::new(units().map(|unit| unit.to_string()).collect()));
    codes
}

/// Bytes in base64: by themselves, and behind one or two others, without the letters at either end that hold bits of others.
fn in_base64(bytes: &[u8]) -> [Zeroizing<String>; 3] {
    [0, 1, 2].map(|before| {
        let bytes = Zeroizing::new([&b"\0\0"[..before], bytes].concat());
        let code = Zeroizing::new(STANDARD_NO_PAD.encode(&*bytes));
        let (first, shared) = ([0, 2, 3][before], usize::from(bytes.len() % 3 > 0));
        Zeroizing::new(code.get(first..code.len() - shared).unwrap_or_default().to_owned())
    })
}

/// Does a text end with the beginning of a form?
fn ends_inside(text: &str, form: &str) -> bool {
    (SHORT..form.len()).any(|length| form.get(..length).is_some_and(|beginning| text.ends_with(beginning)))
}

/// Does a text hold a word with nothing that belongs to a word right before and behind it?
fn has_word(text: &str, word: &str) -> bool {
    let mut places = text.match_indices(word);
    places.any(|(start, word)| {
        let before = text.get(..start).and_then(|before| before.chars().next_back());
        let behind = text.get(start + word.len()..).and_then(|behind| behind.chars().next());
        ![before, behind].into_iter().flatten().any(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;

    use super::*;

    const PASSWORD: &str = r#"p:a?s/s<w>&é+ "'%41Ü9"#;

    fn secrets() -> Secrets {
        Secrets::new(&Credentials::new("api@x.com", PASSWORD))
    }

    #[test]
    fn credentials_are_found_however_they_are_written() {
        let pair = format!("api@x.com:{PASSWORD}");
        let base64 = STANDARD.encode(&pair);
        let wrapped = base64.as_bytes().chunks(7).map(String::from_utf8_lossy).collect::<Vec<_>>();
        let hex =
            |separator: &str| PASSWORD.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(separator);
        let latin_1 = |text: &str| text.bytes().map(char::from).collect::<String>();
        let url = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let html = |text: &str| text.chars().map(|sign| format!("&#{};", u32::from(sign))).collect::<String>();
        let json = |text: &str| serde_json::to_string(text).unwrap();
        let numbers = |text: &str, each: fn(u32) -> String| text.chars().map(u32::from).map(each).collect::<String>();
        let list = |text: &str, sign| text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(sign);
        let bytes_le = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let bytes_be = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        let bytes_1 = |text: &str| text.chars().map(|sign| u8::try_from(sign).unwrap()).collect::<Vec<_>>();
        let in_hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).map(char::from).collect::<String>();
        for text in [
            "api@x.com".into(),
            "API@X.COM".into(),
            "api%40x.com".into(),
            "api%2540x.com".into(),
            "api&commat;x.com".into(),
            "a\0p\0i\0@\0x\0.\0c\0o\0m".into(),
            PASSWORD.into(),
            PASSWORD.to_uppercase(),
            PASSWORD.to_lowercase(),
            // URLs, as different libraries write them.
            "p%3aa%3fs%2fs%3cw%3e%26%c3%a9%2b+%22%27%2541%c3%9c9".into(),
            "p%3Aa%3Fs/s%3Cw%3E%26%C3%A9%2B%20%22'%2541%C3%9C9".into(),
            url(PASSWORD),
            url(&url(PASSWORD)),
            url(&url(&url(PASSWORD))),
            // JSON, and JSON in JSON.
            r#"p:a?s\/s\u003cw\u003E\u0026é\u002b \u0022\u0027%41\u00dc9"#.into(),
            json(PASSWORD),
            json(&json(PASSWORD)),
            json(&json(&json(PASSWORD))),
            // XML and HTML.
            "p:a?s/s&lt;w&gt;&amp;&#233;+ &quot;&#39;%41&Uuml;9".into(),
            "p:a?s/s&#60;w&#x3E;&amp;&#xe9;+ &quot;&apos;%41&#x00dc;9".into(),
            "p:a?s/s&amp;lt;w&amp;gt;&amp;amp;&amp;eacute;+ &amp;quot;'%41&amp;Uuml;9".into(),
            html(PASSWORD),
            html(&html(PASSWORD)),
            html(&url(PASSWORD)),
            url(&json(PASSWORD)),
            // Taken apart, and read as something else.
            PASSWORD.replace('é', "e\u{301}").replace('Ü', "U\u{308}"),
            latin_1(PASSWORD),
            json(&latin_1(PASSWORD)),
            utf_16(PASSWORD),
            PASSWORD.replace(['é', 'Ü'], "\u{fffd}"),
            PASSWORD.replace(['é', 'Ü'], "\u{fffd}\u{fffd}"),
            PASSWORD.replace('é', "Ã©").replace('Ü', "Ãœ"),
            // Base64, wrapped and for URLs, and in the middle of more of it.
            STANDARD.encode(PASSWORD),
            URL_SAFE.encode(PASSWORD),
            STANDARD.encode(&pair),
            STANDARD.encode(format!("a{PASSWORD}bcd")),
            STANDARD.encode(format!("ab{PASSWORD}bc")),
            STANDARD.encode(format!("abc{PASSWORD}b")),
            STANDARD.encode("api@x.com").replace('=', "%3D"),
            wrapped.join("\r\n"),
            wrapped.join("\\r\\n"),
            wrapped.join("&#13;&#10;"),
            url(&STANDARD.encode(&pair)),
            hex(""),
            hex(" "),
            hex(":"),
            format!(r"\x{}", hex(r"\x")),
            // HTML without the signs that end its numbers, and what other languages write.
            numbers(PASSWORD, |code| format!("&#{code}")),
            numbers(PASSWORD, |code| format!("&#x{code:x}")),
            numbers(PASSWORD, |code| format!("&#X{code:04X}")),
            "p:a?s/s&#60w&#x3E&amp;&#233+ &quot;&#39%41&#220&#57".into(),
            html(PASSWORD).replace(';', "").replace('&', "%26"),
            html(PASSWORD).replace(';', "").replace('&', "&amp;"),
            html(&html(PASSWORD)).replace(';', ""),
            html(&url(PASSWORD)).replace(';', ""),
            numbers(PASSWORD, |code| format!("\\u{{{code:x}}}")),
            numbers(PASSWORD, |code| format!("\\x{{{code:04X}}}")),
            PASSWORD.bytes().map(|byte| format!("\\{byte:03o}")).collect(),
            json(&PASSWORD.bytes().map(|byte| format!("\\{byte:03o}")).collect::<String>()),
            numbers(PASSWORD, |code| format!("\\{code:03o}")),
            list(PASSWORD, ","),
            list(PASSWORD, ", "),
            format!("[{}]", numbers(PASSWORD, |code| format!("{code}, "))),
            // Other encodings, and base64 of base64.
            in_hex(&bytes_le(PASSWORD)),
            in_hex(&bytes_be(PASSWORD)),
            in_hex(&bytes_be(&pair)),
            STANDARD.encode(bytes_le(PASSWORD)),
            STANDARD.encode(bytes_be(PASSWORD)),
            STANDARD.encode([b"\xff\xfe", &bytes_le(&pair)[..]].concat()),
            in_hex(&bytes_1(PASSWORD)),
            STANDARD.encode(bytes_1(PASSWORD)),
            STANDARD.encode(bytes_1(&pair)),
            STANDARD.encode(STANDARD.encode(PASSWORD)),
            STANDARD.encode(STANDARD.encode(&pair)),
            STANDARD.encode(format!("Basic {}", STANDARD.encode(&pair))),
            STANDARD.encode(format!("ab{}", STANDARD.encode(format!("x{pair}y")))),
        ] {
            for text in [text.clone(), format!("Login for »{text}« failed: ERROR_X")] {
                assert_eq!(secrets().clean(&text), Secrets::WITHHELD, "{text}");
            }
        }
        for text in ["user api is é locked", "nothing of it: %, %zz, \\u12, &x; &#x110000; \\", "", "x.com", "41u9"] {
            assert_eq!(secrets().clean(text), text);
        }
    }

    #[test]
    fn passwords_of_signs_and_of_other_letters() {
        for (password, text) in [
            ("!$%^&*()", "{\"!$%^&amp;*()\"}"),
            ("!$%^&*()", "%21%24%25%5E%26%2A%28%29"),
            ("пароль", "ПАРОЛЬ"),
            ("пароль", "&#1087;&#1072;&#1088;&#1086;&#1083;&#1100;"),
            ("пароль", r"\u043f\u0430\u0440\u043e\u043b\u044c"),
            ("😀😀😀😀", r"\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00"),
            ("Ž1Ž2Ž3", "Å½1Å½2Å½3"),
            ("a   b", "is a   b right?"),
        ] {
            let secrets = Secrets::new(&Credentials::new("api@x.com", password));
            assert_eq!(secrets.clean(text), Secrets::WITHHELD, "{password} in {text}");
            assert_eq!(secrets.clean("a failure: (100%) & *"), "a failure: (100%) & *");
        }
    }

    #[test]
    fn a_short_secret_is_one_as_a_word_alone() {
        let secrets = Secrets::new(&Credentials::new("e", "g1!"));
        for (text, is_met) in [
            ("the letter is everywhere", false),
            ("for e: no", true),
            ("E", true),
            ("%65", true),
            ("(g1!)", true),
            ("xg1!", false),
            ("e:g1!", true),
            ("ZTpnMSE=", true),
            (Secrets::WITHHELD, false),
        ] {
            assert_eq!(secrets.clean(text) == Secrets::WITHHELD, is_met || text == Secrets::WITHHELD, "{text}");
        }
    }

    /// Where a text was cut, its end may be the beginning of a secret; where it is whole, it is a word like others.
    #[test]
    fn the_beginning_of_a_secret_at_the_end() {
        let secrets = Secrets::new(&Credentials::new("api@x.com", "Correct-Horse!7"));
        let text = "it ends in Correct-Hor";
        assert_eq!(secrets.clean(text), text);
        assert_eq!(secrets.clean_part(text, true), Secrets::WITHHELD);
    }

    #[test]
    fn what_is_long_is_cut_before_it_is_looked_at() {
        // What may be shown is whole.
        let shown = "é".repeat(4 * 1024);
        assert_eq!(secrets().clean(&shown), shown);
        let words = "é".repeat(HEAD);
        assert_eq!(secrets().clean(&words).len(), HEAD);
        // What is cut off may be the rest of a credential.
        let begun = format!("{} api@x.com", "x".repeat(HEAD - 6));
        assert_eq!(secrets().clean(&begun), Secrets::WITHHELD);
        assert_eq!(secrets().clean_part("ERROR_APIX", true), Secrets::WITHHELD);
        assert_eq!(secrets().clean_part("ERROR_APIX", false), "ERROR_APIX");
    }

    proptest! {
        /// Whatever the password is, and in whatever order it has been written by others.
        #[test]
        fn any_password_in_any_writing(
            password in r"[ -~éÜßžЖ漢😀]{4,24}".prop_filter("no word", |text| signs(text).chars().count() >= SHORT),
            first in 0..10,
            then in prop::collection::vec(0..6, 0..4),
            around in "[a-z ]{0,8}",
        ) {
            let each_of = |text: &str, of: fn(u32) -> String| text.chars().map(u32::from).map(of).collect::<String>();
            let each = |of: &dyn Fn(u8) -> String| password.bytes().map(of).collect::<String>();
            let mut text = match first {
                0 => password.clone(),
                1 => each(&|byte| char::from(byte).into()),
                2 => each(&|byte| format!("{byte:02X}")),
                3 => STANDARD.encode(&password),
                4 => URL_SAFE.encode(&password),
                5 => STANDARD.encode(STANDARD.encode(&password)),
                6 => STANDARD.encode(password.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
                7 => password.encode_utf16().map(|unit| format!("{unit:04X} ")).collect(),
                8 => each(&|byte| format!("{byte}, ")),
                // UTF-16 of ASCII, read as something else.
                _ => password.chars().flat_map(|sign| [sign, '\0']).collect(),
            };
            for writing in then {
                text = match writing {
                    0 => text.bytes().map(|byte| match byte {
                        b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
                        other => format!("%{other:02x}"),
                    }).collect(),
                    1 => serde_json::to_string(&text).unwrap(),
                    2 => text.chars().map(|sign| match sign {
                        'a'..='z' | '0'..='9' => sign.to_string(),
                        '\\' => r"\\".into(),
                        other => format!("\\u{{{:x}}}", u32::from(other)),
                    }).collect(),
                    3 => each_of(&text, |code| format!("&#{code}")),
                    4 => text.bytes().map(|byte| match byte {
                        b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
                        b'\\' => r"\\".into(),
                        other => format!("\\{other:03o}"),
                    }).collect(),
                    _ => text.chars().map(|sign| match sign {
                        'a'..='z' => sign.to_string(),
                        other => format!("&#x{:x};", u32::from(other)),
                    }).collect(),
                };
            }
            let text = format!("{around} {text} {around}");
            let secrets = Secrets::new(&Credentials::new("api@example.com", &password));
            prop_assert_eq!(secrets.clean(&text), Secrets::WITHHELD, "{} in {}", password, text);
        }
    }
}
