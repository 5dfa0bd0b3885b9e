//! What the store and the database disagree about, an organization's page at a time.
use crate::Filing;
use crate::storage::{Object, Storage, day};
use crate::sweep::GRACE;
use chrono::TimeDelta;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Uuid as SqlUuid};
use futures_util::StreamExt;
use platform::may::app_data;
use platform::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};

/// Contents that a page looks at.
const ROWS: i64 = 1000;
/// Objects of the store that a page looks at; the last day of it is looked at whole.
const OBJECTS: usize = 5000;
/// Bytes that a page reads anew, with `checksum`.
const READ: u64 = 256 << 20;

/// Whether files are kept as they were uploaded.
pub struct FileIntegrity;
impl Named for FileIntegrity {
    const NAME: &'static str = "file-integrity";
}

/// What a look at the files takes.
#[derive(Debug, Deserialize, IntoParams)]
pub struct IntegrityQuery {
    /// Where to go on: `next_cursor` of the page before.
    cursor: Option<Uuid>,
    /// Whether contents are read and their checksum is worked out anew. Pages are shorter then.
    #[param(default = false)]
    #[serde(default)]
    checksum: bool,
}

/// A page of what was looked at.
#[derive(Serialize, ToSchema)]
pub struct IntegrityPage {
    /// What the store and the database disagree about; empty where all is well.
    data: Vec<Disagreement>,
    /// How many contents were looked at.
    #[schema(minimum = 0, example = 1000)]
    examined: u64,
    /// Where to go on; null at the end.
    next_cursor: Option<Uuid>,
}

/// Something that is not as it should be.
#[derive(Serialize, ToSchema)]
pub struct Disagreement {
    kind: DisagreementKind,
    /// The id of the content, which is its name in the store.
    content_id: Uuid,
    /// The files that have this content.
    file_ids: Vec<Uuid>,
    /// Its size in bytes as the database has it; null where it does not know the content.
    #[schema(minimum = 1, example = 48_213)]
    size_in_database: Option<u64>,
    /// Its size in bytes as the store has it; null where it has no such object.
    #[schema(minimum = 0, example = json!(null))]
    size_in_store: Option<u64>,
}

text_enum! {
    /// What is wrong: the object is not there (`missing`), no row knows it and it is older than a day (`stray`), or it is not
    /// what was uploaded.
    pub enum DisagreementKind { Missing = "missing", Stray = "stray", WrongSize = "wrong_size", WrongChecksum = "wrong_checksum" }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    size: i64,
    #[diesel(sql_type = Text)]
    sha256: String,
    #[diesel(sql_type = Nullable<Text>)]
    verdict: Option<String>,
    #[diesel(sql_type = Array<SqlUuid>)]
    file_ids: Vec<Uuid>,
}

const LOOK: &str = "select c.id, c.size, c.sha256, c.verdict,
        array(select f.id from files f where f.org_id = c.org_id and f.content_id = c.id order by f.id limit 20) as file_ids
    from file_contents c where c.org_id = $1";

/// Look for what the store and the database disagree about
///
/// Compares what is kept with what the database knows of it, a page at a time: contents that are not there, objects that no
/// row knows, sizes that differ, and with `checksum` bytes that do. Strays are swept up once a day.
#[utoipa::path(get, path = "/v1/files/integrity", tag = "Files")]
async fn check_file_integrity(
    may: May<Read, FileIntegrity>,
    query: Params<IntegrityQuery>,
) -> Reply<Plain<IntegrityPage>> {
    let (query, organization) = (query.0, may.organization());
    let after = query.cursor.unwrap_or_default();
    let mut rows = may
        .read(async |db| {
            let page = diesel::sql_query(format!("{LOOK} and c.id > $2 order by c.id limit $3"));
            let page =
                page.bind::<SqlUuid, _>(organization).bind::<SqlUuid, _>(after).bind::<BigInt, _>(ROWS);
            Ok(page.load::<Row>(db).await?)
        })
        .await?;
    let storage = &app_data::<Filing>(may.http()).storage;
    // Rows end the page where there are more of them, objects where there are more of those.
    let last_row = if rows.len() < usize::try_from(ROWS).unwrap_or_default() {
        None
    } else {
        rows.last().map(|row| row.id)
    };
    let (mut objects, end) = objects_between(storage, organization, after, last_row).await?;
    let mut end = end.or(last_row);
    rows.retain(|row| end.is_none_or(|end| row.id <= end));
    let mut data = Vec::new();
    let (mut examined, mut read) = (0, 0);
    for row in rows.iter().filter(|row| row.verdict.as_deref() != Some("infected")) {
        let size = row.size.unsigned_abs();
        let object = objects.remove(&row.id);
        let mut tell = |kind, in_store| {
            let file_ids = row.file_ids.clone();
            data.push(Disagreement {
                kind,
                content_id: row.id,
                file_ids,
                size_in_database: Some(size),
                size_in_store: in_store,
            });
        };
        examined += 1;
        match object {
            None => tell(DisagreementKind::Missing, None),
            Some(object) if object.size != size => tell(DisagreementKind::WrongSize, Some(object.size)),
            Some(_) if query.checksum => {
                if checksum(storage, organization, row.id).await? != row.sha256 {
                    tell(DisagreementKind::WrongChecksum, Some(size));
                }
                read += size;
                if read >= READ && Some(row.id) != rows.last().map(|last| last.id) {
                    end = Some(row.id);
                    objects.retain(|id, _| *id <= row.id);
                    break;
                }
            }
            Some(_) => {}
        }
    }
    let grace = TimeDelta::from_std(GRACE).unwrap_or_default();
    let strays = objects.into_values().filter(|object| Utc::now() - object.written_at > grace);
    data.extend(strays.map(|object| Disagreement {
        kind: DisagreementKind::Stray,
        content_id: object.id,
        file_ids: Vec::new(),
        size_in_database: None,
        size_in_store: Some(object.size),
    }));
    forget_what_went(&may, &mut data).await?;
    data.sort_by_key(|each| each.content_id);
    Plain(IntegrityPage { data, examined, next_cursor: end }).answer(may.grants())
}

/// The objects behind the one id, up to the other; and where the page ends earlier, because there are too many.
async fn objects_between(
    storage: &Storage,
    organization: Uuid,
    after: Uuid,
    up_to: Option<Uuid>,
) -> Result<(BTreeMap<Uuid, Object>, Option<Uuid>)> {
    let mut found = BTreeMap::new();
    let days = storage.days(organization).await?;
    let first = if after.is_nil() { chrono::NaiveDate::MIN } else { day(after) };
    for each in days.into_iter().filter(|each| *each >= first && up_to.is_none_or(|end| *each <= day(end))) {
        if found.len() >= OBJECTS {
            return Ok((found.clone(), found.keys().next_back().copied()));
        }
        let objects = storage.objects(organization, each).await?;
        let objects = objects
            .into_iter()
            .filter(|object| object.id > after && up_to.is_none_or(|end| object.id <= end));
        found.extend(objects.map(|object| (object.id, object)));
    }
    Ok((found, None))
}

/// What was swept up between the look at the rows and the look at the store is not missing; what was uploaded in between is
/// no stray, by its age.
async fn forget_what_went(may: &May<Read, FileIntegrity>, data: &mut Vec<Disagreement>) -> Result<()> {
    let suspects: Vec<Uuid> = data
        .iter()
        .filter(|each| matches!(each.kind, DisagreementKind::Missing))
        .map(|each| each.content_id)
        .collect();
    if suspects.is_empty() {
        return Ok(());
    }
    let still = may
        .read(async |db| {
            let still = diesel::sql_query(format!(
                "{LOOK} and c.id = any($2) and c.verdict is distinct from 'infected'"
            ));
            let still = still.bind::<SqlUuid, _>(db.organization()).bind::<Array<SqlUuid>, _>(&suspects);
            Ok(still.load::<Row>(db).await?)
        })
        .await?;
    let still: HashSet<Uuid> = still.into_iter().map(|row| row.id).collect();
    data.retain(|each| !matches!(each.kind, DisagreementKind::Missing) || still.contains(&each.content_id));
    Ok(())
}

async fn checksum(storage: &Storage, organization: Uuid, id: Uuid) -> Result<String> {
    let mut bytes = storage.read(organization, id, None).await?;
    let mut digest = Sha256::new();
    while let Some(piece) = bytes.next().await {
        digest.update(&piece.map_err(Problem::unavailable)?);
    }
    Ok(platform::incoming::hexadecimal(&digest.finalize()))
}

pub fn routes(api: &mut Api) {
    api.call(operation!(check_file_integrity));
}
