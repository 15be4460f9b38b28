//! Pages of a column, unpacked with a context of zstd that a thread keeps.
//!
//! The reader of the format makes two contexts for each column of each file. Of a file of a few rows they cost more than all
//! else, and much more in a virtual machine. So it is told that the column isn't packed, hands out pages as they stand in
//! the file, and they are unpacked here. None may become large.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use zstd::bulk::Decompressor;
use zstd::zstd_safe::get_frame_content_size;

/// A page that is larger is none of a small file.
const LARGEST_PAGE: u64 = 4 << 20;

thread_local! {
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The pages of a column that is packed with zstd, unpacked one by one.
pub(super) struct UnpackedPages(SerializedPageReader<Bytes>);

impl UnpackedPages {
    /// The pages of a column of a file; `None` of a column that is packed otherwise.
    pub(super) fn of(file: &Arc<Bytes>, column: &ColumnChunkMetaData, rows: usize) -> Result<Option<Self>> {
        if !matches!(column.compression(), Compression::ZSTD(_)) {
            return Ok(None);
        }
        let as_it_stands = column.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
        SerializedPageReader::new(Arc::clone(file), &as_it_stands, rows, None).map(|pages| Some(UnpackedPages(pages)))
    }
}

impl PageReader for UnpackedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(mut page) = self.0.get_next_page()? else { return Ok(None) };
        match &mut page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = unpacked(buf)?,
            // Part of such a page isn't packed; we write none.
            Page::DataPageV2 { .. } => return Err(ParquetError::NYI("pages of version 2".to_owned())),
        }
        Ok(Some(page))
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0.skip_next_page()
    }
}

impl Iterator for UnpackedPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

/// The bytes of a page, as they were before they were packed.
fn unpacked(packed: &[u8]) -> Result<Bytes> {
    // A page without any value has no bytes.
    if packed.is_empty() {
        return Ok(Bytes::new());
    }
    let wrong = |what: &str| ParquetError::General(what.to_owned());
    let size = get_frame_content_size(packed).map_err(|_| wrong("a page isn't packed with zstd"))?;
    let size = size.filter(|size| *size <= LARGEST_PAGE).ok_or_else(|| wrong("a page has no size, or a large one"))?;
    UNPACKER.with_borrow_mut(|unpacker| {
        let unpacker = match unpacker {
            Some(unpacker) => unpacker,
            None => unpacker.insert(Decompressor::new()?),
        };
        Ok(unpacker.decompress(packed, size as usize)?.into())
    })
}
