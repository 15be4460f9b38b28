//! SOAP 1.1: an answer as it comes.

use super::operation::ServiceOperation;
use super::soap_answer::{Answered, SoapAnswer};
use super::xml::{Malformed, XmlReader};

/// The most bytes of an envelope around the report, and of any other answer.
const LARGEST_REST: usize = 1 << 20;

/// Reads an answer as it comes.
pub(super) struct Envelope {
    xml: XmlReader,
    answer: SoapAnswer,
    /// Once the answer is known not to be what was asked for, the rest of it doesn't matter.
    malformed: Option<Malformed>,
}

impl Envelope {
    pub(super) fn new(operation: ServiceOperation) -> Self {
        Envelope { xml: XmlReader::default(), answer: SoapAnswer::new(operation), malformed: None }
    }

    /// Reads on, and appends to `report` what has come of it.
    pub(super) fn feed(&mut self, piece: &[u8], report: &mut Vec<u8>) -> Result<(), Malformed> {
        if let Some(malformed) = self.malformed {
            return Err(malformed);
        }
        let was_inside = self.answer.is_inside_report();
        let fed = self.xml.feed(piece, &mut self.answer);
        if report.is_empty() {
            std::mem::swap(report, &mut self.answer.report);
        }
        report.append(&mut self.answer.report);
        // Inside the report, white space, references and the like are legal without end; their limit is the caller's.
        if !(was_inside && self.answer.is_inside_report()) {
            self.answer.rest += piece.len().saturating_sub(self.answer.in_report);
        }
        self.answer.in_report = 0;
        let fed = fed.and(if self.answer.rest > LARGEST_REST { Err("its envelope is too large") } else { Ok(()) });
        self.malformed = fed.err();
        fed
    }

    /// What it holds, now that it has ended.
    pub(super) fn finish(self) -> Result<Answered, Malformed> {
        if let Some(malformed) = self.malformed {
            return Err(malformed);
        }
        self.xml.finish()?;
        self.answer.content()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::soap::{OPERATIONS, SOAP_11};
    use super::super::soap_answer::SOAP_12;
    use super::*;

    /// What is read of a document, which must be the same for every splitting.
    fn read(operation: ServiceOperation, document: &[u8]) -> Result<(Vec<u8>, Answered), Malformed> {
        let by = |piece: usize| {
            let (mut envelope, mut report) = (Envelope::new(operation), Vec::new());
            for piece in document.chunks(piece) {
                envelope.feed(piece, &mut report)?;
            }
            envelope.finish().map(|content| (report, content))
        };
        let whole = by(document.len().max(1));
        for piece in [1, 2, 3, 5, 7, 64] {
            assert_eq!(by(piece), whole, "{} by {piece}", String::from_utf8_lossy(document));
        }
        whole
    }

    /// An envelope with this in its body.
    fn envelope(body: &str) -> String {
        format!(r#"<s:Envelope xmlns:s="{SOAP_11}"><s:Body>{body}</s:Body></s:Envelope>"#)
    }

    fn faults(inside: &str) -> String {
        envelope(&format!(
            r#"<GetContactImportReportFaultsResponse xmlns="{OPERATIONS}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">{inside}</GetContactImportReportFaultsResponse>"#
        ))
    }

    fn report(document: impl AsRef<[u8]>) -> Result<String, Malformed> {
        match read(ServiceOperation::Faults, document.as_ref())? {
            (report, Answered::Result(_)) => Ok(String::from_utf8(report).unwrap()),
            (_, Answered::Fault { .. }) => Err("a fault"),
        }
    }

    #[test]
    fn four_legal_answers() {
        const RESULT: &str = "GetContactImportReportFaultsResult";
        for (inside, expected) in [
            (format!("<{RESULT}>UmVhc29uLGVtYWlsCg==</{RESULT}>"), "Reason,email\n"),
            (format!("<{RESULT}></{RESULT}>"), ""),
            (format!("<{RESULT}/>"), ""),
            (format!("<{RESULT} i:nil=\"true\"/>"), ""),
            (format!("<{RESULT} i:nil='1'> </{RESULT}>"), ""),
            (format!("<{RESULT} i:nil='false'>UmVhc29u</{RESULT}>"), "Reason"),
            (String::new(), ""),
            // Text in several pieces.
            (format!("<{RESULT}>\r\n Um<!-- > --->Vh<![CDATA[c2]]>9&#117;\n<?x ?></{RESULT}>"), "Reason"),
            (format!("<{RESULT}><![CDATA[]]>UmVh<![CDATA[\n]]>c29&#x75;</{RESULT}>"), "Reason"),
            (format!("<{RESULT}>UmVhc29uLGVtYWlsCg&#61;=</{RESULT}>"), "Reason,email\n"),
            // Unknown siblings, and other prefixes.
            (format!("<More>x</More><{RESULT}>UmVhc29u</{RESULT}><o:More xmlns:o='o'><a/></o:More>"), "Reason"),
            (format!("<p:{RESULT} xmlns:p='{OPERATIONS}' a='>'>UmVhc29u</p:{RESULT} >"), "Reason"),
        ] {
            assert_eq!(report(faults(&inside)).as_deref(), Ok(expected), "{inside}");
        }
    }

    #[test]
    fn many_namespaces() {
        // A SOAP server of node declares those of all types that it knows on the envelope.
        let spaces = (0..255).map(|index| format!(" xmlns:n{index}='urn:{index}'")).collect::<String>();
        let document = faults("<GetContactImportReportFaultsResult>UmVhc29u</GetContactImportReportFaultsResult>");
        let document = document.replace(" xmlns:s=", &format!("{spaces} xmlns:s="));
        assert_eq!(report(&document).as_deref(), Ok("Reason"));
    }

    #[test]
    fn around_the_envelope() {
        let inside = faults("<GetContactImportReportFaultsResult>UmVhc29u</GetContactImportReportFaultsResult>");
        for document in [
            format!("\u{feff}{inside}"),
            format!(r#"<?xml version="1.0" encoding="utf-8"?>{inside}"#),
            format!("\u{feff}<?xml version='1.0' encoding='UTF-8' standalone='no'?>\r\n<!-- a -->{inside}\n<!--b-->\n"),
            inside.replace("<s:Body>", "<s:Header><a:Action xmlns:a='a'>x<b/></a:Action></s:Header><s:Body>"),
            inside.replace("xmlns:s=", "xmlns:soap-env=").replace("<s:", "<soap-env:").replace("</s:", "</soap-env:"),
        ] {
            assert_eq!(report(&document).as_deref(), Ok("Reason"), "{document}");
        }
    }

    #[test]
    fn never_a_silent_empty_report() {
        const OPEN: &str = "<GetContactImportReportFaultsResult>";
        const CLOSE: &str = "</GetContactImportReportFaultsResult>";
        let result = |text: &str| faults(&format!("{OPEN}{text}{CLOSE}"));
        let good = result("UmVhc29u");
        let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let utf16_be: Vec<u8> = good.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = [&[0xff, 0xfe], &utf16[..]].concat();
        let soap_12 = good.replace(SOAP_11, SOAP_12);
        let other_response = good.replace("FaultsResponse", "Response");
        let misplaced = "its result is not where the contract has it";
        let beside_an_empty_one = faults("").replace("</s:Body>", &format!("<a>{OPEN}UmVhc29u{CLOSE}</a></s:Body>"));
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        let attributes = (0..257).fold(String::new(), |all, index| format!("{all} a{index}=''"));
        for (document, expected) in [
            (&b""[..], "it holds no element"),
            (b" ", "it holds no element"),
            (b"   \n", "it holds no element"),
            (b"<!-- -->", "it holds no element"),
            (&utf16, "it is UTF-16, not UTF-8"),
            (&utf16_be, "it is UTF-16, not UTF-8"),
            (&marked, "it is UTF-16, not UTF-8"),
            (br#"{"message": "x"}"#, "it is not XML: there is text outside of its element"),
            (b"<!DOCTYPE html><html></html>", "it has a DOCTYPE, which is refused"),
            (b"<!doctype html>", "it has a DOCTYPE, which is refused"),
            (b"<!ENTITY x 'y'>", "it has a declaration, which is refused"),
            (b"<html><body>hello</body></html>", "it is no SOAP envelope"),
            (b"<Envelope/>", "it is no SOAP envelope"),
            (b"<a:b/>", "a prefix of it is declared nowhere"),
            (br#"<?xml version="1.0" encoding="utf-16"?><a/>"#, "its encoding is not UTF-8"),
            (soap_12.as_bytes(), "it is SOAP 1.2, not the 1.1 of the contract"),
            (other_response.as_bytes(), "it holds no answer to the call"),
            (envelope("").as_bytes(), "it holds no answer to the call"),
            (envelope("text").as_bytes(), "it holds no answer to the call"),
            (good.replace("/v2", "/v3").as_bytes(), "it holds no answer to the call"),
            (faults("UmVhc29u").as_bytes(), "there is text in place of its result"),
            (
                good.replace(OPEN, &OPEN.replace('>', " xmlns=''>")).as_bytes(),
                "its result is not in the namespace of the contract",
            ),
            (
                good.replace(OPEN, &OPEN.replace('>', " xmlns='x'>")).as_bytes(),
                "its result is not in the namespace of the contract",
            ),
            (good.replace("sResult", "sresult").as_bytes(), "its result is not in the namespace of the contract"),
            (faults(&format!("<a>{OPEN}UmVhc29u{CLOSE}</a>")).as_bytes(), misplaced),
            (faults(&format!("<a xmlns='x'><b>{OPEN}UmVhc29u{CLOSE}</b></a>")).as_bytes(), misplaced),
            (beside_an_empty_one.as_bytes(), misplaced),
            (good.replace("<s:Body>", "<s:Body><GetContactImportReportFaultsResult/>").as_bytes(), misplaced),
            (good.replace("</s:Body>", &format!("</s:Body><a>{OPEN}{CLOSE}</a>")).as_bytes(), misplaced),
            (result("<a/>").as_bytes(), "its result holds an element"),
            (good.replace(OPEN, &OPEN.replace('>', " i:nil='true'>")).as_bytes(), "its result is nil and not empty"),
            (faults(&format!("{OPEN}{CLOSE}{OPEN}{CLOSE}")).as_bytes(), "it has two results"),
            (result("UmVhc29").as_bytes(), "its result is not base64"),
            (result("UmVh*29u").as_bytes(), "its result is not base64"),
            (result("UmVhcw==UmVh").as_bytes(), "its result is not base64"),
            (result("&eacute;").as_bytes(), "it holds a reference that XML doesn't know"),
            (result(&format!("&{};", "x".repeat(40))).as_bytes(), "it holds a reference that XML doesn't know"),
            (result(&deep).as_bytes(), "its result holds an element"),
            (faults(&deep).as_bytes(), "its elements are nested too deeply"),
            (faults(&format!("<a{attributes}/>")).as_bytes(), "a tag has too many attributes"),
            (faults(&format!("<a b='{}'/>", "x".repeat(20_000))).as_bytes(), "a tag is too long"),
            (faults("<a b='1' b='2'/>").as_bytes(), "a tag has a broken attribute"),
            (faults("<a b=1/>").as_bytes(), "a tag has a broken attribute"),
            (faults("<1/>").as_bytes(), "a tag has no name"),
            (faults("< a/>").as_bytes(), "a tag has no name"),
            (good.trim_end_matches('>').as_bytes(), "it ends in the middle"),
            (good.replace("</s:Envelope>", "").as_bytes(), "it ends in the middle"),
            (good.replace("</s:Body>", "").as_bytes(), "an end tag doesn't fit its start tag"),
            (format!("{good}{good}").as_bytes(), "it holds more than one document"),
            (format!("{good}x").as_bytes(), "it is not XML: there is text outside of its element"),
        ] {
            let shown = String::from_utf8_lossy(document);
            assert_eq!(report(document), Err(expected), "{}", shown.chars().take(300).collect::<String>());
        }
    }

    proptest! {
        /// Whatever comes, and however it is split: no panic, the same outcome, and a report only if it is whole.
        #[test]
        fn any_bytes_by_any_pieces(
            parts in prop::collection::vec(prop::sample::select(vec![
                "<", ">", "/", "&", ";", "!", "-", "--", "]]", "]]>", "<![CDATA[", "<!--", "-->", "<?xml ", "?>", "'",
                "\"", "=", "&amp;", "&#65;", "UmVh", "c29u", "=", " ", "\n", "\u{feff}", "é", "\0", "<a>", "</a>",
                "<a b='", "/>", "xmlns=", "<s:Fault>", "</s:Fault>", "<faultstring>", "ERROR_A", "DOCTYPE",
                "<GetContactImportReportFaultsResult>", "</GetContactImportReportFaultsResult>",
            ]), 0..12),
            is_inside in any::<bool>(),
        ) {
            let inside = parts.concat();
            let document = if is_inside { faults(&inside) } else { inside };
            let _ = read(ServiceOperation::Faults, document.as_bytes());
        }

        #[test]
        fn any_report_comes_through(bytes in prop::collection::vec(any::<u8>(), 0..300), break_at in 1..80_usize) {
            use base64::Engine as _;
            let text = base64::engine::general_purpose::STANDARD.encode(&bytes);
            let lines: Vec<_> = text.as_bytes().chunks(break_at).map(String::from_utf8_lossy).collect();
            const RESULT: &str = "GetContactImportReportFaultsResult";
            let document = faults(&format!("<{RESULT}>{}</{RESULT}>", lines.join("\r\n")));
            let (report, _) = read(ServiceOperation::Faults, document.as_bytes()).unwrap();
            prop_assert_eq!(report, bytes);
        }
    }

    #[test]
    fn around_the_report_there_is_a_limit() {
        let comment = format!("<!--{}-->", "x".repeat(LARGEST_REST));
        let (mut envelope, document) = (Envelope::new(ServiceOperation::Faults), faults(&comment));
        let fed = document.as_bytes().chunks(1000).try_for_each(|piece| envelope.feed(piece, &mut Vec::new()));
        assert_eq!(fed, Err("its envelope is too large"));
        // In one piece with the beginning of the report, too.
        let document = faults(&format!("{comment}<GetContactImportReportFaultsResult>"));
        let (piece, _) = document.split_once("</Get").unwrap();
        let fed = Envelope::new(ServiceOperation::Faults).feed(piece.as_bytes(), &mut Vec::new());
        assert_eq!(fed, Err("its envelope is too large"));
        // As much as is allowed, and a byte more.
        let around = faults("<!---->").len();
        for (len, expected) in [(LARGEST_REST, Ok(())), (LARGEST_REST + 1, Err("its envelope is too large"))] {
            let document = faults(&format!("<!--{}-->", "x".repeat(len - around)));
            assert_eq!(Envelope::new(ServiceOperation::Faults).feed(document.as_bytes(), &mut Vec::new()), expected);
        }

        const RESULT: &str = "GetContactImportReportFaultsResult";
        let document = faults(&format!("<{RESULT}>{}</{RESULT}>", "UmVh&#xD;\n".repeat(LARGEST_REST / 4)));
        let (mut envelope, mut report) = (Envelope::new(ServiceOperation::Faults), Vec::new());
        document.as_bytes().chunks(1000).try_for_each(|piece| envelope.feed(piece, &mut report)).unwrap();
        assert_eq!(report.len(), 3 * LARGEST_REST / 4);
    }

    #[test]
    fn faults_and_their_codes() {
        let soap_11 = |inside: &str| envelope(&format!("<s:Fault>{inside}</s:Fault>"));
        let soap_12 = r#"<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value></e:Code><e:Reason><e:Text>No. ERROR_B</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>"#;
        for (document, words, code) in [
            (
                soap_11("<faultcode xmlns:a='a'>a:X</faultcode><faultstring xml:lang='en'>No. ERROR_A</faultstring>"),
                "No. ERROR_A",
                Some("ERROR_A"),
            ),
            (
                soap_11("<faultstring>Error: ERROR_A ---&gt; ERROR<![CDATA[_B]]>_&#67; </faultstring>"),
                "Error: ERROR_A ---> ERROR_B_C",
                Some("ERROR_B_C"),
            ),
            (soap_11("<faultstring>ERROR_A</faultstring><detail><x>ERROR_B</x></detail>"), "ERROR_A", Some("ERROR_A")),
            (soap_11("<faultstring>No.</faultstring><detail><x>ERROR_B</x></detail>"), "No.", Some("ERROR_B")),
            (soap_11("<faultcode>s:InternalServiceFault</faultcode><faultstring>é</faultstring>"), "é", None),
            (soap_11(""), "", None),
            (soap_12.into(), "No. ERROR_B", Some("ERROR_B")),
        ] {
            let expected = Answered::Fault { words: words.into(), code: code.map(Into::into) };
            assert_eq!(read(ServiceOperation::Faults, document.as_bytes()), Ok((Vec::new(), expected)), "{document}");
        }
    }

    #[test]
    fn fields_are_in_the_other_namespace() {
        let progress = |result: &str| {
            envelope(&format!(
                r#"<GetContactImportProgressResponse xmlns="{OPERATIONS}">{result}</GetContactImportProgressResponse>"#
            ))
        };
        let owned = |fields: &[(&str, &str)]| {
            Ok(Answered::Result(fields.iter().map(|&(name, value)| (name.into(), value.into())).collect()))
        };
        for (result, expected) in [
            (
                r#"<GetContactImportProgressResult xmlns:a="http://apiconnector.com"><a:Id>x</a:Id><a:Status> Fini<![CDATA[shed]]></a:Status></GetContactImportProgressResult>"#,
                owned(&[("Id", "x"), ("Status", "Finished")]),
            ),
            (
                r#"<GetContactImportProgressResult xmlns:a="http://apiconnector.com"><a:Status/><other>7</other></GetContactImportProgressResult>"#,
                owned(&[("Status", "")]),
            ),
            ("<GetContactImportProgressResult/>", owned(&[])),
            ("", owned(&[])),
            (
                "<GetContactImportProgressResult><Status>Finished</Status></GetContactImportProgressResult>",
                Err("its status is not in the namespace of the contract"),
            ),
            (
                "<GetContactImportProgressResult>Finished</GetContactImportProgressResult>",
                Err("there is text in place of its result"),
            ),
        ] {
            let read = read(ServiceOperation::Progress, progress(result).as_bytes());
            assert_eq!(read.map(|(_, content)| content), expected, "{result}");
        }
    }
}
