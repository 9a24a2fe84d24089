//! Greets whoever is named in the payload.

use heck::ToTitleCase as _;
use slipway::{Error, Request, Response, json};

pub async fn main(req: Request, res: &mut Response) -> Result<(), Error> {
    let name = req.payload["name"].as_str().unwrap_or("world").to_title_case();
    req.log(format_args!("greeting {name}"));
    res.json(&json!({"message": format!("Hello {name}")}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_as_names_are() {
        let mut req = Request::default();
        req.payload = json!({"name": "ada lovelace"});
        let mut res = Response::default();
        let outcome = now(main(req, &mut res));
        assert!(outcome.is_ok());
        let answer = res.into_given().expect("it answers").expect("the answer is valid");
        assert_eq!(answer.body.as_ref(), br#"{"message":"Hello Ada Lovelace"}"#);
    }

    /// This function never waits.
    fn now<F: Future>(future: F) -> F::Output {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(output) => output,
            std::task::Poll::Pending => panic!("it waited"),
        }
    }
}
