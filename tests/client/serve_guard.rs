//! Whom the dashboard answers, and what every answer says.

use dotdigital_faults::serve::Guard;

use crate::helpers::archive::{days_ago, import};
use crate::helpers::dashboard::Served;
use crate::helpers::http::{Answer, send};

/// What every answer says, whatever it is.
#[track_caller]
fn check(answer: &Answer) {
    let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("{answer:?}"));
    let style = policy.strip_prefix("default-src 'none'; style-src 'sha256-").unwrap();
    let (hash, rest) = style.split_once('\'').unwrap();
    assert_eq!(hash.len(), 44);
    assert_eq!(rest, "; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{answer:?}");
    }
    assert!(!answer.head.contains("access-control-"), "{answer:?}");
}

fn served(guard: Guard) -> Served {
    let served = Served::unread(&[import(1, "europe", days_ago(2), &[("Blocker", 2)], Some(10))], Some(guard));
    served.refresh().unwrap();
    served
}

#[test]
fn every_answer_has_the_headers() {
    let served = served(Guard::new().token("secret").unwrap());
    let token = "Authorization: Bearer secret";
    for path in ["/", "/metrics", "/api/counts.json", "/healthz", "/readyz", "/moon", "/imports/x", "/?x=1"] {
        check(&served.get_with(path, &[token]));
        check(&served.get(path));
        for method in ["HEAD", "POST", "OPTIONS"] {
            check(&send(served.address, &format!("{method} {path}"), &[token], b"").unwrap());
        }
    }
}

/// What hyper itself refuses has them, too.
#[test]
fn what_is_no_request_has_the_headers() {
    let served = served(Guard::new());
    let long = "x".repeat(20_000);
    let many: String = (0..70).map(|number| format!("x-{number}: 1\r\n")).collect();
    for (request, status, told) in [
        ("moon\r\n\r\n".to_owned(), 400, "This is no request of HTTP/1.1."),
        ("GET / HTTP/9.9\r\nHost: localhost\r\n\r\n".to_owned(), 400, "This is no request"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nx\u{1}: 1\r\n\r\n".to_owned(), 400, "This is no request"),
        (format!("GET / HTTP/1.1\r\nHost: localhost\r\nx: {long}\r\n\r\n"), 431, "16 KiB or 64 headers"),
        (format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"), 431, "16 KiB or 64 headers"),
        (format!("GET /?{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &long[..8_200]), 414, "8 KiB"),
    ] {
        let answer = served.raw(&request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(told), "{status}: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        check(&Answer {
            status,
            head: head.to_ascii_lowercase(),
            body: body.into(),
            end: crate::helpers::http::End::Whole,
        });
    }
    // A line of exactly 8 KiB is fine, and one more byte isn't.
    for (length, status) in [(8192, 200), (8193, 414)] {
        let line = format!("GET /healthz?{} HTTP/1.1", "x".repeat(length - "GET /healthz? HTTP/1.1".len()));
        assert_eq!(line.len(), length);
        let answer = served.raw(&format!("{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{length}: {answer}");
    }
    // 64 headers and a long line are fine.
    let headers: String = (0..62).map(|number| format!("x-{number}: 1\r\n")).collect();
    let answer = served.raw(&format!(
        "GET /healthz?{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n",
        &long[..8_000]
    ));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn only_reading_is_answered() {
    let served = served(Guard::new());
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "MOON"] {
        for path in ["/", "/metrics", "/healthz", "/moon"] {
            let answer = send(served.address, &format!("{method} {path}"), &[], b"x=1").unwrap();
            assert_eq!((answer.status, answer.header("allow")), (405, Some("get, head")), "{method} {path}");
        }
    }
}

#[test]
fn another_host_is_not_answered() {
    let served = served(Guard::new().host("faults.example.com").unwrap());
    let ask = |head: &str| served.raw(&format!("GET /healthz HTTP/1.1\r\n{head}Connection: close\r\n\r\n"));
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:9184", "192.0.2.7", "Faults.Example.Com:443"] {
        assert!(ask(&format!("Host: {host}\r\n")).starts_with("HTTP/1.1 200 "), "{host}");
    }
    for head in [
        "Host: evil.example.com\r\n",
        "Host: \r\n",
        "",
        "Host: localhost\r\nHost: localhost\r\n",
        "Host: localhost.evil.example.com\r\n",
    ] {
        let answer = ask(head);
        assert!(answer.starts_with("HTTP/1.1 421 ") && !answer.contains("evil"), "{head}: {answer}");
    }
    // Load balancers name none over HTTP/1.0, and are told what tells nothing.
    for (path, status) in [("/healthz", "200"), ("/readyz", "200"), ("/", "421"), ("/metrics", "421")] {
        let answer = served.raw(&format!("GET {path} HTTP/1.0\r\n\r\n"));
        assert!(answer.split(' ').nth(1) == Some(status), "{path}: {answer}");
    }
    // What stands in the request line counts, too.
    let answer =
        served.raw("GET http://evil.example.com/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    // The plain router leaves that to whom it belongs.
    let plain = Served::unread(&[], None);
    assert!(
        plain
            .raw("GET /healthz HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n")
            .starts_with("HTTP/1.1 200 ")
    );
}

#[test]
fn a_token_is_wanted() {
    let served = served(Guard::new().token("s3cret").unwrap());
    for path in ["/", "/metrics", "/api/counts.json", "/imports/x", "/moon"] {
        for headers in
            [&[][..], &["Authorization: Bearer S3cret"], &["Authorization: Basic YTpi"], &["Authorization: moon"]]
        {
            let answer = served.get_with(path, headers);
            assert_eq!(answer.status, 401, "{path}");
            let ways: Vec<_> = answer.head.lines().filter(|line| line.starts_with("www-authenticate: ")).collect();
            assert_eq!(
                ways,
                [
                    "www-authenticate: bearer realm=\"faults\"",
                    "www-authenticate: basic realm=\"faults\", charset=\"utf-8\""
                ]
            );
            assert!(answer.text().contains("Bearer TOKEN") && answer.text().contains("Basic"), "{}", answer.text());
        }
        // `anybody:s3cret`.
        for header in ["Authorization: Bearer s3cret", "Authorization: Basic YW55Ym9keTpzM2NyZXQ="] {
            assert_ne!(served.get_with(path, &[header]).status, 401, "{path}");
        }
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(served.get(path).status, 200);
    }
}
