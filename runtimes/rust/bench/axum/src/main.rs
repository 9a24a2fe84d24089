//! The same answer from axum, with its own JSON extractor.

use std::error::Error;

use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct Envelope {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    name: String,
}

#[derive(Serialize)]
struct Greeting {
    message: String,
}

async fn greet(Json(envelope): Json<Envelope>) -> Json<Greeting> {
    Json(Greeting { message: format!("Hello {}", envelope.payload.name) })
}

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(("0.0.0.0", 3000)).await?.tap_io(|stream| {
            // Without it answers wait for an acknowledgement.
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, Router::new().route("/", post(greet))).await?;
        Ok(())
    })
}
