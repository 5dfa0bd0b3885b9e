//! Somebody at the demo company who calls the API, as its clients do.
use crate::Done;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// Waits until the service answers.
pub async fn until_it_listens(base: &str) {
    let http = reqwest::Client::new();
    while http.get(format!("{base}/livez")).send().await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Somebody who signed in.
pub struct Clerk {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Clerk {
    pub async fn sign_in(base: &str, email: &str, password: &str) -> Done<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut clerk = Self { http, base: base.to_owned(), token: String::new() };
        let signing_in =
            clerk.http.post(clerk.url("/v1/auth/login")).header("content-type", "application/json");
        let pair =
            clerk.send(signing_in.body(json!({"email": email, "password": password}).to_string())).await?;
        clerk.token = format!("Bearer {}", text(&pair["access_token"]));
        Ok(clerk)
    }

    pub async fn get(&self, path: &str) -> Done<Value> {
        self.send(self.http.get(self.url(path))).await
    }

    /// Sends what the key stands for, once.
    pub async fn post(&self, key: &str, path: &str, body: &Value) -> Done<Value> {
        self.send_once(key, path, "application/json", body.to_string()).await
    }

    /// The same with a file.
    pub async fn send_once(&self, key: &str, path: &str, content_type: &str, body: String) -> Done<Value> {
        let request = self.http.post(self.url(path)).header("content-type", content_type).body(body);
        self.send(request.header("idempotency-key", format!("demo: {}", key.escape_default()))).await
    }

    /// An action on one: `invoices`, `post`.
    pub async fn act(&self, key: &str, resource: &str, of: &Value, action: &str) -> Done<Value> {
        let request = self.http.post(self.url(&format!("/v1/{resource}/{}/{action}", text(&of["id"]))));
        self.send(request.header("idempotency-key", format!("demo: {} {action}", key.escape_default()))).await
    }

    /// Changes these fields, whatever else was changed meanwhile.
    pub async fn change(&self, path: &str, fields: &Value) -> Done<Value> {
        let request = self.http.patch(self.url(path)).header("if-match", "*");
        self.send(request.header("content-type", "application/merge-patch+json").body(fields.to_string()))
            .await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Sends it, again where the service asks to wait, and answers what came back.
    async fn send(&self, mut request: reqwest::RequestBuilder) -> Done<Value> {
        if !self.token.is_empty() {
            request = request.header("authorization", &self.token);
        }
        let request = request.build()?;
        loop {
            let again = request.try_clone().ok_or("a request that can not be sent again")?;
            let answer = self.http.execute(again).await?;
            let (status, later) = (answer.status(), answer.headers().get("retry-after").cloned());
            let answer = answer.text().await?;
            match later.and_then(|seconds| seconds.to_str().ok()?.parse().ok()) {
                _ if status.is_success() => return Ok(serde_json::from_str(&answer)?),
                Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
                None => return Err(format!("{} answered {status}: {answer}", request.url().path()).into()),
            }
        }
    }

    /// All rows of a list, page by page.
    pub async fn all(&self, path: &str) -> Done<Vec<Value>> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let sign = if path.contains('?') { '&' } else { '?' };
            let mut page = self.get(&format!("{path}{sign}limit=200{cursor}")).await?;
            if let Some(more) = page["data"].as_array_mut() {
                rows.append(more);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(rows),
            }
        }
    }

    /// The ids of all rows of a list, by one of their fields.
    pub async fn ids(&self, path: &str, by: &str) -> Done<HashMap<String, String>> {
        let rows = self.all(path).await?;
        Ok(rows.iter().map(|row| (text(&row[by]), text(&row["id"]))).collect())
    }
}

/// What a field says; nothing where it is no text.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
