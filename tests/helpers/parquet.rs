//! What files of Parquet hold, to the last byte.

use std::fs;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::collector::find;

/// Everything that stands in a folder, in lower case: each file as it is, and of those of Parquet each page unpacked.
pub fn all_that_stands_in(folder: &Path) -> Vec<u8> {
    let mut files: Vec<PathBuf> = Vec::new();
    find(folder, &mut files);
    let mut all = Vec::new();
    for path in files {
        let file = fs::read(&path).unwrap();
        all.extend_from_slice(&file);
        if path.extension().is_some_and(|extension| extension == "parquet") {
            add_pages(file, &mut all);
        }
    }
    all.make_ascii_lowercase();
    all
}

/// The rows of a file.
pub fn batches(path: &Path) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
    reader.build().unwrap().map(Result::unwrap).collect()
}

fn add_pages(file: Vec<u8>, all: &mut Vec<u8>) {
    let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).unwrap();
        for column in 0..group.num_columns() {
            let mut pages = group.get_column_page_reader(column).unwrap();
            while let Some(page) = pages.get_next_page().unwrap() {
                all.extend_from_slice(page.buffer());
            }
        }
    }
}
