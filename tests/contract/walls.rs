//! The walls between organizations, tried from the inside: what the service's own role could do if a query went wrong.
use crate::catalogue::{TABLES, found, none, tables};
use crate::examples::books::letter_with_a_fee;
use crate::examples::{ROOMS, body, lists, operation, perform, ready, row};
use crate::support::{Caller, Organization, run, service};
use reqwest::Method;
use serde_json::Value;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// Assets and budgets to the last column: a run that was reversed, an asset that moved, a line of a budget of everything.
async fn furnish_with_assets(caller: &Caller) {
    let of = async |collection: &str| row(caller, collection).await;
    let (department, cost_centre, project) =
        (of("/v1/departments").await, of("/v1/cost-centres").await, of("/v1/projects").await);
    let mut asset = body(caller, &operation("create_fixed_asset")).await;
    (asset["department_id"], asset["cost_centre_id"]) =
        (serde_json::json!(department), serde_json::json!(cost_centre));
    let asset = caller.post("/v1/fixed-assets", asset).await.is(201)["id"].as_str().unwrap().to_owned();
    caller.act(&format!("/v1/fixed-assets/{asset}/put-in-service")).await.is(200);
    let run = of("/v1/depreciation-runs").await;
    let why = serde_json::json!({"reason": "Furnished"});
    caller.post(&format!("/v1/depreciation-runs/{run}/reverse"), why).await.is(200);
    let report = operation("report_fixed_asset_units");
    let path = crate::examples::ready(caller, &report).await;
    crate::examples::perform(caller, &report, &path).await.is(200);
    let mut budget = body(caller, &operation("create_budget")).await;
    let line = serde_json::json!({"account_id": of("/v1/accounts").await, "department_id": department, "cost_centre_id": cost_centre, "project_id": project, "evenly": "12.00"});
    budget["lines"] = serde_json::json!([line]);
    caller.post("/v1/budgets", budget).await.is(201);
}

/// An organization with rows in every table that a request can write.
/// An entry that carries every dimension, reversed, one of a recurring entry, a closed year; some of it folded.
async fn book(caller: &Caller, department: &str) {
    let database = service().database().await;
    let org = caller.organization;
    let parent = serde_json::json!({"code": "group", "name": "Group", "type": "asset", "is_group": true});
    let parent = caller.post("/v1/accounts", parent).await.is(201);
    let child =
        serde_json::json!({"code": "child", "name": "Child", "type": "asset", "parent_id": parent["id"]});
    caller.post("/v1/accounts", child).await.is(201);
    let mut lines = body(caller, &operation("create_journal_entry")).await["lines"].clone();
    for (field, list) in
        [("cost_centre_id", "/v1/cost-centres"), ("project_id", "/v1/projects"), ("party_id", "/v1/parties")]
    {
        lines[0][field] = serde_json::json!(row(caller, list).await);
    }
    lines[0]["department_id"] = serde_json::json!(department);
    let entry = |on: &str| serde_json::json!({"posted_on": on, "description": "Walled", "lines": lines});
    let posted = caller
        .post("/v1/journal-entries/post", serde_json::json!({"entries": [entry("2026-03-02")]}))
        .await
        .is(200);
    let reverse = format!("/v1/journal-entries/{}/reverse", posted["data"][0]["id"].as_str().unwrap());
    caller.post(&reverse, serde_json::json!({"reversed_on": "2026-03-02", "reason": "Walled"})).await.is(200);
    for post in ["post_invoice", "post_credit_note", "post_bill", "post_debit_note"] {
        let post = operation(post);
        let path = ready(caller, &post).await;
        perform(caller, &post, &path).await.is(200);
    }
    let fee = payment_with_a_fee(caller).await;
    caller.post("/v1/payments", fee).await.is(201);
    let void = operation("void_payment");
    let path = ready(caller, &void).await;
    perform(caller, &void, &path).await.is(200);
    let export = operation("export_payment_run");
    let path = ready(caller, &export).await;
    perform(caller, &export, &path).await.is(200);
    // What the notes settled is open again.
    let undone = format!(
        "begin; select set_config('app.org_id', '{org}', true); delete from allocations where id = (select a.id from allocations a join credit_notes n on n.org_id = a.org_id and n.id = a.credit_item_id where a.org_id = '{org}' limit 1); commit"
    );
    database.batch_execute(&undone).await.unwrap();
    database.execute("select fold_balances()", &[]).await.unwrap();
    // From here on no worker finds what is not folded.
    database.execute("delete from organization_slugs where organization_id = $1", &[&org]).await.unwrap();
    caller
        .post("/v1/journal-entries/post", serde_json::json!({"entries": [entry("2026-03-03")]}))
        .await
        .is(200);
    bank(caller, department).await;
    let recurring = serde_json::json!({"name": "Walled", "description": "Walled", "lines": lines, "every": "year", "starts_on": "2026-03-04"});
    let recurring = caller.post("/v1/recurring-entries", recurring).await.is(201);
    caller.act(&format!("/v1/recurring-entries/{}/run", recurring["id"].as_str().unwrap())).await.is(200);
    let closed = "update fiscal_years set closing_entry_id = (select id from journal_entries where org_id = $1 and status = 'posted' limit 1)
        where org_id = $1 and code = '2026'";
    database.execute(closed, &[&org]).await.unwrap();
    let revalued = "update fiscal_periods set revaluation_entry_id = (select id from journal_entries where org_id = $1 and status = 'posted' limit 1)
        where org_id = $1 and code = '2026-03'";
    database.execute(revalued, &[&org]).await.unwrap();
}

/// A claim of everything, booked and booked back, so that the employee is a party; and another one with its receipt.
async fn furnish_with_expenses(caller: &Caller, department: &str) {
    let of = async |collection: &str| row(caller, collection).await;
    let mut tax = body(caller, &operation("create_tax_code")).await;
    tax["direction"] = serde_json::json!("purchase");
    let tax = caller.post("/v1/tax-codes", tax).await.is(201)["id"].clone();
    let mut category = body(caller, &operation("create_expense_category")).await;
    category["tax_code_id"] = tax.clone();
    let category = caller.post("/v1/expense-categories", category).await.is(201)["id"].clone();
    let reimburse = operation("reimburse_expense_claim");
    let card = body(caller, &reimburse).await["account_id"].clone();
    let mut claim = body(caller, &operation("create_expense_claim")).await;
    for (field, id) in [
        ("category_id", category),
        ("tax_code_id", tax),
        ("department_id", serde_json::json!(department)),
        ("cost_centre_id", serde_json::json!(of("/v1/cost-centres").await)),
        ("project_id", serde_json::json!(of("/v1/projects").await)),
        ("receipt_file_id", serde_json::json!(of("/v1/files").await)),
        ("paid_from_account_id", card),
    ] {
        claim["lines"][0][field] = id;
    }
    caller.post("/v1/expense-claims", claim).await.is(201);
    let void = operation("void_expense_claim");
    let path = ready(caller, &void).await;
    perform(caller, &void, &path).await.is(200);
}

/// A payment with all that it can refer to.
async fn payment_with_a_fee(caller: &Caller) -> Value {
    let mut payment = body(caller, &operation("create_payment")).await;
    payment["fee_amount"] = serde_json::json!("1.00");
    payment["fee_account_id"] = serde_json::json!(row(caller, "/v1/accounts").await);
    payment
}

/// A statement by a mapping and one that follows it; lines that were matched and booked by a rule that names every dimension.
async fn bank(caller: &Caller, department: &str) {
    let matching = operation("match_bank_statement_line");
    let matched = ready(caller, &matching).await;
    perform(caller, &matching, &matched).await.is(200);
    let account = row(caller, "/v1/bank-accounts").await;
    let mapping = serde_json::json!({"name": "Walled", "date_format": "YYYY-MM-DD", "booking_day": "Day", "amount": "Amount", "text": "Text"});
    let mapping = caller.post("/v1/bank-statement-mappings", mapping).await.is(201);
    let path = format!("/v1/bank-statements?bank_account_id={account}");
    let first = format!("{path}&mapping_id={}", mapping["id"].as_str().unwrap());
    for (path, day) in [(first, "2026-03-02"), (path, "2026-03-03")] {
        let file = format!("Day,Amount,Text\n{day},-1.00,Walled fee\n");
        caller.request(Method::POST, &path).body("text/csv", file).send().await.is(201);
    }
    let mut rule = serde_json::json!({"name": "Walled", "text_contains": "walled", "bank_account_id": account, "department_id": department});
    for (field, list) in [
        ("account_id", "/v1/accounts"),
        ("cost_centre_id", "/v1/cost-centres"),
        ("project_id", "/v1/projects"),
        ("party_id", "/v1/parties"),
    ] {
        rule[field] = serde_json::json!(row(caller, list).await);
    }
    let rule = caller.post("/v1/bank-rules", rule).await.is(201);
    let run = format!("/v1/bank-rules/{}/run", rule["id"].as_str().unwrap());
    assert_eq!(caller.act(&run).await.is(200)["booked"], 2);
}

/// What is invoiced again and again, and of what customers are reminded, to the last column.
async fn furnish_with_reminders(caller: &Caller) {
    let of = async |collection: &str| row(caller, collection).await;
    let letter = letter_with_a_fee(caller).await;
    let waived = serde_json::json!({"posted_on": "2026-12-31", "reason": "Walled"});
    caller.post(&format!("/v1/dunning-letters/{letter}/waive-fee"), waived).await.is(200);
    let invoice = of("/v1/invoices").await;
    let party = caller.get(&format!("/v1/invoices/{invoice}")).await.is(200)["party_id"].clone();
    let hold = serde_json::json!({"party_id": party, "invoice_id": invoice, "reason": "Walled", "until_on": "2026-12-31"});
    caller.post("/v1/dunning-holds", hold).await.is(201);
    let mut recurring = body(caller, &operation("create_recurring_invoice")).await;
    (recurring["payment_terms_id"], recurring["currency"]) =
        (serde_json::json!(of("/v1/payment-terms").await), serde_json::json!("RON"));
    recurring["ends_on"] = serde_json::json!("2026-12-31");
    let recurring = caller.post("/v1/recurring-invoices", recurring).await.is(201)["id"].clone();
    caller.act(&format!("/v1/recurring-invoices/{}/run", recurring.as_str().unwrap())).await.is(200);
    let failed = "update recurring_invoices set problem = 'Walled', failed_at = now() where org_id = $1";
    service().database().await.execute(failed, &[&caller.organization]).await.unwrap();
}

#[expect(clippy::too_many_lines, reason = "a table after the other")]
async fn furnished() -> Caller {
    let caller = Organization::new().await.owner().await;
    for list in lists() {
        row(&caller, &list.path).await;
    }
    row(&caller, "/v1/events").await;
    furnish_with_assets(&caller).await;
    furnish_with_reminders(&caller).await;
    for room in ROOMS {
        (room.furnish)(&caller).await;
    }
    let database = service().database().await;
    // What a large file leaves while its job runs.
    let chunk = "with job as (update imports set job_id = (select id from jobs where org_id = $1 limit 1) where org_id = $1)
        insert into import_chunks (org_id, import_id, number, content) values ($1, $1, 0, '[]')";
    database.execute(chunk, &[&caller.organization]).await.unwrap();
    let refresh =
        "insert into refresh_tokens (org_id, hash, session_id) values ($1, sha256($2::text::bytea), $3)";
    let [org, session] = [caller.organization, caller.session];
    database.execute(refresh, &[&org, &session.to_string(), &session]).await.unwrap();
    let linked = "insert into linked_subjects (org_id, provider_id, subject, user_id, session_id)
        select org_id, id, 'walled', $2, $3 from identity_providers where org_id = $1";
    database.execute(linked, &[&org, &caller.user, &session]).await.unwrap();
    let clients = "insert into sessions (org_id, id, api_client_id, role_ids, expires_at)
        select org_id, gen_random_uuid(), id, array[id], now() + interval '1 hour' from api_clients where org_id = $1";
    database.execute(clients, &[&org]).await.unwrap();
    let department = row(&caller, "/v1/departments").await;
    let child = caller.department("Child", Some(&department)).await;
    let boss = caller.hire("Boss", None).await;
    let report = caller.hire("Report", Some(&boss)).await;
    let position = row(&caller, "/v1/positions").await;
    let place = serde_json::json!({"department_id": child, "position_id": position});
    caller.patch(&format!("/v1/employees/{report}"), place).await.is(200);
    caller.patch(&format!("/v1/departments/{child}"), serde_json::json!({"head_id": boss})).await.is(200);
    for field in [
        serde_json::json!({"applies_to": "employees", "name": "badge", "label": "Badge", "type": "text", "role_ids": [caller.role]}),
        serde_json::json!({"applies_to": "employees", "name": "buddy", "label": "Buddy", "type": "reference", "refers_to": "employees"}),
    ] {
        caller.post("/v1/custom-fields", field).await.is(201);
    }
    let custom = serde_json::json!({"custom": {"badge": "42", "buddy": boss}});
    caller.patch(&format!("/v1/employees/{report}"), custom).await.is(200);
    let series = row(&caller, "/v1/number-series").await;
    caller.act(&format!("/v1/number-series/{series}/activate")).await.is(200);
    let numbered =
        serde_json::json!({"given_name": "Numbered", "family_name": "Test", "hired_on": "2026-03-02"});
    caller.post("/v1/employees", numbered).await.is(201);
    let invite = operation("create_invitation");
    let mut invited = body(&caller, &invite).await;
    invited["employee_id"] = serde_json::json!(boss);
    let comment = |fields: Value| {
        let mut comment = serde_json::json!({"resource": "departments", "resource_id": department, "body": "Said", "mentions": [caller.user]});
        comment.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        comment
    };
    let said = caller.post("/v1/comments", comment(serde_json::json!({}))).await.is(201);
    let reply = comment(serde_json::json!({"reply_to_id": said["id"]}));
    caller.post("/v1/comments", reply).await.is(201);
    let key = Uuid::now_v7().to_string();
    let request = caller.request(invite.method.clone(), &invite.path).header("idempotency-key", &key);
    request.json(&invited).send().await.is(201);
    let link = "insert into invitation_links (org_id, invitation_id, hash) select org_id, id, sha256('link') from invitations where org_id = $1";
    database.execute(link, &[&org]).await.unwrap();
    caller.post("/scim/v2/Users", serde_json::json!({"userName": "walled@test.example"})).await.is(201);
    let group = serde_json::json!({"displayName": "Walled", "externalId": "walled"});
    caller.post("/scim/v2/Groups", group).await.is(201);
    let program = serde_json::json!({"name": "Directory", "scopes": ["directory:read"]});
    let program = caller.post("/v1/api-clients", program).await.is(201);
    let issue = format!("/v1/api-clients/{}/issue-directory-token", program["client_id"].as_str().unwrap());
    caller.post(&issue, serde_json::json!({"days": 1})).await.is(201);
    let mut party = body(&caller, &operation("create_party")).await;
    for (side, kind) in
        [("receivable", "asset"), ("payable", "liability"), ("income", "income"), ("expense", "expense")]
    {
        let account = serde_json::json!({"code": side, "name": side, "type": kind});
        let account = caller.post("/v1/accounts", account).await.is(201);
        party[format!("{side}_account_id")] = account["id"].clone();
    }
    caller.post("/v1/parties", party).await.is(201);
    book(&caller, &department).await;
    furnish_with_expenses(&caller, &department).await;
    let mut invoice = body(&caller, &operation("create_invoice")).await;
    for (field, rows) in [("cost_centre_id", "/v1/cost-centres"), ("project_id", "/v1/projects")] {
        invoice["lines"][0][field] = serde_json::json!(row(&caller, rows).await);
    }
    invoice["lines"][0]["department_id"] = serde_json::json!(department);
    caller.post("/v1/invoices", invoice).await.is(201);
    let mut tax = body(&caller, &operation("create_tax_code")).await;
    for side in ["payable", "recoverable"] {
        tax[format!("{side}_account_id")] = serde_json::json!(row(&caller, "/v1/accounts").await);
    }
    caller.post("/v1/tax-codes", tax).await.is(201);
    // As if exchange rates had differed.
    let differed = format!(
        "begin; set local session_replication_role = replica;
        update allocations set journal_entry_id = (select id from journal_entries where org_id = '{org}' limit 1) where org_id = '{org}';
        update undone_allocations set journal_entry_id = (select id from journal_entries where org_id = '{org}' limit 1) where org_id = '{org}';
        commit"
    );
    database.batch_execute(&differed).await.unwrap();
    let login = "update memberships set employee_id = $3 where org_id = $1 and id = $2";
    let report: Uuid = report.parse().unwrap();
    database.execute(login, &[&org, &caller.membership, &report]).await.unwrap();
    caller
}

#[test]
fn the_service_owns_nothing_and_passes_no_wall() {
    run(async {
        none(
            "no superuser, no row-level security passed by, no role or database made, no login of its own",
            found(
                "select rolname::text from pg_roles where rolname = 'backoffice_service' and
                (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolcanlogin)",
            )
            .await,
        );
        none(
            "it owns nothing",
            found("select relname::text from pg_class where relowner = 'backoffice_service'::regrole").await,
        );
        none(
            "nor functions",
            found("select proname::text from pg_proc where proowner = 'backoffice_service'::regrole").await,
        );
        none("it can be no other role", found("select roleid::regrole::text from pg_auth_members where member = 'backoffice_service'::regrole").await);
        none(
            "it truncates nothing, and makes no triggers and references",
            found("select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
                and (has_table_privilege('backoffice_service', oid, 'truncate') or has_table_privilege('backoffice_service', oid, 'trigger')
                    or has_table_privilege('backoffice_service', oid, 'references'))")
            .await,
        );
        none(
            "it can make nothing in the schema",
            found("select nspname::text from pg_namespace where nspname = 'public' and has_schema_privilege('backoffice_service', oid, 'create')").await,
        );
        none(
            "what works as the owner names where it looks things up (CVE-2018-1058)",
            found(
                "select proname::text from pg_proc where pronamespace = 'public'::regnamespace and prosecdef
                and not coalesce(proconfig::text like '%search_path=public, pg_temp%', false)",
            )
            .await,
        );
        // As the service stands there, a request's context set or not, SQL that it was never meant to run fails.
        let service = service().as_service().await;
        for statement in [
            "create table t (a int)",
            "select password_hash from logins",
            "set role postgres",
            "drop table employees",
            "alter table employees disable row level security",
            "select * from organization_slugs",
        ] {
            let refused = service.batch_execute(statement).await;
            let refused = refused.err().unwrap_or_else(|| panic!("the service could: {statement}"));
            let code = refused.code().cloned();
            let allowed = [Some(SqlState::INSUFFICIENT_PRIVILEGE), Some(SqlState::INVALID_PARAMETER_VALUE)];
            assert!(allowed.contains(&code), "{statement}: {refused}");
        }
    });
}

/// Whether the statement did nothing: refused for want of a right, or no row met.
async fn does_nothing(
    client: &tokio_postgres::Client,
    statement: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<(), String> {
    match client.execute(statement, values).await {
        Ok(0) => Ok(()),
        Ok(rows) => Err(format!("{rows} rows: {statement}")),
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(()),
        Err(error) => Err(format!("{statement}: {error} {:?}", error.as_db_error())),
    }
}

#[test]
fn with_no_organization_set_the_service_sees_and_changes_nothing() {
    run(async {
        let caller = furnished().await;
        let (owner, service) = (service().database().await, service().as_service().await);
        service.batch_execute("begin").await.unwrap();
        for table in tables().await {
            let sample: Option<(Value,)> = owner
                .query_opt(
                    &format!("select to_jsonb(t) from {table} t where org_id = $1 limit 1"),
                    &[&caller.organization],
                )
                .await
                .unwrap()
                .map(|row| (row.get(0),));
            let rows: i64 =
                owner.query_one(&format!("select count(*) from {table}"), &[]).await.unwrap().get(0);
            service.batch_execute("savepoint s").await.unwrap();
            match service.query(&format!("select * from {table} limit 1"), &[]).await {
                Ok(seen) => assert!(seen.is_empty(), "{table} shows rows, of {rows}"),
                Err(error) => {
                    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{table}: {error}");
                }
            }
            service.batch_execute("rollback to s").await.unwrap();
            let Some((row,)) = sample else {
                panic!("{table} has no row to try with: let furnished() make one")
            };
            let set = format!("update {table} set org_id = org_id");
            let delete = format!("delete from {table}");
            let insert = format!(
                "insert into {table} overriding system value select * from jsonb_populate_record(null::{table}, $1)"
            );
            let mut done = Vec::new();
            done.push(does_nothing(&service, &set, &[]).await);
            service.batch_execute("rollback to s").await.unwrap();
            done.push(does_nothing(&service, &delete, &[]).await);
            service.batch_execute("rollback to s").await.unwrap();
            // A row as it is there already: the wall is met before the key.
            done.push(does_nothing(&service, &insert, &[&row]).await);
            service.batch_execute("rollback to s").await.unwrap();
            let failed: Vec<_> = done.into_iter().filter_map(Result::err).collect();
            assert!(failed.is_empty(), "{table}: {failed:#?}");
        }
    });
}

#[test]
fn in_its_organization_the_service_sees_no_other_and_puts_nothing_there() {
    run(async {
        let (ours, theirs) = (furnished().await, furnished().await);
        let (owner, service) = (service().database().await, service().as_service().await);
        service.batch_execute("begin").await.unwrap();
        let enter = "select enter_as_system($1, false)";
        service.execute(enter, &[&ours.organization]).await.unwrap();
        for table in tables().await {
            let sample = format!("select to_jsonb(t) from {table} t where org_id = $1 limit 1");
            let row: Value = owner
                .query_opt(&sample, &[&theirs.organization])
                .await
                .unwrap()
                .unwrap_or_else(|| panic!("{table} has no row to try with"))
                .get(0);
            let others = format!("select count(*) from {table} where org_id is distinct from $1");
            service.batch_execute("savepoint s").await.unwrap();
            match service.query_one(&others, &[&ours.organization]).await {
                Ok(count) => assert_eq!(count.get::<_, i64>(0), 0, "{table} shows rows of others"),
                Err(error) => {
                    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{table}: {error}");
                }
            }
            service.batch_execute("rollback to s").await.unwrap();
            let move_there = format!("update {table} set org_id = '{}'", theirs.organization);
            let insert = format!(
                "insert into {table} overriding system value select * from jsonb_populate_record(null::{table}, $1)"
            );
            for (statement, values) in [(&move_there, vec![]), (&insert, vec![&row as &(dyn ToSql + Sync)])] {
                if let Err(done) = does_nothing(&service, statement, &values).await {
                    // A row that others refer to, or that a trigger keeps, is refused for that before.
                    assert!(done.contains("violates") || done.contains("23001"), "{table}: {done}");
                }
                service.batch_execute("rollback to s").await.unwrap();
            }
        }
    });
}

#[test]
fn what_is_written_to_the_events_stays() {
    run(async {
        let caller = furnished().await;
        let service = service().as_service().await;
        service.execute("select enter_as_system($1, false)", &[&caller.organization]).await.unwrap();
        let seen: i64 = service.query_one("select count(*) from events", &[]).await.unwrap().get(0);
        assert!(seen >= 3, "the service reads {seen} events");
        for statement in [
            "update events set actor = 'nobody'",
            "delete from events",
            "truncate events",
            "insert into events (type, resource, resource_id, version, changes) values ('a.b', 'a', gen_random_uuid(), 1, '{}')",
        ] {
            let refused = service.execute(statement, &[]).await.expect_err(statement);
            assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{statement}: {refused}");
        }
    });
}

#[test]
fn a_foreign_key_crosses_to_no_other_organization() {
    run(async {
        let (ours, theirs) = (furnished().await, furnished().await);
        let owner = service().database().await;
        let keys = owner
            .query(
                &format!(
                    "select t.name, f.conname::text, r.name,
                        (select attname::text from pg_attribute where attrelid = f.conrelid and attnum = f.conkey[2]),
                        (select attname::text from pg_attribute where attrelid = f.confrelid and attnum = f.confkey[2])
                    from pg_constraint f join ({TABLES}) t on t.oid = f.conrelid join ({TABLES}) r on r.oid = f.confrelid
                    where f.contype = 'f' order by 1, 2"
                ),
                &[],
            )
            .await
            .unwrap();
        assert!(keys.len() >= 15, "{} foreign keys", keys.len());
        // The tables' own triggers have their own reasons to refuse; here the key alone is asked.
        for key in keys {
            let [table, name, other, column, referred]: [String; 5] =
                std::array::from_fn(|index| key.get(index));
            let foreign = format!("select {referred} from {other} where org_id = $1 limit 1");
            let foreign = owner.query_opt(&foreign, &[&theirs.organization]).await.unwrap();
            let foreign: Uuid = foreign.unwrap_or_else(|| panic!("{other} has no row to refer to")).get(0);
            let mut client = service().database().await;
            let transaction = client.transaction().await.unwrap();
            transaction.batch_execute(&format!("alter table {table} disable trigger user")).await.unwrap();
            let update = format!(
                "update {table} set {column} = $1 where ctid = (select ctid from {table} where org_id = $2 and {column} is not null limit 1)"
            );
            let refused = match transaction.execute(&update, &[&foreign, &ours.organization]).await {
                Ok(rows) => {
                    assert_eq!(rows, 1, "{table} has no row to try {name} with");
                    transaction.batch_execute("set constraints all immediate").await.err()
                }
                Err(error) => Some(error),
            };
            let refused = refused.unwrap_or_else(|| panic!("{name} took another organization's row"));
            let told = refused.as_db_error().unwrap();
            assert_eq!(
                (told.code(), told.constraint()),
                (&SqlState::FOREIGN_KEY_VIOLATION, Some(name.as_str())),
                "{told}"
            );
        }
    });
}
