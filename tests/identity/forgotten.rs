//! What nobody can use any more is forgotten, and its history stays.
use crate::company::{Company, here};
use crate::support::run;
use uuid::Uuid;

#[test]
fn sessions_that_are_over_are_forgotten_and_their_history_is_not() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let database = here().connect().await;
        let client = Uuid::now_v7();
        let make = "insert into api_clients (org_id, id, name, scopes) values ($1, $2, 'Program', '{employees:read}')";
        database
            .execute("select set_config('app.org_id', $1::uuid::text, false)", &[&company.id])
            .await
            .unwrap();
        database.execute(make, &[&company.id, &client]).await.unwrap();
        let person = company.member(&["employee"]).await;
        // Ended so many hours ago, of the program or of the person; only the program's oldest and the person's oldest go.
        let ended = async |of_program: bool, hours: i32| -> Uuid {
            let session = Uuid::now_v7();
            let begin = "insert into sessions (org_id, id, user_id, membership_id, api_client_id, role_ids, expires_at)
                select m.org_id, $2, case when $4 then null else m.user_id end, case when $4 then null else m.id end,
                    case when $4 then $5::uuid end, '{}', now() - make_interval(hours => $6)
                from memberships m where m.org_id = $1 and m.user_id = $3";
            database
                .execute(begin, &[&company.id, &session, &person.user, &of_program, &client, &hours])
                .await
                .unwrap();
            session
        };
        let kept = [ended(true, 23).await, ended(false, 24 * 89).await, ended(false, -1).await];
        let gone = [ended(true, 25).await, ended(false, 24 * 91).await];
        identity::housekeeping::forget(&here().database).await.unwrap();
        for session in kept {
            owner.get(&format!("/v1/sessions/{session}")).await.is(200);
        }
        for session in gone {
            owner.get(&format!("/v1/sessions/{session}")).await.is_problem(404, "not-found");
            let history = owner.get(&format!("/v1/sessions/{session}/history")).await.is(200);
            assert_eq!(history["data"].as_array().unwrap().last().unwrap()["type"], "session.deleted");
        }
    });
}

#[test]
fn an_authority_that_can_not_be_read_is_told_at_the_start() {
    let file = std::env::temp_dir().join(format!("authorities-{}.pem", std::process::id()));
    std::fs::write(&file, "no certificate").unwrap();
    for path in [file.to_str().unwrap(), "/no/such/file.pem"] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_backoffice"))
            .args(["migrate", "--ca-file", path])
            .env("DATABASE_URL", &here().url)
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && told.contains("BACKOFFICE_CA_FILE"), "{told}");
    }
    std::fs::remove_file(file).unwrap();
}
