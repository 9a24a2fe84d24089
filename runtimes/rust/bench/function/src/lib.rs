//! What is measured: the answer that the servers beside it give, as a function gives it.

use serde::Serialize;
use slipway::{Error, Request, Response};

#[derive(Serialize)]
struct Greeting {
    message: String,
}

pub async fn main(req: Request, res: &mut Response) -> Result<(), Error> {
    let name = req.payload["name"].as_str().ok_or_else(|| Error::new("payload.name is missing"))?;
    res.json(&Greeting { message: format!("Hello {name}") })
}
