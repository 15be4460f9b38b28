//! SOAP 1.1: what the elements of an answer mean.
//!
//! Source: the vendor's published WSDL. Elements are matched by namespace and local name; prefixes and unknown
//! siblings don't matter.

use super::base64::Base64Text;
use super::operation::ServiceOperation;
use super::soap::{OPERATIONS, SOAP_11};
use super::xml::{Element, Elements, Malformed, is_space};
use crate::read::message::Message;

pub(super) const SOAP_12: &str = "http://www.w3.org/2003/05/soap-envelope";
/// The namespace of what is inside a result.
const DATA: &str = "http://apiconnector.com";

/// The most fields of a result, and the most bytes of one.
const MOST_FIELDS: usize = 64;
const LONGEST_FIELD: usize = 256;

/// What an answer holds, once all of it has been read.
#[derive(Debug, PartialEq)]
pub(super) enum Answered {
    /// The result of the operation. The report itself has been handed out on the way.
    Result(ResultFields),
    /// The service's words, and its code.
    Fault { words: String, code: Option<String> },
}

/// The fields of a result other than the report, by name.
pub(super) type ResultFields = Vec<(String, String)>;

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

/// What has been read of an answer, and where in it the reading stands.
pub(super) struct SoapAnswer {
    operation: ServiceOperation,
    places: Vec<Place>,
    envelope: &'static str,
    has_response: bool,
    has_result: bool,
    /// Is one where none is looked for?
    has_stray_result: bool,
    is_nil: bool,
    base64: Base64Text,
    pub(super) report: Vec<u8>,
    /// How much of what is being fed belongs to the report's text, and how much else has been read.
    pub(super) in_report: usize,
    pub(super) rest: usize,
    fields: Vec<(String, Vec<u8>)>,
    fault: Option<SoapFault>,
}

#[derive(Default)]
struct SoapFault {
    /// The code is looked for in the words first, then in the rest.
    in_words: Message,
    in_rest: Message,
    words: Vec<u8>,
}

impl SoapAnswer {
    pub(super) fn new(operation: ServiceOperation) -> Self {
        SoapAnswer {
            operation,
            places: Vec::new(),
            envelope: SOAP_11,
            has_response: false,
            has_result: false,
            has_stray_result: false,
            is_nil: false,
            base64: Base64Text::default(),
            report: Vec::new(),
            in_report: 0,
            rest: 0,
            fields: Vec::new(),
            fault: None,
        }
    }

    pub(super) fn is_inside_report(&self) -> bool {
        self.operation.is_report() && self.places.last() == Some(&Place::Result)
    }

    /// Where an element stands: what it is depends on what it is in.
    fn place(&mut self, element: &Element<'_>) -> Result<Place, Malformed> {
        match self.places.last() {
            None => self.outermost(element),
            Some(Place::Envelope) if element.is("Body", self.envelope) => Ok(Place::Body),
            Some(Place::Body) => self.in_body(element),
            Some(Place::Response) => self.in_response(element),
            Some(Place::Result) => self.in_result(element),
            // The one of SOAP 1.1, and the one of 1.2.
            Some(Place::Fault) if matches!(element.name, "faultstring" | "Reason") => Ok(Place::FaultWords),
            Some(Place::Fault | Place::FaultRest) => Ok(Place::FaultRest),
            Some(Place::FaultWords) => Ok(Place::FaultWords),
            Some(Place::Envelope | Place::Field | Place::Ignored) => Ok(Place::Ignored),
        }
    }

    fn outermost(&mut self, element: &Element<'_>) -> Result<Place, Malformed> {
        let version = [SOAP_11, SOAP_12].into_iter().find(|version| element.is("Envelope", version));
        self.envelope = version.ok_or("it is no SOAP envelope")?;
        Ok(Place::Envelope)
    }

    fn in_body(&mut self, element: &Element<'_>) -> Result<Place, Malformed> {
        if element.is("Fault", self.envelope) {
            self.fault = Some(SoapFault::default());
            return Ok(Place::Fault);
        }
        // Of the other version, a fault is understood, and nothing else.
        if self.envelope == SOAP_12 || !element.is(&self.named("Response"), OPERATIONS) {
            return Ok(Place::Ignored);
        }
        match std::mem::replace(&mut self.has_response, true) {
            true => Err("it answers twice"),
            false => Ok(Place::Response),
        }
    }

    fn in_response(&mut self, element: &Element<'_>) -> Result<Place, Malformed> {
        if !element.is(&self.named("Result"), OPERATIONS) {
            return match self.is_named_result(element) {
                // Read as an absent result, this would be an empty report that nobody has sent.
                true => Err("its result is not in the namespace of the contract"),
                false => Ok(Place::Ignored),
            };
        }
        self.is_nil = element.is_nil;
        match std::mem::replace(&mut self.has_result, true) {
            true => Err("it has two results"),
            false => Ok(Place::Result),
        }
    }

    fn in_result(&mut self, element: &Element<'_>) -> Result<Place, Malformed> {
        if self.operation.is_report() {
            return Err("its result holds an element");
        }
        if element.namespace != DATA {
            return match element.name {
                "Status" => Err("its status is not in the namespace of the contract"),
                _ => Ok(Place::Ignored),
            };
        }
        if self.fields.len() == MOST_FIELDS {
            return Err("its result has too many fields");
        }
        self.fields.push((element.name.into(), Vec::new()));
        Ok(Place::Field)
    }

    /// Has it the name of the result, whatever its namespace is and wherever it stands?
    fn is_named_result(&self, element: &Element<'_>) -> bool {
        element.name.eq_ignore_ascii_case(&self.named("Result"))
    }

    /// The name of an element of this operation.
    fn named(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.operation.name())
    }

    pub(super) fn content(self) -> Result<Answered, Malformed> {
        if let Some(mut fault) = self.fault {
            let code = fault.in_words.code().map(String::from).or_else(|| fault.in_rest.code().map(String::from));
            return Ok(Answered::Fault { words: String::from_utf8_lossy(&fault.words).trim().into(), code });
        }
        if self.envelope == SOAP_12 {
            return Err("it is SOAP 1.2, not the 1.1 of the contract");
        }
        if !self.has_response {
            return Err("it holds no answer to the call");
        }
        if self.has_stray_result {
            // Passed over, it would be an empty report that nobody has sent.
            return Err("its result is not where the contract has it");
        }
        self.base64.finish().map_err(|_| NOT_BASE64)?;
        let read = |(name, value): (String, Vec<u8>)| (name, String::from_utf8_lossy(&value).trim().into());
        Ok(Answered::Result(self.fields.into_iter().map(read).collect()))
    }
}

const NOT_BASE64: Malformed = "its result is not base64";

impl Elements for SoapAnswer {
    fn start(&mut self, element: &Element<'_>) -> Result<(), Malformed> {
        let place = self.place(element)?;
        self.has_stray_result |= place == Place::Ignored && self.is_named_result(element);
        self.places.push(place);
        Ok(())
    }

    fn text(&mut self, text: &[u8]) -> Result<(), Malformed> {
        match self.places.last() {
            Some(Place::Result) if self.operation.is_report() => {
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
