//! What is answered to who may ask: the summary, the pods, and what goes wrong on their way.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response};

use crate::faults::{Fault, PODS};
use crate::generate::{self, GeneratorOptions, summary_at};
use crate::pace::{Pace, Pieces, chunked};
use crate::pods::Pods;
use crate::small;
use crate::{Options, Shared};

/// An answer whose body is whole, or comes in pieces.
pub(crate) type Answer = Response<Either<Full<Bytes>, Pieces>>;

/// Who asked, and what that one gets.
pub(crate) type Judged = (Option<String>, u16, Arc<Vec<u8>>, Answer);

/// What a kubelet of 1.37 answers about the logs of a container that it does not have: its route promises no type, so
/// that go-restful finds none for who wants JSON.
pub(crate) fn container_logs(options: &Options, request: &Request<Incoming>) -> (u16, &'static str) {
    let accept = request.headers().get(ACCEPT);
    let takes_any = accept.is_none_or(|types| types.to_str().is_ok_and(|types| types.contains("*/*")));
    if !options.debugging_handlers {
        (405, "Debug endpoints are disabled.\n")
    } else if takes_any {
        (404, "pod \"none\" does not exist\n")
    } else {
        (406, "406: Not Acceptable\n\nAvailable representations: ")
    }
}

fn generator(shared: &Shared) -> GeneratorOptions {
    let options = &shared.options;
    GeneratorOptions {
        pods: options.pods,
        containers: options.containers,
        node_name: options.node_name.clone(),
        psi: options.psi,
    }
}

pub(crate) fn summary(shared: &Arc<Shared>, user: Option<String>, small: bool) -> Judged {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let (fixed, tick) = shared.change(|state| {
        state.scrapes += 1;
        (state.body.clone(), state.scrapes)
    });
    let generated = || summary_at(&generator(shared), tick, i64::try_from(now).unwrap_or(0));
    let mut body = fixed.unwrap_or_else(generated);
    if small {
        body = small::cpu_and_memory(&body).unwrap_or(body);
    }
    sent(shared, "/stats/summary", user, body)
}

pub(crate) fn pods(shared: &Arc<Shared>, user: Option<String>) -> Judged {
    let static_only = *shared.faults.borrow().of(PODS) == Fault::Restarted;
    // Under one lock: a summary that is set meanwhile has other pods.
    let body = shared.change(|state| {
        state.lists += 1;
        if let Some(body) = &state.pods_body {
            return body.clone();
        }
        let pods = state.pods.get_or_insert_with(|| match &state.body {
            Some(summary) => Pods::of(summary),
            // A generated one's are the same at each tick.
            None => Pods::of(&generate::summary(&generator(shared), 0)),
        });
        pods.list(state.lists, static_only)
    });
    sent(shared, PODS, user, body)
}

/// A good answer, or what its path's fault makes of it.
fn sent(shared: &Arc<Shared>, path: &'static str, user: Option<String>, body: Vec<u8>) -> Judged {
    let said = |user, status: u16, body: String| {
        let body = Arc::new(body.into_bytes());
        (user, status, Arc::clone(&body), plain(status, &body))
    };
    let fault = shared.faults.borrow().of(path).clone();
    let pace = match fault {
        Fault::NotReady => {
            let node = &shared.options.node_name;
            let words = format!("Internal Error: failed to get node info: node \"{node}\" not found");
            return said(user, 500, words);
        }
        Fault::EmptyBody => return said(user, 200, String::new()),
        Fault::Html => return said(user, 200, "<!DOCTYPE html><title>Sign in</title>".to_owned()),
        Fault::Answer { header, body } => {
            let body = Arc::new(body);
            let mut answer = chunked(Arc::clone(&body), Pace::AtOnce);
            if let Some((name, value)) = header {
                answer.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            return (user, 200, body, answer);
        }
        Fault::Oversized(size) => {
            let body = Arc::new(vec![b' '; size]);
            return (user, 200, Arc::new(Vec::new()), chunked(body, Pace::AtOnce));
        }
        Fault::HoldBody => {
            let shared = Arc::clone(shared);
            Pace::Held(Box::pin(async move { shared.over(path, Fault::HoldBody).await }))
        }
        Fault::Trickle(pause) => Pace::Every(pause),
        Fault::Truncated => Pace::BreakOff,
        Fault::Endless => Pace::WithoutEnd,
        _ => Pace::AtOnce,
    };
    let body = Arc::new(body);
    (user, 200, Arc::clone(&body), chunked(body, pace))
}

pub(crate) fn plain(status: u16, body: &[u8]) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(Bytes::copy_from_slice(body))));
    *answer.status_mut() = hyper::StatusCode::from_u16(status).expect("a status");
    answer.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    answer
}
