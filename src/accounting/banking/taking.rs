//! A statement file is taken in: read, found to be of our accounts, found to follow what was taken before, and kept with its
//! lines, all of it or nothing. What an earlier file had brought is not taken twice.

use crate::bank_statement_mappings::BankStatementMapping;
use crate::bank_statements::BankStatement;
use crate::booking;
use crate::chain::{Chain, Last};
use crate::formats::{self, FileFault, Format, LONGEST_FILE, Line, Statement};
use actix_web::http::{StatusCode, header};
use diesel::sql_types::{Array, Jsonb, Nullable, Text, Uuid as SqlUuid};
use payments::bank_accounts::{BankAccount, BankAccountStatus};
use platform::api::OperationDoc;
use platform::incoming::{Incoming, hexadecimal};
use platform::may::Grants;
use platform::prelude::*;
use platform::problem::{CONFLICT, UNSUPPORTED_MEDIA_TYPE};
use rust_decimal::Decimal;
use schema::{bank_accounts, bank_statements};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{Seek, Write as _};

/// What of a file is held in memory while it comes; the rest waits on disk, in a file without a name.
const IN_MEMORY: usize = 1 << 20;

/// What is said of a file, beside its bytes.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct StatementFile {
    /// The account that the file is of. Left out, it is found by the IBAN or number in the file; CSV says none.
    bank_account_id: Option<Uuid>,
    /// What the file is, where its type and its first bytes don't tell.
    #[param(inline)]
    format: Option<Format>,
    /// What the columns of a CSV mean; the mapping by which the last one of the account was read, where nothing is said.
    mapping_id: Option<Uuid>,
    /// What was in the account before the first line, where neither the file nor a statement before it says so.
    #[param(pattern = r"^-?[0-9]{1,16}(\.[0-9]{1,4})?$", max_length = 22, example = "0.00")]
    pub(crate) opening_balance: Option<String>,
}

/// The bytes of a statement file.
pub struct Content(Incoming);

impl actix_web::FromRequest for Content {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(http: &actix_web::HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(Incoming::from_request(http, payload).into_inner().map(Self))
    }
}

impl platform::api::Argument for Content {
    fn describe(doc: &mut OperationDoc) {
        doc.takes_files(&[
            (
                "application/xml",
                "CamtFile",
                "camt.053 (ISO 20022), from version .001.02 on, or OFX 2. At most 32 MiB.",
                "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">…</Document>",
            ),
            ("application/x-ofx", "OfxFile", "OFX 1 or 2. At most 32 MiB.", "OFXHEADER:100\r\n…"),
            (
                "text/csv",
                "BankCsvFile",
                "CSV, read by a mapping; UTF-8, UTF-16 with its mark, or Windows-1252. At most 32 MiB.",
                "Data;Suma;Detalii\r\n02.03.2026;1.190,00;Factura\r\n",
            ),
            (
                "text/plain",
                "Mt940File",
                "MT940 (SWIFT). At most 32 MiB.",
                ":20:STARTUMSE\r\n:25:37040044/0532013000\r\n…",
            ),
            (
                "application/octet-stream",
                "AnyStatementFile",
                "Any of them, told by its first bytes. At most 32 MiB.",
                "(a statement file)",
            ),
        ]);
    }
}

/// What was taken in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TakenStatements {
    /// The statements of the file, in their order; those that brought nothing new are left out.
    #[schema(max_items = 1000)]
    statements: Vec<BankStatement>,
    /// Lines that were taken.
    #[schema(minimum = 0, maximum = 50_000, example = 4)]
    line_count: usize,
    /// Lines that an earlier file had brought.
    #[schema(minimum = 0, maximum = 50_000, example = 0)]
    known_line_count: usize,
    /// Lines that rules booked at once.
    #[schema(minimum = 0, maximum = 10_000, example = 1)]
    booked_line_count: usize,
}

impl Outcome for TakenStatements {
    fn answer(&self, grants: &Grants) -> Result<Answer<Self>> {
        let answer = Answer::new(StatusCode::CREATED, serde_json::to_vec(self).map_err(Problem::internal)?);
        Ok(match self.statements.as_slice().first() {
            Some(first) => answer
                .with(header::LOCATION, &format!("{}/{}", BankStatement::PATH, first.id))
                .with(header::ETAG, &first.write_json(grants, &mut Vec::new())?),
            None => answer,
        })
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<Self>("201", "Taken");
        doc.answer_header("201", "Location", "The address of the first of the statements.");
        doc.answer_header("201", "ETag", "The version of the first of the statements.");
    }
}

/// Take statements in
///
/// Takes a statement file of a bank as it is: camt.053, OFX, MT940, or CSV by a mapping; all of its statements and lines, or none.
/// Each statement has to add up, to be of one of the organization's accounts in its currency, and to open with what the one before
/// closed with: a gap is 409. The same file is not taken twice, and lines that an earlier file brought are left out. Every fault of the
/// file is told by line and element (`pointer` is `/line/element`). Nothing is posted but what automatic rules book, each line on its day.
#[utoipa::path(post, path = "/v1/bank-statements", tag = "Banking")]
pub async fn create_bank_statement(
    may: May<Write, BankStatement>,
    said: Params<StatementFile>,
    content: Content,
) -> Reply<TakenStatements> {
    let (said, mut bytes) = (said.0, content.0);
    // Who may not is told before anything is sent, and so is who names what there is not.
    let mapping = may.read(async |db| mapping(db, &said).await).await?;
    let told = said.format.or(told_format(may.http())?);
    bytes.allow(LONGEST_FILE, "A statement file may have 32 MiB: ask the bank for a shorter time.")?;
    let mut file = tempfile::spooled_tempfile(IN_MEMORY);
    while let Some(piece) = bytes.next().await? {
        file.write_all(&piece).map_err(Problem::unavailable)?;
    }
    file.rewind().map_err(Problem::unavailable)?;
    let mapping_id = mapping.as_ref().map(|mapping| mapping.id);
    let mapping = mapping.map(BankStatementMapping::for_reading);
    let reading = tokio::task::spawn_blocking(move || formats::read(file, told, mapping.as_ref()));
    let (format, statements) = reading.await.map_err(Problem::internal)?.map_err(refused)?;
    let sha256 = bytes.sha256();
    let mapping_id = mapping_id.filter(|_| format == Format::Csv);
    let file = File { said: &said, format, sha256: &sha256, mapping_id };
    may.write(async |db| file.take(db, &statements).await).await
}

/// What its media type says that the file is.
fn told_format(http: &actix_web::HttpRequest) -> Result<Option<Format>> {
    let declared =
        http.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match declared.split(';').next().unwrap_or_default().trim().to_lowercase().as_str() {
        "text/csv" => Ok(Some(Format::Csv)),
        "application/x-ofx" => Ok(Some(Format::Ofx)),
        "application/xml" | "text/xml" | "text/plain" | "application/octet-stream" => Ok(None),
        _ => Err(UNSUPPORTED_MEDIA_TYPE.because(
            "Send `Content-Type: application/xml`, `application/x-ofx`, `text/csv`, `text/plain` (MT940) or `application/octet-stream`.",
        )),
    }
}

async fn mapping(db: &mut Db, said: &StatementFile) -> Result<Option<BankStatementMapping>> {
    #[derive(diesel::QueryableByName)]
    struct Last {
        #[diesel(sql_type = Nullable<SqlUuid>)]
        mapping_id: Option<Uuid>,
    }
    let own = match said.bank_account_id {
        Some(id) => {
            let last: Option<Last> = diesel::sql_query(
                "select (select s.mapping_id from bank_statements s where s.org_id = a.org_id and s.bank_account_id = a.id and s.mapping_id is not null
                    order by s.ordinal desc limit 1) as mapping_id
                from bank_accounts a where a.org_id = (select current_org()) and a.id = $1",
            )
            .bind::<SqlUuid, _>(id)
            .get_result(db)
            .await
            .optional()?;
            last.ok_or_else(|| unknown("bank_account_id"))?.mapping_id
        }
        None => None,
    };
    match said.mapping_id.or(own) {
        Some(id) => BankStatementMapping::find(db, id).await.map(Some).map_err(|_| unknown("mapping_id")),
        None => Ok(None),
    }
}

fn unknown(parameter: &str) -> Problem {
    Problem::invalid(vec![Fault::of(
        parameter,
        "unknown-reference",
        "there is no such row in this organization",
    )])
}

/// The faults of a file, each at its place.
fn refused(faults: Vec<FileFault>) -> Problem {
    let at = |fault: FileFault| {
        let element = if fault.element.is_empty() { String::new() } else { format!("/{}", fault.element) };
        let place = if fault.element.is_empty() { String::new() } else { format!(" {}:", fault.element) };
        Fault::at(
            format!("/{}{element}", fault.line),
            fault.code,
            format!("line {}:{place} {}", fault.line, fault.detail),
        )
    };
    Problem::invalid(faults.into_iter().map(at).collect())
}

/// A file that is taken in.
pub(crate) struct File<'a> {
    pub said: &'a StatementFile,
    pub format: Format,
    pub sha256: &'a str,
    pub mapping_id: Option<Uuid>,
}

/// What is known of what was taken before.
#[derive(Deserialize)]
struct Before {
    /// A statement of this very file, by account.
    taken: HashMap<Uuid, Uuid>,
    last: HashMap<Uuid, Last>,
    /// How often each of these lines is there.
    known: HashMap<String, usize>,
    has_rules: bool,
}

/// A line as it is written.
#[derive(Serialize)]
struct Row<'a> {
    id: Uuid,
    statement_id: Uuid,
    bank_account_id: Uuid,
    line: usize,
    booked_on: NaiveDate,
    value_on: Option<NaiveDate>,
    amount: Decimal,
    currency: &'a str,
    reference: Option<&'a str>,
    end_to_end_id: Option<&'a str>,
    counterparty_name: Option<&'a str>,
    counterparty_account: Option<&'a str>,
    text: Option<&'a str>,
    bank_reference: Option<&'a str>,
    digest: &'a str,
    occurrence: usize,
}

impl File<'_> {
    async fn take(&self, db: &mut Db, statements: &[Statement]) -> Result<TakenStatements> {
        let accounts = self.accounts(db, statements).await?;
        let digests: Vec<Vec<String>> = statements
            .iter()
            .zip(&accounts)
            .map(|(statement, account)| statement.lines.iter().map(|line| digest(account.id, line)).collect())
            .collect();
        let before = self.before(db, &accounts, &digests).await?;
        if let Some(known) = accounts.iter().find_map(|account| before.taken.get(&account.id)) {
            return Err(CONFLICT.because(format!(
                "This very file was taken in before: its statement is at {}/{known}.",
                BankStatement::PATH
            )));
        }
        let mut chain = Chain { last: before.last, known: before.known, met: HashMap::new() };
        let (mut new, mut rows, mut known_line_count) = (Vec::new(), Vec::new(), 0);
        // In the order of their days: banks put the newest first, or as they like.
        let mut order: Vec<usize> = (0..statements.len()).collect();
        order.sort_by_key(|index| (statements[*index].to_on, statements[*index].from_on));
        for index in order {
            let (statement, account) = (&statements[index], &accounts[index]);
            let taken = chain.link(self, statement, account, &digests[index])?;
            known_line_count += statement.lines.len() - taken.lines.len();
            if let Some(made) = taken.made {
                rows.extend(taken.lines.iter().enumerate().map(|(place, (line, digest, occurrence))| Row {
                    id: Uuid::now_v7(),
                    statement_id: made.id,
                    bank_account_id: account.id,
                    line: place + 1,
                    booked_on: line.booked_on,
                    value_on: line.value_on,
                    amount: line.amount,
                    currency: &account.currency,
                    reference: line.reference.as_deref(),
                    end_to_end_id: line.end_to_end_id.as_deref(),
                    counterparty_name: line.counterparty_name.as_deref(),
                    counterparty_account: line.counterparty_account.as_deref(),
                    text: line.text.as_deref(),
                    bank_reference: line.bank_reference.as_deref(),
                    digest,
                    occurrence: *occurrence,
                }));
                new.push(made);
            }
        }
        if new.is_empty() {
            return Err(CONFLICT.because(
                "Every line of it is known: earlier files brought them all, and it says nothing new.",
            ));
        }
        let made: Vec<BankStatement> = diesel::insert_into(bank_statements::table)
            .values(&new)
            .returning(BankStatement::as_returning())
            .get_results(db)
            .await?;
        write(db, &rows).await?;
        let booked_line_count = if before.has_rules && !rows.is_empty() {
            let ids: Vec<Uuid> = made.iter().map(|statement| statement.id).collect();
            booking::by_rules(db, Some(&ids), None).await?
        } else {
            0
        };
        Ok(TakenStatements { statements: made, line_count: rows.len(), known_line_count, booked_line_count })
    }

    /// Our account of each statement. They are locked, so that two files of one account follow each other.
    async fn accounts(&self, db: &mut Db, statements: &[Statement]) -> Result<Vec<BankAccount>> {
        // The one that is named, or those that the file names.
        let names: Vec<String> = match self.said.bank_account_id {
            Some(_) => Vec::new(),
            None => statements.iter().flat_map(names).collect(),
        };
        let ids: Vec<Uuid> = self.said.bank_account_id.into_iter().collect();
        let is_wanted = bank_accounts::id
            .eq_any(ids)
            .nullable()
            .or(bank_accounts::iban.eq_any(names.clone()))
            .or(bank_accounts::account_number.eq_any(names));
        let ours: Vec<BankAccount> = bank_accounts::table
            .filter(bank_accounts::org_id.eq(db.organization()))
            .filter(is_wanted)
            .select(BankAccount::as_select())
            .order(bank_accounts::id)
            .for_no_key_update()
            .load(db)
            .await?;
        if self.said.bank_account_id.is_some() && ours.is_empty() {
            return Err(unknown("bank_account_id"));
        }
        let mut faults = Vec::new();
        let found: Vec<Option<&BankAccount>> =
            statements.iter().map(|statement| self.account_of(statement, &ours, &mut faults)).collect();
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        let found: Vec<BankAccount> = found.into_iter().flatten().cloned().collect();
        if let Some(archived) = found.iter().find(|account| account.status == BankAccountStatus::Archived) {
            return Err(CONFLICT
                .because(format!("The bank account {} is archived: restore it first.", archived.name)));
        }
        Ok(found)
    }

    fn account_of<'o>(
        &self,
        statement: &Statement,
        ours: &'o [BankAccount],
        faults: &mut Vec<Fault>,
    ) -> Option<&'o BankAccount> {
        let place = statement.place;
        let Some(named) = &statement.account else {
            if ours.is_empty() {
                let rule = "must be given: the file does not say which account it is of";
                faults.push(Fault::of("bank_account_id", "required", rule));
            }
            return ours.first().filter(|account| has_currency(statement, account, faults));
        };
        let called = names(statement);
        let is_it = |account: &&BankAccount| {
            [&account.iban, &account.account_number].into_iter().flatten().any(|name| called.contains(name))
        };
        let found: Vec<&BankAccount> = ours.iter().filter(is_it).collect();
        // A number may be that of several, in different currencies.
        let fits = |account: &&&BankAccount| {
            statement.currency.as_ref().is_none_or(|code| *code == account.currency)
        };
        if let Some(account) = found.iter().find(fits) {
            return Some(account);
        }
        if let Some(account) = found.as_slice().first() {
            has_currency(statement, account, faults);
            return None;
        }
        let whose = match (self.said.bank_account_id, ours.first()) {
            (Some(_), Some(account)) => format!("and not of {}", account.name),
            _ => "which is no bank account of the organization: create it at `/v1/bank-accounts`".to_owned(),
        };
        let rule = format!("line {place}: the statement is of the account {named}, {whose}");
        faults.push(Fault::at(format!("/{place}/account"), "another-account", rule));
        None
    }

    async fn before(&self, db: &mut Db, accounts: &[BankAccount], digests: &[Vec<String>]) -> Result<Before> {
        #[derive(diesel::QueryableByName)]
        struct Found {
            #[diesel(sql_type = Jsonb)]
            before: serde_json::Value,
        }
        let looking = "select jsonb_build_object(
            'taken', coalesce((select jsonb_object_agg(bank_account_id, id) from bank_statements
                where org_id = (select current_org()) and sha256 = $1 and bank_account_id = any($2)), '{}'),
            'last', coalesce((select jsonb_object_agg(id, last) from unnest($2) a (id) cross join lateral (
                select jsonb_build_object('ordinal', ordinal, 'to_on', to_on, 'closing_balance', closing_balance::text) as last from bank_statements s
                where s.org_id = (select current_org()) and s.bank_account_id = a.id order by ordinal desc limit 1) l), '{}'),
            'known', coalesce((select jsonb_object_agg(digest, times) from (
                select digest, count(*) as times from bank_statement_lines
                where org_id = (select current_org()) and bank_account_id = any($2) and digest = any($3) group by digest) k), '{}'),
            'has_rules', exists (select from bank_rules where org_id = (select current_org()) and automatic and status = 'active')) as before";
        let mut ids: Vec<Uuid> = accounts.iter().map(|account| account.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let digests: Vec<&str> = digests.iter().flatten().map(String::as_str).collect();
        let looking = diesel::sql_query(looking)
            .bind::<Text, _>(self.sha256)
            .bind::<Array<SqlUuid>, _>(ids)
            .bind::<Array<Text>, _>(digests);
        let found: Found = looking.get_result(db).await?;
        serde_json::from_value(found.before).map_err(Problem::internal)
    }
}

/// Whether the statement is in the currency of the account.
fn has_currency(statement: &Statement, account: &BankAccount, faults: &mut Vec<Fault>) -> bool {
    let Some(code) = statement.currency.as_ref().filter(|code| **code != account.currency) else {
        return true;
    };
    let place = statement.place;
    let rule =
        format!("line {place}: the statement is in {code}, and {} in {}", account.name, account.currency);
    faults.push(Fault::at(format!("/{place}/currency"), "another-currency", rule));
    false
}

/// What the account of a statement may be called here: as the file names it, without a currency behind it, without a bank in front.
fn names(statement: &Statement) -> Vec<String> {
    let Some(written) = &statement.account else { return Vec::new() };
    let capitals = written.to_uppercase();
    let without_currency =
        statement.currency.as_deref().and_then(|code| capitals.strip_suffix(code)).map(str::to_owned);
    let without_bank = capitals.rsplit_once('/').map(|(_, number)| number.to_owned());
    [Some(written.clone()), without_currency, without_bank, Some(capitals)].into_iter().flatten().collect()
}

/// What tells a line from others: what the bank calls it, its day and amount; where the bank calls it nothing, all that it says.
fn digest(account: Uuid, line: &Line) -> String {
    let mut digest = Sha256::new();
    digest.update(account);
    let mut add = |text: &str| {
        digest.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(text);
    };
    add(&line.booked_on.to_string());
    add(&line.amount.normalize().to_string());
    if let Some(reference) = &line.bank_reference {
        add(reference);
    } else {
        add("");
        for text in [
            &line.reference,
            &line.end_to_end_id,
            &line.counterparty_name,
            &line.counterparty_account,
            &line.text,
        ] {
            add(text.as_deref().unwrap_or_default());
        }
        add(&line.value_on.map(|day| day.to_string()).unwrap_or_default());
    }
    hexadecimal(&digest.finalize())
}

/// Writes the lines, all of them at once.
async fn write(db: &mut Db, rows: &[Row<'_>]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = serde_json::to_string(rows).map_err(Problem::internal)?;
    let writing = "insert into bank_statement_lines (id, statement_id, bank_account_id, line, booked_on, value_on, amount, currency, reference, end_to_end_id,
            counterparty_name, counterparty_account, text, bank_reference, digest, occurrence)
        select id, statement_id, bank_account_id, line, booked_on, value_on, amount, currency, reference, end_to_end_id,
            counterparty_name, counterparty_account, text, bank_reference, digest, occurrence
        from jsonb_to_recordset($1::jsonb) r (id uuid, statement_id uuid, bank_account_id uuid, line int, booked_on date, value_on date, amount numeric, currency text,
            reference text, end_to_end_id text, counterparty_name text, counterparty_account text, text text, bank_reference text, digest text, occurrence int)";
    diesel::sql_query(writing).bind::<Text, _>(rows).execute(db).await?;
    Ok(())
}
