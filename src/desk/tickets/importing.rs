//! Tickets from a file, with what was said in them: a row a message, rows of one ticket beneath each other, queues and people by what people know them
//! by. Times are those of the file, so that what was kept of a promise, and what was not, is worked out as if the ticket had been worked on here. All of
//! the file becomes tickets, or none of it.
use crate::deadlines::DeadlineTarget;
use crate::messages::MessageVisibility;
use crate::opening::{due, open_tickets, plan};
use crate::reckoning::{Deadline, Moment, Phase, Promises, reckon};
use crate::tickets::{
    Ticket, TicketChannel, TicketImpact, TicketKind, TicketPriority, TicketStatus, TicketUrgency,
};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use platform::import::{Faults, FileOfRows, FoundRow, Layout, Rows};
use platform::may::Reach;
use platform::prelude::*;
use platform::problem::FORBIDDEN;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr;

/// Rows of a file at the most.
const MOST_ROWS: usize = 50_000;
/// Messages of a ticket at the most.
const MOST_MESSAGES: usize = 1_000;
/// Tickets that go to the database at once.
const BATCH: usize = 500;

/// The columns of a file. Those up to `closed_at` are the ticket's: its first row has them, the others may repeat them.
struct OfComments;

impl Layout for OfComments {
    const COLUMNS: &'static [&'static str] = &[
        "ticket",
        "subject",
        "description",
        "kind",
        "impact",
        "urgency",
        "priority",
        "queue",
        "assignee_number",
        "requester_number",
        "requester_party_number",
        "channel",
        "tags",
        "status",
        "reported_at",
        "solved_at",
        "closed_at",
        "comment",
        "comment_at",
        "comment_visibility",
        "comment_author_number",
    ];
    const EXAMPLE: &'static str = "ticket,subject,description,reported_at,comment,comment_at\r\n1,No VPN,It says that the certificate is over,2026-03-03T08:00:00Z,A new one is there,2026-03-03T09:00:00Z\r\n";
}
const OF_TICKET: usize = 17;

/// Columns that name a row of something, and where it is looked up by what.
const NAMES: [(&str, &str, &str); 5] = [
    ("queue", "queues", "name"),
    ("assignee_number", "employees", "employee_number"),
    ("requester_number", "employees", "employee_number"),
    ("requester_party_number", "parties", "number"),
    ("comment_author_number", "employees", "employee_number"),
];

/// What a file of tickets became.
#[derive(Serialize, ToSchema)]
pub struct ImportedTickets {
    /// How many tickets.
    #[schema(minimum = 0, example = 120)]
    tickets: usize,
    /// How many messages in them.
    #[schema(minimum = 0, example = 480)]
    messages: usize,
    /// How many promises were kept.
    #[schema(minimum = 0, example = 180)]
    kept: usize,
    /// How many were not.
    #[schema(minimum = 0, example = 20)]
    broken: usize,
}

/// A ticket of the file.
struct Found<'a> {
    first: FoundRow<'a>,
    rows: Vec<FoundRow<'a>>,
}

/// Import tickets
///
/// Takes a file of messages: CSV, XLSX or NDJSON, a message a row, rows with the same `ticket` (any word that tells tickets apart) beneath each other. Columns of the
/// ticket, in its first row: `subject`, `description`, `kind`, `impact`, `urgency`, `priority`, `queue` by its name, `assignee_number` and `requester_number` of
/// employees, `requester_party_number`, `channel`, `tags` separated by semicolons, `status`, `reported_at`, `solved_at`, `closed_at`. Of a message: `comment`,
/// `comment_at`, `comment_visibility` (`public` unless told), `comment_author_number`. Rules say where a ticket goes of which the file does not; nobody's turn is taken.
/// First answers and solutions are held against what the queue promises, at the times of the file. Every fault is told by line and column (`pointer` is
/// `/line/column`). Takes the permission with the reach `org`. All of the file or nothing; up to 50,000 rows.
#[utoipa::path(post, path = "/v1/tickets/import", tag = "Tickets")]
async fn import_tickets(
    may: May<Write, Ticket>,
    file: FileOfRows<OfComments>,
) -> Reply<Plain<ImportedTickets>> {
    // Whoever may not is told so before the file is taken in.
    may.read(async |_| Ok(())).await?;
    if may.grants().reach("write") != Some(Reach::Org) {
        return Err(FORBIDDEN.because("Files of tickets are taken in by those who work on all of them: this needs `tickets:write` with the reach `org`."));
    }
    let rows = file.receive(MOST_ROWS).await?;
    let mut faults = Faults::default();
    let mut sound = Vec::new();
    for ticket in grouped(&rows, &mut faults) {
        if is_readable(&ticket, &mut faults) {
            sound.push(ticket);
        }
    }
    may.write(async |db| {
        let mut faults = faults.clone();
        let mut done = ImportedTickets { tickets: 0, messages: 0, kept: 0, broken: 0 };
        for batch in sound.chunks(BATCH) {
            let known = known(db, batch, &mut faults).await?;
            if faults.is_empty() {
                write(db, batch, &known, &mut done, &mut faults).await?;
            }
        }
        faults.none()?;
        Ok(Plain(done))
    })
    .await
}

/// Rows with the same word, one beneath the other, are a ticket.
fn grouped<'a>(rows: &'a Rows, faults: &mut Faults) -> Vec<Found<'a>> {
    let (mut tickets, mut seen): (Vec<Found<'_>>, HashSet<&str>) = (Vec::new(), HashSet::new());
    let mut before = None;
    for row in rows.iter() {
        let Some(key) = row.cell("ticket") else {
            faults.add(row.line, Some("ticket"), "required", "must say which ticket the message is in");
            before = None;
            continue;
        };
        if let Some(ticket) = tickets.last_mut().filter(|_| before == Some(key)) {
            if ticket.rows.len() == MOST_MESSAGES {
                let rule = format!("a ticket has at most {MOST_MESSAGES} messages in a file");
                faults.add(row.line, Some("ticket"), "too-many", rule);
            }
            ticket.rows.push(row);
        } else {
            if !seen.insert(key) {
                let rule = "stands further up already: the messages of a ticket stand beneath each other";
                faults.add(row.line, Some("ticket"), "not-together", rule);
            }
            tickets.push(Found { first: row, rows: vec![row] });
        }
        before = Some(key);
    }
    tickets
}

/// Whether its cells hold what they should; what doesn't is told.
fn is_readable(ticket: &Found<'_>, faults: &mut Faults) -> bool {
    let mut is_so = true;
    let mut fault = |line: u32, column: &str, code: &str, rule: String| {
        faults.add(line, Some(column), code, rule);
        is_so = false;
    };
    for column in ["subject", "description", "reported_at"] {
        if ticket.first.cell(column).is_none() {
            let rule = "must stand in the first row of each ticket".to_owned();
            fault(ticket.first.line, column, "required", rule);
        }
    }
    for row in &ticket.rows {
        for (place, column) in OfComments::COLUMNS.iter().enumerate() {
            let Some(text) = row.cell(column) else { continue };
            if (1..OF_TICKET).contains(&place) && ticket.first.cell(column) != Some(text) {
                let rule = "must be that of the first row of the ticket, or empty".to_owned();
                fault(row.line, column, "differs", rule);
            } else if let Some(values) = values_of(column).filter(|values| !values.contains(&text)) {
                fault(row.line, column, "unknown-value", format!("must be one of {}", values.join(", ")));
            } else if column.ends_with("_at") && instant(text).is_none() {
                let rule = "must be an instant as RFC 3339 has it, such as 2026-03-27T14:30:00Z, and not in the future";
                fault(row.line, column, "wrong-format", rule.to_owned());
            } else if text.chars().count() > longest(column) {
                fault(row.line, column, "too-long", format!("has at most {} characters", longest(column)));
            } else if *column == "tags" && tags(text).iter().any(|tag| tag.chars().count() > 50) {
                fault(row.line, column, "too-long", "has tags of at most 50 characters".to_owned());
            } else if let Some((code, rule)) = platform::text::fault(text, false) {
                fault(row.line, column, code, rule.to_owned());
            }
        }
        if row.cell("comment").is_some() != row.cell("comment_at").is_some() {
            let rule = "comes with what was said, and what was said with it".to_owned();
            fault(row.line, "comment_at", "required", rule);
        }
    }
    let at = |column: &str| ticket.first.cell(column).and_then(instant);
    let (reported, solved, closed) = (at("reported_at"), at("solved_at"), at("closed_at"));
    let status = ticket.first.cell("status").unwrap_or("open");
    for (column, is_needed, is_there) in [
        ("solved_at", status == "solved", solved.is_some()),
        ("closed_at", status == "closed", closed.is_some()),
    ] {
        if is_needed && !is_there {
            fault(ticket.first.line, column, "required", format!("must say when it was {status}"));
        }
    }
    for (column, is_wrong) in [
        ("solved_at", solved.is_some() && solved < reported),
        ("closed_at", closed.is_some() && (closed < reported || closed < solved)),
        ("solved_at", solved.is_some() && !matches!(status, "solved" | "closed")),
        ("closed_at", closed.is_some() && status != "closed"),
    ] {
        if is_wrong {
            let rule = "must follow what was before, and fit the status".to_owned();
            fault(ticket.first.line, column, "out-of-order", rule);
        }
    }
    for row in &ticket.rows {
        let said = row.cell("comment_at").and_then(instant);
        if said.is_some() && (said < reported || closed.is_some() && said > closed) {
            let rule = "must be between the report and the end of the ticket".to_owned();
            fault(row.line, "comment_at", "out-of-order", rule);
        }
    }
    is_so
}

fn values_of(column: &str) -> Option<&'static [&'static str]> {
    match column {
        "kind" => Some(TicketKind::ALL),
        "impact" => Some(TicketImpact::ALL),
        "urgency" => Some(TicketUrgency::ALL),
        "priority" => Some(TicketPriority::ALL),
        "channel" => Some(TicketChannel::ALL),
        "status" => Some(TicketStatus::ALL),
        "comment_visibility" => Some(MessageVisibility::ALL),
        _ => None,
    }
}

fn longest(column: &str) -> usize {
    match column {
        "description" | "comment" => 20_000,
        "subject" => 200,
        "tags" => 1_000,
        _ => 100,
    }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    let at: DateTime<Utc> = text.parse().ok()?;
    (at <= Utc::now() && at.timestamp() > 0).then_some(at)
}

fn tags(text: &str) -> Vec<&str> {
    text.split(';').map(str::trim).filter(|tag| !tag.is_empty()).collect()
}

fn value<T: FromStr>(row: FoundRow<'_>, column: &str) -> Option<T> {
    row.cell(column)?.parse().ok()
}

/// Ids by column and name.
type Known = HashMap<(String, String), Uuid>;

/// Looks up all names in these tickets; what there is not is told.
async fn known(db: &mut Db, tickets: &[Found<'_>], faults: &mut Faults) -> Result<Known> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        of_column: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let rows = || tickets.iter().flat_map(|ticket| &ticket.rows);
    let looked_up = NAMES.iter().enumerate().map(|(place, (column, table, by))| {
        format!(
            "select '{column}' as of_column, {by} as name, id from {table} where org_id = $1 and {by} = any(${})",
            place + 2
        )
    });
    let mut query = diesel::sql_query(looked_up.collect::<Vec<_>>().join(" union all ")).into_boxed();
    query = query.bind::<SqlUuid, _>(db.organization());
    for (column, ..) in NAMES {
        let names: BTreeSet<&str> = rows().filter_map(|row| row.cell(column)).collect();
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        query = query.bind::<Array<Text>, _>(names);
    }
    let found: Vec<Row> = query.load(db).await?;
    let known: Known = found.into_iter().map(|row| ((row.of_column, row.name), row.id)).collect();
    for row in rows() {
        for (column, ..) in NAMES {
            let Some(name) = row.cell(column) else { continue };
            if !known.contains_key(&(column.to_owned(), name.to_owned())) {
                let rule = "there is no such row in this organization";
                faults.add(row.line, Some(column), "unknown-reference", rule);
            }
        }
    }
    Ok(known)
}

fn id(known: &Known, row: FoundRow<'_>, column: &str) -> Option<Uuid> {
    known.get(&(column.to_owned(), row.cell(column)?.to_owned())).copied()
}

/// What was said in a ticket, as the file has it.
struct Said {
    at: DateTime<Utc>,
    is_answer: bool,
    row: Value,
}

/// Plans a batch, holds it against what is promised, and writes it.
async fn write(
    db: &mut Db,
    batch: &[Found<'_>],
    known: &Known,
    done: &mut ImportedTickets,
    faults: &mut Faults,
) -> Result<()> {
    let asked: Vec<Value> = batch.iter().map(|ticket| asked(ticket.first, known)).collect();
    let (plan, promises) = plan(db, &asked).await?;
    let (nothing, now, person) = (Promises::default(), plan.now, plan.person);
    let (mut tickets, mut deadlines, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    for ((ticket, asked), planned) in batch.iter().zip(asked).zip(plan.tickets) {
        if planned.tags.len() > 20 {
            faults.add(
                ticket.first.line,
                Some("tags"),
                "too-many",
                "has at most 20 tags, those of rules included",
            );
        }
        let ticket_id = Uuid::now_v7();
        let first = ticket.first;
        let mut said: Vec<Said> = ticket
            .rows
            .iter()
            .filter_map(|row| {
                let (at, body) = (instant(row.cell("comment_at")?)?, row.cell("comment")?);
                let author = id(known, *row, "comment_author_number");
                let requester = id(known, first, "requester_number");
                let by_requester = author.is_some() && author == requester;
                let visibility =
                    value(*row, "comment_visibility").unwrap_or(MessageVisibility::Public);
                if visibility == MessageVisibility::Internal {
                    if by_requester {
                        let rule = "must be `public` where who asked said it";
                        faults.add(row.line, Some("comment_visibility"), "not-theirs", rule);
                    } else if requester.is_some() && requester == person {
                        let rule = "is a note in a ticket that you asked for, which you must not see: have somebody else take it in";
                        faults.add(row.line, Some("comment_visibility"), "not-for-you", rule);
                    }
                }
                Some(Said {
                    at,
                    is_answer: author.is_some() && !by_requester && visibility == MessageVisibility::Public,
                    row: json!({"id": Uuid::now_v7(), "ticket_id": ticket_id, "visibility": visibility, "author_id": author, "by_requester": by_requester,
                        "body": body, "written_at": at}),
                })
            })
            .collect();
        said.sort_by_key(|said| said.at);
        let its_promise = promises.get(&planned.promise).unwrap_or(&nothing);
        let lived = lived(first, &said, ticket_id, its_promise, now);
        done.kept += lived.count(crate::deadlines::DeadlineStatus::Met);
        done.broken += lived.count(crate::deadlines::DeadlineStatus::Breached);
        done.messages += said.len();
        let mut row = asked;
        row["id"] = json!(ticket_id);
        row["impact"] = row["impact_or_usual"].take();
        row["queue_id"] = json!(planned.queue_id);
        row["priority"] = json!(planned.priority);
        row["requester_id"] = json!(id(known, first, "requester_number"));
        row["assignee_id"] = json!(planned.assignee_id);
        row["tags"] = json!(planned.tags);
        row["first_answered_at"] = json!(lived.answered);
        row["first_answer_due_at"] = json!(due(&lived.deadlines, DeadlineTarget::FirstAnswer));
        row["solution_due_at"] = json!(due(&lived.deadlines, DeadlineTarget::Solution));
        tickets.push(row);
        deadlines.extend(lived.deadlines);
        messages.extend(said.into_iter().map(|said| said.row));
    }
    if !faults.is_empty() {
        return Ok(());
    }
    done.tickets += tickets.len();
    let opened = json!({"tickets": tickets, "deadlines": deadlines, "links": [], "messages": messages});
    diesel::select(open_tickets(opened)).execute(db).await?;
    Ok(())
}

/// A ticket as its plan asks for it.
fn asked(first: FoundRow<'_>, known: &Known) -> Value {
    let requester = id(known, first, "requester_number");
    json!({
        "kind": value(first, "kind").unwrap_or(TicketKind::Incident), "subject": first.cell("subject"), "description": first.cell("description"),
        "impact_or_usual": value(first, "impact").unwrap_or(TicketImpact::Medium), "urgency": value(first, "urgency").unwrap_or(TicketUrgency::Medium),
        "priority": first.cell("priority"), "queue_id": id(known, first, "queue"), "assignee_id": id(known, first, "assignee_number"), "requester_id": requester,
        "requester_party_id": id(known, first, "requester_party_number"), "channel": value(first, "channel").unwrap_or(TicketChannel::Other),
        "tags": tags(first.cell("tags").unwrap_or_default()), "takes_turn": false, "status": first.cell("status").unwrap_or("open"),
        "reported_at": first.cell("reported_at").and_then(instant), "solved_at": first.cell("solved_at").and_then(instant),
        "closed_at": first.cell("closed_at").and_then(instant),
    })
}

/// What a ticket of the file has behind it.
struct Lived {
    answered: Option<DateTime<Utc>>,
    deadlines: Vec<Deadline>,
}

impl Lived {
    /// Promises that stand so; what escalated is none.
    fn count(&self, status: crate::deadlines::DeadlineStatus) -> usize {
        let promised = self.deadlines.iter().filter(|each| each.target != DeadlineTarget::Escalation);
        promised.filter(|each| each.status == status).count()
    }
}

/// Lives through a ticket: reported, answered, waiting, solved, closed, each at its time. Nothing of the past is escalated now.
fn lived(first: FoundRow<'_>, said: &[Said], ticket: Uuid, promised: &Promises, now: DateTime<Utc>) -> Lived {
    let at = |column: &str| first.cell(column).and_then(instant);
    let reported = at("reported_at").unwrap_or(now);
    let status = first.cell("status").unwrap_or("open");
    let last = said.last().map_or(reported, |said| said.at);
    let answered = said.iter().find(|said| said.is_answer).map(|said| said.at).or(at("solved_at"));
    let mut deadlines = Vec::new();
    let mut happen = |now: DateTime<Utc>, phase: Phase, is_answered: bool, has_moved: bool| {
        let moment = Moment { now, phase, is_answered, has_moved };
        deadlines = reckon(ticket, std::mem::take(&mut deadlines), promised, promised, &moment);
        deadlines.retain(|each| each.target != DeadlineTarget::Escalation);
    };
    happen(reported, Phase::Desk, false, true);
    if let Some(answered) =
        answered.filter(|answered| at("solved_at").is_none_or(|solved| *answered < solved))
    {
        happen(answered, Phase::Desk, true, false);
    }
    match (at("solved_at"), at("closed_at"), status) {
        (Some(solved), ..) => happen(solved, Phase::Solved, true, false),
        (None, Some(closed), _) => happen(closed, Phase::Dropped, answered.is_some(), false),
        (None, None, "waiting") => {
            happen(last.max(answered.unwrap_or(last)), Phase::Requester, answered.is_some(), false);
        }
        _ => (),
    }
    Lived { answered, deadlines }
}

pub fn routes(api: &mut Api) {
    api.call(operation!(import_tickets));
}
