//! What a function sees: a [`Request`], a [`Response`] to answer with, and an [`Error`] to fail with.
//!
//! ```
//! # mod function {
//! use slipway::{Error, Request, Response, json};
//!
//! pub async fn main(req: Request, res: &mut Response) -> Result<(), Error> {
//!     req.log("somebody asked");
//!     res.json(&json!({"path": req.path}))
//! }
//! # }
//! ```

mod error;
mod exact;
mod log;
mod request;
mod response;

pub use bytes::Bytes;
pub use error::Error;
pub use log::{Level, Logger, Sink};
pub use request::{Env, Headers, Query, Request};
pub use response::{Answer, Body, Response};
pub use serde_json::{self, Value, json};
