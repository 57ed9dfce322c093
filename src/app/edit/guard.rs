//! Access control: the token, the key, the host name and the origin.

use std::sync::Mutex;

use axum::http::{HeaderMap, Method, StatusCode, header};

use crate::core::error::{Error, Result};

/// 128 random bits in hexadecimal.
pub(super) fn secret() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::Server { source: std::io::Error::other(error.to_string()) })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Compares two secrets in constant time.
fn same(a: &str, b: &str) -> bool {
    // BLAKE3's hashes compare in constant time.
    blake3::hash(a.as_bytes()) == blake3::hash(b.as_bytes())
}

/// The secrets, known to the right page only.
#[derive(Debug)]
pub(super) struct Guard {
    hosts: [String; 2],
    token: String,
    key: String,
    used: Mutex<bool>,
}

impl Guard {
    pub(super) fn new(port: u16, token: String, key: String) -> Self {
        let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        Self { hosts, token, key, used: Mutex::new(false) }
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Returns the key for the token, the first time only.
    pub(super) fn trade(&self, token: &str) -> Option<&str> {
        let mut used = self.used.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *used || !same(token, &self.token) {
            return None;
        }
        *used = true;
        Some(&self.key)
    }

    /// Whether the request includes the key.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        shown.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|key| self.is_key(key))
    }

    /// Whether this is the key.
    pub(super) fn is_key(&self, key: &str) -> bool {
        same(key, &self.key)
    }

    /// Whether host and origin are the page's own; the error response if not.
    pub(super) fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        let one = |name: header::HeaderName| {
            let mut values = headers.get_all(name).iter();
            let first = values.next().map(|value| value.to_str().unwrap_or_default());
            // A duplicate header is as wrong as a different one.
            if values.next().is_some() { Some("") } else { first }
        };
        let host = one(header::HOST).unwrap_or_default();
        if !self.hosts.iter().any(|own| own == host) {
            return Err((StatusCode::MISDIRECTED_REQUEST, "this server answers to 127.0.0.1 and localhost alone"));
        }
        let own = |origin: &str| origin.strip_prefix("http://").is_some_and(|origin| origin == host);
        match one(header::ORIGIN) {
            Some(origin) if !own(origin) => Err((StatusCode::FORBIDDEN, "asked from another page")),
            None if method != Method::GET => Err((StatusCode::FORBIDDEN, "asked from nowhere")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a value"));
        }
        headers
    }

    fn guard() -> Guard {
        Guard::new(4000, "token".into(), "key".into())
    }

    #[test]
    fn a_token_is_traded_once() {
        let guard = guard();
        assert_eq!((guard.trade("wrong"), guard.trade("token"), guard.trade("token")), (None, Some("key"), None));
        assert!(guard.admits(&headers(&[("authorization", "Bearer key")])));
        for wrong in ["Bearer token", "Bearer ", "key", "bearer key"] {
            assert!(!guard.admits(&headers(&[("authorization", wrong)])), "{wrong}");
        }
    }

    #[test]
    fn other_hosts_and_other_origins_are_refused() {
        let guard = guard();
        let check = |method: &Method, pairs: &[(&'static str, &'static str)]| {
            guard.check(method, &headers(pairs)).map_err(|(status, _)| status.as_u16())
        };
        let own = ("host", "127.0.0.1:4000");
        assert_eq!(check(&Method::GET, &[own]), Ok(()));
        assert_eq!(check(&Method::POST, &[own, ("origin", "http://127.0.0.1:4000")]), Ok(()));
        assert_eq!(check(&Method::GET, &[("host", "localhost:4000")]), Ok(()));
        for host in ["127.0.0.1", "127.0.0.1:4001", "evil.example:4000", "127.0.0.1:4000.evil.example", ""] {
            assert_eq!(check(&Method::GET, &[("host", host)]), Err(421), "{host}");
        }
        assert_eq!(check(&Method::GET, &[]), Err(421));
        assert_eq!(check(&Method::GET, &[own, own]), Err(421));
        for origin in ["null", "https://127.0.0.1:4000", "http://localhost:4000", "http://evil.example"] {
            assert_eq!(check(&Method::POST, &[own, ("origin", origin)]), Err(403), "{origin}");
            assert_eq!(check(&Method::GET, &[own, ("origin", origin)]), Err(403), "{origin}");
        }
        assert_eq!(check(&Method::POST, &[own]), Err(403));
    }

    #[test]
    fn secrets_are_long_and_differ() {
        let (a, b) = (secret().expect("random"), secret().expect("random"));
        assert!(a.len() == 32 && a != b);
    }
}
