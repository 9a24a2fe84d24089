//! Steps that take time.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use slipway::Error;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::arguments::Step;

/// How many have arrived, by name.
static MEETINGS: LazyLock<Mutex<HashMap<String, Arc<watch::Sender<u64>>>>> = LazyLock::new(Mutex::default);

pub async fn wait(step: &Step<'_>) -> Result<(), Error> {
    sleep(step.milliseconds("ms")?).await;
    Ok(())
}

pub fn block(step: &Step<'_>) -> Result<(), Error> {
    thread::sleep(step.milliseconds("ms")?);
    Ok(())
}

pub fn spin(step: &Step<'_>) -> Result<(), Error> {
    let end = match step.optional_number("ms")? {
        Some(_) => Some(Instant::now() + step.milliseconds("ms")?),
        None => None,
    };
    while end.is_none_or(|end| Instant::now() < end) {
        black_box(0);
    }
    Ok(())
}

pub async fn meet(step: &Step<'_>) -> Result<(), Error> {
    let count = step.count("count", 0)?;
    let limit = step.milliseconds("timeout_ms")?;
    let meeting = {
        let mut meetings = MEETINGS.lock().unwrap_or_else(PoisonError::into_inner);
        let meeting = meetings.entry(step.text("name")?.to_owned());
        Arc::clone(meeting.or_insert_with(|| Arc::new(watch::Sender::new(0))))
    };
    let mut arrivals = meeting.subscribe();
    meeting.send_modify(|arrived| *arrived += 1);
    if timeout(limit, arrivals.wait_for(|arrived| *arrived >= count)).await.is_err() {
        return Err(Error::new(format_args!("meet: {} of {count}", *meeting.borrow())));
    }
    Ok(())
}
