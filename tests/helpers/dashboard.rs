//! A dashboard that is served, over an archive in memory whose store can be watched and broken.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use dotdigital_faults::archive::Archive;
use dotdigital_faults::arrow::Contacts;
use dotdigital_faults::serve::{Dashboard, Guard, Server};
use dotdigital_faults::{__private, ArchivedImport};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::http::{Answer, send};
use super::patience::HANG;

/// A dashboard at an address of this machine, until it is dropped.
pub struct Served {
    pub dashboard: Dashboard,
    pub store: Arc<Watched>,
    pub address: SocketAddr,
    runtime: Runtime,
}

impl Served {
    /// Of these imports, which have been read; whoever asks by a name of this machine is answered.
    pub fn of(imports: &[ArchivedImport]) -> Self {
        let served = Served::unread(imports, Some(Guard::new()));
        served.refresh().unwrap();
        served
    }

    /// The same, of which nothing has been read yet. Without a guard it is the plain router.
    pub fn unread(imports: &[ArchivedImport], guard: Option<Guard>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let store = Arc::new(Watched::default());
        let opened = Archive::create_in(Arc::clone(&store) as _, "", Some(&Contacts::Drop));
        let dashboard = Dashboard::new(runtime.block_on(opened).unwrap());
        let server = runtime.block_on(async { Server::bind(([127, 0, 0, 1], 0).into()) }).unwrap();
        let address = server.address();
        let router = match guard {
            Some(guard) => dashboard.guarded_router(guard),
            None => dashboard.router(),
        };
        runtime.spawn(server.run(router, std::future::pending()));
        let served = Served { dashboard, store, address, runtime };
        imports.iter().for_each(|import| served.put(import));
        served
    }

    /// Archives a further import.
    pub fn put(&self, import: &ArchivedImport) {
        let path = format!("counts_v1/date={}/{}.parquet", import.date, import.id.uuid());
        self.put_bytes(&path, __private::counts_file(import).unwrap().to_vec());
    }

    pub fn put_bytes(&self, path: &str, bytes: Vec<u8>) {
        self.runtime.block_on(self.store.memory.put(&Path::from(path), bytes.into())).unwrap();
    }

    pub fn delete(&self, path: &str) {
        self.runtime.block_on(self.store.memory.delete(&Path::from(path))).unwrap();
    }

    pub fn refresh(&self) -> dotdigital_faults::Result<()> {
        self.runtime.block_on(self.dashboard.refresh())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[&str]) -> Answer {
        send(self.address, &format!("GET {path}"), headers, b"").unwrap()
    }

    /// A document, all being well.
    #[track_caller]
    pub fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{answer:?}");
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// The samples of a metric, without its name, in order.
    pub fn samples(&self, metric: &str) -> Vec<String> {
        let answer = self.get("/metrics");
        assert_eq!(answer.status, 200);
        let of = |line: &str| Some(line.strip_prefix(metric)?.to_owned()).filter(|rest| rest.starts_with(['{', ' ']));
        answer.text().lines().filter_map(of).collect()
    }

    /// Sends these bytes, and nothing more, and reads all that comes until the other side closes.
    pub fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        // What is refused before all of it was read may be closed before all of it was sent, and be reset in the end.
        _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }
}

/// A store in memory that counts what is read, and fails where it is told to.
#[derive(Debug, Default)]
pub struct Watched {
    memory: InMemory,
    /// How often each file was read.
    pub reads: Mutex<HashMap<String, u32>>,
    /// What neither can be read nor be listed: all whose path begins so.
    pub broken: Mutex<Option<String>>,
    /// The folders that were listed.
    pub listed: Mutex<Vec<String>>,
}

impl Watched {
    fn check(&self, path: &str) -> Result<()> {
        let is_broken = self.broken.lock().unwrap().as_ref().is_some_and(|broken| path.starts_with(broken));
        match is_broken {
            true => Err(object_store::Error::Generic { store: "watched", source: "it is broken".into() }),
            false => Ok(()),
        }
    }

    fn list_of(&self, prefix: Option<&Path>) -> Result<()> {
        let path = prefix.map(Path::to_string).unwrap_or_default();
        self.listed.lock().unwrap().push(path.clone());
        self.check(&path)
    }
}

impl std::fmt::Display for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a store that is watched")
    }
}

#[async_trait]
impl ObjectStore for Watched {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.memory.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(&self, at: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.memory.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if !options.head {
            *self.reads.lock().unwrap().entry(location.to_string()).or_default() += 1;
        }
        self.check(location.as_ref())?;
        self.memory.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.memory.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.list_of(prefix) {
            Ok(()) => self.memory.list(prefix),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.list_of(prefix)?;
        self.memory.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.memory.copy_opts(from, to, options).await
    }
}
