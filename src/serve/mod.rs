//! The live dashboard: what an archive holds, over HTTP. Needs the feature `serve`.

mod page;
mod query;
mod state;
