//! Routes and their documentation, declared together so that neither can drift: what the contract says of an operation is
//! read off the types of its handler.
use crate::about;
use crate::answer::{Answer, Outcome};
use crate::contract;
use crate::dated::{self, Dated};
use crate::dialect::Dialect;
use crate::event;
use crate::feed;
use crate::import;
use crate::job::{self, Task, Workshop};
use crate::may::May;
use crate::print::{self, Printed};
use crate::problem::{self, Kind, Problem, Result};
use crate::resource::{self, Id, Resource};
use crate::store::{Kept, Store};
use crate::text::{article, words};
use actix_web::dev::Handler;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpRequest, Route, Scope, web};
use futures_util::future::LocalBoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use utoipa::__dev::Tags; // what `tag = "…"` says is told by no public trait
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Required, SchemaFormat, Type};
use utoipa::{Path, ToSchema};

pub use crate::operation_doc::OperationDoc;

/// A handler and its documentation, found by the handler's name.
#[macro_export]
macro_rules! operation {
    ($handler:ident) => {
        $crate::pastey::paste! { ($handler, std::marker::PhantomData::<[<__path_ $handler>]>) }
    };
    ($module:ident::$handler:ident) => {
        $crate::pastey::paste! { ($module::$handler, std::marker::PhantomData::<$module::[<__path_ $handler>]>) }
    };
}

/// What a handler takes tells the contract about itself.
pub trait Argument {
    fn describe(doc: &mut OperationDoc);
}

/// All that a handler takes.
pub trait Arguments: FromRequest {
    fn describe(doc: &mut OperationDoc);
}

macro_rules! arguments {
    ($(($($name:ident),*))*) => {$(
        impl<$($name: Argument + FromRequest),*> Arguments for ($($name,)*)
        where ($($name,)*): FromRequest
        {
            fn describe(doc: &mut OperationDoc) { $($name::describe(doc);)* }
        }
    )*};
}
arguments! { (A) (A, B) (A, B, C) (A, B, C, D) }

/// Arguments whose first is `May`: the handler of an operation that asks for a permission.
pub trait Permitted {}
macro_rules! permitted {
    ($(($($name:ident),*))*) => {$(
        impl<V, R, $($name),*> Permitted for (May<V, R>, $($name,)*) {}
    )*};
}
permitted! { () (A) (A, B) (A, B, C) }

impl<R: Resource> Argument for Id<R> {
    fn describe(doc: &mut OperationDoc) {
        doc.parameters.push(path_id(&format!("The id of the {}.", words(R::SINGULAR))));
    }
}

impl Argument for HttpRequest {
    fn describe(_: &mut OperationDoc) {}
}

/// An operation as the server and the tests know it.
#[derive(Clone, Debug)]
pub struct Described {
    pub method: Method,
    /// The path with its parameters: `/v1/employees/{id}`.
    pub path: String,
    pub id: String,
    pub permission: Option<String>,
    /// Names of the query parameters that it takes.
    pub query: Vec<String>,
    /// Whether it takes parameters `custom.<name>` too, which the organization's fields declare.
    pub custom: bool,
}

/// What is collected from the rooms: routes for the server, and the document.
pub struct Api {
    routes: BTreeMap<String, Vec<(Method, Route)>>,
    operations: Vec<Described>,
    /// Whether there is a document of it, and a list of its operations.
    is_described: bool,
    pub(crate) document: utoipa::openapi::OpenApi,
    problems: Vec<&'static Kind>,
    not_null: Vec<(String, String)>,
    dialects: Vec<&'static Dialect>,
    trades: job::Trades,
    happenings: Vec<event::Happenings>,
    /// The name of the schema in which webhooks tell of them.
    told_as: Option<String>,
}

/// How a resource that is printed says so.
const PAGE: &str = "with `Accept: application/pdf` as a page to be printed, in the language of its party.";

impl Api {
    /// Asks the rooms for what they offer.
    pub fn of(rooms: &[fn(&mut Api)]) -> Self {
        Self::new(rooms, true)
    }

    /// The same for what works and tells nothing: without document and operations, which take a hundred megabytes.
    pub fn undescribed(rooms: &[fn(&mut Api)]) -> Self {
        Self::new(rooms, false)
    }

    fn new(rooms: &[fn(&mut Api)], is_described: bool) -> Self {
        let mut api = Self {
            routes: BTreeMap::new(),
            operations: Vec::new(),
            is_described,
            document: utoipa::openapi::OpenApi::default(),
            problems: problem::KINDS.to_vec(),
            not_null: Vec::new(),
            dialects: Vec::new(),
            trades: job::Trades::default(),
            happenings: Vec::new(),
            told_as: None,
        };
        api.document.components = Some(utoipa::openapi::Components::new());
        about::routes(&mut api);
        for room in rooms {
            room(&mut api);
        }
        api.call(operation!(feed::list_events));
        crate::custom::routes(&mut api);
        job::routes(&mut api);
        import::routes(&mut api);
        api.schedule::<event::MakePartitions>(Duration::from_hours(1));
        api
    }

    /// A kind of problem of a room's own.
    pub fn problem(&mut self, kind: &'static Kind) -> &mut Self {
        self.problems.push(kind);
        self
    }

    /// The manners of another standard, before the operations that keep them.
    pub fn dialect(&mut self, dialect: &'static Dialect) -> &mut Self {
        let (name, schema) = (dialect.refusal)();
        self.document.components.get_or_insert_default().schemas.insert(name.to_owned(), schema);
        self.dialects.push(dialect);
        self
    }

    /// The manners of other standards, each below its path.
    #[must_use]
    pub fn dialects(&self) -> &[&'static Dialect] {
        &self.dialects
    }

    /// List, read and history of a resource.
    pub fn readable<R: Store>(&mut self) -> &mut Self {
        let life = R::life().map(crate::life::Life::describe).unwrap_or_default();
        self.listable::<R>()
            .one::<R, _, _, _>(&format!(", now or, with `as_of`, as it was.{life}"), resource::read::<R>)
            .historied::<R>()
    }

    /// The same for a resource that is printed, too.
    pub fn printable<R: Printed>(&mut self) -> &mut Self {
        let shown = format!(", now or, with `as_of`, as it was; {PAGE}");
        self.listable::<R>()
            .one::<R, _, _, _>(&shown, print::read_or_print::<R>)
            .tell_life::<R>()
            .historied::<R>()
    }

    /// List and read of a resource that is printed and has no history of its own: it follows from one that has.
    pub fn printed<R: Printed>(&mut self) -> &mut Self {
        self.listable::<R>().one::<R, _, _, _>(&format!("; {PAGE}"), print::read_or_print_now::<R>)
    }

    /// List, read and history of a resource that is something else from day to day.
    pub fn dated<R: Dated>(&mut self) -> &mut Self {
        let shown = ", now or, with `as_of`, as it was recorded at an instant or as it is on a day.";
        self.listable::<R>().one::<R, _, _, _>(shown, dated::read::<R>).tell_life::<R>().historied::<R>()
    }

    /// The read of one, with what is shown of it.
    fn one<R: Store, F, Args, T>(&mut self, shown: &str, handler: F) -> &mut Self
    where
        F: Handler<Args, Output = Result<Answer<T>>>,
        Args: Arguments + Permitted + 'static,
        T: Outcome + 'static,
    {
        let thing = words(R::SINGULAR);
        self.regular::<R, _, _, _>(
            Method::GET,
            &format!("{}/{{id}}", R::PATH),
            &format!("get_{}", R::SINGULAR),
            &format!("Read {}", article(&thing)),
            &format!("One {thing}{shown}"),
            handler,
        )
    }

    /// The list of a resource.
    pub fn listable<R: Store>(&mut self) -> &mut Self {
        let plural = R::NAME.replace('-', "_");
        let things = words(&plural);
        if self.is_described && R::life().is_some() {
            contract::with_available_actions::<R>(&mut self.document);
        }
        self.regular::<R, _, _, _>(Method::GET, R::PATH, &format!("list_{plural}"), &format!("List {things}"),
            &format!("The {things} that the caller may see, a page at a time, or all that match as a file: `Accept: text/csv`, `application/x-ndjson`, or the media type of XLSX.{} Sorted by any of: {}.", custom_words::<R>(), sort_names::<R>()),
            resource::list::<R>);
        contract::tell_sort_keys::<R>(&mut self.document);
        if let Some(list) = self.operations.last_mut() {
            list.custom = R::CUSTOM;
        }
        self
    }

    /// Adds the table of its life to the description of a resource's own `GET` of one.
    pub fn tell_life<R: Resource>(&mut self) -> &mut Self {
        let path = format!("{}/{{id}}", R::PATH);
        let read = self.document.paths.paths.get_mut(&path).and_then(|item| item.get.as_mut());
        if let (Some(read), Some(life)) = (read, R::life()) {
            read.description.get_or_insert_default().push_str(&life.describe());
        }
        self
    }

    /// The history of each of a resource, whose changes are events.
    pub fn historied<R: Store>(&mut self) -> &mut Self {
        self.happens::<R>();
        let thing = words(R::SINGULAR);
        self.regular::<R, _, _, _>(Method::GET, &format!("{}/{{id}}/history", R::PATH), &format!("get_{}_history", R::SINGULAR),
            &format!("Read the history of {}", article(&thing)),
            &format!("Every change of the {thing}: who, when, in which request, before and after. It outlives the {thing}."),
            resource::history::<R>);
        self
    }

    /// The regular calls of a resource, files of it among them.
    pub fn resource<R: Kept>(&mut self) -> &mut Self {
        self.readable::<R>().creatable::<R>().changeable::<R>().deletable::<R>().importable::<R>()
    }

    /// `POST` of a file of them.
    pub fn importable<R: Kept>(&mut self) -> &mut Self {
        import::register::<R>();
        let plural = R::FILES.replace('-', "_");
        self.regular::<R, _, _, _>(
            Method::POST,
            &format!("{}/import", R::PATH),
            &format!("import_{plural}"),
            &format!("Import {}", words(&plural)),
            &format!("Takes a file of {}: CSV, XLSX or NDJSON, each row under the rules of a single create, every fault told by line and column (`pointer` is `/line/column`). All of it or nothing, unless `on_error=skip`. Up to {} rows are answered at once with 200; more are taken in with 202, and a job works them off: follow `/v1/imports/{{id}}`. A dry run shows what would be created, changed field by field, and refused; of a large file the report of it stays in `/v1/imports`, and nothing else. {}{}", words(&plural), import::BATCH, import::described::<R>(), R::ABOUT_FILES),
            import::import::<R>,
        )
    }

    /// `POST` to the collection.
    pub fn creatable<R: Kept>(&mut self) -> &mut Self {
        let thing = words(R::SINGULAR);
        self.regular::<R, _, _, _>(
            Method::POST,
            R::PATH,
            &format!("create_{}", R::SINGULAR),
            &format!("Create {}", article(&thing)),
            &format!("Makes a {thing} of its own id and version 1, and an event `{}.created`.", R::SINGULAR),
            resource::create::<R>,
        )
    }

    /// `PATCH` of one.
    pub fn changeable<R: Kept>(&mut self) -> &mut Self {
        let thing = words(R::SINGULAR);
        self.regular::<R, _, _, _>(Method::PATCH, &format!("{}/{{id}}", R::PATH), &format!("update_{}", R::SINGULAR),
            &format!("Change {}", article(&thing)),
            "JSON Merge Patch (RFC 7396): a field that is left out keeps its value, null clears it. Refused where `If-Match` is not its present version.",
            resource::change::<R>)
    }

    /// `DELETE` of one.
    pub fn deletable<R: Kept>(&mut self) -> &mut Self {
        let thing = words(R::SINGULAR);
        self.regular::<R, _, _, _>(
            Method::DELETE,
            &format!("{}/{{id}}", R::PATH),
            &format!("delete_{}", R::SINGULAR),
            &format!("Delete {}", article(&thing)),
            &format!("Only a {thing} that nothing refers to goes; its history stays."),
            resource::delete::<R>,
        )
    }

    #[allow(clippy::too_many_arguments, reason = "what the macro of an action collects is said here by hand")]
    fn regular<R: Resource, F, Args, T>(
        &mut self,
        method: Method,
        path: &str,
        id: &str,
        summary: &str,
        description: &str,
        handler: F,
    ) -> &mut Self
    where
        F: Handler<Args, Output = Result<Answer<T>>>,
        Args: Arguments + Permitted + 'static,
        T: Outcome + 'static,
    {
        let operation = OperationBuilder::new()
            .operation_id(Some(id))
            .tag(R::TAG)
            .summary(Some(summary))
            .description(Some(description))
            .build();
        self.add(method, path, operation, handler)
    }

    /// An operation with its own handler that asks for a permission: `api.call(operation!(terminate_employee))`.
    pub fn call<F, Args, T, P>(&mut self, (handler, _): (F, std::marker::PhantomData<P>)) -> &mut Self
    where
        F: Handler<Args, Output = Result<Answer<T>>>,
        Args: Arguments + Permitted + 'static,
        T: Outcome + 'static,
        P: Path + for<'t> Tags<'t>,
    {
        self.add(method_of::<P>(), &P::path(), operation_of::<P>(), handler)
    }

    /// An operation that anybody may call, such as sign-in.
    pub fn open<F, Args, T, P>(&mut self, (handler, _): (F, std::marker::PhantomData<P>)) -> &mut Self
    where
        F: Handler<Args, Output = Result<Answer<T>>>,
        Args: Arguments + 'static,
        T: Outcome + 'static,
        P: Path + for<'t> Tags<'t>,
    {
        self.add(method_of::<P>(), &P::path(), operation_of::<P>(), handler)
    }

    fn add<F, Args, T>(&mut self, method: Method, path: &str, operation: Operation, handler: F) -> &mut Self
    where
        F: Handler<Args, Output = Result<Answer<T>>>,
        Args: Arguments + 'static,
        T: Outcome + 'static,
    {
        if self.is_described {
            let mut doc = OperationDoc::new(method.clone());
            Args::describe(&mut doc);
            T::describe(&mut doc);
            self.document(path, operation, doc);
        }
        self.routes
            .entry(path.to_owned())
            .or_default()
            .push((method.clone(), Route::new().method(method).to(handler)));
        self
    }

    /// A kind of work that a room enqueues.
    pub fn task<T: Task>(&mut self) -> &mut Self {
        self.trades.task::<T>();
        self
    }

    /// Work that is done again and again for the whole installation, once per slot of so long. Its task reads from null.
    pub fn schedule<T: Task>(&mut self, every: Duration) -> &mut Self {
        self.trades.schedule::<T>(every);
        self
    }

    /// A loop of a room's own, which lives as long as a process works.
    pub fn worker(&mut self, each: fn(Workshop) -> LocalBoxFuture<'static, ()>) -> &mut Self {
        self.trades.worker(each);
        self
    }

    /// A resource whose changes are events; what has a history is one already.
    pub fn happens<R: Resource>(&mut self) -> &mut Self {
        self.happenings.push(event::Happenings::of::<R>());
        self
    }

    /// The same for a table that writes events and is read in another form than a resource has: one of them, in snake
    /// case, where it is, and its room.
    pub fn happens_to(
        &mut self,
        singular: &'static str,
        resource: &'static str,
        tag: &'static str,
    ) -> &mut Self {
        let what = vec!["created", "updated", "deleted"];
        self.happenings.push(event::Happenings { singular, resource, tag, what });
        self
    }

    /// Webhooks tell of every event as a `T`.
    pub fn tells<T: ToSchema>(&mut self) -> &mut Self {
        let components = self.document.components.get_or_insert_default();
        let mut schemas = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut schemas);
        components.schemas.extend(schemas);
        self.told_as = Some(T::name().into_owned());
        self
    }

    /// Every type of event that there is.
    #[must_use]
    pub fn event_types(&self) -> event::EventTypes {
        event::EventTypes::new(&self.happenings)
    }

    /// The work that the rooms know how to do.
    #[must_use]
    pub fn trades(&self) -> job::Trades {
        self.trades.clone()
    }

    /// The finished contract.
    #[must_use]
    pub fn contract(&self, version: &str, description: &str) -> serde_json::Value {
        let document = self.document.clone();
        let mut contract = contract::finish(document, version, description, &self.problems, &self.not_null);
        if let Some(told_as) = &self.told_as {
            contract::tell_webhooks(&mut contract, &self.happenings, told_as);
        }
        contract
    }

    /// The kinds of problems that operations can answer with.
    #[must_use]
    pub fn problems(&self) -> &[&'static Kind] {
        &self.problems
    }

    /// Every operation.
    #[must_use]
    pub fn operations(&self) -> &[Described] {
        &self.operations
    }

    /// Not generic, so it is compiled once.
    fn document(&mut self, path: &str, mut operation: Operation, doc: OperationDoc) {
        operation.request_body = doc.request_body().map(RefOr::T);
        let parameters = doc.parameters;
        let query = parameters
            .iter()
            .filter(|each| matches!(each.parameter_in, ParameterIn::Query))
            .map(|each| each.name.clone())
            .collect();
        self.operations.push(Described {
            method: doc.method.clone(),
            path: path.to_owned(),
            id: operation.operation_id.clone().unwrap_or_default(),
            permission: doc.permission.clone(),
            query,
            custom: false,
        });
        operation.parameters = Some(parameters.into_iter().map(RefOr::T).collect());
        operation.responses.responses =
            doc.responses.into_iter().map(|(status, response)| (status, RefOr::T(response))).collect();
        let dialect = self.dialects.iter().find(|dialect| dialect.rules(path)).copied();
        contract::complete(
            &mut operation,
            &doc.method,
            path,
            doc.permission.as_deref(),
            &doc.refusals,
            dialect,
        );
        let components = self.document.components.get_or_insert_default();
        self.not_null.extend(doc.not_null);
        for (name, schema) in doc.schemas {
            components.schemas.entry(name).or_insert(schema);
        }
        let method = match doc.method {
            Method::POST => HttpMethod::Post,
            Method::PUT => HttpMethod::Put,
            Method::PATCH => HttpMethod::Patch,
            Method::DELETE => HttpMethod::Delete,
            _ => HttpMethod::Get,
        };
        self.document.paths.add_path_operation(path, vec![method], operation);
    }

    /// The routes, for `App::configure`. A path that exists answers other methods with 405.
    pub fn configure(self, app: &mut web::ServiceConfig) {
        let mut routes: Vec<_> = self.routes.into_iter().collect();
        routes.sort_by_key(|(path, _)| path.replace('{', "\u{10FFFF}")); // what is written out comes before what is a parameter
        // The router tries one pattern after the other. In a scope for each collection it compares a text for each, and
        // tries the patterns of one alone.
        let collections: BTreeSet<String> =
            routes.iter().filter_map(|(path, _)| Some(path.split_once("/{")?.0.to_owned())).collect();
        let mut scopes: BTreeMap<&str, Scope> = BTreeMap::new();
        for (path, methods) in routes {
            let mut allowed: Vec<String> = methods.iter().map(|(method, _)| method.to_string()).collect();
            if allowed.iter().any(|method| method == "GET") {
                allowed.push("HEAD".into());
            }
            let allowed = allowed.join(", ");
            let refusal = move || {
                let problem = problem::METHOD_NOT_ALLOWED.because(format!("This address takes {allowed}."));
                std::future::ready(Err::<&str, Problem>(
                    problem.with(actix_web::http::header::ALLOW, allowed.clone()),
                ))
            };
            // The shortest comes first: a collection within a collection is in its scope.
            let within = collections.iter().find_map(|collection| {
                let rest = path.strip_prefix(collection.as_str())?;
                (rest.is_empty() || rest.starts_with('/')).then_some((collection, rest))
            });
            let here = within.map_or(path.as_str(), |(_, rest)| rest);
            let resource =
                methods.into_iter().fold(web::resource(here), |resource, (_, route)| resource.route(route));
            let resource = resource.default_service(web::to(refusal));
            match within {
                Some((collection, _)) => {
                    let scope = scopes.remove(collection.as_str()).unwrap_or_else(|| web::scope(collection));
                    scopes.insert(collection, scope.service(resource));
                }
                None => {
                    app.service(resource);
                }
            }
        }
        for scope in scopes.into_values() {
            app.service(scope);
        }
    }
}

fn operation_of<P: Path + for<'t> Tags<'t>>() -> Operation {
    let mut operation = P::operation();
    operation.tags = Some(P::tags().into_iter().map(str::to_owned).collect());
    operation
}

fn method_of<P: Path>() -> Method {
    match P::methods().first() {
        Some(HttpMethod::Post) => Method::POST,
        Some(HttpMethod::Put) => Method::PUT,
        Some(HttpMethod::Patch) => Method::PATCH,
        Some(HttpMethod::Delete) => Method::DELETE,
        _ => Method::GET,
    }
}

/// The parameter `{id}` of a path.
#[must_use]
pub fn path_id(description: &str) -> Parameter {
    let uuid = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(uuid))
        .build()
}

fn sort_names<R: Resource>() -> String {
    let names: Vec<_> =
        R::SORT.iter().map(|key| format!("`{}`", key.name)).chain(["`id`".to_owned()]).collect();
    names.join(", ")
}

fn custom_words<R: Resource>() -> &'static str {
    if !R::CUSTOM {
        return "";
    }
    " The organization's own fields narrow it by `custom.<name>=`, numbers, amounts and days by `custom.<name>_from=` and \
     `custom.<name>_to=` too, and sort it by `custom.<name>`, rows without a value last."
}
