//! What becomes of invocations when a process hangs or ends.

use std::io::{Read as _, Write as _};
use std::os::fd::FromRawFd as _;
use std::os::unix::net::UnixStream;
use std::thread;

use bytes::{Buf as _, Bytes};
use tokio::task::LocalSet;

use super::*;
use crate::function::Function;
use crate::invocation::Invocation;

/// Not a test: the function's process of the tests below, which is this program again. It answers with the body, or never
/// again.
#[test]
#[ignore = "it is run by another test"]
fn function_process() {
    // SAFETY: the server has put its socket there.
    let mut stream = unsafe { UnixStream::from_raw_fd(3) };
    stream.write_all(&[0, 0, 0, 0, 16, 0, 0, 0, 1]).expect("a server");
    let mut start = [0; 9];
    while stream.read_exact(&mut start).is_ok() {
        let mut bytes = vec![0; (&start[..4]).get_u32() as usize];
        stream.read_exact(&mut bytes).expect("a whole frame");
        match start[4] {
            1 if bytes.ends_with(b"hang") => thread::sleep(Duration::from_secs(60)),
            1 if bytes.ends_with(b"end") => {
                thread::sleep(Duration::from_millis(200));
                std::process::exit(0);
            }
            1 => {
                let mut answer = vec![0, 0, 0, 8, 18];
                answer.extend_from_slice(&start[5..]);
                answer.extend_from_slice(&[0, 200, 1, 0, 0, 0, 0]);
                answer.push(bytes[bytes.len() - 1]);
                stream.write_all(&answer).expect("a server");
            }
            3 => stream.write_all(&[0, 0, 0, 0, 21, 0, 0, 0, start[8]]).expect("a server"),
            _ => {}
        }
    }
}

fn function() -> &'static Function {
    let program = std::env::current_exe().expect("a test has a file");
    let words = ["--yields=pong", "--", &program.to_string_lossy()].map(String::from);
    let more = ["--exact", "shared::tests::function_process", "--ignored", "--nocapture"].map(String::from);
    let function = Function::from_arguments(words.into_iter().chain(more)).expect("valid");
    Box::leak(Box::new(function))
}

fn task(body: &'static str, timeout: Duration) -> Task<'static> {
    let invocation = Rc::new(Invocation::new(String::from(body), None, false));
    Task { invocation, timeout, raw: false, head: &[], body: Bytes::from_static(body.as_bytes()) }
}

const LONG: Duration = Duration::from_secs(9);

fn with_pool(test: impl AsyncFnOnce(&Rc<Pool>)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let pool = Pool::new(function(), 1);
        pool.start().await;
        assert!(pool.is_loaded());
        test(&pool).await;
        pool.all().iter().for_each(|process| process.kill());
    });
}

#[test]
fn what_a_hanging_process_has_not_begun_goes_to_its_replacement() {
    with_pool(async |pool| {
        let first = pool.run(task("1", LONG), Slot::none()).await;
        assert!(matches!(first, Ok(Ended::Answered(answer)) if &answer.body[..] == b"1"));
        let hung = pool.run(task("hang", Duration::from_millis(400)), Slot::none());
        // By then it has been asked for a sign of life.
        sleep(Duration::from_millis(250)).await;
        let behind = pool.run(task("2", LONG), Slot::none());
        assert!(matches!(hung.await, Ok(Ended::Cut(Code::Timeout))));
        assert!(matches!(behind.await, Ok(Ended::Answered(answer)) if &answer.body[..] == b"2"));
    });
}

#[test]
fn a_mark_parts_what_a_process_that_ended_had_begun_from_what_it_had_not() {
    with_pool(async |pool| {
        // The first two go out together: of the second nobody knows whether it has begun.
        let ended = pool.run(task("end", LONG), Slot::none());
        let beside = pool.run(task("1", LONG), Slot::none());
        sleep(Duration::from_millis(50)).await;
        let behind = pool.run(task("2", LONG), Slot::none());
        assert!(matches!(ended.await, Ok(Ended::Died)));
        assert!(matches!(beside.await, Ok(Ended::Died)));
        assert!(matches!(behind.await, Ok(Ended::Answered(answer)) if &answer.body[..] == b"2"));
    });
}

#[test]
fn one_that_is_sent_alone_is_parted_from_the_next() {
    with_pool(async |pool| {
        let ended = pool.run(task("end", LONG), Slot::none());
        sleep(Duration::from_millis(50)).await;
        let behind = pool.run(task("2", LONG), Slot::none());
        assert!(matches!(ended.await, Ok(Ended::Died)));
        assert!(matches!(behind.await, Ok(Ended::Answered(answer)) if &answer.body[..] == b"2"));
    });
}
