//! Accounts by name: a file that says where each lives, and where its secrets are to be had. It holds none itself.

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use clap::Args;
use dotdigital_faults::{AccountName, ColumnChoice, Credentials, Error, Protocol, ReadOptions, Region, Separator};
use toml::{Table, Value};
use zeroize::Zeroizing;

use super::failure::{Failure, NOT_PERMITTED};
use super::help::CONNECTION;
use super::secret::{read_secret, variable};
use super::secret_command::{self, LONGEST_WAIT};

const ACCOUNTS: &str = "DOTDIGITAL_ACCOUNTS";
const ACCOUNT: &str = "DOTDIGITAL_ACCOUNT";

/// Room for many thousand accounts.
const LARGEST_FILE: u64 = 16 << 20;

const KEYS: [&str; 11] = [
    "region",
    "protocol",
    "endpoint",
    "username_env",
    "username_file",
    "password_env",
    "password_file",
    "password_command",
    "reason_column",
    "email_column",
    "separator",
];

/// The option that names the file.
#[derive(Args)]
pub struct AccountsArg {
    /// The file of accounts [env: DOTDIGITAL_ACCOUNTS]
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
}

/// The options that choose one account.
#[derive(Args)]
pub struct AccountArgs {
    /// A file of accounts, in place of the variables of one; it says where each lives and where its secrets are to be had
    /// [env: DOTDIGITAL_ACCOUNTS]
    #[arg(long, value_name = "FILE", help_heading = CONNECTION)]
    accounts: Option<PathBuf>,

    /// Which of its accounts; needed where there are several [env: DOTDIGITAL_ACCOUNT]
    #[arg(long, value_name = "NAME", help_heading = CONNECTION)]
    account: Option<String>,
}

impl AccountsArg {
    /// All accounts, if a file of them is named.
    pub fn accounts(&self) -> Result<Option<Accounts>, Failure> {
        Accounts::named(self.accounts.as_deref())
    }
}

impl AccountArgs {
    /// The account that is chosen, if a file of accounts is named.
    pub fn account(&self) -> Result<Option<Account>, Failure> {
        let Some(accounts) = self.accounts()? else {
            return match &self.account {
                None => Ok(None),
                Some(_) => Err(Failure::new("--account needs a file of accounts")
                    .hint(format!("name it with --accounts, or in {ACCOUNTS}"))),
            };
        };
        accounts.choose(self.name()?.as_deref()).map(Some)
    }

    /// All accounts, if a file of them is named.
    pub fn accounts(&self) -> Result<Option<Accounts>, Failure> {
        Accounts::named(self.accounts.as_deref())
    }

    /// The name that is said.
    pub fn name(&self) -> Result<Option<String>, Failure> {
        self.account.clone().map_or_else(|| variable(ACCOUNT), |name| Ok(Some(name)))
    }
}

/// The accounts of a file.
#[derive(Debug)]
pub struct Accounts {
    path: PathBuf,
    accounts: BTreeMap<AccountName, Account>,
}

/// Where an account lives, and where its secrets are to be had.
#[derive(Clone, Debug)]
pub struct Account {
    pub name: AccountName,
    pub protocol: Protocol,
    pub region: Region,
    pub endpoint: Option<String>,
    /// What its reports are known to be like.
    pub reading: ReadOptions,
    username: Place,
    password: Place,
}

/// Where a secret is to be had.
#[derive(Clone, Debug)]
enum Place {
    Variable(String),
    File(PathBuf),
    /// The program, and its arguments.
    Command(PathBuf, Vec<String>),
}

impl Accounts {
    /// Those of the file that an option names, or else the environment, if one does.
    fn named(option: Option<&Path>) -> Result<Option<Accounts>, Failure> {
        let path = option.map(Path::to_owned).or_else(|| env::var_os(ACCOUNTS).map(PathBuf::from));
        path.filter(|path| !path.as_os_str().is_empty()).map(|path| Accounts::read(&path)).transpose()
    }

    /// Reads a file of accounts. No value of it is ever shown, since one may stand where it doesn't belong.
    fn read(path: &Path) -> Result<Accounts, Failure> {
        let unreadable = |error| Failure::new(format!("the accounts {path:?} can't be read: {error}"));
        let mut text = String::new();
        let mut file = File::open(path).map_err(unreadable)?.take(LARGEST_FILE + 1);
        file.read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > LARGEST_FILE {
            return Err(Failure::new(format!("the accounts {path:?} have more than {LARGEST_FILE} bytes")));
        }
        let table = text.parse::<Table>().map_err(|error| {
            let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.split('\n').count());
            let line = line.map_or_else(String::new, |line| format!("line {line}: "));
            Failure::new(format!("{path:?}: {line}this is no TOML")).hint("each account is a table, such as [europe]")
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut accounts = BTreeMap::new();
        for (name, value) in table {
            let account = Account::of(&name, &value, folder).map_err(|failure| failure.at(format!("{path:?}")))?;
            accounts.insert(account.name.clone(), account);
        }
        if accounts.is_empty() {
            return Err(Failure::new(format!("{path:?} has no account")).hint("each is a table, such as [europe]"));
        }
        Ok(Accounts { path: path.to_owned(), accounts })
    }

    /// All of them, by their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.accounts.values()
    }

    /// The account of that name; without one, the only account.
    pub fn choose(mut self, name: Option<&str>) -> Result<Account, Failure> {
        let names = self.accounts.keys().map(AccountName::as_str).collect::<Vec<_>>().join(", ");
        let names = format!("there are {names}");
        match name {
            Some(name) => name
                .parse()
                .ok()
                .and_then(|name: AccountName| self.accounts.remove(&name))
                .ok_or_else(|| Failure::new(format!("{:?} has no account {name:?}", self.path)).hint(names)),
            None if self.accounts.len() > 1 => {
                let what = format!("{:?} has {} accounts, and none is chosen", self.path, self.accounts.len());
                Err(Failure::new(what).hint(format!("choose one with --account: {names}")))
            }
            None => {
                self.accounts.pop_first().map(|(_, account)| account).ok_or_else(|| Failure::new("there is no account"))
            }
        }
    }
}

impl Account {
    /// An account as the file has it.
    fn of(name: &str, value: &Value, folder: &Path) -> Result<Account, Failure> {
        let Value::Table(table) = value else {
            let what = "a value stands outside of all accounts".to_owned();
            return Err(
                Failure::new(what).hint("each account is a table, such as [europe], and its values stand in it")
            );
        };
        let name: AccountName = name.parse()?;
        let fields = Fields { table, folder };
        fields.account(&name).map_err(|failure| failure.at(format!("account {name}")))
    }

    /// Its user name and its password, from where they are to be had.
    pub fn credentials(&self) -> Result<Credentials, Failure> {
        let secret = |place: &Place, what: &str| {
            place.secret(what).map_err(|failure| failure.at(format!("account {}", self.name)).with_code(NOT_PERMITTED))
        };
        let mut username = secret(&self.username, "user name")?;
        let mut password = secret(&self.password, "password")?;
        // The bytes move and stay where they are, so that none of them is left behind.
        Ok(Credentials::new(std::mem::take(&mut *username), std::mem::take(&mut *password)))
    }
}

/// The values of one account.
struct Fields<'t> {
    table: &'t Table,
    folder: &'t Path,
}

impl Fields<'_> {
    fn account(&self, name: &AccountName) -> Result<Account, Failure> {
        // A key that isn't known may be a secret, put where no key belongs: so it isn't shown either.
        if let Some(key) = self.table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let what = match key.as_str() {
                "password" | "username" => format!("{key} isn't among the keys: the file holds no secret"),
                _ => "it has a key that isn't known".to_owned(),
            };
            return Err(Failure::new(what).hint(format!("there are {}", KEYS.join(", "))));
        }
        let mut reading = ReadOptions::new();
        if let Some(column) = self.parsed::<ColumnChoice>("reason_column")? {
            reading = reading.reason_column(column);
        }
        if let Some(column) = self.parsed::<ColumnChoice>("email_column")? {
            reading = reading.email_column(column);
        }
        if let Some(separator) = self.parsed::<Separator>("separator")? {
            reading = reading.separator(separator);
        }
        Ok(Account {
            name: name.clone(),
            protocol: self.parsed("protocol")?.unwrap_or_default(),
            region: self.parsed("region")?.unwrap_or_default(),
            endpoint: self.text("endpoint")?.map(str::to_owned),
            reading,
            username: self.place("username")?,
            password: self.place("password")?,
        })
    }

    fn text(&self, key: &str) -> Result<Option<&str>, Failure> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(Failure::new(format!("{key} is no text, or an empty one"))),
        }
    }

    /// A value that has a few names, or a form of its own. A number stands for itself: `reason_column = 2`.
    fn parsed<T: FromStr<Err = Error>>(&self, key: &str) -> Result<Option<T>, Failure> {
        let text = match self.table.get(key) {
            Some(Value::Integer(number)) => Some(number.to_string()),
            _ => self.text(key)?.map(str::to_owned),
        };
        let Some(text) = text else { return Ok(None) };
        text.parse().map(Some).map_err(|error: Error| {
            let failure = Failure::new(format!("{key} can't be what the file says"));
            error.hint().map_or(failure.clone(), |hint| failure.hint(hint))
        })
    }

    /// Where a secret is to be had: exactly one of the ways there are.
    fn place(&self, what: &str) -> Result<Place, Failure> {
        let ways = ["env", "file", "command"].map(|way| format!("{what}_{way}"));
        let known = || ways.iter().filter(|way| KEYS.contains(&way.as_str()));
        let mut given = known().filter(|way| self.table.contains_key(*way));
        let (Some(way), None) = (given.next(), given.next()) else {
            let ways = known().cloned().collect::<Vec<_>>().join(", ");
            return Err(Failure::new(format!("it needs exactly one of {ways}")));
        };
        if way.ends_with("_command") {
            return self.command(way);
        }
        let text = self.text(way)?.unwrap_or_default();
        Ok(if way.ends_with("_env") { Place::Variable(text.to_owned()) } else { Place::File(self.folder.join(text)) })
    }

    fn command(&self, key: &str) -> Result<Place, Failure> {
        let words = match self.table.get(key) {
            Some(Value::Array(words)) => words.iter().map(|word| word.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        let words: Option<Vec<String>> = words;
        match words.as_deref() {
            Some([program, arguments @ ..]) if !program.is_empty() => {
                // A bare name is looked for in PATH, as everywhere; any other is a path, relative to the file.
                let is_path = Path::new(program).components().count() > 1 || program.starts_with('.');
                let program = if is_path { self.folder.join(program) } else { program.into() };
                Ok(Place::Command(program, arguments.to_vec()))
            }
            _ => Err(Failure::new(format!("{key} is no array of texts"))
                .hint("the first is the program, the others are its arguments; there is no shell")),
        }
    }
}

impl Place {
    /// The secret, which isn't empty.
    fn secret(&self, what: &str) -> Result<Zeroizing<String>, Failure> {
        let secret = match self {
            Place::Variable(name) => Zeroizing::new(variable(name)?.unwrap_or_default()),
            Place::File(path) => text(read_secret(path, &format!("{what} file"))?, what)?,
            Place::Command(program, arguments) => {
                let mut command = Command::new(program);
                command.args(arguments);
                let line = secret_command::first_line(command, LONGEST_WAIT)
                    .map_err(|error| Failure::new(format!("the command for the {what} {error}")))?;
                text(line, what)?
            }
        };
        if secret.is_empty() {
            let place = match self {
                Place::Variable(name) => format!("{name} is missing or empty"),
                Place::File(path) => format!("{path:?} is empty"),
                Place::Command(..) => "its command has none".to_owned(),
            };
            return Err(Failure::new(format!("there is no {what}: {place}")));
        }
        Ok(secret)
    }
}

/// The bytes as text, in the same place of memory.
fn text(mut secret: Zeroizing<Vec<u8>>, what: &str) -> Result<Zeroizing<String>, Failure> {
    String::from_utf8(std::mem::take(&mut *secret)).map(Zeroizing::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        Failure::new(format!("the {what} is not UTF-8"))
    })
}
