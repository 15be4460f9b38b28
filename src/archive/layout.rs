//! Where what stands in an archive.
//!
//! ```text
//!   ROOT/archive.json
//!   ROOT/claims/{import_id}.json
//!   ROOT/faults_v1/date=YYYY-MM-DD/{import_id}.parquet
//!   ROOT/counts_v1/date=YYYY-MM-DD/{import_id}.parquet
//! ```

use chrono::NaiveDate;
use object_store::path::Path;
use uuid::Uuid;

const FAULTS: &str = "faults_v1";
const COUNTS: &str = "counts_v1";
const CLAIMS: &str = "claims";

/// Where what stands in an archive below a prefix of its store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    root: Path,
}

impl Layout {
    pub(crate) fn below(root: Path) -> Self {
        Layout { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn manifest(&self) -> Path {
        self.root.clone().join("archive.json")
    }

    pub(crate) fn claims(&self) -> Path {
        self.root.clone().join(CLAIMS)
    }

    pub(crate) fn claim(&self, id: Uuid) -> Path {
        self.claims().join(format!("{id}.json"))
    }

    /// The id of a claim's file.
    pub(crate) fn claimed(&self, path: &Path) -> Option<Uuid> {
        self.id(path, &self.claims(), ".json")
    }

    /// The folder of a table.
    pub(crate) fn faults_table(&self) -> Path {
        self.root.clone().join(FAULTS)
    }

    pub(crate) fn counts_table(&self) -> Path {
        self.root.clone().join(COUNTS)
    }

    /// A day's folder of a table.
    pub(crate) fn faults_of(&self, date: NaiveDate) -> Path {
        self.faults_table().join(day(date))
    }

    pub(crate) fn counts_of(&self, date: NaiveDate) -> Path {
        self.counts_table().join(day(date))
    }

    /// An import's file of a table.
    pub(crate) fn faults(&self, date: NaiveDate, id: Uuid) -> Path {
        self.faults_of(date).join(file(id))
    }

    pub(crate) fn counts(&self, date: NaiveDate, id: Uuid) -> Path {
        self.counts_of(date).join(file(id))
    }

    /// The day of a folder of either table.
    pub(crate) fn day(&self, folder: &Path) -> Option<NaiveDate> {
        let date = folder.filename()?.strip_prefix("date=")?;
        let read = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
        (day(read) == folder.filename()?).then_some(read)
    }

    /// The day and the id of a file of either table.
    pub(crate) fn parse(&self, path: &Path) -> Option<(NaiveDate, Uuid)> {
        let (folder, _) = path.as_ref().rsplit_once('/')?;
        let folder = Path::parse(folder).ok()?;
        let date = self.day(&folder)?;
        Some((date, self.id(path, &folder, ".parquet")?))
    }

    /// The id that a file in a folder is named after: only in the form in which we write it.
    fn id(&self, path: &Path, folder: &Path, ending: &str) -> Option<Uuid> {
        let name = path.filename()?;
        let id = Uuid::try_parse(name.strip_suffix(ending)?).ok()?;
        (folder.clone().join(format!("{id}{ending}")) == *path).then_some(id)
    }
}

fn day(date: NaiveDate) -> String {
    format!("date={}", date.format("%Y-%m-%d"))
}

fn file(id: Uuid) -> String {
    format!("{id}.parquet")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_back() {
        let layout = Layout::below(Path::from("a/b"));
        let date = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap();
        let id = Uuid::from_u128(0x842d_81e8);
        let name = "00000000-0000-0000-0000-0000842d81e8";
        assert_eq!(layout.manifest().as_ref(), "a/b/archive.json");
        assert_eq!(layout.claim(id).as_ref(), format!("a/b/claims/{name}.json"));
        assert_eq!(layout.claimed(&layout.claim(id)), Some(id));
        assert_eq!(layout.faults(date, id).as_ref(), format!("a/b/faults_v1/date=2026-03-09/{name}.parquet"));
        assert_eq!(layout.parse(&layout.faults(date, id)), Some((date, id)));
        assert_eq!(layout.parse(&layout.counts(date, id)), Some((date, id)));
        for other in ["date=2026-3-9", "date=2026-13-01", "day=2026-03-09", "2026-03-09", "date=+2026-03-09"] {
            let path = layout.counts_table().join(other).join(file(id));
            assert_eq!(layout.parse(&path), None, "{other}");
        }
        for other in
            ["x.parquet", "842D81E8.parquet", &format!("{}.parquet", name.to_uppercase()), &format!("{name}.json")]
        {
            assert_eq!(layout.parse(&layout.counts_of(date).join(other)), None, "{other}");
        }
    }
}
