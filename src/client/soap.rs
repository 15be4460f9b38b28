//! SOAP 1.1: the request. Source: the vendor's published WSDL; document/literal, wrapped.

use quick_xml::Writer;
use quick_xml::events::BytesText;
use uuid::Uuid;

use super::operation::ServiceOperation;

pub(super) const SOAP_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// The namespace of the operations, and of their results.
pub(super) const OPERATIONS: &str = "http://apiconnector.com/v2";

pub(super) const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// The value of `SOAPAction`, with its quotes.
pub(super) fn action(operation: ServiceOperation) -> String {
    format!("\"{OPERATIONS}/ApiService/{}\"", operation.name())
}

/// The body of a request.
pub(super) fn request(operation: ServiceOperation, import_id: Uuid) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    // Writing into memory can't fail.
    let _ = writer.create_element("s:Envelope").with_attribute(("xmlns:s", SOAP_11)).write_inner_content(|writer| {
        writer
            .create_element("s:Body")
            .write_inner_content(|writer| {
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

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(0x842d81e8_c619_457f_bb77_ab6c4a17da39);

    #[test]
    fn the_request_is_the_one_of_the_contract() {
        let expected = concat!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>"#,
            r#"<GetContactImportReportFaults xmlns="http://apiconnector.com/v2">"#,
            "<importId>842d81e8-c619-457f-bb77-ab6c4a17da39</importId>",
            "</GetContactImportReportFaults></s:Body></s:Envelope>"
        );
        assert_eq!(String::from_utf8(request(ServiceOperation::Faults, ID)).unwrap(), expected);
        let expected = r#""http://apiconnector.com/v2/ApiService/GetContactImportProgress""#;
        assert_eq!(action(ServiceOperation::Progress), expected);
    }
}
