//! SOAP 1.1: the request, and what an answer holds.
//!
//! Source: the vendor's published WSDL. Document/literal, wrapped; elements are matched by namespace and local
//! name, prefixes and unknown siblings don't matter.

use quick_xml::Writer;
use quick_xml::events::BytesText;
use uuid::Uuid;

use super::base64::Base64Text;
use super::operation::Operation;
use super::xml::{Element, Elements, Malformed, XmlReader, is_space};
use crate::message::Message;

const SOAP_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP_12: &str = "http://www.w3.org/2003/05/soap-envelope";
/// The namespace of the operations, and of their results.
const OPERATIONS: &str = "http://apiconnector.com/v2";
/// The namespace of what is inside a result.
const DATA: &str = "http://apiconnector.com";

/// The most bytes of an envelope around the report, and of any other answer.
const LARGEST_REST: usize = 1 << 20;
/// The most fields of a result, and the most bytes of one.
const MOST_FIELDS: usize = 64;
const LONGEST_FIELD: usize = 256;

pub(super) const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// The value of `SOAPAction`, with its quotes.
pub(super) fn action(operation: Operation) -> String {
    format!("\"{OPERATIONS}/ApiService/{}\"", operation.name())
}

/// The body of a request.
pub(super) fn request(operation: Operation, import_id: Uuid) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    // Writing into memory can't fail.
    let _ = writer.create_element("s:Envelope").with_attribute(("xmlns:s", SOAP_11)).write_inner_content(|writer| {
        writer.create_element("s:Body").write_inner_content(|writer| {
            let call = writer.create_element(operation.name()).with_attribute(("xmlns", OPERATIONS));
            call.write_inner_content(|writer| {
                let import_id = import_id.hyphenated().to_string();
                writer.create_element("importId").write_text_content(BytesText::new(&import_id)).map(|_| ())
            })
            .map(|_| ())
        })
        .map(|_| ())
    });
    writer.into_inner()
}

/// What an answer holds, once all of it has been read.
#[derive(Debug, PartialEq)]
pub(super) enum Content {
    /// The result of the operation. The report itself has been handed out on the way.
    Result(Fields),
    /// The service's words, and its code.
    Fault { words: String, code: Option<String> },
}

/// The fields of a result other than the report, by name.
pub(super) type Fields = Vec<(String, String)>;

/// Reads an answer as it comes.
pub(super) struct Envelope {
    xml: XmlReader,
    answer: Answer,
    /// Once the answer is known not to be what was asked for, the rest of it doesn't matter.
    malformed: Option<Malformed>,
}

impl Envelope {
    pub(super) fn new(operation: Operation) -> Self {
        Envelope { xml: XmlReader::default(), answer: Answer::new(operation), malformed: None }
    }

    /// Reads on, and appends to `report` what has come of it.
    pub(super) fn feed(&mut self, piece: &[u8], report: &mut Vec<u8>) -> Result<(), Malformed> {
        if let Some(malformed) = self.malformed {
            return Err(malformed);
        }
        let fed = self.xml.feed(piece, &mut self.answer);
        report.append(&mut self.answer.report);
        // White space inside the report is legal without end; what limits it is the caller's.
        self.answer.rest += piece.len().saturating_sub(self.answer.in_report);
        self.answer.in_report = 0;
        let fed = fed.and(if self.answer.rest > LARGEST_REST { Err("its envelope is too large") } else { Ok(()) });
        self.malformed = fed.err();
        fed
    }

    /// What it holds, now that it has ended.
    pub(super) fn finish(self) -> Result<Content, Malformed> {
        if let Some(malformed) = self.malformed {
            return Err(malformed);
        }
        self.xml.finish()?;
        self.answer.content()
    }
}

/// Where an element stands, and so what it means.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Envelope,
    Body,
    Response,
    Result,
    Field,
    Fault,
    FaultWords,
    FaultRest,
    Ignored,
}

struct Answer {
    operation: Operation,
    places: Vec<Place>,
    envelope: &'static str,
    has_response: bool,
    has_result: bool,
    is_nil: bool,
    base64: Base64Text,
    report: Vec<u8>,
    /// How much of what is being fed belongs to the report's text, and how much else has been read.
    in_report: usize,
    rest: usize,
    fields: Vec<(String, Vec<u8>)>,
    fault: Option<Fault>,
}

#[derive(Default)]
struct Fault {
    /// The code is looked for in the words first, then in the rest.
    in_words: Message,
    in_rest: Message,
    words: Vec<u8>,
}

impl Answer {
    fn new(operation: Operation) -> Self {
        Answer {
            operation,
            places: Vec::new(),
            envelope: SOAP_11,
            has_response: false,
            has_result: false,
            is_nil: false,
            base64: Base64Text::default(),
            report: Vec::new(),
            in_report: 0,
            rest: 0,
            fields: Vec::new(),
            fault: None,
        }
    }

    fn place(&mut self, element: &Element<'_>) -> Result<Place, Malformed> {
        let Element { namespace, name, is_nil } = *element;
        let name_of = |suffix: &str| name.strip_suffix(suffix) == Some(self.operation.name());
        Ok(match self.places.last() {
            None if name == "Envelope" && namespace == SOAP_11 => Place::Envelope,
            None if name == "Envelope" && namespace == SOAP_12 => {
                self.envelope = SOAP_12;
                Place::Envelope
            }
            None => return Err("it is no SOAP envelope"),
            Some(Place::Envelope) if name == "Body" && namespace == self.envelope => Place::Body,
            Some(Place::Body) if name == "Fault" && namespace == self.envelope => {
                self.fault = Some(Fault::default());
                Place::Fault
            }
            Some(Place::Body) if name_of("Response") && namespace == OPERATIONS => {
                if std::mem::replace(&mut self.has_response, true) {
                    return Err("it answers twice");
                }
                Place::Response
            }
            Some(Place::Response) if name_of("Result") && namespace == OPERATIONS => {
                if std::mem::replace(&mut self.has_result, true) {
                    return Err("it has two results");
                }
                self.is_nil = is_nil;
                Place::Result
            }
            // Read as an absent result, this would be an empty report that nobody has sent.
            Some(Place::Response) if name.eq_ignore_ascii_case(&format!("{}Result", self.operation.name())) => {
                return Err("its result is not in the namespace of the contract");
            }
            Some(Place::Result) if self.operation.is_report() => return Err("its result holds an element"),
            Some(Place::Result) if namespace == DATA => {
                if self.fields.len() == MOST_FIELDS {
                    return Err("its result has too many fields");
                }
                self.fields.push((name.into(), Vec::new()));
                Place::Field
            }
            Some(Place::Result) if name == "Status" => {
                return Err("its status is not in the namespace of the contract");
            }
            // The one of SOAP 1.1, and the one of 1.2.
            Some(Place::Fault) if name == "faultstring" || name == "Reason" => Place::FaultWords,
            Some(Place::Fault) => Place::FaultRest,
            Some(inside @ (Place::FaultWords | Place::FaultRest)) => *inside,
            Some(_) => Place::Ignored,
        })
    }

    fn content(self) -> Result<Content, Malformed> {
        if let Some(mut fault) = self.fault {
            let code = fault.in_words.code().map(String::from).or_else(|| fault.in_rest.code().map(String::from));
            return Ok(Content::Fault { words: String::from_utf8_lossy(&fault.words).trim().into(), code });
        }
        if self.envelope == SOAP_12 {
            return Err("it is SOAP 1.2, not the 1.1 of the contract");
        }
        if !self.has_response {
            return Err("it holds no answer to the call");
        }
        self.base64.finish().map_err(|_| NOT_BASE64)?;
        let read = |(name, value): (String, Vec<u8>)| (name, String::from_utf8_lossy(&value).trim().into());
        Ok(Content::Result(self.fields.into_iter().map(read).collect()))
    }
}

const NOT_BASE64: Malformed = "its result is not base64";

impl Elements for Answer {
    fn start(&mut self, element: &Element<'_>) -> Result<(), Malformed> {
        let place = self.place(element)?;
        self.places.push(place);
        Ok(())
    }

    fn text(&mut self, text: &[u8]) -> Result<(), Malformed> {
        match self.places.last() {
            Some(Place::Result) if self.operation.is_report() && self.envelope == SOAP_11 => {
                if self.is_nil && !is_space(text) {
                    return Err("its result is nil and not empty");
                }
                self.in_report += text.len();
                self.base64.feed(text, &mut self.report).map_err(|_| NOT_BASE64)
            }
            Some(Place::Response | Place::Result) if !is_space(text) => Err("there is text in place of its result"),
            Some(Place::Field) => {
                if let Some((_, value)) = self.fields.last_mut() {
                    if value.len() + text.len() > LONGEST_FIELD {
                        return Err("a field of its result is too long");
                    }
                    value.extend_from_slice(text);
                }
                Ok(())
            }
            Some(Place::FaultWords) => {
                if let Some(fault) = &mut self.fault {
                    fault.in_words.feed(text);
                    fault.words.extend_from_slice(text);
                }
                Ok(())
            }
            Some(Place::FaultRest) => {
                if let Some(fault) = &mut self.fault {
                    fault.in_rest.feed(text);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), Malformed> {
        self.places.pop();
        Ok(())
    }
}
