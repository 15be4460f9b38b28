//! `faults collect`: reports of many imports of many accounts, into an archive.

mod enrolments;
mod ids;
mod profiles;
mod signals;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use clap::builder::{PossibleValuesParser, RangedU64ValueParser};
use dotdigital_faults::archive::{
    Archive, CollectOptions, CollectProgress, Collected, Outcome, Outcomes, Shard, Stop, Wanted,
};
use dotdigital_faults::arrow::{ContactMode, Contacts};
use dotdigital_faults::{AccountName, Progress};
use uuid::Uuid;

use super::Reading;
use super::accounts::AccountArgs;
use super::connection::PatienceArgs;
use super::failure::{Failure, first_of, note_with_hint, worst};
use super::help::CONNECTION;
use super::place::PlaceArgs;
use super::progress::Collecting;
use super::redact::{contacts_of, keyed, no_hashes};
use super::runtime;
use super::source::parse_import_id;
use super::units::{duration, size};
use ids::named;
use profiles::{Profiles, Settings};
use signals::Signals;

const EXAMPLES: &str = "\
Examples:
  faults collect --archive /var/lib/faults --contacts drop 842d81e8-c619-457f-bb77-ab6c4a17da39
      one import; the first collect makes the archive
  faults collect --archive /var/lib/faults --accounts accounts.toml --ids imports.jsonl
      those that the uploaders have noted, of many accounts
  faults collect --archive s3://bucket/faults --accounts accounts.toml --ids - --shard 0/3
      one of three workers, each with a part of the accounts
  faults collect --archive /var/lib/faults --enrolments --wait
      the program enrolments of the last 8 days, too, and what is still open";

const NOTES: &str = "\
The service lists no imports: whatever uploads must hand their ids on. A line of --ids is an id, or JSON: \
{\"account\":\"europe\",\"import_id\":\"…\"}, in which may also stand kind (contact_import or enrolment), protocol (soap, rest \
or v3) and date (the day under which it is filed, such as 2026-03-09). An id that was given before does no harm: it is \
skipped. All that are given are noted in the archive before the service is asked anything: what hadn't finished, had failed or \
wasn't begun is taken up again for 30 days, whether its id is given or not.

What comes of each import is a line of JSON on standard output, when it ends: {\"account\",\"kind\",\"import_id\",\"outcome\"}, and \
total, error and code where there are any. Outcomes are archived, skipped, pending, expired, ended_without_report, not_found \
and failed; code is the exit code that this import alone would give. The exit code is 0 if none failed, else that of the \
worst: 4 before 6 before 5 before 2. It is 2, too, where a claim can't be read, so that nobody knows whose import it is, and \
where the lines can't be written, which keeps nothing from being collected. Once SIGINT or SIGTERM comes, nothing new is begun, \
and the next collect goes on.

The archive is a folder, or a bucket where the program was built with the feature cloud: s3://…, gs://…, az://…, whose \
options are in the environment (AWS_REGION, AWS_ACCESS_KEY_ID and so on). --contacts is chosen once: drop keeps no contact \
data but domains, hash keeps keyed hashes, keep keeps all.";

/// Keep the reports of imports in an archive, before the service forgets them
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub struct Collect {
    /// The imports' ids, GUIDs
    #[arg(value_name = "IMPORT_ID", value_parser = parse_import_id)]
    import_ids: Vec<Uuid>,

    /// The archive: a folder, or a bucket such as s3://bucket/prefix; it is made where there is none
    #[arg(long, value_name = "ROOT")]
    archive: String,

    /// What becomes of contact data, chosen when the archive is made; later on it is the archive's
    #[arg(long, value_name = "MODE", ignore_case = true, value_parser = PossibleValuesParser::new(["drop", "hash", "keep"]))]
    contacts: Option<String>,

    /// The file of the key for hashes; a byte order mark in front and one line end at its end aren't part of it
    /// [env: DOTDIGITAL_REDACT_KEY, the key itself]
    #[arg(long, value_name = "PATH", hide_short_help = true)]
    redact_key_file: Option<PathBuf>,

    /// Take further ids from a file, one a line (`-`: from standard input); a line may be JSON
    #[arg(long, value_name = "FILE|-")]
    ids: Option<PathBuf>,

    /// Leave alone what is still open of earlier collects, unless its id is given
    #[arg(long)]
    only_given: bool,

    /// Collect the finished program enrolments of each account, too, which the service lists
    #[arg(long)]
    enrolments: bool,

    /// How long ago an enrolment may have been created
    #[arg(long, value_name = "DURATION", default_value = "8d", value_parser = duration, requires = "enrolments", hide_short_help = true)]
    since: Duration,

    /// How many imports are fetched and archived at once; of one account it is one at a time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    jobs: usize,

    /// Collect a part of the accounts alone, as one of N workers; I counts from 0, as JOB_COMPLETION_INDEX does
    #[arg(long, value_name = "I/N", value_parser = |text: &str| text.parse::<Shard>())]
    shard: Option<Shard>,

    /// Wait for imports that haven't finished, each as long as --timeout says
    #[arg(long)]
    wait: bool,

    /// End after so long: what hasn't finished then is pending, what wasn't begun has failed
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    deadline: Option<Duration>,

    /// The most that files to be put may take in memory, over all jobs, such as 512M or 1G; a bare number is bytes
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = size, hide_short_help = true)]
    memory: u64,

    #[command(flatten)]
    reading: Reading,

    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    account: AccountArgs,

    #[command(flatten)]
    patience: PatienceArgs,

    /// The most that a report may have, once decoded, such as 512k, 64M or 1G; a bare number is bytes
    #[arg(long, help_heading = CONNECTION, value_name = "SIZE", default_value = "1G", value_parser = size)]
    max_size: u64,
}

impl Collect {
    pub fn run(self: Box<Self>) -> Result<(), Failure> {
        let deadline = self.deadline.and_then(|deadline| Instant::now().checked_add(deadline));
        let named = named(&self.import_ids, self.ids.as_deref())?;
        let settings =
            Settings { patience: self.patience.clone(), reading: self.reading.options(), max_size: self.max_size };
        let profiles = Profiles::of(&self.account, self.place.clone(), settings)?;
        let wanted = named.iter().map(|named| profiles.wanted(named)).collect::<Result<Vec<_>, _>>()?;
        let contacts = self.chosen()?;

        let runtime = runtime::of_all_processors()?;
        let done = runtime.block_on(self.collect(&profiles, wanted, contacts, deadline));
        // What a command for a secret still does is not waited for.
        runtime.shutdown_background();
        done
    }

    async fn collect(
        &self,
        profiles: &Profiles,
        mut wanted: Vec<Wanted>,
        contacts: Option<Contacts>,
        deadline: Option<Instant>,
    ) -> Result<(), Failure> {
        let stop = Stop::new();
        let signals = Signals::heed(&stop)?;
        let (archive, contacts) = self.opened(contacts).await?;
        let bar = Arc::new(Collecting::new());
        let options = self.options(contacts, deadline).stop(&stop).observed_by(watching(Arc::clone(&bar)));
        let mut unlisted = Vec::new();
        if self.enrolments {
            // Whatever comes of the listing: what was given is known to the archive by then. It is told below.
            archive.claim(profiles.accounts(), wanted.iter().cloned(), &options).await?;
            let since = SystemTime::now().checked_sub(self.since).unwrap_or(SystemTime::UNIX_EPOCH).into();
            let of_shard = profiles.iter().filter(|profile| self.has(&profile.name)).cloned().collect();
            let listed = enrolments::listed(of_shard, since, deadline, self.jobs);
            for listed in signals.unless_they_come(listed).await.into_iter().flatten() {
                match listed {
                    Ok(enrolments) => wanted.extend(enrolments),
                    Err(failure) => unlisted.push(failure),
                }
            }
            unlisted.iter().for_each(|failure: &Failure| bar.aside(|| failure.note()));
        }

        let mut lines = Lines { bar: Arc::clone(&bar), told: 0, unwritten: 0, failed: None };
        let outcomes =
            archive.collect(profiles.accounts(), wanted, &options, |collected| lines.tell(collected)).await?;
        bar.clear();
        let unwritten = lines.unwritten();
        let end = End { outcomes: &outcomes, told: lines.told, unlisted: &unlisted, unwritten: unwritten.as_ref() };
        match signals.code() {
            Some(code) => {
                unwritten.iter().for_each(Failure::note);
                Err(Failure::new("stopped by a signal").hint("the next collect goes on").with_code(code))
            }
            None => end.told(),
        }
    }

    /// The archive, and what becomes of contact data there.
    async fn opened(&self, chosen: Option<Contacts>) -> Result<(Archive, Contacts), Failure> {
        let archive = Archive::create(&self.archive, chosen.as_ref()).await?;
        if !archive.manifest().conditional_puts {
            note_with_hint("the archive's store writes over what is there", "run one collector at a time");
        }
        let contacts = match chosen {
            Some(chosen) => chosen,
            None => contacts_of(archive.manifest().contacts, self.redact_key_file.as_deref())?,
        };
        Ok((archive, contacts))
    }

    /// What is chosen of contact data, if anything is.
    fn chosen(&self) -> Result<Option<Contacts>, Failure> {
        let Some(name) = &self.contacts else { return Ok(None) };
        let key_file = self.redact_key_file.as_deref();
        match name.to_ascii_lowercase().parse()? {
            ContactMode::Hash => Ok(Some(Contacts::Hash(keyed("--contacts hash", key_file)?))),
            _ if key_file.is_some() => Err(no_hashes()),
            ContactMode::Keep => Ok(Some(Contacts::Keep)),
            _ => Ok(Some(Contacts::Drop)),
        }
    }

    fn options(&self, contacts: Contacts, deadline: Option<Instant>) -> CollectOptions {
        let options = CollectOptions::new()
            .jobs(self.jobs)
            .wait(self.wait)
            .only_given(self.only_given)
            .memory(self.memory)
            .contacts(contacts);
        let options = self.shard.into_iter().fold(options, CollectOptions::shard);
        deadline.into_iter().fold(options, CollectOptions::deadline)
    }

    fn has(&self, account: &AccountName) -> bool {
        self.shard.is_none_or(|shard| shard.has(account))
    }
}

/// Shows how far a collect is.
fn watching(bar: Arc<Collecting>) -> impl Fn(&CollectProgress<'_>) + Send + Sync + 'static {
    move |progress| match progress {
        CollectProgress::Planned { imports, .. } => bar.planned(*imports),
        CollectProgress::Asking { account, progress: Progress::Limited { pause, .. }, .. } => {
            bar.waiting(&format!("the service limits the calls of {account}: {} s", pause.as_secs()));
        }
        _ => {}
    }
}

/// The lines on standard output.
struct Lines {
    bar: Arc<Collecting>,
    told: u64,
    /// How many couldn't be written.
    unwritten: u64,
    /// Why nothing can be written any more.
    failed: Option<Failure>,
}

impl Lines {
    /// Writes what has come of an import. Where nothing can be written any more, the collect goes on all the same: the service
    /// doesn't keep the reports for longer.
    fn tell(&mut self, collected: &Collected) {
        self.told += 1;
        self.bar.ended(collected.outcome == Outcome::Failed);
        if self.failed.is_some() {
            self.unwritten += 1;
            return;
        }
        let line = serde_json::to_vec(collected).map_err(io::Error::from);
        let written = line.and_then(|mut line| {
            line.push(b'\n');
            let mut out = io::stdout().lock();
            self.bar.aside(|| out.write_all(&line).and_then(|()| out.flush()))
        });
        if let Err(error) = written {
            self.failed = Some(error.into());
            self.unwritten += 1;
        }
    }

    /// What there is to say of lines that couldn't be written: nothing where nobody reads them any more.
    fn unwritten(&self) -> Option<Failure> {
        match &self.failed {
            None | Some(Failure::ClosedPipe) => None,
            Some(failure) => {
                let hint = format!("what was collected is in the archive; {} lines are missing", self.unwritten);
                Some(failure.clone().hint(hint))
            }
        }
    }
}

/// What there is to say at the end.
struct End<'e> {
    outcomes: &'e Outcomes,
    told: u64,
    /// Of which accounts the enrolments couldn't be listed.
    unlisted: &'e [Failure],
    /// Why lines couldn't be written.
    unwritten: Option<&'e Failure>,
}

impl End<'_> {
    /// How the program ends.
    fn told(&self) -> Result<(), Failure> {
        let damaged = self.outcomes.damaged_claims();
        if !damaged.is_empty() {
            let files = damaged.iter().map(|id| format!("claims/{id}.json"));
            note_with_hint(
                &format!("claims that can't be read, so that their imports weren't collected: {}", first_of(files)),
                "collect with the version that has put them; a damaged one is to be removed, and its import's id given again",
            );
        }
        let (failed, unlisted) = (self.outcomes.get(Outcome::Failed), self.unlisted.len());
        let what: Vec<_> = [
            (failed > 0).then(|| format!("{failed} of {} imports failed", self.told)),
            (unlisted > 0).then(|| format!("the enrolments of {unlisted} accounts are not known")),
            (!damaged.is_empty()).then(|| format!("{} claims can't be read", damaged.len())),
        ]
        .into_iter()
        .flatten()
        .collect();
        match (self.unwritten, what.is_empty()) {
            (None, true) => return Ok(()),
            (Some(unwritten), true) => return Err(unwritten.clone()),
            (unwritten, false) => unwritten.into_iter().for_each(Failure::note),
        }
        let codes = self.unlisted.iter().chain(self.unwritten).map(Failure::code);
        let codes = codes.chain(Some(self.outcomes.code()).filter(|&code| code > 0));
        Err(Failure::new(what.join(", and ")).with_code(worst(codes)))
    }
}
