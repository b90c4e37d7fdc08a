//! Asks the provider, and waits for no answer longer than a person would. It follows no redirect
//! and reads no more than such answers hold.

use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse, http};
use ureq::Agent;

/// How long one answer may take. Providers answer in well under a second; several answers must fit
/// into the patience for one page (`web::limits::REQUEST_PATIENCE`).
const PATIENCE: Duration = Duration::from_secs(4);
/// Largest answer that is read, in bytes: keys and claims are a few kilobytes.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// No answer, or none that could be read.
#[derive(Debug, thiserror::Error)]
#[error("no answer: {0}")]
pub struct NoAnswer(String);

/// A client for a provider. One on this machine is reached straight, whatever the environment
/// says of proxies.
pub fn agent(is_here: bool) -> Agent {
    patient(is_here, PATIENCE)
}

fn patient(is_here: bool, patience: Duration) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .https_only(!is_here)
        .timeout_global(Some(patience));
    if is_here {
        config = config.proxy(None);
    }
    config.build().into()
}

/// Asks once.
pub fn ask(agent: &Agent, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
    // A question without a body must not look like one with an empty one.
    let answer = match request.body().is_empty() {
        true => agent.run(request.map(drop)),
        false => agent.run(request),
    };
    let (head, mut body) = answer.map_err(|it| NoAnswer(it.to_string()))?.into_parts();
    let body = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    let body = body.map_err(|it| NoAnswer(it.to_string()))?;
    Ok(http::Response::from_parts(head, body))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn get(url: String) -> HttpRequest {
        http::Request::get(url).body(Vec::new()).unwrap()
    }

    #[test]
    fn a_provider_that_never_answers_is_not_waited_for() {
        let mute = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", mute.local_addr().unwrap());
        assert!(ask(&patient(true, Duration::from_millis(50)), get(url)).is_err());
    }

    #[test]
    fn nobody_is_asked_in_the_open_but_on_this_machine() {
        assert!(ask(&agent(false), get("http://127.0.0.1:1".into())).is_err());
    }
}
