//! Many people: placed by one statement in any order, and a team check that costs one look-up among ten thousand.
use crate::lines::EMPLOYEES;
use crate::support::{Organization, run, service};
use serde_json::Value;
use std::time::Instant;
use tokio_postgres::Client;
use uuid::Uuid;

/// Inserts so many employees as the service would, in one statement and in shuffled order: number n reports to n / fan.
/// Their ids are made of their numbers, so that they are known. Answers a connection that is in the organization.
async fn place(organization: Uuid, people: i32, fan: i32) -> Client {
    let service = service().as_service().await;
    service.execute("select enter_as_system($1, false)", &[&organization]).await.unwrap();
    let insert = "insert into employees (org_id, id, employee_number, given_name, family_name, hired_on, status, manager_id)
        select $1::uuid, md5($1::uuid::text || n)::uuid, 'E-' || n, 'Person', md5(n::text), '2026-03-02', 'active',
            case when n > 0 then md5($1::uuid::text || (n / $3::int))::uuid end
        from generate_series(0, $2::int - 1) n order by md5(n::text)";
    assert_eq!(
        service.execute(insert, &[&organization, &people, &fan]).await.unwrap(),
        u64::try_from(people).unwrap()
    );
    service
}

async fn person(client: &Client, organization: Uuid, number: i32) -> Uuid {
    client
        .query_one("select md5($1::uuid::text || $2::int)::uuid", &[&organization, &number])
        .await
        .unwrap()
        .get(0)
}

#[test]
fn two_thousand_placed_at_once_stand_in_the_right_lines() {
    run(async {
        let org = Organization::new().await;
        let service = place(org.id, 2000, 4).await;
        let lines = EMPLOYEES.hold(org.id).await;
        // Number n reports to n / 4, number 0 to nobody: 3 on the first level (1 to 3), 12 on the next (4 to 15), then 48,
        // 192, 768, and the rest of 976 on the sixth. One line to oneself each, and one per level above.
        let wanted = 2000 + 3 + 12 * 2 + 48 * 3 + 192 * 4 + 768 * 5 + 976 * 6;
        assert_eq!(lines.len(), wanted);

        // A second batch below the first, and a move of the branch with most of them: 1 and 4 + 16 + 64 + 256 + 976 + 10 below it.
        let under: Uuid = person(&service, org.id, 1999).await;
        let more = "insert into employees (org_id, id, employee_number, given_name, family_name, hired_on, manager_id)
            select $1::uuid, md5($1::uuid::text || 'more' || n)::uuid, 'M-' || n, 'More', 'People', '2026-03-02',
                case n when 0 then $2::uuid else md5($1::uuid::text || 'more' || (n - 1))::uuid end
            from generate_series(0, 9) n order by n desc";
        service.execute(more, &[&org.id, &under]).await.unwrap();
        // A chain of ten below 1999, who stands at depth 6: 8 + 9 + … + 17 lines.
        assert_eq!(EMPLOYEES.hold(org.id).await.len(), wanted + 125);
        let (one, two) = (person(&service, org.id, 1).await, person(&service, org.id, 2).await);
        let moved = Instant::now();
        service
            .execute(
                "update employees set manager_id = $3 where org_id = $1 and id = $2",
                &[&org.id, &one, &two],
            )
            .await
            .unwrap();
        println!("moved a branch of 1,327 in {:?}", moved.elapsed());
        EMPLOYEES.hold(org.id).await;
    });
}

#[test]
fn a_batch_that_holds_a_ring_is_refused_whole() {
    run(async {
        let org = Organization::new().await;
        let service = service().as_service().await;
        service.execute("select enter_as_system($1, false)", &[&org.id]).await.unwrap();
        let ring = "insert into employees (org_id, id, employee_number, given_name, family_name, hired_on, manager_id)
            select $1::uuid, md5($1::uuid::text || n)::uuid, 'E-' || n, 'Ring', 'Test', '2026-03-02',
                md5($1::uuid::text || ((n + 1) % 3))::uuid
            from generate_series(0, 2) n";
        let refused = service.execute(ring, &[&org.id]).await.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().constraint(), Some("employees_manager_id_cycle"));
        assert_eq!(EMPLOYEES.hold(org.id).await.len(), 0);
    });
}

/// What Postgres did, and how many pages it touched.
async fn explain(service: &Client, query: &str) -> (String, i64, String) {
    let explained =
        service.query_one(&format!("explain (analyze, buffers, format json) {query}"), &[]).await.unwrap();
    let plan: Value = explained.get(0);
    let top = &plan[0]["Plan"];
    let pages = top["Shared Hit Blocks"].as_i64().unwrap() + top["Shared Read Blocks"].as_i64().unwrap();
    (plan.to_string(), pages, plan[0]["Execution Time"].to_string())
}

#[test]
fn the_team_check_is_one_look_up_among_ten_thousand() {
    run(async {
        let org = Organization::new().await;
        let started = Instant::now();
        let service_client = place(org.id, 10_000, 6).await;
        println!("placed 10,000 in {:?}", started.elapsed());
        service().database().await.batch_execute("analyze employees, reporting_lines").await.unwrap();

        // 9999 reports to 1666, and on to 277, 46, 7, 1, 0; not to 2.
        for (leader, member, is_seen) in
            [(0, 9999, true), (1, 9999, true), (2, 9999, false), (1666, 9999, true), (9999, 0, false)]
        {
            let (leader_id, member_id) = (
                person(&service_client, org.id, leader).await,
                person(&service_client, org.id, member).await,
            );
            let reach = format!("team:{leader_id}");
            service_client.execute("select set_config('app.reach', $1, false)", &[&reach]).await.unwrap();
            let query = format!("select * from employees where org_id = '{}' and id = '{member_id}'", org.id);
            let found = service_client.query(&query, &[]).await.unwrap().len();
            assert_eq!(found, usize::from(is_seen), "does {leader} see {member}?");
            let (plan, pages, took) = explain(&service_client, &query).await;
            // By whichever of its two keys, `above` and `below` are both in it: one row is looked at, however deep or
            // wide the company is, and nothing is read that is thrown away.
            assert!(
                plan.contains("reporting_lines_pkey") || plan.contains("reporting_lines_by_below"),
                "{plan}"
            );
            assert!(!plan.contains("Seq Scan") && !plan.contains("hashed"), "{plan}");
            // The row and the line: three pages of each index, one of each table.
            assert!(pages <= 12, "{pages} pages: {plan}");
            println!("{leader} asks for {member}: {pages} pages, {took} ms");
        }

        // A page of the team's list.
        let small: Uuid = person(&service_client, org.id, 1000).await;
        service_client
            .execute("select set_config('app.reach', $1, false)", &[&format!("team:{small}")])
            .await
            .unwrap();
        let list = format!("select * from employees where org_id = '{}' order by id limit 51", org.id);
        assert_eq!(service_client.query(&list, &[]).await.unwrap().len(), 7, "1000, and 6000 to 6005");
        let (_, pages, took) = explain(&service_client, &list).await;
        println!("the list of a team of 7 among 10,000: {pages} pages, {took} ms");
    });
}
