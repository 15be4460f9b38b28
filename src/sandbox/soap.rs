//! SOAP 1.1 as the service's WCF speaks it: document/literal wrapped, matched by namespace and local name.

use hyper::header::{CONTENT_TYPE, HeaderMap};
use quick_xml::NsReader;
use quick_xml::escape::{escape, resolve_xml_entity};
use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};
use uuid::Uuid;

use super::answer::{Answer, Content};
use super::problem::Problem;
use super::question::{Finding, ImportPart, ImportQuestion, guid};
use super::status::Shape;

/// Of the operations, and of the children of their requests and responses.
const OPERATIONS: &str = "http://apiconnector.com/v2";
/// Of the children of complex results.
const RESULTS: &str = "http://apiconnector.com";
const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Of WCF's own fault codes.
const ADDRESSING: &str = "http://schemas.microsoft.com/ws/2005/05/addressing/none";
const DISPATCHER: &str = "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher";

const TEXT_XML: &str = "text/xml; charset=utf-8";
const START: &str = r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>"#;
const END: &str = "</s:Body></s:Envelope>";

/// More than any request needs.
const DEEPEST: usize = 32;

/// The counts of the contract, in its order, which XML Schema makes binding.
const COUNTS: [&str; 14] = [
    "NewContacts",
    "UpdatedContacts",
    "GloballySuppressed",
    "InvalidEntries",
    "DuplicateEmails",
    "Blocked",
    "Unsubscribed",
    "HardBounced",
    "SoftBounced",
    "IspComplaints",
    "MailBlocked",
    "DomainSuppressed",
    "PendingDoubleOptin",
    "Failures",
];
/// The count that REST alone has.
const REST_ALONE: &str = "SuppressedContacts";

/// The WSDL, with the address at which it is served in its place.
pub(super) fn wsdl(soap_url: &str) -> Answer {
    let wsdl = include_str!("../../fixtures/import.wsdl");
    let wsdl = wsdl.replace("http://127.0.0.1/v2/api.svc", &escape(soap_url));
    Answer::of_type(200, TEXT_XML, Content::text(wsdl))
}

/// What is asked, or the answer to what isn't a question of this service.
pub(super) fn question(headers: &HeaderMap, body: &[u8]) -> Result<ImportQuestion, Answer> {
    if !is_utf8_xml(headers) {
        return Err(Answer::new(415));
    }
    let call = SoapCall::read(body).map_err(|refusal| match refusal {
        Refusal::Malformed => Answer::new(400),
        Refusal::Version => fault("s:VersionMismatch", ENVELOPE, "The envelope is not one of SOAP 1.1."),
    })?;
    let action = headers.get("SOAPAction").map(|value| String::from_utf8_lossy(value.as_bytes()));
    let action = action.as_deref().map_or("", |action| action.trim().trim_matches('"'));
    let part = part_of(action).ok_or_else(|| {
        let words = "cannot be processed at the receiver, due to a ContractFilter mismatch at the EndpointDispatcher.";
        fault("a:ActionNotSupported", ADDRESSING, &format!("The message with Action '{action}' {words}"))
    })?;
    if call.name != name(part) || call.namespace != OPERATIONS {
        let expected = format!("expected '{}' in the namespace '{OPERATIONS}'", name(part));
        let found = format!("found '{}' in the namespace '{}'", call.name, call.namespace);
        let text = format!("Error in deserializing body of request message: {expected}, {found}.");
        return Err(fault("a:DeserializationFailed", DISPATCHER, &text));
    }
    match call.import_id.as_deref().map(guid) {
        Some(Some(import)) => Ok(ImportQuestion { part, import }),
        Some(None) => Err(problem(&Problem::PARAMETER_INVALID)),
        // WCF skips elements that it doesn't know, and a GUID that isn't there is all zeros.
        None => Ok(ImportQuestion { part, import: Uuid::nil() }),
    }
}

/// The envelope for what was found.
pub(super) fn answer(question: ImportQuestion, finding: Finding) -> Answer {
    let name = name(question.part);
    let start = format!("{START}<{name}Response xmlns=\"{OPERATIONS}\">");
    let end = format!("</{name}Response>{END}");
    let content = match finding {
        Finding::Problem(found) => return problem(&found),
        Finding::Report(report, shape @ (Shape::Text | Shape::Lines)) => {
            Content::text(format!("{start}<{name}Result>"))
                .then_base64(report, shape == Shape::Lines)
                .then(format!("</{name}Result>{end}"))
        }
        Finding::Report(_, Shape::Empty) => Content::text(format!("{start}<{name}Result></{name}Result>{end}")),
        Finding::Report(_, Shape::Nil) => {
            let nil = r#"i:nil="true" xmlns:i="http://www.w3.org/2001/XMLSchema-instance""#;
            Content::text(format!("{start}<{name}Result {nil}/>{end}"))
        }
        Finding::Report(_, Shape::Absent) => Content::text(format!("{start}{end}")),
        Finding::Status(status) => {
            let children = format!("<a:Id>{}</a:Id><a:Status>{}</a:Status>", question.import, escape(status.as_str()));
            Content::text(format!("{start}{}{end}", complex_result(name, &children)))
        }
        Finding::Summary(mut counts) => {
            counts.retain(|(name, _)| name != REST_ALONE);
            // Those of a newer service come last.
            counts.sort_by_key(|(name, _)| COUNTS.iter().position(|known| known == name).unwrap_or(COUNTS.len()));
            let children: String = counts.iter().map(|(name, count)| format!("<a:{name}>{count}</a:{name}>")).collect();
            Content::text(format!("{start}{}{end}", complex_result(name, &children)))
        }
    };
    Answer::of_type(200, TEXT_XML, content)
}

/// An error of the service: a fault without a type, as WCF writes an exception.
pub(super) fn problem(problem: &Problem) -> Answer {
    fault("a:InternalServiceFault", DISPATCHER, &problem.message())
}

/// The answer to a wrong password, which isn't SOAP, nor XML at all.
pub(super) fn unauthorized() -> Answer {
    let page = "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>401 - Unauthorized</title></head>\
                <body><h1>Unauthorized: access is denied due to invalid credentials.</h1></body></html>";
    Answer::of_type(401, "text/html", Content::text(page))
}

fn complex_result(name: &str, children: &str) -> String {
    format!("<{name}Result xmlns:a=\"{RESULTS}\">{children}</{name}Result>")
}

/// The prefix of the code is declared where it is used. The text may repeat what the request had, but for control
/// characters, which XML can't hold.
fn fault(code: &str, namespace: &str, text: &str) -> Answer {
    let text = text.replace(char::is_control, " ");
    let prefix = code.split(':').next().unwrap_or_default();
    let code = format!("<faultcode xmlns:{prefix}=\"{namespace}\">{code}</faultcode>");
    let text = format!("<faultstring xml:lang=\"en-US\">{}</faultstring>", escape(text.as_str()));
    Answer::of_type(500, TEXT_XML, Content::text(format!("{START}<s:Fault>{code}{text}</s:Fault>{END}")))
}

/// The name of the request element that asks for a part.
fn name(part: ImportPart) -> &'static str {
    match part {
        ImportPart::ReportFaults => "GetContactImportReportFaults",
        ImportPart::Status => "GetContactImportProgress",
        ImportPart::Summary => "GetContactImportReport",
    }
}

fn part_of(action: &str) -> Option<ImportPart> {
    let called = action.strip_prefix(OPERATIONS)?.strip_prefix("/ApiService/")?;
    let parts = [ImportPart::ReportFaults, ImportPart::Status, ImportPart::Summary];
    parts.into_iter().find(|part| name(*part) == called)
}

/// SOAP 1.1 is `text/xml`; where it tells its encoding, that has to be UTF-8.
fn is_utf8_xml(headers: &HeaderMap) -> bool {
    let Some(Ok(content_type)) = headers.get(CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let mut parts = content_type.split(';').map(str::trim);
    parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case("text/xml"))
        && parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
            !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

/// The first element of a body, and its `importId`.
#[derive(Debug, Default, PartialEq, Eq)]
struct SoapCall {
    namespace: String,
    name: String,
    import_id: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// No XML, or more than a request needs.
    Malformed,
    /// An envelope of another SOAP.
    Version,
}

/// What was found after everything that leads to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    Envelope,
    Body,
    Call,
    ImportId,
    Elsewhere,
}

impl SoapCall {
    fn read(body: &[u8]) -> Result<SoapCall, Refusal> {
        let text = std::str::from_utf8(body).map_err(|_| Refusal::Malformed)?;
        let mut reader = NsReader::from_str(text);
        // An empty element is a start and an end as well: one case fewer.
        reader.config_mut().expand_empty_elements = true;
        let (mut call, mut path, mut has_ended) = (None::<SoapCall>, Vec::new(), false);
        loop {
            let (namespace, event) = reader.read_resolved_event().map_err(|_| Refusal::Malformed)?;
            let within_id = path.last() == Some(&Position::ImportId);
            match event {
                Event::Start(_) if has_ended || path.len() == DEEPEST => return Err(Refusal::Malformed),
                Event::Start(start) => {
                    let namespace = match namespace {
                        ResolveResult::Bound(Namespace(namespace)) => namespace,
                        ResolveResult::Unbound => "",
                        ResolveResult::Unknown(_) => return Err(Refusal::Malformed),
                    };
                    let local_name = start.local_name();
                    path.push(SoapCall::place(&mut call, &path, namespace, local_name.as_ref())?);
                }
                Event::End(_) => {
                    path.pop();
                    has_ended = path.is_empty();
                }
                Event::DocType(_) => return Err(Refusal::Malformed),
                Event::Text(text) if within_id => SoapCall::push(&mut call, &text.xml10_content()),
                Event::CData(text) if within_id => SoapCall::push(&mut call, &text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let character = reference.resolve_char_ref().map_err(|_| Refusal::Malformed)?.map(String::from);
                    let entity = || resolve_xml_entity(&reference.xml10_content()).map(String::from);
                    let text = character.or_else(entity).ok_or(Refusal::Malformed)?;
                    if within_id {
                        SoapCall::push(&mut call, &text);
                    }
                }
                Event::Text(text) if path.is_empty() && !text.xml10_content().trim().is_empty() => {
                    return Err(Refusal::Malformed);
                }
                Event::Eof if !has_ended => return Err(Refusal::Malformed),
                Event::Eof => return Ok(call.unwrap_or_default()),
                _ => {}
            }
        }
    }

    /// Where an element stands, which depends on where its parents do.
    fn place(call: &mut Option<SoapCall>, path: &[Position], namespace: &str, name: &str) -> Result<Position, Refusal> {
        Ok(match (path.last(), namespace, name) {
            (None, ENVELOPE, "Envelope") => Position::Envelope,
            (None, _, "Envelope") => return Err(Refusal::Version),
            (None, ..) => return Err(Refusal::Malformed),
            (Some(Position::Envelope), ENVELOPE, "Body") => Position::Body,
            (Some(Position::Body), ..) if call.is_none() => {
                *call = Some(SoapCall { namespace: namespace.into(), name: name.into(), import_id: None });
                Position::Call
            }
            (Some(Position::Call), OPERATIONS, "importId") => match call {
                Some(SoapCall { import_id: import_id @ None, .. }) => {
                    *import_id = Some(String::new());
                    Position::ImportId
                }
                _ => Position::Elsewhere,
            },
            _ => Position::Elsewhere,
        })
    }

    fn push(call: &mut Option<SoapCall>, text: &str) {
        if let Some(SoapCall { import_id: Some(import_id), .. }) = call {
            import_id.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "842d81e8-c619-457f-bb77-ab6c4a17da39";

    fn enveloped(body: &str) -> String {
        format!("{START}{body}{END}")
    }

    fn read(text: &str) -> Result<Option<String>, Refusal> {
        let call = SoapCall::read(text.as_bytes())?;
        assert_eq!((call.namespace.as_str(), call.name.as_str()), (OPERATIONS, "Get"), "{text}");
        Ok(call.import_id)
    }

    #[test]
    fn ids_in_every_guise() {
        let get = |id: &str| enveloped(&format!("<Get xmlns=\"{OPERATIONS}\">{id}</Get>"));
        for body in [
            get(&format!("<importId>{ID}</importId>")),
            get(&format!("<other><importId>x</importId></other><importId>{ID}</importId><importId>y</importId>")),
            get("<importId>842d81e8-c619<!-- a --><![CDATA[-457f-]]>bb77&#45;ab6c4a17da39</importId>"),
            format!("<?xml version=\"1.0\"?>\n{}\n<!-- end -->", get(&format!("<importId>{ID}</importId>"))),
            format!(
                "<e:Envelope xmlns:e=\"{ENVELOPE}\"><e:Header><Body/></e:Header><e:Body>\
                 <o:Get xmlns:o=\"{OPERATIONS}\"><o:importId>{ID}</o:importId></o:Get><o/></e:Body></e:Envelope>"
            ),
        ] {
            assert_eq!(read(&body), Ok(Some(ID.to_owned())), "{body}");
        }
        for body in [get(""), get("<importID>x</importID>"), get("<importId xmlns=\"\">x</importId>")] {
            assert_eq!(read(&body), Ok(None), "{body}");
        }
        assert_eq!(read(&get("<importId/>")), Ok(Some(String::new())));
        assert_eq!(SoapCall::read(enveloped("").as_bytes()), Ok(SoapCall::default()));
    }

    #[test]
    fn what_is_no_request() {
        let deep = format!("{}{}", "<a>".repeat(DEEPEST), "</a>".repeat(DEEPEST));
        for (text, refusal) in [
            (String::new(), Refusal::Malformed),
            ("nonsense".into(), Refusal::Malformed),
            (format!("<!DOCTYPE s>{}", enveloped("")), Refusal::Malformed),
            (format!("{START}<a>"), Refusal::Malformed),
            (enveloped("<a></b>"), Refusal::Malformed),
            (enveloped("<x:a/>"), Refusal::Malformed),
            (enveloped("&unknown;"), Refusal::Malformed),
            (enveloped(&deep), Refusal::Malformed),
            (format!("{}{}", enveloped(""), enveloped("")), Refusal::Malformed),
            (format!("{}x", enveloped("")), Refusal::Malformed),
            ("<html/>".into(), Refusal::Malformed),
            ("<Envelope xmlns=\"http://www.w3.org/2003/05/soap-envelope\"/>".into(), Refusal::Version),
        ] {
            assert_eq!(SoapCall::read(text.as_bytes()), Err(refusal), "{text}");
        }
        assert_eq!(SoapCall::read(b"\xff"), Err(Refusal::Malformed));
    }

    #[test]
    fn content_types() {
        for (value, fits) in [
            ("text/xml; charset=utf-8", true),
            ("Text/XML;charset=\"UTF-8\"", true),
            ("text/xml", true),
            ("text/xml; charset=utf-16", false),
            ("application/soap+xml; charset=utf-8", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]);
            assert_eq!(is_utf8_xml(&headers), fits, "{value}");
        }
        assert!(!is_utf8_xml(&HeaderMap::new()));
    }
}
