//! Where an archive may be, and how it is made.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use dotdigital_faults::archive::Archive;
use dotdigital_faults::arrow::{ContactMode, Contacts};
use dotdigital_faults::{ErrorKind, Redactor};
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path as Place;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use serde_json::Value;

fn hashing(key: &str) -> Contacts {
    Contacts::Hash(Redactor::new(key).unwrap())
}

async fn refused(location: &str, contacts: Option<&Contacts>) -> (ErrorKind, String) {
    let error = Archive::create(location, contacts).await.unwrap_err();
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn a_folder_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("new/archive");
    let root = root.to_str().unwrap();
    // Nothing is made before it is known how.
    let (kind, words) = refused(root, None).await;
    assert_eq!(kind, ErrorKind::Archive);
    assert!(words.contains("must be chosen"), "{words}");
    assert!(!Path::new(root).exists());
    assert_eq!(Archive::open(root).await.unwrap_err().kind(), ErrorKind::Archive);
    assert!(!Path::new(root).exists());

    let made = Archive::create(root, Some(&hashing("a key of some length"))).await.unwrap();
    let manifest: Value = serde_json::from_slice(&fs::read(Path::new(root).join("archive.json")).unwrap()).unwrap();
    let mut keys: Vec<_> = manifest.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["conditional_puts", "contacts", "created_at", "key_id", "schema", "version"]);
    assert_eq!((&manifest["schema"], &manifest["contacts"]), (&1.into(), &"hash".into()));
    assert_eq!(manifest["conditional_puts"], true);
    assert_eq!(manifest["key_id"], Redactor::new("a key of some length").unwrap().key_id());
    assert!(manifest["created_at"].as_str().unwrap().ends_with('Z'));

    // It stays as it was made, and nothing is left in the folder besides.
    for contacts in [None, Some(hashing("a key of some length"))] {
        let again = Archive::create(root, contacts.as_ref()).await.unwrap();
        assert_eq!(again.manifest(), Archive::open(root).await.unwrap().manifest());
        assert_eq!(again.manifest().created_at.timestamp(), made.manifest().created_at.timestamp());
    }
    for contacts in [Contacts::Drop, Contacts::Keep, hashing("another key of some length")] {
        let (kind, words) = refused(root, Some(&contacts)).await;
        assert_eq!(kind, ErrorKind::Archive, "{words}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(Path::new(root)), 0o700);
        assert_eq!(mode(&Path::new(root).join("archive.json")), 0o600);
    }
    assert_eq!(fs::read_dir(Path::new(root).join("_staging")).unwrap().count(), 0);
}

/// A folder of something else is refused before anything is written, deleted or even looked into.
#[tokio::test]
async fn a_folder_of_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    fs::create_dir_all(folder.path().join("faults_v1/date=2026-03-09")).unwrap();
    let file = folder.path().join("faults_v1/date=2026-03-09/holiday.jpg");
    fs::write(&file, "x").unwrap();
    let (kind, words) = refused(root, Some(&Contacts::Drop)).await;
    assert_eq!((kind, words.contains("no archive.json")), (ErrorKind::Archive, true), "{words}");
    assert_eq!(Archive::open(root).await.unwrap_err().kind(), ErrorKind::Archive);
    assert_eq!(fs::read_dir(root).unwrap().count(), 1);
    // A file is no folder.
    let (kind, _) = refused(file.to_str().unwrap(), Some(&Contacts::Drop)).await;
    assert_eq!(kind, ErrorKind::Archive);
}

/// Somebody was killed while the first file was made: the next one goes on.
#[tokio::test]
async fn what_was_being_written_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let staging = folder.path().join("_staging");
    fs::create_dir(&staging).unwrap();
    for name in ["put-old", "put-new"] {
        fs::write(staging.join(name), "{\"schema\":1").unwrap();
    }
    let old = fs::File::options().write(true).open(staging.join("put-old")).unwrap();
    old.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(3_700)).unwrap();
    Archive::create(folder.path().to_str().unwrap(), Some(&Contacts::Keep)).await.unwrap();
    let left: Vec<_> = fs::read_dir(&staging).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["put-new"]);
}

#[tokio::test]
async fn places_that_are_none() {
    for (location, words) in [
        ("", "is empty"),
        ("ftp://host/a", "no kind that is known"),
        ("http://host/a", "no kind that is known"),
        ("s3://user:hunter22@bucket/a", "holds credentials"),
        ("s3://bucket/a?key=hunter22", "a query or a fragment"),
        ("://", "is no URL"),
    ] {
        let error = Archive::open(location).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{location}");
        assert!(error.to_string().contains(words), "{location}: {error}");
        assert!(!format!("{error} {error:?}").contains("hunter22"), "{error:?}");
    }
    #[cfg(not(feature = "cloud"))]
    for location in ["s3://bucket/a", "gs://bucket", "az://container/prefix"] {
        let error = Archive::open(location).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("the feature `cloud`"), "{error}");
    }
}

#[tokio::test]
async fn a_later_archive_is_left_alone() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let manifest = Place::from("a/archive.json");
    for (json, words) in [
        (r#"{"schema":2,"contacts":"moon"}"#, "schema 2"),
        (r#"{"schema":1,"contacts":"moon"}"#, "can't be read"),
        (r#"{"schema":"1"}"#, "can't be read"),
        ("", "can't be read"),
        ("{", "can't be read"),
    ] {
        store.put(&manifest, PutPayload::from(json.to_owned())).await.unwrap();
        for opened in [
            Archive::open_in(Arc::clone(&store), "a").await,
            Archive::create_in(Arc::clone(&store), "a", Some(&Contacts::Drop)).await,
        ] {
            let error = opened.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Archive);
            assert!(error.to_string().contains(words), "{json}: {error}");
        }
        let there = store.get(&manifest).await.unwrap().bytes().await.unwrap();
        assert_eq!(there, json.as_bytes());
    }
}

/// Below another prefix of a bucket things may stand; below the archive's own they mayn't.
#[tokio::test]
async fn a_bucket_may_hold_other_things() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    store.put(&Place::from("b/x"), PutPayload::from("x")).await.unwrap();
    Archive::create_in(Arc::clone(&store), "a", Some(&Contacts::Drop)).await.unwrap();
    let error = Archive::create_in(Arc::clone(&store), "b", Some(&Contacts::Drop)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Archive);
    let error = Archive::create_in(store, "", Some(&Contacts::Drop)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Archive);
}

/// A store in memory with one odd way.
#[derive(Debug)]
struct Odd(Arc<InMemory>, Way);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// It writes over what is there, whatever it is told.
    Careless,
    /// Somebody makes an archive, and puts a claim into it, between the moment when one finds no manifest and the one when one
    /// looks what else is there.
    Meanwhile,
}

impl std::fmt::Display for Odd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an odd store")
    }
}

#[async_trait]
impl ObjectStore for Odd {
    async fn put_opts(&self, location: &Place, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let options = if self.1 == Way::Careless { PutMode::Overwrite.into() } else { options };
        self.0.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(&self, at: &Place, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, location: &Place, options: GetOptions) -> Result<GetResult> {
        let got = self.0.get_opts(location, options).await;
        if self.1 == Way::Meanwhile && got.is_err() {
            let store: Arc<dyn ObjectStore> = Arc::clone(&self.0) as _;
            Archive::create_in(store, "a", Some(&Contacts::Drop)).await.unwrap();
            self.0.put(&Place::from("a/claims/x.json"), PutPayload::from("x")).await.unwrap();
        }
        got
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Place>>) -> BoxStream<'static, Result<Place>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Place>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Place>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Place, to: &Place, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}

#[tokio::test]
async fn a_store_that_writes_over_what_is_there_is_found_out() {
    let store: Arc<dyn ObjectStore> = Arc::new(Odd(Arc::new(InMemory::new()), Way::Careless));
    let made = Archive::create_in(Arc::clone(&store), "a", Some(&Contacts::Keep)).await.unwrap();
    assert!(!made.manifest().conditional_puts);
    for opened in [
        Archive::open_in(Arc::clone(&store), "a").await.unwrap(),
        Archive::create_in(Arc::clone(&store), "a", None).await.unwrap(),
    ] {
        assert!(!opened.manifest().conditional_puts);
        assert_eq!(opened.manifest().contacts, ContactMode::Keep);
    }
}

#[tokio::test]
async fn whoever_is_second_opens_what_the_first_has_made() {
    for is_making in [true, false] {
        let store: Arc<dyn ObjectStore> = Arc::new(Odd(Arc::new(InMemory::new()), Way::Meanwhile));
        let opened = match is_making {
            true => Archive::create_in(store, "a", Some(&Contacts::Drop)).await,
            false => Archive::open_in(store, "a").await,
        };
        assert_eq!(opened.unwrap().manifest().contacts, ContactMode::Drop);
    }
}
