//! Where everything is, whether it lives, and the contract itself. Anybody may ask.
use crate::answer::{Answer, Outcome, Plain, Reply};
use crate::api::{Api, Argument, OperationDoc};
use crate::database::Database;
use crate::input::query_pairs;
use crate::may::{Grants, May, Me, Read, app_data};
use crate::operation;
use crate::problem::{Fault, Kind, Problem, Result, UNAVAILABLE};
use crate::{contract, custom};
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest};
use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl;
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde::Serialize;
use std::marker::PhantomData;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use utoipa::ToSchema;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::{KnownFormat, ObjectBuilder, Required, SchemaFormat, Type};
use uuid::Uuid;

/// The contract as it is served.
pub struct Contract {
    pub json: String,
    /// The same as YAML, once somebody asks for it: few do, and all would wait for it at the start.
    pub yaml: LazyLock<String, Box<dyn FnOnce() -> String + Send>>,
    /// Its tags, by which it is read in parts.
    pub tags: Vec<String>,
}

/// What `/readyz` looks at beside the database.
#[derive(Default)]
pub struct Readiness {
    /// Set when the service is about to stop.
    pub draining: AtomicBool,
    /// The newest migration that this program brings.
    pub newest_migration: String,
}

/// The kinds of problems that have a page.
pub struct Problems(pub Vec<&'static Kind>);

/// Where everything is.
#[derive(Serialize, ToSchema)]
pub struct About {
    /// What answers here.
    #[schema(max_length = 100, example = "backoffice")]
    name: String,
    /// Its version.
    #[schema(max_length = 100, example = "0.1.0")]
    version: String,
    /// Swagger UI: read and try every operation.
    #[schema(max_length = 200, example = "/docs/")]
    documentation: String,
    /// The contract, OpenAPI 3.1; `/openapi.yaml` is the same.
    #[schema(max_length = 200, example = "/openapi.json")]
    contract: String,
    /// Where to sign in.
    #[schema(max_length = 200, example = "/v1/auth/login")]
    sign_in: String,
    /// Where API clients get tokens.
    #[schema(max_length = 200, example = "/.well-known/oauth-authorization-server")]
    authorization_server: String,
}

/// How the service is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`; anything else comes as a problem.
    #[schema(max_length = 20, example = "ok")]
    status: String,
}

/// Say where everything is
///
/// The first thing to read: the addresses of documentation, contract and sign-in.
#[utoipa::path(get, path = "/", tag = "Service")]
async fn get_about(_: HttpRequest) -> Reply<Plain<About>> {
    let about = About {
        name: "backoffice".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        documentation: "/docs/".into(),
        contract: "/openapi.json".into(),
        sign_in: "/v1/auth/login".into(),
        authorization_server: "/.well-known/oauth-authorization-server".into(),
    };
    Plain(about).answer(&Grants::default())
}

/// Say whether the process lives
///
/// Answers without asking the database: a failure means that the process should be replaced.
#[utoipa::path(get, path = "/livez", tag = "Service")]
async fn check_alive(_: HttpRequest) -> Reply<Plain<Health>> {
    Plain(Health { status: "ok".into() }).answer(&Grants::default())
}

/// Say whether requests are welcome
///
/// The database answers, its migrations are this program's, and the service is not about to stop.
#[utoipa::path(get, path = "/readyz", tag = "Service")]
async fn check_ready(http: HttpRequest) -> Reply<Plain<Health>> {
    #[derive(QueryableByName)]
    struct Newest {
        #[diesel(sql_type = Nullable<Text>)]
        version: Option<String>,
    }
    let readiness = app_data::<Readiness>(&http);
    let not_ready = |why: &str| UNAVAILABLE.because(why).with(header::RETRY_AFTER, "1");
    if AtomicBool::load(&readiness.draining, Ordering::Relaxed) {
        return Err(not_ready("The service is about to stop."));
    }
    let newest: Newest = app_data::<Database>(&http)
        .without_organization(async |db| {
            let newest =
                diesel::sql_query("select max(version)::text as version from __diesel_schema_migrations");
            Ok(newest.get_result(db).await?)
        })
        .await?;
    if newest.version.as_ref() != Some(&readiness.newest_migration) {
        return Err(not_ready(
            "The database has other migrations than this program: run `backoffice migrate`.",
        ));
    }
    Plain(Health { status: "ok".into() }).answer(&Grants::default())
}

/// Read the contract
///
/// Every operation and every schema, as OpenAPI 3.1 in JSON. With `organization` it is that organization's own: `custom` has
/// the fields that the organization added and the caller, who signed in to it, sees. With `tag` it is a part of it, for a client that
/// needs no more: the operations and webhooks of that tag, and what they refer to.
#[utoipa::path(get, path = "/openapi.json", tag = "Service")]
async fn get_contract(http: HttpRequest, of: ContractAsked) -> Reply<Document<Json>> {
    let general = &app_data::<Contract>(&http).json;
    if of.organization.is_none() && of.tag.is_none() {
        return Ok(Answer::text(Json::TYPE, general.clone()));
    }
    let mut own = serde_json::from_str(general).map_err(Problem::internal)?;
    if let Some(may) = of.organization {
        let fields = may.read(async |db| custom::contract::fields(db).await).await?;
        custom::contract::tailor(&mut own, &fields);
    }
    if let Some(tag) = of.tag {
        contract::keep_part(&mut own, &tag).map_err(|tags| {
            let rule = format!("must be one of: {}", tags.join(", "));
            Problem::invalid(vec![Fault::of("tag", "unknown-value", rule)])
        })?;
    }
    Ok(Answer::text(Json::TYPE, own.to_string()))
}

/// Which contract is asked for: that of the caller's organization, a part of it, or all of it.
struct ContractAsked {
    organization: Option<May<Read, Me>>,
    tag: Option<String>,
}

impl FromRequest for ContractAsked {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(http: &HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        let pairs = query_pairs(http.query_string());
        let may = May::from_request(http, payload);
        async move {
            let pairs = pairs?;
            let given = |name: &str| pairs.iter().find(|(given, _)| given == name).map(|(_, value)| value);
            let tag = given("tag").cloned();
            let Some(wanted) = given("organization") else {
                return Ok(Self { organization: None, tag });
            };
            let wanted: Uuid = wanted.parse().map_err(|_| {
                Problem::invalid(vec![Fault::of("organization", "wrong-format", "must be a UUID")])
            })?;
            let may: May<Read, Me> = may.await?;
            if may.organization() == wanted {
                Ok(Self { organization: Some(may), tag })
            } else {
                Err(Problem::not_found())
            }
        }
        .boxed_local()
    }
}

impl Argument for ContractAsked {
    fn describe(doc: &mut OperationDoc) {
        let id = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        let organization = ParameterBuilder::new().name("organization").parameter_in(ParameterIn::Query);
        let about =
            "The id of the organization whose own contract is meant; asks for a token of that organization.";
        doc.parameters.push(organization.description(Some(about)).schema(Some(id)).build());
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(50));
        let tag = ParameterBuilder::new().name("tag").parameter_in(ParameterIn::Query);
        let about = "The tag of which alone the operations and webhooks are meant, with what they refer to.";
        let tag = tag.description(Some(about)).example(Some("Pay".into()));
        doc.parameters.push(tag.schema(Some(text)).build());
        doc.refusals.extend(["401", "404"]);
    }
}

/// Read the contract as YAML
///
/// The same as `/openapi.json`, for people.
#[utoipa::path(get, path = "/openapi.yaml", tag = "Service")]
async fn get_contract_yaml(http: HttpRequest) -> Reply<Document<Yaml>> {
    let contract = app_data::<Contract>(&http);
    Ok(Answer::text(Yaml::TYPE, LazyLock::force(&contract.yaml).clone()))
}

/// Read about a kind of problem
///
/// The page behind a problem's `type`: what it means, what leads to it, what to do.
#[utoipa::path(get, path = "/problems/{code}", tag = "Service")]
async fn get_problem_page(http: HttpRequest, code: Code) -> Reply<Document<Html>> {
    let kinds = &app_data::<Problems>(&http).0;
    let kind = kinds.iter().find(|kind| kind.code == code.0).ok_or_else(Problem::not_found)?;
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1>\
         <p><code>{code}</code>, status {status}</p><h2>Cause</h2><p>{cause}</p><h2>Cure</h2><p>{cure}</p></html>",
        title = kind.title,
        code = kind.code,
        status = kind.status,
        cause = kind.cause,
        cure = kind.cure,
    );
    Ok(Answer::text(Html::TYPE, page))
}

/// The code in the path of a problem's page.
struct Code(String);

impl FromRequest for Code {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(Ok(Self(http.match_info().get("code").unwrap_or_default().to_owned())))
    }
}

impl Argument for Code {
    fn describe(doc: &mut OperationDoc) {
        let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(100));
        let code =
            ParameterBuilder::new().name("code").parameter_in(ParameterIn::Path).required(Required::True);
        let code = code.description(Some("The `code` of a problem.")).example(Some("not-found".into()));
        doc.parameters.push(code.schema(Some(text)).build());
    }
}

/// A text of a media type.
pub struct Document<M>(PhantomData<M>);

/// A media type that the contract names.
pub trait Media: 'static {
    const TYPE: &'static str;
}
pub struct Json;
pub struct Yaml;
pub struct Html;
impl Media for Json {
    const TYPE: &'static str = "application/json";
}
impl Media for Yaml {
    const TYPE: &'static str = "application/yaml";
}
impl Media for Html {
    const TYPE: &'static str = "text/html";
}

impl<T> Answer<T> {
    fn text(content_type: &'static str, text: String) -> Self {
        let content_type = if content_type == Html::TYPE { "text/html; charset=utf-8" } else { content_type };
        Self::of_type(StatusCode::OK, content_type, text.into_bytes())
    }
}

impl<M: Media> Outcome for Document<M> {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        Ok(Answer::text(M::TYPE, String::new()))
    }

    fn describe(doc: &mut OperationDoc) {
        if M::TYPE == Json::TYPE {
            doc.answers_object("200", "The document");
        } else {
            doc.answers_with("200", M::TYPE, "The document");
        }
    }
}

pub(crate) fn routes(api: &mut Api) {
    api.open(operation!(get_about))
        .open(operation!(check_alive))
        .open(operation!(check_ready))
        .open(operation!(get_contract))
        .open(operation!(get_contract_yaml))
        .open(operation!(get_problem_page));
}
