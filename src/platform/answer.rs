//! What a call answers, as bytes that can be kept for an Idempotency-Key.
use crate::api::OperationDoc;
use crate::etag;
use crate::may::Grants;
use crate::page::Page;
use crate::problem::{Problem, Result};
use crate::resource::Resource;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use std::marker::PhantomData;
use utoipa::ToSchema;

/// What handlers return.
pub type Reply<T> = Result<Answer<T>>;

/// An answer that shows a `T`.
pub struct Answer<T> {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    content_type: &'static str,
    body: Body,
    /// What of the body may be kept for an Idempotency-Key, where that is not all of it.
    kept: Option<String>,
    of: PhantomData<fn() -> T>,
}

enum Body {
    Whole(Vec<u8>),
    Stream(BoxBody),
}

impl<T> Answer<T> {
    /// An answer of JSON.
    #[must_use]
    pub fn new(status: StatusCode, body: Vec<u8>) -> Self {
        let body = Body::Whole(body);
        Self {
            status,
            headers: Vec::new(),
            content_type: "application/json",
            body,
            kept: None,
            of: PhantomData,
        }
    }

    /// An answer of another type.
    #[must_use]
    pub fn of_type(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Self {
        Self { content_type, ..Self::new(status, body) }
    }

    pub(crate) fn stream(content_type: &'static str, body: impl MessageBody + 'static) -> Self {
        Self::bytes(StatusCode::OK, content_type, body)
    }

    /// An answer of bytes, as they come.
    #[must_use]
    pub fn bytes(status: StatusCode, content_type: &'static str, body: impl MessageBody + 'static) -> Self {
        let body = Body::Stream(BoxBody::new(body));
        Self { status, headers: Vec::new(), content_type, body, kept: None, of: PhantomData }
    }

    /// The same answer with a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    /// The body as it is kept for an Idempotency-Key.
    pub(crate) fn remembered(&self) -> Option<&str> {
        match &self.body {
            _ if self.kept.is_some() => self.kept.as_deref(),
            Body::Whole(bytes) => std::str::from_utf8(bytes).ok(),
            Body::Stream(_) => None,
        }
    }

    /// The same answer, told to be of another type.
    pub(crate) fn retyped<U>(self) -> Answer<U> {
        let Self { status, headers, content_type, body, kept, .. } = self;
        Answer { status, headers, content_type, body, kept, of: PhantomData }
    }
}

impl<T> Responder for Answer<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for (name, value) in self.headers {
            response.append_header((name, value));
        }
        match self.body {
            Body::Whole(bytes) if bytes.is_empty() => response.finish(),
            Body::Whole(bytes) => response.content_type(self.content_type).body(bytes),
            Body::Stream(body) => response.content_type(self.content_type).body(body),
        }
    }
}

/// What a handler's work comes to: it knows its status, its headers and how the contract tells of it.
pub trait Outcome: Sized {
    /// The type of the body.
    const CONTENT_TYPE: &'static str = "application/json";

    /// The answer that shows it.
    ///
    /// # Errors
    /// 500 where it can not be written as JSON.
    fn answer(&self, grants: &Grants) -> Result<Answer<Self>>;
    /// What the contract says of it.
    fn describe(doc: &mut OperationDoc);
}

/// A resource: 200 with its ETag.
impl<R: Resource> Outcome for R {
    fn answer(&self, grants: &Grants) -> Result<Answer<Self>> {
        let mut body = Vec::with_capacity(512);
        let etag = self.write_json(grants, &mut body)?;
        Ok(Answer::new(StatusCode::OK, body).with(header::ETAG, &etag))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<R>("200", "The resource as it is now");
        doc.answer_header("200", "ETag", "The version, to be sent as `If-Match` with a change.");
    }
}

/// A new resource: 201 with its address.
pub struct Created<R>(pub R);

impl<R: Resource> Outcome for Created<R> {
    fn answer(&self, grants: &Grants) -> Result<Answer<Self>> {
        let mut answer = self.0.answer(grants)?.retyped();
        answer.status = StatusCode::CREATED;
        Ok(answer.with(header::LOCATION, &format!("{}/{}", R::PATH, self.0.id())))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<R>("201", "Created: the resource as it is now");
        doc.answer_header("201", "ETag", "The version, to be sent as `If-Match` with a change.");
        doc.answer_header("201", "Location", "The address of the new resource.");
    }
}

/// Several resources, made at once: 200.
pub struct Several<R>(pub Vec<R>);

impl<R: Resource> Outcome for Several<R> {
    fn answer(&self, grants: &Grants) -> Result<Answer<Self>> {
        let mut body = b"{\"data\":[".to_vec();
        for (index, row) in self.0.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            row.write_json(grants, &mut body)?;
        }
        body.extend_from_slice(b"]}");
        Ok(Answer::new(StatusCode::OK, body))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers_several::<R>();
    }
}

/// Done, and nothing to show: 204.
impl Outcome for () {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        Ok(Answer::new(StatusCode::NO_CONTENT, Vec::new()))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answer_nothing("204", "Done");
    }
}

/// Something that is no resource: 200.
pub struct Plain<T>(pub T);

impl<T: Serialize + ToSchema + 'static> Outcome for Plain<T> {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        Ok(Answer::new(StatusCode::OK, serde_json::to_vec(&self.0).map_err(Problem::internal)?))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<T>("200", "Done");
    }
}

/// Something made that is told once and never shown again, such as a secret: 201, and an Idempotency-Key keeps the
/// answer without it.
pub struct Told<T>(pub T);

/// What of a told thing may be kept: the same, its secret left out.
pub trait Secret: Serialize + ToSchema + 'static {
    /// The field that holds the secret; it is null where the answer is given again.
    const FIELD: &'static str;
    /// The address of what was made.
    fn location(&self) -> String;
    /// Its version.
    fn version(&self) -> i64;
}

impl<T: Secret> Outcome for Told<T> {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        let body = serde_json::to_vec(&self.0).map_err(Problem::internal)?;
        let mut kept = serde_json::to_value(&self.0).map_err(Problem::internal)?;
        kept[T::FIELD] = serde_json::Value::Null;
        let answer = Answer { kept: Some(kept.to_string()), ..Answer::new(StatusCode::CREATED, body) };
        Ok(answer
            .with(header::LOCATION, &self.0.location())
            .with(header::ETAG, &etag::of(self.0.version(), None)))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<T>("201", "Created; the secret in it is shown this once");
        doc.answer_header("201", "ETag", "The version, to be sent as `If-Match` with a change.");
        doc.answer_header("201", "Location", "The address of the new resource.");
    }
}

/// Something that is no resource, of which some is told once and never shown again: 200, and an Idempotency-Key keeps the
/// answer without it.
pub struct Once<T>(pub T);

/// What of it is told once.
pub trait Secrets: Serialize + ToSchema + 'static {
    /// The fields that hold secrets; they are null where the answer is given again.
    const FIELDS: &'static [&'static str];
}

impl<T: Secrets> Outcome for Once<T> {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        let body = serde_json::to_vec(&self.0).map_err(Problem::internal)?;
        let mut kept = serde_json::to_value(&self.0).map_err(Problem::internal)?;
        for field in T::FIELDS {
            kept[field] = serde_json::Value::Null;
        }
        Ok(Answer { kept: Some(kept.to_string()), ..Answer::new(StatusCode::OK, body) })
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<T>("200", "Done; the secrets in it are shown this once");
    }
}

/// A page of a list: 200, with the address of the next.
impl<R: Resource> Outcome for Page<R> {
    fn answer(&self, grants: &Grants) -> Result<Answer<Self>> {
        let mut body = Vec::with_capacity(512 * (self.data.len() + 1));
        body.extend_from_slice(b"{\"data\":[");
        for (index, row) in self.data.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            row.write_json(grants, &mut body)?;
        }
        body.extend_from_slice(b"],\"next_cursor\":");
        serde_json::to_writer(&mut body, &self.next_cursor).map_err(Problem::internal)?;
        body.extend_from_slice(b",\"total\":");
        serde_json::to_writer(&mut body, &self.total).map_err(Problem::internal)?;
        body.push(b'}');
        Ok(Answer::new(StatusCode::OK, body))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers_page::<R>();
    }
}
