//! What comes in place of a report, and reports that are handed on while they come.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dotdigital_faults::ErrorKind::*;
use dotdigital_faults::{Error, ErrorKind, Fault, FaultReport, Protocol};

use crate::helpers::ID;
use crate::helpers::server::*;
use crate::helpers::wrong_bodies::{WRONG_BODIES, shows_contact};

type Sink = fn(&Fault<'_>) -> Result<(), Error>;

const BOTH: [Protocol; 2] = [Protocol::Soap, Protocol::Rest];

fn of(protocol: Protocol, body: &[u8]) -> Reply {
    match protocol {
        Protocol::Soap => ok(&soap("GetContactImportReportFaults", &STANDARD.encode(body))),
        _ => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            vec![say([head.as_bytes(), body].concat())]
        }
    }
}

#[tokio::test]
async fn no_wrong_body_is_a_report() {
    for protocol in BOTH {
        for (name, body) in WRONG_BODIES {
            let name = format!("{name} over {protocol}");
            let expected = match FaultReport::from_bytes(*body).expect_err(&name).kind() {
                Utf16 => Utf16,
                _ => UnexpectedAnswer,
            };
            let check = |error: Error| {
                assert_eq!(error.kind(), expected, "{name}: {error}");
                assert_eq!((error.attempts(), error.import_id()), (Some(1), Some(ID)), "{name}");
                let printed = everything(&error);
                assert!(!shows_contact(&printed), "{name}: {printed}");
                assert!(error.to_string().lines().count() == 1 && error.to_string().len() < 1024, "{name}: {error}");
            };
            let server = Server::start([of(protocol, body)]);
            let client = server.client(protocol).build().unwrap();
            check(client.report_faults(ID).await.expect_err(&name));
            check(client.reason_counts(ID).await.expect_err(&name));
            check(client.report_faults_bytes(ID).await.expect_err(&name));
            check(client.report_faults_to(ID, || Ok(Vec::new())).await.expect_err(&name));
            let told = AtomicUsize::new(0);
            let make = || {
                Ok(|_: &Fault<'_>| {
                    told.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                })
            };
            check(client.stream_faults(ID, make).await.map(|(_, counts)| counts).expect_err(&name));
            assert_eq!(told.load(Ordering::SeqCst), 0, "{name}");
        }
    }
}

/// Where a report, or an answer about contacts, comes under another status or in another place than it should, none of it is
/// repeated.
#[tokio::test]
async fn no_error_repeats_a_report() {
    const CSV: &str = "Reason,email,name\nBlocker,karina@example.com,Karina Plain\nInvalid Email,karina,Karina Plain\n";
    const NAMELESS: &str = "Reason,mobile\nBlocker,Karina Plain\n";
    const JSON: &str = r#"{"importId":"1","status":"Finished","failures":[{"identifiers":{"mobileNumber":"Karina Plain"},
        "failures":[{"failureCode":"Blocker","description":""}]}]}"#;
    let answer = |status: &str, body: &str| {
        vec![say(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes())]
    };
    let soap = |text: &str| ok(&soap("GetContactImportReportFaults", text));
    for protocol in [Protocol::Soap, Protocol::Rest, Protocol::V3] {
        let mut replies: Vec<_> =
            ["201 Created", "203 Non-Authoritative Information", "206 Partial Content", "400 Bad Request"]
                .into_iter()
                .chain(["500 Internal Server Error", "502 Bad Gateway"])
                .flat_map(|status| [CSV, NAMELESS, JSON].map(|body| answer(status, body)))
                .collect();
        if protocol == Protocol::Soap {
            replies.extend([answer("200 OK", CSV), answer("200 OK", NAMELESS), answer("200 OK", JSON), soap(CSV)]);
        }
        for reply in replies {
            let server = Server::start([reply.clone()]);
            let client = server.client(protocol).max_retries(0).build().unwrap();
            let printed = everything(&client.report_faults(ID).await.unwrap_err());
            assert!(!printed.to_lowercase().contains("karina"), "{protocol}: {printed}");
        }
    }
}

/// Nor is it in base64, as it is over SOAP, in whatever goes wrong around it.
#[tokio::test]
async fn no_error_repeats_a_report_in_base64() {
    const FAULTS: &str = "GetContactImportReportFaults";
    let kept = [
        "Reason,email,name\nBlocker,karina@example.com,Karina Plain\nInvalid Email,karina,Karina Plain\n".to_owned(),
        "a@karina.de".to_owned(),
        "Karina\r\nPlain".to_owned(),
        "Karina Plain ".repeat(20),
    ];
    let shapes: [fn(&str) -> String; 7] = [
        |code| code.to_owned(),
        |code| code.replace('+', "-").replace('/', "_").replace('=', ""),
        |code| code.as_bytes().chunks(10).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\r\n  "),
        |code| code.as_bytes().chunks(10).map(String::from_utf8_lossy).collect::<Vec<_>>().join("&#13;&#10;"),
        |code| code.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" "),
        |code| format!("<![CDATA[{code}]]>"),
        |code| code[..code.len() - 3].to_owned(),
    ];
    for (code, shape) in kept.iter().flat_map(|text| shapes.map(|shape| (STANDARD.encode(text), shape))) {
        let code = shape(&code);
        let envelope = soap(FAULTS, &code);
        let result = format!("<{FAULTS}Result>");
        let short = |inside: &str| {
            format!("<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\"><Body>{inside}</Body></Envelope>")
        };
        let json = serde_json::Value::from(&*code);
        let bodies = [
            code.clone(),
            format!("\u{feff}{code}"),
            format!("It is down: {code}"),
            format!("<r>{code}</r>"),
            format!("<?xml version=\"1.0\"?>\r\n<r>{code}</r>"),
            format!("<html>{code}</html>"),
            format!("<html><title>{code}</title></html>"),
            format!("{{\"data\":{json}}}"),
            format!("{{\"message\":{json}}}"),
            format!(
                "{{\"errorCode\":\"a:b\",\"description\":{json},\"details\":[{{\"item\":{json},\"error\":{json}}}]}}"
            ),
            short(&format!("<r>{code}</r>")),
            short(&format!("<Fault><faultcode>{code}</faultcode><faultstring>It is {code}</faultstring></Fault>")),
            short(&format!("<{FAULTS}Response xmlns=\"http://other\">{result}{code}")),
            envelope[..envelope.len() - 30].to_owned(),
            envelope.replace("apiconnector.com/v2", "apiconnector.com/v9"),
            envelope.replace(&result, &format!("{result}</{FAULTS}Result>{result}")),
            envelope.replace(&result, &format!("{result}*")),
            format!("{envelope}!"),
        ];
        let words: Vec<_> =
            code.split(|sign: char| !sign.is_ascii_alphanumeric()).filter(|word| word.len() > 3).collect();
        for protocol in [Protocol::Soap, Protocol::Rest, Protocol::V3] {
            let statuses = ["200 OK", "401 Unauthorized", "500 Broken"];
            let answers = statuses.iter().flat_map(|status| bodies.iter().map(|body| answer(status, "", body)));
            let server = Server::start(answers);
            let client = server.client(protocol).max_retries(0).build().unwrap();
            for (status, body) in statuses.iter().flat_map(|status| bodies.iter().map(move |body| (status, body))) {
                let Err(error) = client.report_faults(ID).await else { panic!("{protocol}: {status}: {body}") };
                let printed = everything(&error);
                let shown = words.iter().find(|word| printed.contains(**word));
                assert_eq!(
                    (shown, printed.to_lowercase().contains("karina")),
                    (None, false),
                    "{protocol}: {body}: {printed}"
                );
            }
        }
    }
}

/// What is no contact, is shown: of an answer that isn't what was asked for, it is all there is to go by.
#[tokio::test]
async fn other_words_are_repeated() {
    for (body, expected) in [
        ("Sorry, we are down for maintenance", "Sorry, we are down for maintenance"),
        ("<r>842d81e8-c619-457f-bb77-ab6c4a17da39</r>", "842d81e8-c619-457f-bb77-ab6c4a17da39"),
        (
            "<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\"><Body><Nothing/></Body></Envelope>",
            "<Nothing/>",
        ),
        (
            "{\"message\":\"No HTTP resource was found that matches '/v2/contacts/import/842d81e8-c619-457f-bb77-ab6c4a17da39'\"}",
            "ab6c4a17da39",
        ),
        ("<p>ERROR_SYSTEM_SERVICETEMPORARILYUNAVAILABLE</p>", "<p>ERROR_SYSTEM_SERVICETEMPORARILYUNAVAILABLE</p>"),
    ] {
        for protocol in [Protocol::Soap, Protocol::Rest, Protocol::V3] {
            let server = Server::start([answer("500 Broken", "", body)]);
            let client = server.client(protocol).max_retries(0).build().unwrap();
            let error = client.report_faults(ID).await.unwrap_err();
            assert!(error.message().is_some_and(|message| message.contains(expected)), "{protocol}: {error}");
        }
    }
}

/// Each attempt has a sink of its own, and the one that is given back has got each fault once.
#[tokio::test]
async fn a_sink_for_each_attempt() {
    let rows: String = (0..20_000).map(|row| format!("Blocker,contact-{row}@example.com\n")).collect();
    let report = format!("Reason,email\n{rows}");
    for protocol in BOTH {
        let whole = of(protocol, report.as_bytes());
        let Some(Step::Say(mut half)) = whole.last().cloned() else { unreachable!() };
        half.truncate(half.len() / 2);
        let server = Server::start([vec![Step::Say(half.clone())], vec![Step::Say(half)], whole]);
        let client = server.client(protocol).max_retries(2).build().unwrap();
        let made = AtomicUsize::new(0);
        // What each attempt has been told, by its number.
        let told: Mutex<Vec<Vec<String>>> = Mutex::default();
        let make = || {
            let attempt = made.fetch_add(1, Ordering::SeqCst);
            told.lock().unwrap().push(Vec::new());
            let told = &told;
            Ok(move |fault: &Fault<'_>| {
                told.lock().unwrap()[attempt].push(fault.email().into_owned());
                Ok(())
            })
        };
        let (_, counts) = client.stream_faults(ID, make).await.unwrap();
        assert_eq!((counts.total(), counts.import_id()), (20_000, Some(ID)));
        assert_eq!((made.load(Ordering::SeqCst), server.requests().len()), (3, 3), "{protocol}");
        let told = told.into_inner().unwrap();
        assert!(told[2].iter().enumerate().all(|(row, email)| *email == format!("contact-{row}@example.com")));
        assert_eq!(told[2].len(), 20_000);
        // A fault is handed on as soon as it is there.
        assert!(told[..2].iter().all(|told| (1..20_000).contains(&told.len())), "{protocol}");
    }
}

#[tokio::test]
async fn the_error_of_a_sink_is_returned() {
    for protocol in BOTH {
        let server = Server::start([of(protocol, REPORT.as_bytes())]);
        let client = server.client(protocol).build().unwrap();
        let full = || Error::from(std::io::Error::other("the disk is full"));
        let make = || Ok(|_: &Fault<'_>| Err(full()));
        let error = client.stream_faults(ID, make).await.map(|(_, counts)| counts).unwrap_err();
        assert_eq!((error.kind(), server.requests().len()), (Io, 1), "{protocol}: {error}");
        assert!(everything(&error).contains("the disk is full"), "{error}");

        // So is that of making one.
        let make = || Err::<Sink, _>(full());
        let error = client.stream_faults(ID, make).await.map(|(_, counts)| counts).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{protocol}: {error}");
    }
}
