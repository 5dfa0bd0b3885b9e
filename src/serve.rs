//! Puts the rooms together: routes, contract, workers.
use crate::Done;
use crate::demo;
use crate::installation::{Installation, newest_migration};
use crate::settings::{ListenSettings, ServeSettings, Settings};
use crate::work;
use actix_web::http::Method;
use actix_web::http::header::HeaderName;
use actix_web::middleware::{Compress, Condition, from_fn};
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpResponse, HttpServer, web};
use platform::about::{Contract, Problems, Readiness};
use platform::api::Api;
use platform::database::Database;
use platform::job::{self, Tools};
use platform::metrics::Metrics;
use platform::outgoing::Callable;
use platform::server::{self, Limits, Operations};
use platform::token::{Others, Tokens};
use serde_json::Value;
use std::any::Any;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use utoipa_swagger_ui::Url;

/// The rooms of the house, from the ground up.
pub const ROOMS: &[fn(&mut Api)] = &[
    identity::routes,
    directory::routes,
    numbers::routes,
    approvals::routes,
    files::routes,
    webhooks::routes,
    audit::routes,
    archive::routes,
    staff::routes,
    worktime::routes,
    growth::routes,
    ledger::routes,
    parties::routes,
    invoicing::routes,
    collecting::routes,
    payments::routes,
    assets::routes,
    budgets::routes,
    expenses::routes,
    banking::routes,
    reports::routes,
    compensation::routes,
    payroll::routes,
    hiring::routes,
    equipment::routes,
    network::routes,
    systems::routes,
    changes::routes,
    access::routes,
    security::routes,
    tickets::routes,
    tasks::routes,
    requests::routes,
    knowledge::routes,
    cases::routes,
];

const DESCRIPTION: &str = include_str!("../docs/contract.md");

/// Seconds after which what was accepted and is not answered is given up.
const GRACE: u64 = 25;

/// The contract of all rooms.
pub fn contract() -> Value {
    finished(&Api::of(ROOMS))
}

fn finished(api: &Api) -> Value {
    api.contract(env!("CARGO_PKG_VERSION"), DESCRIPTION)
}

/// The contract as it is served, and the operations that it tells of.
fn published() -> Result<(Contract, Operations), Box<dyn std::error::Error>> {
    let yaml = LazyLock::new(Box::new(|| as_yaml(&contract()).unwrap_or_default()) as Box<_>);
    let made = || {
        let api = Api::of(ROOMS);
        let contract = finished(&api);
        let tags = contract["tags"].as_array().into_iter().flatten();
        let tags: Vec<String> = tags.filter_map(|tag| tag["name"].as_str().map(str::to_owned)).collect();
        (serde_json::to_string(&contract), tags, Operations::of(&api))
    };
    // What it takes to make it, hundreds of megabytes in small pieces, goes back with the memory of a thread of its own, of which
    // only copies stay.
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(made)?;
    let (json, tags, operations) = thread.join().map_err(|_| "the contract can not be made")?;
    let contract = Contract {
        json: json?.as_str().to_owned(),
        yaml,
        tags: tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
    };
    Ok((contract, operations.clone()))
}

pub fn as_yaml(contract: &Value) -> Result<String, Box<dyn std::error::Error>> {
    Ok(yaml_serde::to_string(contract)?)
}

/// Serves until it is told to stop. With the password of the demo, its books are kept meanwhile.
pub fn run(
    settings: &Settings,
    server: &ServeSettings,
    installation: &Installation,
    demo_password: Option<String>,
) -> Done {
    let metrics = Arc::new(Metrics::new()?);
    let (switch, stop) = job::stop_switch();
    let (url, jobs) = (installation.url(), server.jobs());
    let tools = work::tools(settings, &jobs)?;
    let working = work::begin(settings, &jobs, url, tools.clone(), Arc::clone(&metrics), stop)?;
    let outcome = actix_web::rt::System::new().block_on(async {
        if let Some(password) = demo_password {
            actix_web::rt::spawn(demo::keep_books(
                format!("http://{}", reachable(server.address.listen)),
                password,
            ));
        }
        serve(settings, server, url, &tools, metrics, &switch).await
    });
    drop(switch);
    working.end();
    outcome
}

async fn serve(
    settings: &Settings,
    server: &ServeSettings,
    url: &str,
    tools: &Tools,
    metrics: Arc<Metrics>,
    working: &tokio::sync::watch::Sender<bool>,
) -> Done {
    let workers = server
        .workers
        .map_or_else(|| std::thread::available_parallelism().map_or(2, usize::from), usize::from);
    let pool = settings.pool(url.to_owned(), (usize::from(settings.connections) / workers).max(1));
    let tokens = server.public_url.as_deref().map_or_else(Tokens::default, Tokens::issued_by);
    let tokens = web::Data::new(tokens);
    let keeper = Database::new(&settings.pool(url.to_owned(), 1))?;
    tokens.reload(&keeper).await?;

    let (contract, operations) = published()?;
    let (contract, operations) = (web::Data::new(contract), web::Data::new(operations));
    let api = Api::undescribed(ROOMS);
    let problems = web::Data::new(Problems(api.problems().to_vec()));
    let readiness =
        web::Data::new(Readiness { newest_migration: newest_migration(), ..Readiness::default() });
    let limits = web::Data::new(Limits::new(server.rate_per_session, server.rate_per_organization));
    let metrics = web::Data::from(metrics);
    let sign_in = web::Data::new(identity::sign_in::SignIn::new()?);
    let callable = web::Data::from(tools.get::<Callable>());
    let mailer = web::Data::from(tools.get::<identity::mails::Mailer>());
    let filing = web::Data::from(tools.get::<files::Filing>());
    let others = web::Data::new(Others(vec![
        Box::new(identity::directory_tokens::DirectoryTokens::default()),
        Box::new(identity::issuers::Issuers::new(callable.get_ref().clone())?),
    ]));
    let chosen = web::Data::new(server::Settings {
        trust_proxy: server.trust_proxy,
        behind_tls: server.behind_tls,
        public_url: server.public_url.clone(),
    });
    let event_types = web::Data::new(api.event_types());
    let feeds: Arc<platform::feed::Watch> = Arc::default();
    let pools: Arc<Mutex<Vec<Database>>> = Arc::default();
    let origins = server.cors_origins.clone();

    let app = {
        let (readiness, metrics, pools, limits, tokens) =
            (readiness.clone(), metrics.clone(), Arc::clone(&pools), limits.clone(), tokens.clone());
        let feeds = web::Data::new(Arc::clone(&feeds));
        move || {
            // A pool per worker: its connections live on the worker's own thread.
            let database =
                Database::new(&pool).unwrap_or_else(|error| unreachable!("the URL was read before: {error}"));
            pools.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(database.clone());
            App::new()
                .app_data(web::Data::new(database))
                .app_data(tokens.clone())
                .app_data(contract.clone())
                .app_data(operations.clone())
                .app_data(problems.clone())
                .app_data(readiness.clone())
                .app_data(limits.clone())
                .app_data(metrics.clone())
                .app_data(sign_in.clone())
                .app_data(others.clone())
                .app_data(mailer.clone())
                .app_data(chosen.clone())
                .app_data(callable.clone())
                .app_data(event_types.clone())
                .app_data(feeds.clone())
                .app_data(filing.clone())
                .wrap(Compress::default())
                .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
                .wrap(from_fn(server::observe))
                .configure(|app| Api::undescribed(ROOMS).configure(app))
                .service(web::redirect("/docs", "/docs/"))
                .service(swagger_ui(&contract))
                .default_service(web::to(server::nothing_there))
        }
    };
    let listening = HttpServer::new(app)
        .workers(workers)
        .max_connections(server.http_connections as usize / workers)
        .client_request_timeout(Duration::from_secs(5))
        .client_disconnect_timeout(Duration::from_secs(5))
        // Who closes their side has hung up: what they asked for is given up, and its query cancelled.
        .h1_allow_half_closed(false)
        .keep_alive(Duration::from_secs(75))
        .shutdown_timeout(GRACE)
        .on_connect(end_slow_readers)
        .disable_signals()
        .bind(server.address.listen)
        .map_err(|error| format!("can not listen at {} (BACKOFFICE_LISTEN): {error}", server.address.listen))?
        .run();
    let metering = metering(server, metrics, pools)?;
    announce(server);
    actix_web::rt::spawn(keep_current(keeper.clone(), tokens.into_inner(), limits));
    let watch = Arc::clone(&feeds);
    actix_web::rt::spawn(async move { watch.keep(&keeper).await });
    actix_web::rt::spawn(stop_when_told(
        listening.handle(),
        metering.handle(),
        readiness,
        server.drain_seconds,
        working.clone(),
        feeds,
    ));
    let metering = actix_web::rt::spawn(metering);
    listening.await?;
    metering.await??;
    log::info!("stopped");
    Ok(())
}

/// What Prometheus scrapes, on an address of its own.
fn metering(
    server: &ServeSettings,
    metrics: web::Data<Metrics>,
    pools: Arc<Mutex<Vec<Database>>>,
) -> Result<actix_web::dev::Server, String> {
    let page = move || {
        let pools = pools.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let page = metrics.page(&pools);
        async move { page.map(|page| HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(page)) }
    };
    let listening = HttpServer::new(move || App::new().route("/metrics", web::get().to(page.clone())))
        .workers(1)
        .disable_signals()
        .bind(server.metrics_listen)
        .map_err(|error| {
            format!("can not listen at {} (BACKOFFICE_METRICS_LISTEN): {error}", server.metrics_listen)
        })?;
    Ok(listening.run())
}

fn announce(server: &ServeSettings) {
    let base = format!("http://{}", server.address.listen);
    println!(
        "API         {base}/v1\nSwagger UI  {base}/docs/\nContract    {base}/openapi.json\nMetrics     http://{}/metrics\n\nCtrl-C stops it.",
        server.metrics_listen
    );
    let _ = std::io::stdout().flush();
}

/// `/readyz` says no at once; a little later nothing more is accepted, and what was is answered.
async fn stop_when_told(
    api: actix_web::dev::ServerHandle,
    metrics: actix_web::dev::ServerHandle,
    readiness: web::Data<Readiness>,
    drain_seconds: u16,
    working: tokio::sync::watch::Sender<bool>,
    feeds: Arc<platform::feed::Watch>,
) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => tokio::time::sleep({
            readiness.draining.store(true, Ordering::Relaxed);
            Duration::from_secs(drain_seconds.into())
        }).await,
        _ = interrupt.recv() => readiness.draining.store(true, Ordering::Relaxed),
    }
    log::info!("stopping: answering what was accepted");
    let _ = working.send(true);
    feeds.close();
    api.stop(true).await;
    metrics.stop(false).await;
}

/// What each process does now and then: keys that another process rotated, limits of who has been quiet.
async fn keep_current(database: Database, tokens: Arc<Tokens>, limits: web::Data<Limits>) {
    loop {
        tokio::time::sleep(Duration::from_mins(1)).await;
        limits.forget_the_quiet();
        if let Err(problem) = tokens.reload(&database).await {
            log::warn!("keys not reloaded: {problem}");
        }
    }
}

/// A reader who takes nothing for 20 s is cut off by the kernel, within 30 s of the request; and no more is made ready for
/// them than a little, since whole lists would otherwise wait in the kernel's memory.
fn end_slow_readers(connection: &dyn Any, _: &mut actix_web::dev::Extensions) {
    if let Some(stream) = connection.downcast_ref::<TcpStream>() {
        let socket = socket2::SockRef::from(stream);
        #[cfg(target_os = "linux")]
        {
            let _ = socket.set_tcp_user_timeout(Some(Duration::from_secs(20)));
            let _ = socket.set_tcp_notsent_lowat(128 * 1024);
        }
        let _ = socket.set_tcp_nodelay(true);
    }
}

fn cors(origins: &[String]) -> actix_cors::Cors {
    let exposed = [
        "etag",
        "location",
        "link",
        "retry-after",
        "x-request-id",
        "idempotency-replayed",
        "dry-run",
        "content-disposition",
        "content-range",
    ];
    let cors = actix_cors::Cors::default()
        .allowed_methods([Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE])
        .allowed_headers(
            [
                "authorization",
                "content-type",
                "accept",
                "if-match",
                "if-none-match",
                "idempotency-key",
                "range",
                "x-request-id",
                "traceparent",
            ]
            .map(HeaderName::from_static),
        )
        .expose_headers(exposed.map(HeaderName::from_static))
        .block_on_origin_mismatch(false)
        .max_age(3600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// What Swagger UI offers to be read: all of the contract, and each of its tags. It begins with where one signs in: all of the
/// contract takes it half a minute.
fn parts(contract: &Contract) -> &'static [(String, String)] {
    static PARTS: OnceLock<Vec<(String, String)>> = OnceLock::new();
    let of = |tag: &String| {
        let address: String = url::form_urlencoded::byte_serialize(tag.as_bytes()).collect();
        (tag.clone(), format!("/openapi.json?tag={address}"))
    };
    let all = std::iter::once(("Everything".to_owned(), "/openapi.json".to_owned()));
    PARTS.get_or_init(|| all.chain(contract.tags.iter().map(of)).collect())
}

fn swagger_ui(contract: &Contract) -> utoipa_swagger_ui::SwaggerUi {
    let parts =
        parts(contract).iter().map(|(name, address)| Url::with_primary(name, address, name == "Sign-in"));
    let config = utoipa_swagger_ui::Config::new(parts)
        .try_it_out_enabled(true)
        .persist_authorization(true)
        .doc_expansion("none")
        .filter(true)
        .display_request_duration(true)
        .validator_url("none");
    utoipa_swagger_ui::SwaggerUi::new("/docs/{_:.*}").config(config)
}

/// Where this machine reaches what listens there.
fn reachable(mut listening: SocketAddr) -> SocketAddr {
    if listening.ip().is_unspecified() {
        listening.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    listening
}

/// Asks `/livez`, as a container's health check does.
pub fn check_health(server: &ListenSettings) -> Done {
    let mut stream = std::net::TcpStream::connect_timeout(&reachable(server.listen), Duration::from_secs(2))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err("the service does not say that it lives".into())
    }
}
