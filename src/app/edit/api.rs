//! Requests and responses.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::guard::Guard;
use super::session::{Edit, Session, Stopped};
use crate::core::body::skeleton::BONES;
use crate::core::error::Error;
use crate::core::measure::Measure;
use crate::core::points::{Points, Site};
use crate::core::record::Record;
use crate::report::CAUTION;

/// Longer bodies are refused: all possible points need a tenth of it.
const MOST_BYTES: usize = 32 * 1024;

/// The state shared by all requests.
#[derive(Debug)]
pub(super) struct App {
    pub(super) guard: Guard,
    session: Mutex<Option<Session>>,
    idle: Duration,
    clock: Mutex<Clock>,
}

/// When the page last sent a request.
#[derive(Debug)]
struct Clock {
    /// Whether the token was exchanged.
    opened: bool,
    heard: Instant,
    edited: Instant,
    farewell: Option<Instant>,
}

impl App {
    pub(super) fn new(session: Session, guard: Guard, idle: Duration) -> Self {
        let now = Instant::now();
        let clock = Clock { opened: false, heard: now, edited: now, farewell: None };
        Self { guard, session: Mutex::new(Some(session)), idle, clock: Mutex::new(clock) }
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self) {
        let mut clock = self.clock();
        clock.opened = true;
        clock.heard = Instant::now();
        clock.farewell = None;
    }

    pub(super) fn reason_to_stop(&self, silence: Duration, farewell: Duration) -> Option<Stopped> {
        let clock = self.clock();
        if clock.farewell.is_some_and(|said| said.elapsed() > farewell) {
            return Some(Stopped::Closed);
        }
        if clock.opened && clock.heard.elapsed() > silence {
            return Some(Stopped::Silent);
        }
        (clock.edited.elapsed() > self.idle).then_some(Stopped::Idle)
    }

    fn session<T>(&self, with: impl FnOnce(&mut Session) -> T) -> Option<T> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(with)
    }

    /// Saves unsaved edits to a file that outlives this program. Errors are reported at the end.
    pub(super) fn keep_unsaved(&self) {
        let _ = self.session(Session::keep_unsaved);
    }

    /// The session, after the last request.
    pub(super) fn take(&self) -> Option<Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

pub(super) fn routes(app: Arc<App>) -> Router {
    let with_key = Router::new()
        .route("/record", get(record))
        .route("/picture", get(picture))
        .route("/measure", post(measure))
        .route("/save", post(save))
        .route("/alive", post(alive))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), key_needed));
    Router::new()
        .route("/", get(|| asset("text/html; charset=utf-8", include_str!("page.html"))))
        .route("/page.css", get(|| asset("text/css; charset=utf-8", include_str!("page.css"))))
        .route("/page.js", get(|| asset("text/javascript; charset=utf-8", include_str!("page.js"))))
        .route("/key", post(key))
        .route("/close", post(close))
        .merge(with_key)
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "there is nothing here") })
        .method_not_allowed_fallback(|| async { refusal(StatusCode::METHOD_NOT_ALLOWED, "not in this way") })
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), own_page_alone))
        .with_state(app)
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn refusal(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({"error": reason}))).into_response()
}

/// Restrictions for every response: it may only be shown in this page.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src blob:; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Checks host and origin first, and sets the headers of every response.
async fn own_page_alone(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = match app.guard.check(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err((status, reason)) => refusal(status, reason),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn key_needed(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if !app.guard.admits(request.headers()) {
        return refusal(StatusCode::FORBIDDEN, "not from the page that was opened");
    }
    app.heard();
    next.run(request).await
}

/// Exchanges the token for the key.
async fn key(State(app): State<Arc<App>>, token: String) -> Response {
    match app.guard.trade(token.trim()) {
        Some(key) => {
            app.heard();
            Json(json!({"key": key})).into_response()
        }
        None => {
            refusal(StatusCode::FORBIDDEN, "this address is wrong or was opened before: start orthostat edit again")
        }
    }
}

/// The page reports that it closes. It cannot set headers at that point, so the key is the body.
async fn close(State(app): State<Arc<App>>, key: String) -> Response {
    if !app.guard.is_key(key.trim()) {
        return refusal(StatusCode::FORBIDDEN, "not from the page that was opened");
    }
    app.clock().farewell = Some(Instant::now());
    StatusCode::NO_CONTENT.into_response()
}

async fn alive() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

async fn picture(State(app): State<Arc<App>>) -> Response {
    let bytes = app.session(|session| session.picture().to_vec()).unwrap_or_default();
    ([(header::CONTENT_TYPE, "image/png")], bytes).into_response()
}

/// All data that the page loads once.
async fn record(State(app): State<Arc<App>>) -> Response {
    let answer = app.session(|session| {
        let sites: Vec<Value> = Site::all()
            .map(|site| {
                json!({
                    "name": site.name(),
                    "words": site.words(),
                    "bony": matches!(site, Site::Bony(_)),
                    "partner": site.mirror().name(),
                })
            })
            .collect();
        let labels: Value = Measure::ALL.iter().map(|m| (m.name().to_owned(), json!(m.label()))).collect();
        json!({
            "record": for_page(session.opened()),
            "frontal": session.opened().view.kind.facing().is_some(),
            "sites": sites,
            "labels": labels,
            "bones": BONES.map(|(from, to)| [from.name(), to.name()]),
            "points": session.opened().points().to_json(),
            "out": session.out().file_name().map(|name| name.to_string_lossy().into_owned()),
            "caution": CAUTION,
        })
    });
    Json(answer).into_response()
}

/// The parts of a record that the page shows.
fn for_page(record: &Record) -> Value {
    json!({
        "id": record.id,
        "source": record.source,
        "view": record.view,
        "shows": record.view.kind.words(),
        "landmarks": record.landmarks,
        "measures": record.measures,
        "flags": record.quality.flags,
    })
}

async fn measure(State(app): State<Arc<App>>, query: RawQuery, body: Bytes) -> Response {
    edited(&app, &query, &body, |session, edit| session.measure(edit).map(|record| for_page(&record)))
}

async fn save(State(app): State<Arc<App>>, query: RawQuery, body: Bytes) -> Response {
    edited(&app, &query, &body, |session, edit| {
        let saved = session.save(edit)?;
        let mut answer = for_page(&saved.record);
        answer["out"] = saved.out.file_name().map(|name| name.to_string_lossy()).into();
        Ok(answer)
    })
}

/// Answers with the result of an edit: the points in the body, and the sides exchanged if the query is `exchanged`.
fn edited(
    app: &App,
    RawQuery(query): &RawQuery,
    body: &[u8],
    with: impl FnOnce(&mut Session, &Edit) -> Result<Value, Error>,
) -> Response {
    app.clock().edited = Instant::now();
    // Without any point it is the record as the model left it.
    let empty = serde_json::from_slice::<Value>(body).is_ok_and(|value| value == json!({}));
    let points = if empty { Ok(Points::default()) } else { Points::from_json(body, Path::new("the page")) };
    let exchanged = query.as_deref() == Some("exchanged");
    match points.map(|points| app.session(|session| with(session, &Edit { points, exchanged }))) {
        Ok(Some(Ok(answer))) => Json(answer).into_response(),
        Ok(Some(Err(error @ Error::Unwritable { .. }))) => {
            refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
        }
        Ok(Some(Err(error))) | Err(error) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
        Ok(None) => refusal(StatusCode::GONE, "the session is over"),
    }
}
