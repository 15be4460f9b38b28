//! A service that is sent reports, and answers with their counts (axum): in constant memory, however large they are. This
//! one sends itself a report, as `curl --data-binary @report.csv http://…/counts` would.

use std::fmt::Display;

use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use dotdigital_faults::{ReasonCounter, ReasonCounts, reqwest};
use futures_util::StreamExt;
use tokio::net::TcpListener;

async fn counts(body: Body) -> Result<Json<ReasonCounts>, (StatusCode, String)> {
    fn refused(error: impl Display) -> (StatusCode, String) {
        (StatusCode::BAD_REQUEST, error.to_string())
    }
    let mut counter = ReasonCounter::new();
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        counter.feed(&piece.map_err(refused)?).map_err(refused)?;
    }
    counter.finish().map(Json).map_err(refused)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = Router::new().route("/counts", post(counts)).layer(DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(listener, service).await });

    for report in ["Reason,email\nBlocker,jo@example.com\n", "We are down for maintenance"] {
        let answer = reqwest::Client::new().post(format!("http://{address}/counts")).body(report).send().await?;
        println!("{}: {}", answer.status(), answer.text().await?);
    }
    Ok(())
}
