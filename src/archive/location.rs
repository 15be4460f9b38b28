//! Where an archive is: a folder of a disk, or a bucket.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use reqwest::Url;

#[cfg(feature = "cloud")]
use super::failure::Said;
use super::folder::Folder;
use crate::error::{Error, ErrorKind, Result};

/// Where an archive is.
pub(super) enum Location {
    Folder(PathBuf),
    /// A bucket, and a prefix in it.
    #[cfg_attr(not(feature = "cloud"), allow(dead_code, reason = "no bucket can be reached then"))]
    Bucket(Arc<dyn ObjectStore>, Path),
}

impl Location {
    /// A path, or the URL of a bucket.
    pub(super) fn parse(location: &str) -> Result<Self> {
        match location.split_once("://") {
            None if location.is_empty() => Err(Error::new(ErrorKind::Configuration, "the archive's place is empty")
                .advise("name a folder, or a bucket such as s3://bucket/prefix")),
            None => Ok(Location::Folder(location.into())),
            Some((scheme, _)) => {
                // The address itself is not repeated: somebody may have put a password into it.
                let wrong = |what: &'static str| {
                    Error::new(ErrorKind::Configuration, what)
                        .advise("give a folder's path, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix")
                };
                let url = Url::parse(location).map_err(|_| wrong("the archive's place is no URL"))?;
                if !url.username().is_empty() || url.password().is_some() {
                    return Err(wrong("the archive's URL holds credentials: they belong into the environment"));
                }
                if url.query().is_some() || url.fragment().is_some() {
                    return Err(wrong("the archive's URL has a query or a fragment"));
                }
                match scheme.to_ascii_lowercase().as_str() {
                    "file" => {
                        let path = url.to_file_path().map_err(|()| wrong("the archive's URL is of no folder here"))?;
                        Ok(Location::Folder(path))
                    }
                    "s3" | "gs" | "az" => bucket(&url),
                    _ => Err(wrong("the archive's URL is of no kind that is known")),
                }
            }
        }
    }
}

#[cfg(feature = "cloud")]
fn bucket(url: &Url) -> Result<Location> {
    use object_store::aws::AmazonS3Builder;
    use object_store::azure::MicrosoftAzureBuilder;
    use object_store::gcp::GoogleCloudStorageBuilder;

    let store: object_store::Result<Arc<dyn ObjectStore>> = match url.scheme() {
        "s3" => AmazonS3Builder::from_env().with_url(url.as_str()).build().map(|store| Arc::new(store) as _),
        "gs" => GoogleCloudStorageBuilder::from_env().with_url(url.as_str()).build().map(|store| Arc::new(store) as _),
        _ => MicrosoftAzureBuilder::from_env().with_url(url.as_str()).build().map(|store| Arc::new(store) as _),
    };
    let unusable = |error: object_store::Error| {
        Error::new(ErrorKind::Configuration, "the archive's bucket can't be used as the environment sets it up")
            .caused_by(Said(error))
    };
    let prefix = Path::from_url_path(url.path()).map_err(|error| unusable(error.into()))?;
    Ok(Location::Bucket(store.map_err(unusable)?, prefix))
}

#[cfg(not(feature = "cloud"))]
fn bucket(url: &Url) -> Result<Location> {
    let what = format!(
        "an archive in a bucket ({}://…) needs the feature `cloud`, which this program was built without",
        url.scheme()
    );
    Err(Error::new(ErrorKind::Configuration, what).advise("build it with `--features cli,cloud`"))
}

/// The store of a folder that is there; `None` where it isn't.
pub(super) fn folder(path: &FilePath) -> Result<Option<Folder>> {
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => Folder::open(path).map(Some).map_err(|error| unreadable(path, error)),
        Ok(_) => Err(Error::new(ErrorKind::Archive, format!("{path:?} is a file: an archive is a folder"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, error)),
    }
}

pub(super) fn unreadable(path: &FilePath, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Io, format!("the archive {path:?} can't be read")).caused_by(error)
}
