//! A folder of a disk as a store, in which files appear whole.
//!
//! Engines read every name in a folder of a table. So a file is written in `_staging`, synced, and only then given its name,
//! without replacing another unless that is asked for. Whoever is killed meanwhile leaves no more than a file in
//! `_staging`, which goes with the next collect after an hour.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, RenameTargetMode, Result,
};
use tempfile::TempPath;

pub(super) const STAGING: &str = "_staging";

/// What is left in `_staging` for so long is nobody's any more.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// A folder of a disk, in which files appear whole.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
    files: Arc<LocalFileSystem>,
    /// The same, which removes a folder with its last file.
    emptying: Arc<LocalFileSystem>,
}

impl Folder {
    /// A folder that is there.
    pub(super) fn open(root: &FilePath) -> Result<Self> {
        let files = || Ok::<_, object_store::Error>(LocalFileSystem::new_with_prefix(root)?.with_fsync(true));
        Ok(Folder {
            root: root.to_owned(),
            files: Arc::new(files()?),
            emptying: Arc::new(files()?.with_automatic_cleanup(true)),
        })
    }

    /// Makes the folder, for its owner alone, where it isn't there.
    pub(super) fn make(root: &FilePath) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(root)
    }

    /// Removes what those who were killed have left.
    pub(super) fn clean_staging(&self, now: SystemTime) {
        let Ok(entries) = fs::read_dir(self.root.join(STAGING)) else { return };
        for entry in entries.flatten() {
            let changed = entry.metadata().and_then(|metadata| metadata.modified());
            // What can't be removed will be looked at again by the next collect.
            if changed.is_ok_and(|changed| now.duration_since(changed).is_ok_and(|age| age > ABANDONED)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Writes a file that nobody sees yet.
    async fn stage(&self, payload: PutPayload) -> Result<Staged> {
        let folder = self.root.join(STAGING);
        let staged = tokio::task::spawn_blocking(move || {
            Folder::make(&folder)?;
            // For its owner alone from the start.
            let mut file = tempfile::Builder::new().prefix("put-").tempfile_in(&folder)?;
            payload.iter().try_for_each(|part| file.write_all(part))?;
            file.as_file().sync_all()?;
            Ok(file.into_temp_path())
        });
        let path = match staged.await {
            Ok(written) => written.map_err(|error: io::Error| generic(error))?,
            Err(stopped) => return Err(generic(stopped)),
        };
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        Ok(Staged { place: Path::from(STAGING).join(name), path })
    }
}

/// A file in `_staging`, which goes with this.
struct Staged {
    place: Path,
    #[allow(dead_code, reason = "it is there to be dropped")]
    path: TempPath,
}

#[async_trait]
impl ObjectStore for Folder {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let mode = match options.mode {
            PutMode::Create => CopyMode::Create,
            PutMode::Overwrite => CopyMode::Overwrite,
            PutMode::Update(_) => {
                return Err(object_store::Error::NotImplemented {
                    operation: "an update of what was read".into(),
                    implementer: self.to_string(),
                });
            }
        };
        let staged = self.stage(payload).await?;
        match mode {
            CopyMode::Create => {
                // A second name for the file, which is refused where there is one, and then the first name goes.
                let options = CopyOptions::new().with_mode(CopyMode::Create);
                self.files.copy_opts(&staged.place, location, options).await?;
            }
            CopyMode::Overwrite => {
                let options = RenameOptions::new().with_target_mode(RenameTargetMode::Overwrite);
                self.files.rename_opts(&staged.place, location, options).await?;
            }
        }
        Ok(PutResult { e_tag: None, version: None, extensions: Default::default() })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.files.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.files.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.emptying.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.files.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.files.rename_opts(from, to, options).await
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a folder")
    }
}

fn generic(error: impl std::error::Error + Send + Sync + 'static) -> object_store::Error {
    object_store::Error::Generic { store: "folder", source: Box::new(error) }
}
