//! The columns of a batch of faults.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use crate::report_id::ReportId;

/// The columns of a batch of faults: see [the module](super).
pub fn faults_schema() -> SchemaRef {
    let text = |name: &str, is_nullable: bool| Field::new(name, DataType::Utf8, is_nullable);
    let number = |name: &str, is_nullable: bool| Field::new(name, DataType::Int64, is_nullable);
    Arc::new(Schema::new(vec![
        text("account", false),
        text("kind", false),
        text("import_id", false),
        number("ordinal", false),
        number("line", true),
        text("reason", false),
        text("label", false),
        text("remedy", false),
        text("email", true),
        text("domain", true),
        Field::new("columns", map_of(DataType::Utf8), true),
        Field::new("anomalies", list_of_text(), false),
        Field::new("archived_at", timestamp(), false),
    ]))
}

/// What an id is the id of, as tables have it.
pub(crate) fn kind(id: ReportId) -> &'static str {
    match id {
        ReportId::Import(_) => "contact_import",
        ReportId::Enrolment(_) => "enrolment",
    }
}

/// A map of texts to something, with Arrow's own names for its parts: these become Parquet's as it is written.
pub(crate) fn map_of(value: DataType) -> DataType {
    let key = Field::new(Field::MAP_KEY_FIELD_DEFAULT_NAME, DataType::Utf8, false);
    let value = Field::new(Field::MAP_VALUE_FIELD_DEFAULT_NAME, value, true);
    let entries = DataType::Struct(Fields::from(vec![key, value]));
    DataType::Map(Arc::new(Field::new(Field::MAP_ENTRIES_FIELD_DEFAULT_NAME, entries, false)), false)
}

fn list_of_text() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
}

pub(crate) fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}
