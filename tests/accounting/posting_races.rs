//! Sixteen at once: numbers without gap, balances to the cent, and nothing twice.
use crate::support::run;
use crate::{Company, decimal, text};
use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn sixteen_post_at_once_to_the_same_accounts() {
    run(async {
        let company = Company::new().await;
        let entry =
            json!({"entries": [company.entry("2026-05-05", &[("1010", "0.10", ""), ("1030", "", "0.10")])]});
        let clients = (0..16).map(|_| {
            let (owner, entry) = (company.owner.clone(), entry.clone());
            async move {
                let mut numbers = Vec::new();
                for _ in 0..10 {
                    let posted = owner.post("/v1/journal-entries/post", entry.clone()).await.is(200);
                    numbers.push(text(&posted["data"][0]["number"]));
                }
                numbers
            }
        });
        let numbers: BTreeSet<String> = join_all(clients).await.into_iter().flatten().collect();
        let wanted: BTreeSet<String> = (1..=160).map(|number| format!("GEN-2026-{number:05}")).collect();
        assert_eq!(numbers, wanted);
        for (code, sum) in [("1010", "16.00"), ("1030", "-16.00")] {
            assert_eq!(company.balance(company.account(code), "2026-12-31").await, decimal(sum));
            assert_eq!(company.kept_balance(company.account(code)).await, decimal(sum));
        }
    });
}

#[test]
fn two_who_post_or_reverse_the_same_entry_do_it_once() {
    run(async {
        let company = Company::new().await;
        let draft = company.entry("2026-05-05", &[("1010", "7.00", ""), ("1030", "", "7.00")]);
        for _ in 0..5 {
            let id = text(&company.owner.post("/v1/journal-entries", draft.clone()).await.is(201)["id"]);
            let path = format!("/v1/journal-entries/{id}/post");
            let both = futures_util::future::join(company.owner.act(&path), company.owner.act(&path)).await;
            let mut ended = [both.0.status, both.1.status];
            ended.sort_unstable();
            assert_eq!(ended, [200, 409]);
            let (path, back) = (
                format!("/v1/journal-entries/{id}/reverse"),
                json!({"reversed_on": "2026-05-06", "reason": "Wrong"}),
            );
            let both = futures_util::future::join(
                company.owner.post(&path, back.clone()),
                company.owner.post(&path, back),
            )
            .await;
            let mut ended = [both.0.status, both.1.status];
            ended.sort_unstable();
            assert_eq!(ended, [200, 409]);
        }
        assert_eq!(company.balance(company.account("1010"), "2026-12-31").await, decimal("0"));
        let entries = company.owner.get("/v1/journal-entries?count=true").await.is(200);
        assert_eq!(entries["total"], 10);
    });
}

#[test]
fn who_posts_while_a_period_is_closed_is_in_it_or_refused() {
    run(async {
        let company = Company::new().await;
        let clerk = company
            .organization
            .caller(&["journal-entries:read", "journal-entries:write", "journal-entries:post"])
            .await;
        let entry =
            json!({"entries": [company.entry("2026-06-05", &[("1010", "1.00", ""), ("1030", "", "1.00")])]});
        let posting = join_all((0..12).map(|_| clerk.post("/v1/journal-entries/post", entry.clone())));
        let (posted, ()) = futures_util::future::join(posting, company.close_period("2026-06")).await;
        let taken = posted.iter().filter(|answer| answer.status == 200).count();
        assert!(posted.iter().all(|answer| [200, 409].contains(&answer.status)));
        clerk.post("/v1/journal-entries/post", entry).await.is_problem(409, "period-closed");
        assert_eq!(company.balance(company.account("1010"), "2026-06-30").await, decimal(&taken.to_string()));
    });
}
