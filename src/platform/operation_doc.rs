//! What the contract says of one operation, told piece by piece by what its handler takes and answers.
use crate::contract;
use crate::export;
use crate::import;
use crate::resource::Resource;
use actix_web::http::Method;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{
    Content, HeaderBuilder, KnownFormat, ObjectBuilder, Ref, RefOr, Required, Response, Schema, SchemaFormat,
    Type,
};

/// One operation of the contract while it is put together.
pub struct OperationDoc {
    pub method: Method,
    pub permission: Option<String>,
    pub parameters: Vec<Parameter>,
    pub schemas: Vec<(String, RefOr<Schema>)>,
    /// Statuses that it refuses with beside those that follow from what it takes.
    pub refusals: Vec<&'static str>,
    /// Fields that a patch can leave out, but not clear.
    pub(crate) not_null: Vec<(String, String)>,
    body: Option<(String, &'static [&'static str])>,
    /// Bodies that are files: media type and the name of its schema.
    files: Vec<(&'static str, &'static str)>,
    /// What they look like, where that is not what their schema tells.
    pub(crate) shown: Vec<(&'static str, String)>,
    bytes: Option<String>,
    pub(crate) responses: BTreeMap<String, Response>,
}

impl OperationDoc {
    pub(crate) fn new(method: Method) -> Self {
        Self {
            method,
            permission: None,
            parameters: Vec::new(),
            schemas: Vec::new(),
            refusals: Vec::new(),
            not_null: Vec::new(),
            body: None,
            files: Vec::new(),
            shown: Vec::new(),
            bytes: None,
            responses: BTreeMap::new(),
        }
    }

    fn refer<T: ToSchema>(&mut self) -> RefOr<Schema> {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        Ref::from_schema_name(T::name()).into()
    }

    /// It takes a JSON body.
    pub fn takes<T: ToSchema + DeserializeOwned>(&mut self) {
        self.refer::<T>();
        let schema = serde_json::to_value(T::schema()).unwrap_or_default();
        self.not_null.extend(
            crate::patch::not_null::<T>(&schema).into_iter().map(|field| (T::name().into_owned(), field)),
        );
        let types: &[&str] = match self.method {
            Method::PATCH => &["application/merge-patch+json", "application/json"],
            _ => &["application/json"],
        };
        self.body = Some((T::name().into_owned(), types));
    }

    /// Whether its body is JSON that has to say nothing: see [`crate::Input`].
    fn may_come_without_body(&self) -> bool {
        let Some((name, ["application/json"])) = &self.body else { return false };
        let schema = self.schemas.iter().find(|(each, _)| each == name);
        let says_nothing = |schema: &RefOr<Schema>| matches!(schema, RefOr::T(Schema::Object(object)) if object.required.is_empty());
        self.method == Method::POST
            && self.files.is_empty()
            && schema.is_some_and(|(_, schema)| says_nothing(schema))
    }

    /// What comes in with it, as the contract has it.
    pub(crate) fn request_body(&self) -> Option<RequestBody> {
        let taken = RequestBodyBuilder::new();
        if let Some(description) = &self.bytes {
            let content = Content::new(Some(RefOr::T(Schema::Object(bytes()))));
            let taken = taken.required(Some(Required::True)).description(Some(description));
            return Some(taken.content(BYTES, content).build());
        }
        let of_types = |(name, types): &(String, &'static [&'static str])| {
            types.iter().map(|media_type| (*media_type, name.clone())).collect::<Vec<_>>()
        };
        let mut bodies: Vec<(&str, String)> = self.body.iter().flat_map(of_types).collect();
        bodies.extend(self.files.iter().map(|(media_type, name)| (*media_type, (*name).to_owned())));
        if bodies.is_empty() {
            return None;
        }
        let required = if self.may_come_without_body() { Required::False } else { Required::True };
        let add = |taken: RequestBodyBuilder, (media_type, name): (&str, String)| {
            let mut content = Content::new(Some(RefOr::from(Ref::from_schema_name(name))));
            let shown = self.shown.iter().find(|(kind, _)| *kind == media_type);
            content.example = shown.map(|(_, file)| file.as_str().into());
            taken.content(media_type, content)
        };
        Some(bodies.into_iter().fold(taken.required(Some(required)), add).build())
    }

    /// It takes a body of another type than JSON's own, whose form another standard tells.
    pub fn takes_as<T: ToSchema>(&mut self, types: &'static [&'static str]) {
        self.refer::<T>();
        self.body = Some((T::name().into_owned(), types));
    }

    /// It answers with a body whose form another standard tells.
    pub fn answers_as<T: ToSchema>(&mut self, content_type: &str, status: &str, description: &str) {
        let content = Content::new(Some(self.refer::<T>()));
        let response = ResponseBuilder::new().description(description).content(content_type, content);
        self.responses.insert(status.to_owned(), response.build());
    }

    /// It takes a form, as OAuth 2 does.
    pub fn takes_form<T: ToSchema>(&mut self) {
        self.refer::<T>();
        self.body = Some((T::name().into_owned(), &["application/x-www-form-urlencoded"]));
    }

    /// It takes a file: media type, schema, what it is, an example.
    pub fn takes_files(&mut self, types: &[(&'static str, &'static str, &'static str, &'static str)]) {
        for (media_type, name, description, example) in types {
            let schema = ObjectBuilder::new()
                .schema_type(Type::String)
                .max_length(usize::try_from(import::LONGEST_FILE).ok())
                .description(Some(*description))
                .examples([serde_json::json!(example)]);
            self.schemas.push(((*name).to_owned(), RefOr::T(Schema::Object(schema.build()))));
            self.files.push((media_type, name));
        }
    }

    /// It takes bytes as they are.
    pub fn takes_bytes(&mut self, description: &str) {
        self.bytes = Some(description.to_owned());
    }

    /// It refuses in JSON of a form of its own, beside the usual problem.
    pub fn refuses_with<T: ToSchema>(&mut self, status: &str, description: &str) {
        let own = Content::new(Some(self.refer::<T>()));
        let usual = Content::new(Some(RefOr::from(Ref::from_schema_name("Problem"))));
        let response = ResponseBuilder::new().description(description);
        let response = response.content("application/json", own).content("application/problem+json", usual);
        self.responses.insert(status.to_owned(), response.build());
    }

    /// It refuses with a problem that has members of its own.
    pub fn refuses_telling<T: ToSchema>(&mut self, status: &str, description: &str) {
        let told = Content::new(Some(self.refer::<T>()));
        let response =
            ResponseBuilder::new().description(description).content("application/problem+json", told);
        self.responses.insert(status.to_owned(), response.build());
    }

    /// It answers with JSON.
    pub fn answers<T: ToSchema>(&mut self, status: &str, description: &str) {
        let schema = self.refer::<T>();
        let content = Content::new(Some(schema));
        let response = ResponseBuilder::new().description(description).content("application/json", content);
        self.responses.insert(status.to_owned(), response.build());
    }

    /// It answers with some JSON object.
    pub fn answers_object(&mut self, status: &str, description: &str) {
        let object = ObjectBuilder::new().schema_type(Type::Object).build();
        let content = Content::new(Some(RefOr::T(Schema::Object(object))));
        let response = ResponseBuilder::new().description(description).content("application/json", content);
        self.responses.insert(status.to_owned(), response.build());
    }

    /// It answers with an empty body.
    pub fn answer_nothing(&mut self, status: &str, description: &str) {
        self.responses.insert(status.to_owned(), ResponseBuilder::new().description(description).build());
    }

    /// It answers with something else than JSON.
    pub fn answers_with(&mut self, status: &str, content_type: &str, description: &str) {
        // Who reads YAML by its type gets an object, who reads it as text gets text.
        let kind =
            if content_type == "application/yaml" { SchemaType::AnyValue } else { Type::String.into() };
        let text = match content_type {
            BYTES => bytes(),
            _ => ObjectBuilder::new().schema_type(kind).build(),
        };
        let response = self
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| ResponseBuilder::new().description(description).build());
        response
            .content
            .insert(content_type.to_owned(), RefOr::T(Content::new(Some(RefOr::T(Schema::Object(text))))));
    }

    /// An answer carries this header.
    pub fn answer_header(&mut self, status: &str, name: &str, description: &str) {
        if let Some(response) = self.responses.get_mut(status) {
            let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(2000)).build();
            let header = HeaderBuilder::new().schema(Some(text)).description(Some(description)).build();
            response.headers.insert(name.to_owned(), RefOr::T(header));
        }
    }

    /// The answer of several resources at once: 200.
    pub fn answers_several<R: Resource>(&mut self) {
        self.refer::<R>();
        let name = format!("Several{}", R::name());
        self.schemas.push((name.clone(), contract::several_schema(&R::name())));
        let content = Content::new(Some(RefOr::from(Ref::from_schema_name(name))));
        let response = ResponseBuilder::new().description("All of them").content("application/json", content);
        self.responses.insert("200".into(), response.build());
    }

    /// It answers with a page of `R`s.
    pub fn answers_page<R: Resource>(&mut self) {
        self.refer::<R>();
        let name = format!("{}Page", R::name());
        self.schemas.push((name.clone(), contract::page_schema(&R::name())));
        let content = Content::new(Some(RefOr::from(Ref::from_schema_name(name))));
        let response =
            ResponseBuilder::new().description("A page of the list").content("application/json", content);
        self.responses.insert("200".into(), response.build());
        for media_type in export::MEDIA_TYPES {
            self.answers_with("200", media_type, "");
        }
        self.answer_header("200", "Link", "The address of the next page, where there is one (RFC 8288).");
    }
}

/// Bytes that say themselves what they are, if anything does.
const BYTES: &str = "application/octet-stream";

fn bytes() -> utoipa::openapi::Object {
    let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(binary))
        .max_length(Some(1 << 30)) // more than any file has; what each purpose takes is in the description
        .build()
}
