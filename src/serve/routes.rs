//! Which answer belongs to which path.

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, HeaderMap, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use uuid::Uuid;

use super::Dashboard;
use super::answer::{parts, sentence};
use super::metrics::{self, Format};
use super::query::{Known, Query};
use super::snapshot::{Subject, Unrendered, now};

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// The paths of a dashboard.
pub(super) fn router(dashboard: Dashboard) -> Router {
    let query = |known, subject: fn(Query) -> Subject, kind| {
        get(move |State(dashboard): State<Dashboard>, uri: Uri| async move {
            queried(&dashboard, &uri, known, subject, kind).await
        })
    };
    Router::new()
        .route("/", query(Known::Page, Subject::Front, HTML))
        .route("/api/counts.json", query(Known::Api, Subject::Counts, JSON))
        .route("/api/trends.json", query(Known::Api, Subject::Trends, JSON))
        .route("/api/imports.json", query(Known::Api, Subject::Imports, JSON))
        .route("/imports/{id}", get(import))
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { sentence(StatusCode::OK, "It lives.") }))
        .route("/readyz", get(ready))
        .fallback(|| async { sentence(StatusCode::NOT_FOUND, "There is nothing here.") })
        .with_state(dashboard)
}

async fn queried(
    dashboard: &Dashboard,
    uri: &Uri,
    known: Known,
    subject: fn(Query) -> Subject,
    kind: &'static str,
) -> Response {
    match Query::parse(uri.query().unwrap_or_default(), now().date_naive(), known) {
        Ok(query) => rendered(dashboard, subject(query), kind).await,
        Err(wrong) => sentence(StatusCode::BAD_REQUEST, &format!("It can't be told: {wrong}.")),
    }
}

/// The page of an import, whose id may be in capitals and without hyphens.
async fn import(State(dashboard): State<Dashboard>, uri: Uri) -> Response {
    let id = uri.path().rsplit('/').next().unwrap_or_default();
    // Other forms of a GUID are those of other programs.
    let id = Some(id).filter(|id| matches!(id.len(), 32 | 36)).and_then(|id| Uuid::try_parse(id).ok());
    match id {
        Some(id) => rendered(&dashboard, Subject::Import(id), HTML).await,
        None => sentence(StatusCode::BAD_REQUEST, "An import's id is a GUID, with hyphens or without."),
    }
}

async fn rendered(dashboard: &Dashboard, subject: Subject, kind: &'static str) -> Response {
    match dashboard.snapshot().rendered(subject).await {
        Ok(bytes) => parts(kind, [bytes]),
        Err(unrendered) => unrendered.into_response(),
    }
}

async fn metrics(State(dashboard): State<Dashboard>, headers: HeaderMap) -> Response {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    let format = Format::accepted(&accepted.collect::<Vec<_>>().join(","));
    let snapshot = dashboard.snapshot();
    match snapshot.rendered(Subject::Metrics(format)).await {
        Ok(lasting) => {
            let passing = metrics::passing(&snapshot.state, now(), format);
            parts(format.content_type(), [lasting, Bytes::from(passing)])
        }
        Err(unrendered) => unrendered.into_response(),
    }
}

async fn ready(State(dashboard): State<Dashboard>) -> Response {
    match dashboard.is_ready() {
        true => sentence(StatusCode::OK, "The archive has been read."),
        false => sentence(StatusCode::SERVICE_UNAVAILABLE, "The archive has not been read yet."),
    }
}

impl IntoResponse for Unrendered {
    fn into_response(self) -> Response {
        match self {
            Unrendered::Unknown => sentence(StatusCode::NOT_FOUND, "The archive has no such import."),
            Unrendered::Failed => sentence(StatusCode::INTERNAL_SERVER_ERROR, "This can't be told: it is a bug."),
            Unrendered::Busy => {
                let told = sentence(StatusCode::SERVICE_UNAVAILABLE, "Too much is asked for at once: ask again later.");
                ([(RETRY_AFTER, HeaderValue::from_static("10"))], told).into_response()
            }
        }
    }
}
