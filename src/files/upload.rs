//! Uploads: bytes pass through to the store while they are counted, hashed and looked at; then the row is written. Nothing
//! waits inside a transaction for the store, and what a crash leaves behind is an object without a row, which is swept up.
use crate::Filing;
use crate::files::{File, FileStatus};
use crate::inspection::Inspection;
use crate::media::{self, MediaType, Purpose};
use crate::scanner::Scan;
use crate::storage::Storage;
use actix_web::http::header;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use futures_util::TryStreamExt;
use platform::api::{Argument, OperationDoc};
use platform::incoming::Incoming;
use platform::job::{self, Order};
use platform::may::app_data;
use platform::prelude::*;
use platform::problem::UNSUPPORTED_MEDIA_TYPE;
use platform::text;
use schema::files;
use std::cell::Cell;

/// What is said of an upload, beside its bytes.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct Upload {
    /// What the file is called. Folders in front of it are left away; it ends as its type does, or in nothing.
    #[param(required = true, min_length = 1, max_length = 255, example = "contract.pdf")]
    name: Option<String>,
    /// What the file is for, which rules its size and type; `attachment` where nothing is said.
    #[param(inline)]
    purpose: Option<Purpose>,
    /// The kind of resource that it hangs on, as in its path; with `resource_id`.
    #[param(min_length = 1, max_length = 63, example = "employees")]
    resource: Option<String>,
    /// Which one it hangs on; with `resource`. Takes the permission to write it.
    resource_id: Option<Uuid>,
}

/// The bytes of an upload.
pub struct Content(Incoming);

impl actix_web::FromRequest for Content {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(http: &actix_web::HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(Incoming::from_request(http, payload).into_inner().map(Self))
    }
}

impl Argument for Content {
    fn describe(doc: &mut OperationDoc) {
        doc.takes_bytes(&format!(
            "The bytes of the file, as they are. `Content-Type` is `application/octet-stream`, or what the content is. {}",
            media::Limits::tell_all()
        ));
    }
}

/// What is known of a file once its bytes are in the store.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = files)]
#[serde(deny_unknown_fields)]
pub struct NewFile {
    id: Uuid,
    name: String,
    purpose: Purpose,
    content_type: String,
    size: i64,
    sha256: String,
    status: FileStatus,
    resource: Option<String>,
    resource_id: Option<Uuid>,
    content_id: Uuid,
}

/// Upload a file
///
/// Sends the bytes as they are, with what is to be said of them in the query. What the file is follows from its bytes: a
/// `Content-Type` or a name that says otherwise is refused, and so are files that are two things at once and archives that
/// lead out of their folder. With `resource` and `resource_id` it hangs on that one, whose permission rules it from then on;
/// without, it is its maker's. Where a virus scanner is set up, the file is `quarantined` until it has answered.
#[utoipa::path(post, path = "/v1/files", tag = "Files")]
pub async fn create_file(
    may: May<Write, File>,
    said: Params<Upload>,
    content: Content,
) -> Reply<Created<File>> {
    let (said, mut bytes) = (said.0, content.0);
    // Who may not is told before anything is sent, and so is who names what they do not reach.
    may.read(async |db| match (&said.resource, said.resource_id) {
        (Some(resource), Some(id)) => {
            let asking = diesel::sql_query("select refuse_hanging('files', 'write', $1, $2)");
            asking.bind::<Text, _>(resource).bind::<SqlUuid, _>(id).execute(db).await?;
            Ok(())
        }
        _ => Ok(()),
    })
    .await
    .map_err(of_parameters)?;
    let name = read_name(&said)?;
    let purpose = said.purpose.unwrap_or(Purpose::Attachment);
    let declared = declared_type(may.http())?;
    bytes.allow(purpose.limits().size, purpose.limits().tell())?;

    let filing = app_data::<Filing>(may.http());
    let (organization, content_id) = (may.organization(), Uuid::now_v7());
    let seen = take_in(&filing.storage, organization, content_id, &mut bytes).await?;
    let media =
        conclude(&filing.storage, organization, content_id, &seen, &name, declared.as_deref(), purpose);
    let media = match media.await {
        Ok(media) => media,
        Err(problem) => {
            give_back(&filing.storage, organization, content_id).await;
            return Err(problem);
        }
    };

    let new = NewFile {
        id: Uuid::now_v7(),
        name,
        purpose,
        content_type: media.name.to_owned(),
        size: i64::try_from(bytes.received()).map_err(Problem::internal)?,
        sha256: bytes.sha256(),
        status: FileStatus::Available,
        resource: said.resource,
        resource_id: said.resource_id,
        content_id,
    };
    let kept = Cell::new(None);
    let done = may.write(async |db| write(db, new.clone(), filing, &kept).await).await.map_err(of_parameters);
    let is_ours = kept.get() == Some(content_id);
    let is_needless = match &done {
        Ok(_) => may.is_dry_run() || !is_ours,
        // Whether a commit that broke off took effect is not known: the sweep will find out.
        Err(problem) => problem.kind.status != 503,
    };
    if is_needless {
        give_back(&filing.storage, organization, content_id).await;
    }
    done
}

/// Writes the rows of what is in the store: of the same content once.
async fn write(
    db: &mut Db,
    mut new: NewFile,
    filing: &Filing,
    kept: &Cell<Option<Uuid>>,
) -> Result<Created<File>> {
    #[derive(QueryableByName)]
    struct Kept {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Nullable<Text>)]
        verdict: Option<String>,
    }
    // Locks the row of what is there already, so that neither a verdict nor a sweep passes by.
    let content: Kept = diesel::sql_query(
        "insert into file_contents (id, sha256, size) values ($1, $2, $3)
        on conflict (org_id, sha256) do update set sha256 = excluded.sha256 returning id, verdict",
    )
    .bind::<SqlUuid, _>(new.content_id)
    .bind::<Text, _>(&new.sha256)
    .bind::<BigInt, _>(new.size)
    .get_result(db)
    .await?;
    new.content_id = content.id;
    kept.set(Some(content.id));
    new.status = match content.verdict.as_deref() {
        Some("clean") => FileStatus::Available,
        Some(_) => FileStatus::Infected,
        None if filing.scanner.is_some() => FileStatus::Quarantined,
        None => FileStatus::Available,
    };
    if new.status == FileStatus::Infected {
        return Err(Problem::invalid(vec![Fault::at(
            "",
            "infected",
            "is what the virus scanner found something in",
        )]));
    }
    let is_waiting = new.status == FileStatus::Quarantined;
    let made = diesel::insert_into(files::table).values(new).returning(File::as_returning());
    let file = made.get_result(db).await?;
    if is_waiting {
        let once = content.id.to_string();
        let order = Order { once: Some(&once), ..Order::default() };
        job::enqueue_as(db, &Scan { content_id: content.id }, &order).await?;
    }
    Ok(Created(file))
}

/// Passes the bytes to the store and looks at them on the way.
async fn take_in(
    storage: &Storage,
    organization: Uuid,
    id: Uuid,
    bytes: &mut Incoming,
) -> Result<Inspection> {
    let mut seen = Inspection::new();
    let mut writing = storage.begin(organization, id).await?;
    loop {
        let step = match bytes.next().await {
            Ok(Some(piece)) => {
                seen.see(&piece);
                writing.write(piece).await
            }
            Ok(None) if bytes.received() == 0 => {
                Err(Problem::invalid(vec![Fault::at("", "empty", "must have bytes, and this file has none")]))
            }
            Ok(None) => break,
            Err(problem) => Err(problem),
        };
        if let Err(problem) = step {
            writing.give_up().await;
            return Err(problem);
        }
    }
    writing.finish().await?;
    Ok(seen)
}

async fn conclude(
    storage: &Storage,
    organization: Uuid,
    id: Uuid,
    seen: &Inspection,
    name: &str,
    declared: Option<&str>,
    purpose: Purpose,
) -> Result<&'static MediaType> {
    let read = async |range| {
        let bytes = storage.read(organization, id, Some(range)).await?;
        bytes
            .try_fold(Vec::new(), async |mut all, piece| {
                all.extend_from_slice(&piece);
                Ok(all)
            })
            .await
            .map_err(Problem::unavailable)
    };
    let media = seen.conclude(name, declared, read).await?;
    if !purpose.limits().take(media) {
        let told = format!("The content is `{}`. {}", media.name, purpose.limits().tell());
        return Err(UNSUPPORTED_MEDIA_TYPE.because(told));
    }
    Ok(media)
}

/// What was put into the store and is not needed goes; where that fails, the sweep comes by.
async fn give_back(storage: &Storage, organization: Uuid, id: Uuid) {
    if let Err(problem) = storage.remove(organization, id).await {
        log::debug!("left to the sweep: {problem}");
    }
}

fn declared_type(http: &actix_web::HttpRequest) -> Result<Option<String>> {
    let Some(declared) = http.headers().get(header::CONTENT_TYPE) else { return Ok(None) };
    let declared =
        declared.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
    if matches!(declared.as_str(), "multipart/form-data" | "application/x-www-form-urlencoded") {
        return Err(UNSUPPORTED_MEDIA_TYPE.because(
            "Send the bytes themselves, with `Content-Type: application/octet-stream` or what they are: no form.",
        ));
    }
    Ok(Some(declared))
}

/// The name without folders, which some clients send along.
fn read_name(said: &Upload) -> Result<String> {
    let Some(name) = &said.name else {
        return Err(Problem::invalid(vec![Fault::of("name", "required", "must be given")]));
    };
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    check_name(name, None)?;
    if said.resource.is_some() != said.resource_id.is_some() {
        let missing = if said.resource.is_some() { "resource_id" } else { "resource" };
        let rule = "must be given: what a file hangs on is named by both";
        return Err(Problem::invalid(vec![Fault::of(missing, "required", rule)]));
    }
    Ok(name.to_owned())
}

/// The rules of names: one visible line, no folder, and an ending that fits.
pub(crate) fn check_name(name: &str, media: Option<&MediaType>) -> Result<()> {
    let fault = text::fault(name, true).or(match name {
        "" | "." | ".." => Some(("wrong-format", "must name a file")),
        folder if folder.contains(['/', '\\']) => Some(("wrong-format", "must be a name without folders")),
        other if media.is_some_and(|media| !media.fits(other)) => {
            Some(("contradicts-content", "must end as its type does, or in nothing"))
        }
        _ => None,
    });
    match fault {
        Some((code, rule)) => Err(Problem::invalid(vec![Fault::of("name", code, rule)])),
        None => Ok(()),
    }
}

/// What is said of an upload is said in the query.
fn of_parameters(mut problem: Problem) -> Problem {
    for fault in &mut problem.errors {
        let place = fault.pointer.as_deref().and_then(|pointer| pointer.strip_prefix('/')).map(str::to_owned);
        if let Some(place) = place {
            (fault.pointer, fault.parameter) = (None, Some(place));
        }
    }
    problem
}
