//! `faults serve`: an archive as a live dashboard.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use dotdigital_faults::serve::{Dashboard, Guard, Server};
use tokio::sync::oneshot;

use super::arriving::{Arriving, arriving};
use super::failure::{Failure, note};
use super::runtime;
use super::secret::read_secret;
use super::units::duration;

pub const DEFAULT_LISTEN: &str = "127.0.0.1:9184";

/// How many files that can't be read are named in all.
const MOST_NAMED: usize = 1000;

/// How soon it tries again as long as nothing could be read.
const FIRST: Duration = Duration::from_secs(5);

const EXAMPLES: &str = "\
Examples:
  faults serve --archive archive
      on this machine alone, at http://127.0.0.1:9184
  faults serve --archive archive --listen 0.0.0.0:9184 --allow-remote --token-file token --host faults.example.com
      for others, who need the token; put a proxy with TLS in front";

const NOTES: &str = "\
Paths: / and /imports/IMPORT_ID, pages for people; /metrics for Prometheus (OpenMetrics where it is asked for); \
/api/counts.json, /api/trends.json and /api/imports.json, arrays of flat records; /healthz, and /readyz, which is 503 until \
the archive has been read. / and /api take since=90d, by=day|week|month|account|reason, account=NAME and reason=SLUG, /api \
limit=10000, too.

It reads counts and open claims alone: never contact data, and never the service, whose calls are limited. A file is read \
once. A refresh looks through the folders of the last 14 days, and once an hour through all of them. Where the archive can't \
be read, that is said and counted, what was read before stays, and it is tried again; so is a single file, which is named \
once.

With a token every path but /healthz and /readyz wants `Authorization: Bearer TOKEN`, or Basic with the token as the password \
of any user. A request must name an IP address, localhost or a --host. There is no TLS. SIGTERM and SIGINT let open answers be \
finished, and end it within five seconds, with exit code 0; a second one ends it at once.";

/// An archive as a live dashboard: pages, metrics and JSON over HTTP
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub struct Serve {
    /// The archive: a folder, or a bucket such as s3://bucket/prefix; it needn't be there yet
    #[arg(long, value_name = "ROOT")]
    archive: String,

    /// Where to listen: IP:PORT or localhost:PORT; port 0 takes one that is free
    #[arg(long, value_name = "ADDRESS", default_value = DEFAULT_LISTEN, value_parser = address)]
    listen: SocketAddr,

    /// How long to wait between two readings
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = pause)]
    refresh: Duration,

    /// Answer by this name, too; may be repeated
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,

    /// Let other machines in; needs --token-file or --no-token
    #[arg(long)]
    allow_remote: bool,

    /// The file of a token, without which nobody is let in
    #[arg(long, value_name = "FILE", conflicts_with = "no_token")]
    token_file: Option<PathBuf>,

    /// Let everybody in who can reach it
    #[arg(long)]
    no_token: bool,
}

/// An address as `--listen` takes it.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric
        .as_deref()
        .unwrap_or(text)
        .parse()
        .map_err(|_| "an address has the form 127.0.0.1:9184, [::1]:9184 or localhost:9184".to_owned())
}

fn pause(text: &str) -> Result<Duration, String> {
    let pause = duration(text)?;
    (pause >= Duration::from_secs(1)).then_some(pause).ok_or_else(|| "it takes at least 1s".to_owned())
}

impl Serve {
    pub fn run(&self) -> Result<(), Failure> {
        self.check()?;
        let (guard, dashboard) = (self.guard()?, Dashboard::at(&self.archive)?);
        let runtime = runtime::of_two_threads()?;
        let done = runtime.block_on(serve(self.listen, self.refresh, dashboard, guard));
        // What is still being read is wanted by nobody.
        runtime.shutdown_background();
        done
    }

    /// Is it wanted that others can reach it?
    fn check(&self) -> Result<(), Failure> {
        if self.listen.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        let remote = |what: &str, hint: &str| Err(Failure::new(format!("{} {what}", self.listen)).hint(hint));
        match (self.allow_remote, self.token_file.is_some() || self.no_token) {
            (true, true) => Ok(()),
            (true, false) => remote(
                "can be reached from other machines, and nothing says who may ask",
                "add --token-file FILE, or --no-token where a proxy looks after that",
            ),
            (false, _) => remote(
                "can be reached from other machines",
                "add --allow-remote, and --token-file FILE or --no-token; or listen on 127.0.0.1",
            ),
        }
    }

    fn guard(&self) -> Result<Guard, Failure> {
        let guard = self.host.iter().try_fold(Guard::new(), |guard, name| {
            guard.host(name).map_err(|error| Failure::from(error).at("--host"))
        })?;
        match &self.token_file {
            Some(path) => with_token(guard, path),
            None => Ok(guard),
        }
    }
}

fn with_token(guard: Guard, path: &Path) -> Result<Guard, Failure> {
    let token = read_secret(path, "token file")?;
    let token = std::str::from_utf8(&token).map_err(|_| Failure::new(format!("the token file {path:?} is no text")))?;
    guard.token(token).map_err(|error| Failure::from(error).at(format!("the token file {path:?}")))
}

/// Listens, reads, and ends with the first signal.
pub async fn serve(listen: SocketAddr, every: Duration, dashboard: Dashboard, guard: Guard) -> Result<(), Failure> {
    let no_signals = |error| Failure::new(format!("the system lets no signal be heeded: {error}"));
    let signals = arriving().map_err(no_signals)?;
    let server = Server::bind(listen)?;
    note(&format!("listening on http://{}", server.address()));
    tokio::spawn(keep_fresh(dashboard.clone(), every));
    server.run(dashboard.guarded_router(guard), first(signals)).await;
    Ok(())
}

/// Waits for the first signal; from then on the next one ends the program.
async fn first(mut signals: Arriving) {
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move {
        // It is heeded by nobody where the server has ended by itself.
        if signals.next().await.is_some() {
            _ = sender.send(());
        }
        if let Some(code) = signals.next().await {
            std::process::exit(code.into());
        }
    });
    _ = receiver.await;
}

/// Reads the archive again and again, and says when that begins to fail, fails for another reason, or works again; and of each
/// file that can't be read, once.
async fn keep_fresh(dashboard: Dashboard, every: Duration) {
    let mut told: Option<String> = None;
    let mut named = HashSet::new();
    loop {
        match dashboard.refresh().await {
            Ok(()) => {
                if told.take().is_some() {
                    note("the archive is read again");
                }
                name_unreadable(&dashboard, &mut named);
            }
            Err(error) => {
                let failure = Failure::from(error);
                let line = failure.on_one_line();
                if told.as_ref() != Some(&line) {
                    failure.note();
                    told = Some(line);
                }
            }
        }
        tokio::time::sleep(if dashboard.is_ready() { every } else { every.min(FIRST) }).await;
    }
}

/// Says which files can't be read, if that hasn't been said before.
fn name_unreadable(dashboard: &Dashboard, named: &mut HashSet<String>) {
    for failure in dashboard.unreadable().into_iter().map(Failure::from) {
        if named.len() < MOST_NAMED && named.insert(failure.on_one_line()) {
            failure.note();
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn addresses() {
        for (text, address) in [
            ("127.0.0.1:9184", Some("127.0.0.1:9184")),
            ("localhost:0", Some("127.0.0.1:0")),
            ("[::1]:80", Some("[::1]:80")),
            ("0.0.0.0:1", Some("0.0.0.0:1")),
            ("localhost", None),
            ("localhost:", None),
            (":9184", None),
            ("9184", None),
            ("example.com:80", None),
            ("127.0.0.1:65536", None),
            ("", None),
        ] {
            let read = super::address(text);
            assert_eq!(read.ok().map(|read| read.to_string()).as_deref(), address, "{text}");
        }
    }
}
