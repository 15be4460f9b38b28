//! The program enrolments that have finished, of many accounts.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use dotdigital_faults::archive::Wanted;
use dotdigital_faults::{Enrolment, Error};
use futures_util::{StreamExt, stream};

use super::profiles::Profile;
use crate::cli::failure::{Failure, NOT_PERMITTED};

/// Those of each account that were created since then, or don't say when, so many accounts at once. An account of which
/// they can't be had is a failure of its own.
pub async fn listed(
    profiles: Vec<Arc<Profile>>,
    since: DateTime<Utc>,
    deadline: Option<Instant>,
    jobs: usize,
) -> Vec<Result<Vec<Wanted>, Failure>> {
    let asking = stream::iter(profiles).map(|profile| async move {
        let listed = listed_of(&profile, since, deadline).await;
        listed.map_err(|failure| failure.at(format!("account {}: its enrolments can't be listed", profile.name)))
    });
    asking.buffer_unordered(jobs).collect().await
}

async fn listed_of(
    profile: &Arc<Profile>,
    since: DateTime<Utc>,
    deadline: Option<Instant>,
) -> Result<Vec<Wanted>, Failure> {
    let making = Arc::clone(profile);
    let made = tokio::task::spawn_blocking(move || making.client(making.protocol())).await;
    let client =
        made.map_err(|error| Failure::new(error.to_string()))?.map_err(|error| match error.downcast::<Error>() {
            Ok(error) => Failure::from(*error),
            Err(other) => Failure::new(other.to_string()).with_code(NOT_PERMITTED),
        })?;
    let client = deadline.map_or(client.clone(), |deadline| client.with_deadline(deadline));
    let (mut enrolments, mut wanted) = (client.finished_enrolments(), Vec::new());
    while let Some(enrolment) = enrolments.next().await? {
        if is_since(&enrolment, since) {
            wanted.push(Wanted::enrolment(profile.name.clone(), &enrolment));
        }
    }
    Ok(wanted)
}

fn is_since(enrolment: &Enrolment, since: DateTime<Utc>) -> bool {
    let created = enrolment.date_created.as_deref().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    created.is_none_or(|created| created >= since)
}
