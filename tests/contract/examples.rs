//! Rows of any resource and bodies of any operation, put together from the contract's own examples: references are
//! made first, what must be unique is. A new resource needs a line here only where its fields have names not seen yet.
pub mod books;
mod desk;
mod equipment;
mod growth;
mod hiring;
mod network;
mod pay;
mod staff;
mod systems;
mod tickets;
mod worktime;

pub use crate::support::operation_at;
use crate::support::{
    Caller, Operation, Organization, Request, contract, operation_of, operations, service, validator,
};
use books::{
    CATEGORY_ACCOUNTS, a_day, a_month_with_dollars, a_year_before, account_for_a_bank, account_of_role,
    account_of_type, bank_statement, bank_statement_file, keep_books, letter_with_a_fee,
    make_way_for_a_chart, open_books, payable, posted, posted_claim, press, tax_on, undepreciated_period,
    what_assets_are_bought_with, what_explains_the_last_line, what_the_last_payment_is_for,
};
use futures_util::future::{FutureExt, LocalBoxFuture};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::VecDeque;
use uuid::Uuid;

/// What a room has to say beyond the contract's own examples. Each hook is asked first, and says nothing of what it does
/// not know.
pub struct Room {
    /// Where the rows are that a field refers to.
    pub references: &'static [(&'static str, &'static str)],
    /// The whole body of an operation.
    pub body: for<'a> fn(&'a Caller, &'a Operation) -> LocalBoxFuture<'a, Option<Value>>,
    /// Changes what was put together for an operation from its example.
    pub dress: for<'a> fn(&'a Caller, &'a Operation, &'a mut Value) -> LocalBoxFuture<'a, ()>,
    /// The id of a new row of a collection.
    pub row: for<'a> fn(&'a Caller, &'a str) -> LocalBoxFuture<'a, Option<String>>,
    /// The path of an operation, on a row that is ready for it.
    pub ready: for<'a> fn(&'a Caller, &'a Operation) -> LocalBoxFuture<'a, Option<String>>,
    /// How many statements an operation may cost, where that is not six.
    pub budget: fn(&str) -> Option<u64>,
    /// Rows in tables that no list shows, for the tests of the walls.
    pub furnish: for<'a> fn(&'a Caller) -> LocalBoxFuture<'a, ()>,
}

impl Room {
    const NOTHING: Self = Self {
        references: &[],
        body: |_, _| async { None }.boxed_local(),
        dress: |_, _, _| async {}.boxed_local(),
        row: |_, _| async { None }.boxed_local(),
        ready: |_, _| async { None }.boxed_local(),
        budget: |_| None,
        furnish: |_| async {}.boxed_local(),
    };
}

/// The rooms that speak for themselves.
pub const ROOMS: &[Room] = &[
    staff::ROOM,
    worktime::ROOM,
    growth::ROOM,
    pay::ROOM,
    hiring::ROOM,
    equipment::ROOM,
    network::ROOM,
    systems::ROOM,
    tickets::ROOM,
    desk::ROOM,
];

/// Where the rows are that a field refers to; an empty path means its own collection.
const REFERENCES: &[(&str, &str)] = &[
    ("account_branch_id", "/v1/accounts"),
    ("account_id", "/v1/accounts"),
    ("accumulated_depreciation_account_id", "/v1/accounts"),
    ("api_client_id", "/v1/api-clients"),
    ("bill_id", "/v1/bills"),
    ("asset_account_id", "/v1/accounts"),
    ("bank_account_id", "/v1/bank-accounts"),
    ("category_id", "/v1/fixed-asset-categories"),
    ("claim_id", "/v1/expense-claims"),
    ("cost_centre_id", "/v1/cost-centres"),
    ("created_by", "/v1/users"),
    ("credit_item_id", "/v1/credit-notes"),
    ("debit_item_id", "/v1/invoices"),
    ("delegate_id", "/v1/users"),
    ("department_branch_id", "/v1/departments"),
    ("department_id", "/v1/departments"),
    ("depreciation_account_id", "/v1/accounts"),
    ("depreciation_run_id", "/v1/depreciation-runs"),
    ("dunning_run_id", "/v1/dunning-runs"),
    ("employee_id", "/v1/employees"),
    ("entry_id", "/v1/journal-entries"),
    ("expense_account_id", "/v1/accounts"),
    ("fee_account_id", "/v1/accounts"),
    ("fiscal_period_id", "/v1/fiscal-periods"),
    ("fiscal_year_id", "/v1/fiscal-years"),
    ("fixed_asset_id", "/v1/fixed-assets"),
    ("gain_account_id", "/v1/accounts"),
    ("head_id", "/v1/employees"),
    ("income_account_id", "/v1/accounts"),
    ("invoice_id", "/v1/invoices"),
    ("item_id", "/v1/invoices"),
    ("item_ids", "/v1/invoices"),
    ("journal_id", "/v1/journals"),
    ("journal_entry_id", "/v1/journal-entries"),
    ("left_out", "/v1/bills"),
    ("loss_account_id", "/v1/accounts"),
    ("manager_id", "/v1/employees"),
    ("mapping_id", "/v1/bank-statement-mappings"),
    ("membership_id", "/v1/memberships"),
    ("mentions", "/v1/users"),
    ("parent_id", ""),
    ("paid_from_account_id", "/v1/accounts"),
    ("party_id", "/v1/parties"),
    ("payable_account_id", "/v1/accounts"),
    ("payment_terms_id", "/v1/payment-terms"),
    ("position_id", "/v1/positions"),
    ("proceeds_account_id", "/v1/accounts"),
    ("project_id", "/v1/projects"),
    ("receipt_file_id", "/v1/files"),
    ("receivable_account_id", "/v1/accounts"),
    ("recoverable_account_id", "/v1/accounts"),
    ("recurring_invoice_id", "/v1/recurring-invoices"),
    ("reply_to_id", ""),
    ("resource_id", "/v1/positions"),
    ("role_id", "/v1/roles"),
    ("role_ids", "/v1/roles"),
    ("tax_code_id", "/v1/tax-codes"),
    ("taxed_by", "/v1/tax-codes"),
    ("rule_id", "/v1/bank-rules"),
    ("statement_id", "/v1/bank-statements"),
    ("tax_code_ids", "/v1/tax-codes"),
    ("user_id", "/v1/users"),
    ("webhook_endpoint_id", "/v1/webhook-endpoints"),
];

/// The operation with this id.
#[track_caller]
pub fn operation(id: &str) -> Operation {
    operation_of(id).unwrap_or_else(|| panic!("the contract has no operation {id}"))
}

/// Whether the path keeps SCIM's manners and not the house's: RFC 7644 says what bodies, lists, versions and refusals look
/// like there, and `tests/directory` holds it to that.
pub fn is_scim(path: &str) -> bool {
    path == "/scim" || path.starts_with("/scim/")
}

/// Every operation that keeps the house's own manners.
pub fn of_the_house() -> Vec<Operation> {
    let (scim, house): (Vec<_>, Vec<_>) = operations().into_iter().partition(|each| is_scim(&each.path));
    // What is exempt is SCIM's and no more than SCIM's.
    assert!(scim.iter().all(|each| each.value["tags"][0] == "Directory") && house.len() > 2 * scim.len());
    house
}

/// Whether the operation takes a file and no JSON: what is said of bodies of JSON says nothing of it.
pub fn takes_a_file(operation: &Operation) -> bool {
    let content = operation.value["requestBody"]["content"].as_object();
    content
        .is_some_and(|content| !content.contains_key("application/json") && content.contains_key("text/csv"))
}

/// Every operation of the method that asks for a permission of a resource, those aside that take files.
pub fn permitted(method: &Method) -> Vec<Operation> {
    let all = of_the_house().into_iter().filter(|each| each.method == *method && !takes_a_file(each));
    all.filter(|each| each.permission().is_some_and(|permission| permission.contains(':'))).collect()
}

/// Every list: a GET of many that takes `sort`.
pub fn lists() -> Vec<Operation> {
    let all: Vec<_> =
        permitted(&Method::GET).into_iter().filter(|each| each.parameter("sort").is_some()).collect();
    assert!(all.len() >= 3, "the contract has lists");
    all
}

/// A schema, its reference followed.
pub fn resolved(schema: &Value) -> Value {
    match schema["$ref"].as_str() {
        Some(target) => resolved(contract().pointer(target.trim_start_matches('#')).unwrap()),
        None => schema.clone(),
    }
}

/// The schema of the body that the operation takes.
pub fn body_schema(operation: &Operation) -> Option<Value> {
    let content = operation.value["requestBody"]["content"].as_object()?;
    Some(resolved(&content.get("application/json")?["schema"]))
}

/// Whether the operation takes bytes as they are: a file.
pub fn takes_bytes(operation: &Operation) -> bool {
    operation.value["requestBody"]["content"].get("application/octet-stream").is_some()
}

/// The fields of the body that the operation takes, and their schemas.
pub fn fields(operation: &Operation) -> Vec<(String, Value)> {
    let schema = body_schema(operation).unwrap_or_default();
    let fields = schema["properties"].as_object().cloned().unwrap_or_default();
    fields.into_iter().map(|(name, field)| (name, resolved(&field))).collect()
}

/// Whether a value of the field may be of this JSON type.
pub fn may_be(field: &Value, kind: &str) -> bool {
    let listed = ["oneOf", "anyOf"].iter().filter_map(|name| field[name].as_array()).flatten();
    match &field["type"] {
        Value::String(one) => one == kind,
        Value::Array(several) => several.iter().any(|one| one == kind),
        _ => listed.map(resolved).any(|choice| may_be(&choice, kind)),
    }
}

/// Whether the field holds ids: one, or several.
pub fn holds_ids(field: &Value) -> bool {
    field["format"] == "uuid" || resolved(&field["items"])["format"] == "uuid"
}

/// The collection of a path: `/v1/employees` of `/v1/employees/{id}/history`.
pub fn collection(path: &str) -> &str {
    path.split("/{").next().unwrap()
}

/// The collection that a field of a body sent to `path` refers to.
#[track_caller]
pub fn referred(field: &str, path: &str) -> String {
    if field == "category_id" && path.starts_with("/v1/expense-claims") {
        return "/v1/expense-categories".to_owned();
    }
    let of_rooms = ROOMS.iter().flat_map(|room| room.references);
    let known = REFERENCES.iter().chain(of_rooms).find(|(name, _)| *name == field);
    match known
        .unwrap_or_else(|| panic!("examples.rs does not know whom {field} refers to: add it to REFERENCES"))
        .1
    {
        "" => collection(path).to_owned(),
        other => other.to_owned(),
    }
}

/// A path with an id that nothing has.
pub fn nowhere(path: &str) -> String {
    fill(path, &Uuid::now_v7().to_string())
}

/// A path, its first parameter filled.
pub fn fill(path: &str, id: &str) -> String {
    let Some((before, rest)) = path.split_once('{') else { return path.to_owned() };
    let after = rest.split_once('}').unwrap().1;
    fill(&format!("{before}{id}{after}"), &Uuid::now_v7().to_string())
}

/// A text that nobody else has and that the field's schema takes; the given one where no such text is found.
fn unique(given: &Value, schema: &Value) -> Value {
    let hex = Uuid::now_v7().simple().to_string();
    let (lower, upper) = (format!("x{}", &hex[14..32]), format!("X{}", hex[14..32].to_uppercase()));
    let choices = [lower.clone(), upper, format!("{lower}@test.example")];
    let validator = validator(&format!("field {schema}"), schema);
    choices
        .into_iter()
        .map(Value::from)
        .find(|choice| validator.is_valid(choice))
        .unwrap_or_else(|| given.clone())
}

fn is_unique(field: &str) -> bool {
    ["name", "title", "code", "slug", "number", "email"].iter().any(|end| field.ends_with(end))
}

/// A body that the operation takes: the contract's example, with rows of the caller's organization behind its
/// references and fresh names.
#[expect(clippy::too_many_lines, reason = "an operation after the other, by name")]
pub fn body<'a>(caller: &'a Caller, operation: &'a Operation) -> LocalBoxFuture<'a, Value> {
    async move {
        for room in ROOMS {
            if let Some(body) = (room.body)(caller, operation).await {
                return body;
            }
        }
        let mut body = operation.example().unwrap_or_else(|| panic!("{} has no example", operation.id()));
        match operation.id() {
            "request_approval" => ask_for_approvals(caller).await,
            "create_fiscal_year" => body = a_year_before(caller).await,
            "load_accounts" => make_way_for_a_chart(caller).await,
            "create_depreciation_run" => {
                return json!({"fiscal_period_id": undepreciated_period(caller).await});
            }
            "acquire_fixed_assets" => return what_assets_are_bought_with(caller).await,
            "create_exchange_rate" => body["rated_on"] = json!(a_day()),
            "match_bank_statement_line" => {
                keep_books(caller).await;
                return what_explains_the_last_line(caller).await;
            }
            "post_payments" => {
                let create = self::operation("create_payment");
                return json!({"payments": [self::body(caller, &create).await]});
            }
            "create_payment_run" | "update_payment_run" => {
                let bill = payable(caller).await;
                body["items"] = json!([{"item_id": bill}]);
                if operation.id() == "create_payment_run" {
                    body["bank_account_id"] = json!(row(caller, "/v1/bank-accounts").await);
                    body["left_out"] = json!([]);
                    body["due_by"] = Value::Null;
                }
                return body;
            }
            "allocate_payment" => return what_the_last_payment_is_for(caller).await,
            "create_payment" | "update_payment" => {
                open_books(caller).await;
                body["allocations"] = json!([]);
            }
            "reimburse_expense_claim" => {
                body["account_id"] = json!(account_of_role(caller, "bank", "asset").await);
                return body;
            }
            "reimburse_expense_claims" => {
                body["account_id"] = json!(account_of_role(caller, "bank", "asset").await);
                body["claims"] = json!([{"claim_id": posted_claim(caller).await}]);
                return body;
            }
            "create_expense_category" | "update_expense_category" => {
                keep_books(caller).await;
                body["code"] =
                    unique(&body["code"], &json!({"type": "string", "pattern": "^[A-Z0-9]{1,20}$"}));
                body["account_id"] = json!(account_of_type(caller, "expense").await);
                return body;
            }
            "create_expense_claim" | "update_expense_claim" => {
                open_books(caller).await;
                account_of_role(caller, "employee_reimbursements", "liability").await;
            }
            "create_invoice"
            | "update_invoice"
            | "create_bill"
            | "update_bill"
            | "create_recurring_invoice"
            | "update_recurring_invoice" => open_books(caller).await,
            "create_dunning_level" => {
                let last = caller.get("/v1/dunning-levels?sort=-level&limit=1").await.is(200);
                let level = last["data"][0]["level"].as_i64().unwrap_or_default() + 1;
                (body["level"], body["days_overdue"]) = (json!(level), json!(level * 3));
            }
            // On a day that is not before the letter.
            "waive_dunning_letter_fee" => return json!({"posted_on": "2026-12-31", "reason": "Said so"}),
            // Its days are between those of its neighbours.
            "update_dunning_level" => {
                body.as_object_mut().unwrap().remove("days_overdue");
            }
            _ if ["Accounting", "Banking", "Ledger"]
                .contains(&operation.value["tags"][0].as_str().unwrap()) =>
            {
                keep_books(caller).await;
            }
            _ => {}
        }
        // Only what is in the books is taken back.
        for (taken_back, documents) in [("invoice_id", "/v1/invoices"), ("bill_id", "/v1/bills")] {
            if body[taken_back].is_string() {
                body[taken_back] = json!(posted(caller, documents).await);
            }
        }
        // An example of nothing but nulls changes nothing.
        let says_nothing = body.as_object().is_some_and(|fields| fields.values().all(Value::is_null));
        for (name, field) in fields(operation) {
            let given = body[&name].clone();
            if given.is_null() && !says_nothing {
                continue;
            }
            if name == "invoice_id" || name == "bill_id" {
                continue;
            }
            if holds_ids(&field) {
                let id = match (operation.id(), name.as_str()) {
                    ("create_bank_account" | "create_payment" | "update_payment", "account_id") => {
                        account_for_a_bank(caller).await
                    }
                    _ => row(caller, &referred(&name, &operation.path)).await,
                };
                body[&name] = if field["items"].is_object() { json!([id]) } else { json!(id) };
            } else if given.is_array() {
                refer_within(caller, &mut body[&name], &operation.path).await;
            } else if given.is_string() && is_unique(&name) {
                body[&name] = unique(&given, &field);
            }
        }
        if ["create_fixed_asset_category", "update_fixed_asset_category"].contains(&operation.id()) {
            for (field, kind) in CATEGORY_ACCOUNTS {
                body[field] = json!(account_of_type(caller, kind).await);
            }
        }
        for room in ROOMS {
            (room.dress)(caller, operation, &mut body).await;
        }
        body
    }
    .boxed_local()
}

/// Puts rows of the caller's organization behind the references of what stands in a list, however deep.
fn refer_within<'a>(caller: &'a Caller, value: &'a mut Value, path: &'a str) -> LocalBoxFuture<'a, ()> {
    async move {
        match value {
            Value::Array(values) => {
                for each in values {
                    refer_within(caller, each, path).await;
                }
            }
            Value::Object(fields) => {
                for (name, each) in fields {
                    if name == "tax_code_ids" {
                        *each = json!([tax_on(caller, path).await]);
                    } else if each.is_string() && REFERENCES.iter().any(|(known, _)| known == name) {
                        *each = json!(row(caller, &referred(name, path)).await);
                    } else {
                        refer_within(caller, each, path).await;
                    }
                }
            }
            _ => {}
        }
    }
    .boxed_local()
}

/// A policy that asks for an approval of what the contract's example of a request asks for; the caller and somebody else can
/// give it.
async fn ask_for_approvals(caller: &Caller) {
    let name = "Large teams";
    if !caller.get("/v1/approval-policies?q=Large%20teams").await.is(200)["data"]
        .as_array()
        .unwrap()
        .is_empty()
    {
        return;
    }
    let other = Organization { id: caller.organization }.caller(&[]).await.user;
    let large = json!({"field": "approved_headcount", "over": "10"});
    let policy = json!({"name": name, "resource": "positions", "action": "change-headcount", "conditions": [large], "steps": [{"user_ids": [caller.user, other]}]});
    caller.post("/v1/approval-policies", policy).await.is(201);
}

/// An event that is sealed, so that it has a proof.
async fn sealed_event(caller: &Caller) -> String {
    let department = caller.department("Sealed", None).await;
    let wait = std::time::Duration::from_secs(10);
    let url = crate::support::service().url.clone();
    let settings = platform::database::Settings { url, connections: 1, wait, statement_timeout: wait };
    let (database, client) =
        (platform::database::Database::new(&settings).unwrap(), crate::support::service().database().await);
    let sealed = "select s.event_id::text from sealed_events s join events e on e.org_id = s.org_id and e.id = s.event_id
        where e.org_id = $1 and e.resource_id = $2::text::uuid";
    loop {
        // Transactions of other tests may hold the horizon for a moment.
        audit::seal(&database, caller.organization).await.unwrap();
        if let Some(row) = client.query_opt(sealed, &[&caller.organization, &department]).await.unwrap() {
            return row.get(0);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// The id of a new row of the collection, in the caller's organization.
#[expect(clippy::too_many_lines, reason = "a collection after the other, by name")]
pub fn row<'a>(caller: &'a Caller, collection: &'a str) -> LocalBoxFuture<'a, String> {
    async move {
        for room in ROOMS {
            if let Some(id) = (room.row)(caller, collection).await {
                return id;
            }
        }
        let organization = Organization { id: caller.organization };
        match collection {
            // Rows that are not made by a POST to their collection.
            "/v1/events" => return sealed_event(caller).await,
            "/v1/fiscal-years" | "/v1/fiscal-periods" => {
                let year = caller.post("/v1/fiscal-years", a_year_before(caller).await).await.is(201)["id"].clone();
                let year = year.as_str().unwrap();
                if collection == "/v1/fiscal-years" {
                    // Its months are over, so that it can be closed.
                    let over = "update fiscal_periods set status = 'closed' where org_id = $1 and fiscal_year_id = $2::text::uuid";
                    service().database().await.execute(over, &[&caller.organization, &year]).await.unwrap();
                    return year.to_owned();
                }
                let periods = caller.get(&format!("/v1/fiscal-periods?fiscal_year_id={year}&limit=1")).await.is(200);
                return periods["data"][0]["id"].as_str().unwrap().to_owned();
            }
            // Made by somebody else, so that the caller may approve it.
            "/v1/bills" | "/v1/budgets" | "/v1/expense-claims" | "/v1/payment-runs" => {
                let create = operation_at(&Method::POST, collection).unwrap();
                let body = body(caller, &create).await;
                let write = format!("{}:write", collection.trim_start_matches("/v1/"));
                let maker = organization.caller(&[&write]).await;
                return maker.post(collection, body).await.is(201)["id"].as_str().unwrap().to_owned();
            }
            "/v1/bank-statements" => return bank_statement(caller).await,
            "/v1/bank-statement-lines" => {
                let statement = bank_statement(caller).await;
                let lines = caller.get(&format!("/v1/bank-statement-lines?statement_id={statement}")).await.is(200);
                return lines["data"][0]["id"].as_str().unwrap().to_owned();
            }
            "/v1/fixed-asset-purchases" => {
                let acquire = operation("acquire_fixed_assets");
                let made = perform(caller, &acquire, &acquire.path).await.is(200)["data"][0]["id"].clone();
                let bought = caller.get(&format!("{collection}?fixed_asset_id={}", made.as_str().unwrap())).await.is(200);
                return bought["data"][0]["id"].as_str().unwrap().to_owned();
            }
            "/v1/fixed-asset-movements" => {
                let asset = row(caller, "/v1/fixed-assets").await;
                caller.act(&format!("/v1/fixed-assets/{asset}/put-in-service")).await.is(200);
                let moved = caller.get(&format!("{collection}?fixed_asset_id={asset}")).await.is(200);
                return moved["data"][0]["id"].as_str().unwrap().to_owned();
            }
            "/v1/jobs" => return job(caller).await.to_string(),
            "/v1/journal-lines" => {
                keep_books(caller).await;
                let post = operation("post_journal_entries");
                let posted = perform(caller, &post, &post.path).await.is(200);
                let entry = posted["data"][0]["id"].as_str().unwrap();
                let lines = caller.get(&format!("/v1/journal-lines?entry_id={entry}&limit=1")).await.is(200);
                return lines["data"][0]["id"].as_str().unwrap().to_owned();
            }
            "/v1/memberships" => return organization.caller(&[]).await.membership.to_string(),
            "/v1/sessions" => return organization.caller(&[]).await.session.to_string(),
            "/v1/imports" => {
                let import = operation("import_departments");
                let done = perform(caller, &import, &import.path).await.is(200);
                return done["id"].as_str().unwrap().to_owned();
            }
            "/v1/webhook-deliveries" => return delivery(caller).await.to_string(),
            "/v1/files" => {
                let made = caller.upload("name=example.txt", Uuid::now_v7().to_string()).await.is(201);
                return made["id"].as_str().unwrap().to_owned();
            }
            "/v1/allocations" => {
                let invoice = posted(caller, "/v1/invoices").await;
                let why = json!({"issued_on": "2026-03-31", "reason": "Entered twice"});
                caller.post(&format!("/v1/invoices/{invoice}/void"), why).await.is(200);
                let made = caller.get(&format!("/v1/allocations?debit_item_id={invoice}")).await.is(200);
                return made["data"][0]["id"].as_str().unwrap().to_owned();
            }
            "/v1/dunning-letters" => {
                let invoice = posted(caller, "/v1/invoices").await;
                let party = caller.get(&format!("/v1/invoices/{invoice}")).await.is(200)["party_id"].clone();
                let levels = caller.get("/v1/dunning-levels?limit=1").await.is(200);
                if levels["data"].as_array().unwrap().is_empty() {
                    row(caller, "/v1/dunning-levels").await;
                }
                let run = json!({"as_of_on": "2026-12-30", "party_id": party});
                let run = caller.post("/v1/dunning-runs", run).await.is(201);
                let path = format!("{collection}?dunning_run_id={}", run["id"].as_str().unwrap());
                return caller.get(&path).await.is(200)["data"][0]["id"].as_str().unwrap().to_owned();
            }
            // Asked for by somebody else, so that the caller may decide.
            "/v1/approvals" => {
                let create = operation_at(&Method::POST, collection).unwrap();
                let body = body(caller, &create).await;
                let maker = organization.caller(&["approvals:write", "positions:read"]).await;
                return maker.post(collection, body).await.is(201)["id"].as_str().unwrap().to_owned();
            }
            "/v1/users" => {
                let user = organization.caller(&[]).await.user;
                // With a second factor, so that there is one to be reset.
                let enrolled = "update logins set second_factor_enrolled_at = now() where id = $1";
                crate::support::service().database().await.execute(enrolled, &[&user]).await.unwrap();
                return user.to_string();
            }
            _ => {}
        }
        let create = operation_at(&Method::POST, collection)
            .unwrap_or_else(|| panic!("examples.rs does not know how to make a row of {collection}"));
        let body = body(caller, &create).await;
        let made = caller.post(collection, body).await;
        let location = made.header("location").unwrap_or_default().to_owned();
        let made = made.is(201);
        let id = location
            .strip_prefix(collection)
            .unwrap_or_else(|| panic!("{collection} answered no Location: {made}"));
        id.trim_start_matches('/').to_owned()
    }
    .boxed_local()
}

/// So many new rows of the collection. They refer to the same ones, where the resource lets them.
pub async fn rows(caller: &Caller, collection: &str, count: usize) {
    let create = operation_at(&Method::POST, collection).filter(|create| body_schema(create).is_some());
    let Some(create) = create else {
        for _ in 0..count {
            row(caller, collection).await;
        }
        return;
    };
    let mut body = body(caller, &create).await;
    for _ in 0..count {
        for (name, field) in fields(&create) {
            if !holds_ids(&field) && body[&name].is_string() && is_unique(&name) {
                body[&name] = unique(&body[&name], &field);
            }
        }
        if caller.post(collection, body.clone()).await.status != 201 {
            row(caller, collection).await;
        }
    }
}

/// A webhook that was sent to an endpoint of the caller's.
async fn delivery(caller: &Caller) -> Uuid {
    let (id, endpoint) = (Uuid::now_v7(), row(caller, "/v1/webhook-endpoints").await);
    let sent = "insert into webhook_deliveries (org_id, id, webhook_endpoint_id, event_id, event_type, resource, resource_id, resource_version,
            happened_at, transaction, sequence, status, attempts, last_attempt_at, answer_status)
        values ($1, $2, $3, $2, 'employee.active', 'employees', $2, 2, now(), 0, 0, 'delivered', 1, now(), 204)";
    let endpoint: Uuid = endpoint.parse().unwrap();
    service().database().await.execute(sent, &[&caller.organization, &id, &endpoint]).await.unwrap();
    id
}

/// A job of the caller's, of a kind that nobody works on.
async fn job(caller: &Caller) -> Uuid {
    let id = Uuid::now_v7();
    let enqueue = "insert into jobs (org_id, id, kind, task, attempts_allowed, created_by) values ($1, $2, 'tests.nothing', '{}', 10, $3)";
    service().database().await.execute(enqueue, &[&caller.organization, &id, &caller.user]).await.unwrap();
    id
}

/// The path of the operation, with a row behind its id that the operation can be done to.
pub fn ready<'a>(caller: &'a Caller, operation: &'a Operation) -> LocalBoxFuture<'a, String> {
    find_ready(caller, operation).boxed_local()
}

async fn find_ready(caller: &Caller, operation: &Operation) -> String {
    for room in ROOMS {
        if let Some(path) = (room.ready)(caller, operation).await {
            return path;
        }
    }
    if !operation.path.contains("{id}") {
        return operation.path.clone();
    }
    if operation.id() == "revalue_fiscal_period" {
        return fill(&operation.path, &a_month_with_dollars(caller).await);
    }
    if operation.id() == "match_bank_statement" {
        // Its one line is surely what the bank booked of this.
        keep_books(caller).await;
        let statement = bank_statement(caller).await;
        what_explains_the_last_line(caller).await;
        return fill(&operation.path, &statement);
    }
    if operation.id() == "run_bank_rule" {
        // A line, and a rule that fits it.
        keep_books(caller).await;
        row(caller, "/v1/bank-statement-lines").await;
        let account = row(caller, "/v1/accounts").await;
        let name = Uuid::now_v7().to_string();
        let rule = json!({"name": name, "amount_to": "35.50", "direction": "out", "account_id": account});
        let rule = caller.post("/v1/bank-rules", rule).await.is(201);
        return fill(&operation.path, rule["id"].as_str().unwrap());
    }
    // There is something to be undone.
    if operation.id() == "unallocate_payment" {
        let allocate = self::operation("allocate_payment");
        let path = ready(caller, &allocate).await;
        perform(caller, &allocate, &path).await.is(200);
        return path.replace("/allocate", "/unallocate");
    }
    if operation.id() == "get_payment_run_file" {
        let run = ready(caller, &self::operation("export_payment_run")).await;
        caller.act(&run).await.is(200);
        return run.replace("/export", "/file");
    }
    if operation.id() == "waive_dunning_letter_fee" {
        return fill(&operation.path, &letter_with_a_fee(caller).await);
    }
    if operation.id() == "report_fixed_asset_units" {
        return fill(&operation.path, &press(caller).await);
    }
    let collection = collection(&operation.path);
    let action = operation.path.split_once("{id}/").map(|(_, action)| action.replace('-', "_"));
    let one = operation_at(&Method::GET, &format!("{collection}/{{id}}"));
    let mut ways: VecDeque<Vec<String>> = VecDeque::from([Vec::new()]);
    while let Some(way) = ways.pop_front() {
        let id = row(caller, collection).await;
        for step in &way {
            let path = format!("{collection}/{{id}}/{}", step.replace('_', "-"));
            let step = operation_at(&Method::POST, &path).unwrap();
            // Who hands something in does not approve it.
            if step.id() == "submit_expense_claim" {
                let maker = Organization { id: caller.organization }.caller(&["expense-claims:write"]).await;
                perform(&maker, &step, &fill(&path, &id)).await.is(200);
                continue;
            }
            perform(caller, &step, &fill(&path, &id)).await.is(200);
        }
        let Some(one) = &one else { return fill(&operation.path, &id) };
        let now = caller.get(&fill(&one.path, &id)).await.is(200);
        let possible: Vec<String> =
            serde_json::from_value(now["available_actions"].clone()).unwrap_or_default();
        let is_step = action.as_ref().is_some_and(|action| is_step(collection, action));
        if !is_step || possible.contains(action.as_ref().unwrap()) {
            return fill(&operation.path, &id);
        }
        for next in possible.into_iter().filter(|next| !way.contains(next)) {
            ways.push_back(way.iter().cloned().chain([next]).collect());
        }
    }
    panic!("no steps lead to where {} is possible", operation.id());
}

/// Whether the action is a step in the life of the resource.
fn is_step(collection: &str, action: &str) -> bool {
    let one = operation_at(&Method::GET, &format!("{collection}/{{id}}"));
    let schema =
        one.map(|one| resolved(&one.value["responses"]["200"]["content"]["application/json"]["schema"]));
    let steps =
        schema.unwrap_or_default()["properties"]["available_actions"]["items"]["x-extensible-enum"].clone();
    steps.as_array().is_some_and(|steps| steps.iter().any(|step| step == action))
}

/// The request of an operation, with its example as the body and `If-Match: *` where it needs one.
pub async fn request(caller: &Caller, operation: &Operation, path: &str) -> Request {
    if operation.id() == "create_bank_statement" {
        let file = bank_statement_file(caller).await;
        return caller.request(operation.method.clone(), path).body("text/plain", file);
    }
    if takes_bytes(operation) {
        let path = with(path, "name=example.txt");
        let request = caller.request(operation.method.clone(), &path);
        return request.body("application/octet-stream", Uuid::now_v7().to_string());
    }
    let request = caller.request(operation.method.clone(), path);
    let request = match (body_schema(operation), operation.path.strip_suffix("/import")) {
        (Some(_), _) => request.json(&body(caller, operation).await),
        // A file of lines: the rows of one entry.
        (None, Some("/v1/journal-entries")) => {
            let entry = body(caller, &operation_at(&Method::POST, "/v1/journal-entries").unwrap()).await;
            let mut rows = Vec::new();
            for line in entry["lines"].as_array().unwrap() {
                let account = format!("/v1/accounts/{}", line["account_id"].as_str().unwrap());
                let code = caller.get(&account).await.is(200)["code"].clone();
                let mut row = json!({"entry": "a", "posted_on": entry["posted_on"], "description": entry["description"], "account_code": code});
                for side in ["debit", "credit"] {
                    row[side] = line[side].clone();
                }
                rows.push(row.to_string());
            }
            request.body("application/x-ndjson", rows.join("\n"))
        }
        // People with what they do and earn: an employee, to begin with.
        (None, Some("/v1/hires")) => {
            let create = operation_at(&Method::POST, "/v1/employees").unwrap();
            let mut row = body(caller, &create).await;
            row.as_object_mut().unwrap().remove("custom");
            request.body("application/x-ndjson", row.to_string())
        }
        // A file of messages: one of a ticket.
        (None, Some("/v1/tickets")) => {
            let row = json!({"ticket": "a", "subject": "VPN", "description": "No VPN", "reported_at": "2026-03-03T08:00:00Z",
                "comment": "Soon", "comment_at": "2026-03-03T09:00:00Z"});
            request.body("application/x-ndjson", row.to_string())
        }
        // A file of one row, which a POST to the collection would take.
        (None, Some(collection)) => {
            let create = operation_at(&Method::POST, collection).unwrap();
            let row = body(caller, &create).await.to_string();
            request.body("application/x-ndjson", row)
        }
        (None, None) => request,
    };
    if operation.parameter("If-Match").is_some() { request.header("if-match", "*") } else { request }
}

/// Does the operation.
pub async fn perform(caller: &Caller, operation: &Operation, path: &str) -> crate::support::Answer {
    request(caller, operation, path).await.send().await
}

/// Every operation that changes something of a resource.
pub fn writes() -> Vec<Operation> {
    let imports = operations().into_iter().filter(|each| each.path.ends_with("/import"));
    [Method::POST, Method::PATCH, Method::DELETE].iter().flat_map(permitted).chain(imports).collect()
}

/// A query parameter behind a path.
pub fn with(path: &str, query: &str) -> String {
    format!("{path}{}{query}", if path.contains('?') { "&" } else { "?" })
}
