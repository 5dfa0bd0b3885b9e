//! What an operation costs, in SQL statements as the service counts them: the same on any machine.
use crate::examples::{ROOMS, collection, lists, operation_at, permitted, ready, request, row, rows, with};
use crate::support::{Caller, Operation, Organization, Request, Service, run, service};
use futures_util::stream::{self, StreamExt};
use reqwest::Method;
use std::collections::HashMap;
use std::process::Child;
use std::sync::Mutex;
use uuid::Uuid;

/// A service of the test's own on the shared database, so that only its own requests are counted.
struct Counted {
    base: String,
    metrics: String,
    child: Child,
    client: reqwest::Client,
    /// What each operation had cost when it was asked last: the page tells of all operations, and is megabytes long.
    seen: Mutex<HashMap<String, Spent>>,
}

/// What an operation has cost so far.
#[derive(Clone, Copy, Default)]
struct Spent {
    statements: u64,
    requests: u64,
}

impl Counted {
    fn start() -> Self {
        let (base, metrics, child) =
            Service::spawn(&service().url, &["--workers", "1", "--connections", "2"]);
        Self { base, metrics, child, client: reqwest::Client::new(), seen: Mutex::default() }
    }

    async fn spent(&self, operation: &str) -> Spent {
        let page = self.client.get(&self.metrics).send().await.unwrap().text().await.unwrap();
        let of_operation = format!("operation=\"{operation}\"");
        let mut spent = Spent::default();
        for line in page.lines().filter(|line| line.contains(&of_operation)) {
            let counted = || line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap();
            if line.starts_with("backoffice_database_statements_total") {
                spent.statements += counted();
            } else if line.starts_with("backoffice_requests_total") {
                spent.requests += counted();
            }
        }
        spent
    }

    /// Statements that the request costs; it must succeed.
    async fn statements(&self, operation: &Operation, request: Request) -> u64 {
        let answer = request.to(&self.base).send().await;
        assert!([200, 201, 204].contains(&answer.status), "{}: {}", operation.id(), answer.text);
        let now = self.spent(operation.id()).await;
        let before = self.seen.lock().unwrap().insert(operation.id().to_owned(), now).unwrap_or_default();
        assert_eq!(now.requests, before.requests + 1, "{}", operation.id());
        now.statements - before.statements
    }

    /// The same, once the connections are there.
    async fn warmed(self, caller: &Caller) -> Self {
        for _ in 0..4 {
            caller.request(Method::GET, "/v1/departments").to(&self.base).send().await.is(200);
        }
        let seen = self.spent("list_departments").await;
        self.seen.lock().unwrap().insert("list_departments".to_owned(), seen);
        self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_read_costs_two_statements() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let service = Counted::start().warmed(&caller).await;
        let reads: Vec<_> =
            permitted(&Method::GET).into_iter().filter(|each| each.path.contains("{id}")).collect();
        assert!(reads.len() >= 6);
        for operation in reads {
            let path = ready(&caller, &operation).await;
            let cost = service.statements(&operation, caller.request(Method::GET, &path)).await;
            // The context and the row.
            assert_eq!(cost, 2, "{}", operation.id());
            if operation.parameter("as_of").is_some() {
                let cost = service
                    .statements(
                        &operation,
                        caller.request(Method::GET, &with(&path, "as_of=2100-01-01T00:00:00Z")),
                    )
                    .await;
                assert_eq!(cost, 2, "{} as_of", operation.id());
            }
        }
        let events = operation_at(&Method::GET, "/v1/events").unwrap();
        assert_eq!(service.statements(&events, caller.request(Method::GET, "/v1/events")).await, 2);
    });
}

#[test]
fn a_list_costs_the_same_for_one_row_and_for_a_hundred() {
    run(async {
        let anybody = Organization::new().await.owner().await;
        let service = Counted::start().warmed(&anybody).await;
        // What a list costs is counted by its operation, so several are looked at at once.
        stream::iter(lists())
            .for_each_concurrent(4, |list| {
                let service = &service;
                async move { costs_the_same(service, &list).await }
            })
            .await;
    });
}

async fn costs_the_same(service: &Counted, list: &Operation) {
    let (few, many) = (Organization::new().await.owner().await, Organization::new().await.owner().await);
    row(&few, &list.path).await;
    rows(&many, &list.path, 100).await;
    for (query, budget) in
        [("limit=200", 2), ("limit=200&count=true", 3), ("limit=200&q=a", 2), ("limit=200&sort=-id", 2)]
    {
        let mut costs = Vec::new();
        for (caller, least) in [(&few, 1), (&many, 100)] {
            let path = with(&list.path, query);
            if !query.contains("q=") {
                let rows = caller.get(&path).await.is(200)["data"].as_array().unwrap().len();
                assert!(rows >= least, "{} has {rows} rows", list.id());
            }
            costs.push(service.statements(list, caller.request(Method::GET, &path)).await);
        }
        assert!(
            costs[0] == costs[1] && costs[0] <= budget,
            "{}?{query}: {costs:?} statements, at most {budget}",
            list.id()
        );
    }
}

/// Six, and one more where two tables are written, where a row is a view that is read again, where an approval may be
/// asked for, or where a rate of exchange or what is claimed elsewhere is looked up.
fn budget(operation: &str) -> u64 {
    const IRREGULAR: &[&str] = &[
        "acquire_fixed_assets",
        "approve_bill",
        "approve_credit_note",
        "approve_debit_note",
        "approve_expense_claim",
        "approve_invoice",
        "archive_department",
        "close_fiscal_period",
        "create_bill",
        "create_credit_note",
        "create_debit_note",
        "create_expense_claim",
        "create_dunning_run",
        "create_invoice",
        "create_recurring_invoice",
        "create_file",
        "disable_user",
        "enable_user",
        "put_fixed_asset_in_service",
        "resend_since_to_webhook_endpoint",
        "resend_webhook_delivery",
        "issue_directory_token",
        "lock_fiscal_period",
        "reopen_fiscal_year",
        "report_fixed_asset_units",
        "retire_older_api_client_secret",
        "retire_older_webhook_endpoint_secret",
        "rotate_api_client_secret",
        "rotate_webhook_endpoint_secret",
        "submit_expense_claim",
        "test_webhook_endpoint",
        "transfer_fixed_asset",
        "update_bill",
        "update_credit_note",
        "update_debit_note",
        "update_invoice",
        "approve_payment_run",
        "create_payment",
        "update_payment",
        "update_recurring_invoice",
    ];
    // What posts into the ledger asks it for the currency and what the assets are worth, posts in two statements, and notes what it came to;
    // what reverses looks for what has happened since and mirrors the entry.
    const POSTING: &[&str] =
        &["create_depreciation_run", "dispose_fixed_asset", "impair_fixed_asset", "reverse_depreciation_run"];
    if let Some(of_room) = ROOMS.iter().find_map(|room| (room.budget)(operation)) {
        return of_room;
    }
    // A file is a batch: it is looked at before it is taken in, and its rows are found, tried and noted together.
    if operation.starts_with("import_") || operation == "undo_import" {
        return 14;
    }
    // What is posted is looked up, numbered, booked and open, letters as invoices; what takes something back is set off against it, too.
    match operation {
        "allocate_payment" | "post_bill" | "post_dunning_run" | "post_expense_claim" | "post_invoice"
        | "unallocate_payment" => return 12,
        // A claim is mirrored, and what is open of it set off against that.
        "void_expense_claim" => return 14,
        "post_credit_note" | "post_debit_note" | "waive_dunning_letter_fee" => return 15,
        // What is paid is weighed, numbered, booked, open, and settles; taken back, that is undone, mirrored and settled by it.
        "post_payment" | "post_payments" | "reimburse_expense_claim" | "reimburse_expense_claims" => {
            return 16;
        }
        "void_payment" => return 18,
        "post_payment_run" | "void_bill" | "void_invoice" => return 19,
        // The ledger posts in two statements and books back in three; then the line is noted. A run of payments reads the account, what
        // is due, and takes its number; its file asks who pays and whether each payee's account is still theirs.
        "book_bank_statement_line"
        | "create_payment_run"
        | "match_bank_statement"
        | "split_bank_statement_line" => return 8,
        "export_payment_run" => return 9,
        // What is due again is looked up, made and noted, and its next day found.
        "run_bank_rule" | "run_recurring_invoice" | "unmatch_bank_statement_line" => return 10,
        _ => {}
    }
    // The books: a draft is read, posted, and read again; a month or a year looks at what stands in its way and around it.
    match operation {
        "post_journal_entry" | "reverse_journal_entry" | "run_recurring_entry" | "reopen_fiscal_period" => {
            return 9;
        }
        "close_fiscal_year" => return 11,
        "revalue_fiscal_period" => return 14,
        _ => {}
    }
    if POSTING.contains(&operation) {
        return 12;
    }
    if IRREGULAR.contains(&operation) { 7 } else { 6 }
}

#[test]
fn a_write_costs_six_statements_at_the_most() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let service = Counted::start().warmed(&caller).await;
        let mut dear = Vec::new();
        for operation in crate::examples::writes() {
            for key in [false, true] {
                if key && operation.method != Method::POST {
                    continue;
                }
                let path = ready(&caller, &operation).await;
                let request = request(&caller, &operation, &path).await;
                let request = if key {
                    request.header("idempotency-key", &Uuid::now_v7().to_string())
                } else {
                    request
                };
                let cost = service.statements(&operation, request).await;
                // begin, context, (recall), lock, change, (remember), commit
                assert!(cost >= 4, "{} costs {cost}: is it counted?", operation.id());
                if cost > budget(operation.id()) {
                    dear.push(format!(
                        "{} of {}: {cost}{}",
                        operation.id(),
                        collection(&operation.path),
                        if key { " with a key" } else { "" }
                    ));
                }
            }
        }
        assert!(dear.is_empty(), "more than six statements: {dear:#?}");
    });
}
