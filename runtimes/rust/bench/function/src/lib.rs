//! What is measured: the answer that the servers beside it give, as a function gives it.

use slipway::{Error, Request, Response, json};

pub async fn main(req: Request, res: &mut Response) -> Result<(), Error> {
    let name = req.payload["name"].as_str().ok_or_else(|| Error::new("payload.name is missing"))?;
    res.json(&json!({"message": format!("Hello {name}")}))
}
