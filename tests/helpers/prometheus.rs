//! A real Prometheus, that is asked in its own language.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::patience::HANG;
use super::peers::Running;

/// The body of an answer, as far as there is one.
pub fn get(address: SocketAddr, path: &str) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(HANG)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(answer.split_off(at + 4))
}

/// It ends with the test.
pub struct Prometheus {
    running: Running,
    log: PathBuf,
}

impl Prometheus {
    /// Starts it with a configuration, in whose folder it keeps its data (`data`) and its log.
    #[track_caller]
    pub fn start(config: &Path) -> Self {
        let folder = config.parent().unwrap();
        let log = folder.join("log");
        let running = Running::start(|own| {
            let mut command = Command::new("prometheus");
            command
                .arg(format!("--config.file={}", config.display()))
                .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
                .arg("--storage.tsdb.retention.time=1y")
                .arg(format!("--web.listen-address={own}"))
                .stderr(File::create(&log).unwrap());
            command
        });
        Prometheus { running, log }
    }

    /// Starts it in a folder, to scrape these jobs. An answer may take as long as it is to the next scrape: one that came later
    /// would be none, and all that was there before would be gone.
    #[track_caller]
    pub fn scraping(folder: &Path, jobs: &str) -> Self {
        let path = folder.join("prometheus.yml");
        fs::write(&path, format!("global: {{scrape_interval: 10s}}\nscrape_configs:\n{jobs}")).unwrap();
        Prometheus::start(&path)
    }

    /// What its interface answers; `None` where it doesn't, or says that it can't.
    pub fn get(&self, path: &str) -> Option<Value> {
        let mut answer: Value = serde_json::from_slice(&get(self.running.address(), path)?).ok()?;
        (answer["status"] == "success").then(|| answer["data"].take())
    }

    /// What it finds; `None` where it can't be asked so.
    pub fn ask(&self, query: &str) -> Option<Vec<Value>> {
        let found = self.get(&format!("/api/v1/query?query={}", encoded(query)))?;
        found["result"].as_array().cloned()
    }

    /// What it has said.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// As it stands in an address.
pub fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
