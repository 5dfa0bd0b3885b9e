//! Small files: answered at once, each row under the rules of a single create.
use crate::support::{Organization, run, service};
use crate::{CSV, NDJSON, all, counts, import, places, sending, total};
use serde_json::{Value, json};

const TEAM: &str = "employee_number,given_name,family_name,department_code,manager_employee_number,hired_on\n\
    E-3,Carla,Ionescu,FIN,E-2,2026-03-02\n\
    E-2,Bogdan,Rusu,FIN,E-1,2026-03-02\n\
    E-1,Ana,Pop,,,2026-03-02\n";

#[test]
fn a_team_is_imported_with_those_who_lead_it_further_down() {
    run(async {
        let owner = Organization::new().await.owner().await;
        import(&owner, "departments", "", "name,code,parent_code\nTreasury,TRE,FIN\nFinance,FIN,\n")
            .await
            .is(200);
        let answer = import(&owner, "employees", "", TEAM).await;
        let location = answer.header("location").unwrap().to_owned();
        let done = answer.is(200);
        assert_eq!((counts(&done), done["status"].as_str()), ([3, 0, 0, 0], Some("done")));
        assert_eq!(owner.get(&location).await.is(200)["id"], done["id"]);
        let people = all(&owner, "employees").await;
        let by_number = |number: &str| people.iter().find(|row| row["employee_number"] == number).unwrap();
        assert_eq!(by_number("E-3")["manager_id"], by_number("E-2")["id"]);
        assert_eq!(by_number("E-2")["manager_id"], by_number("E-1")["id"]);
        assert_eq!(by_number("E-1")["manager_id"], Value::Null);
        let departments = all(&owner, "departments").await;
        let code = |code: &str| departments.iter().find(|row| row["code"] == code).unwrap();
        assert_eq!(by_number("E-3")["department_id"], code("FIN")["id"]);
        assert_eq!(code("TRE")["parent_id"], code("FIN")["id"]);
        // Who reports to whom, however far down, is known as if they had been hired one by one.
        let lines = service().database().await;
        let id = |number: &str| by_number(number)["id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap();
        let under_ana: i64 = lines
            .query_one(
                "select count(*) from reporting_lines where org_id = $1 and above_id = $2",
                &[&owner.organization, &id("E-1")],
            )
            .await
            .unwrap()
            .get(0);
        assert_eq!(under_ana, 3, "Ana, Bogdan and Carla");
    });
}

#[test]
fn every_fault_is_told_by_line_and_column_and_nothing_is_left() {
    run(async {
        let owner = Organization::new().await.owner().await;
        owner.hire("Taken", None).await;
        let taken = all(&owner, "employees").await[0]["employee_number"].as_str().unwrap().to_owned();
        let file = format!(
            "Employee Number,given name,family_name,work_email,department_code,manager_employee_number,hired_on\n\
             E-1,Ana,Pop,ana@test.example,,,2026-03-02\n\
             ,Bogdan,Rusu,,,,2026-02-30\n\
             E-1,Carla,,not an address,,,02.03.2026\n\
             \n\
             E-4,Dan,Ionescu,,NO-SUCH,E-99,2026-03-02\n\
             {taken},Eva,Marin,,,,2026-03-02\n\
             E-6,Filip,Stan,ANA@test.example,,,2026-03-02\n\
             E-7,Gina,Dobre,,,E-6,2026-03-02\n\
             E-8,Horia\n"
        );
        let problem = import(&owner, "employees", "", &file).await.is_problem(422, "invalid-input");
        let wanted = [
            "/3/hired_on wrong-format",
            "/4/Employee Number repeated",
            "/6/department_code unknown-reference",
            "/6/manager_employee_number unknown-reference",
            "/7/Employee Number already-taken",
            "/8/work_email already-taken",
            "/9/manager_employee_number unknown-reference",
            "/10 ragged-row",
        ];
        assert_eq!(places(&problem), wanted, "{problem:#}");
        assert!(
            problem["errors"][0]["detail"]
                .as_str()
                .unwrap()
                .starts_with("line 3, column hired_on: must be a day")
        );
        assert_eq!(total(&owner, "employees").await, 1);
        assert_eq!(total(&owner, "imports").await, 0);
    });
}

#[test]
fn faulty_rows_are_left_out_where_that_is_asked_for() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let file = "employee_number,given_name,family_name,manager_employee_number,hired_on\n\
            E-1,Ana,Pop,,2026-03-02\nE-2,Bogdan,Rusu,E-1,never\nE-3,Carla,Ionescu,E-2,2026-03-02\nE-4,Dan,Marin,E-1,2026-03-02\n";
        let done = import(&owner, "employees", "on_error=skip", file).await.is(200);
        assert_eq!(counts(&done), [2, 0, 0, 2]);
        let lines: Vec<_> = done["faults"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| (fault["line"].clone(), fault["column"].clone()))
            .collect();
        // Carla reports to somebody who was refused.
        assert_eq!(lines, [(json!(3), json!("hired_on")), (json!(4), json!("manager_employee_number"))]);
        assert_eq!(total(&owner, "employees").await, 2);
    });
}

#[test]
fn a_constraint_of_the_database_is_told_by_its_row() {
    run(async {
        let owner = Organization::new().await.owner().await;
        import(&owner, "departments", "", "name,code\nDesk,DESK\nOld,OLD\n").await.is(200);
        import(
            &owner,
            "positions",
            "",
            "title,department_code,approved_headcount\nClerk,DESK,2\nClerk,OLD,9\n",
        )
        .await
        .is(200);
        let old = all(&owner, "departments").await.into_iter().find(|row| row["code"] == "OLD").unwrap();
        owner.act(&format!("/v1/departments/{}/archive", old["id"].as_str().unwrap())).await.is(200);
        let file = "employee_number,given_name,family_name,department_code,position,hired_on\n\
            E-1,Ana,Pop,DESK,Clerk,2026-03-02\nE-2,Bogdan,Rusu,DESK,Clerk,2026-03-02\n\
            E-3,Carla,Ionescu,DESK,Clerk,2026-03-02\nE-4,Dan,Marin,OLD,,2026-03-02\nE-5,Eva,Stan,,Clerk,2026-03-02\n";
        let problem = import(&owner, "employees", "", file).await.is_problem(422, "invalid-input");
        // Two seats for three clerks: the third is one too many. Whose clerk Eva is, nobody can know.
        assert_eq!(
            places(&problem),
            ["/4 breaks-a-rule", "/5 breaks-a-rule", "/6/position ambiguous"],
            "{problem:#}"
        );
        let ring = "name,code,parent_code\nA,A,B\nB,B,A\nC,C,\n";
        let problem = import(&owner, "departments", "", ring).await.is_problem(422, "invalid-input");
        assert!(
            places(&problem).iter().any(|place| place.starts_with("/2") || place.starts_with("/3")),
            "{problem:#}"
        );
        assert_eq!(total(&owner, "departments").await, 2);
    });
}

#[test]
fn upsert_changes_what_is_there_and_makes_the_rest() {
    run(async {
        let owner = Organization::new().await.owner().await;
        import(&owner, "employees", "", TEAM.replace("FIN", "").as_str()).await.is(200);
        let file = "employee_number,given_name,family_name,phone,hired_on\n\
            E-1,Ana,Pop,+40 21 555 0101,2026-03-02\nE-2,Bogdan,Rusu,,2026-03-02\nE-9,Ivan,Nou,,2026-04-01\n";
        let shown = import(&owner, "employees", "mode=upsert&dry_run=true", file).await;
        assert_eq!(shown.header("dry-run"), Some("true"));
        let shown = shown.is(200);
        assert_eq!(counts(&shown), [1, 1, 1, 0]);
        let changes = shown["changes"].as_array().unwrap();
        assert_eq!(changes[0]["fields"], json!({"phone": {"before": null, "after": "+40 21 555 0101"}}));
        assert_eq!((&changes[1]["line"], &changes[1]["action"]), (&json!(4), &json!("created")));
        assert_eq!(changes[1]["fields"]["given_name"], json!({"before": null, "after": "Ivan"}));
        assert_eq!(total(&owner, "employees").await, 3, "a dry run leaves nothing");
        let done = import(&owner, "employees", "mode=upsert", file).await.is(200);
        assert_eq!((counts(&done), &done["changes"]), ([1, 1, 1, 0], &json!([])));
        let ana =
            all(&owner, "employees").await.into_iter().find(|row| row["employee_number"] == "E-1").unwrap();
        assert_eq!((&ana["phone"], &ana["version"]), (&json!("+40 21 555 0101"), &json!(2)));
        // Not named is kept, empty is cleared.
        assert_eq!(
            counts(
                &import(&owner, "employees", "mode=upsert", "employee_number,phone\nE-1,\nE-2,\n")
                    .await
                    .is(200)
            ),
            [0, 1, 1, 0]
        );
        let again =
            import(&owner, "employees", "mode=upsert", "employee_number,status,given_name\nE-1,active,Ana\n")
                .await;
        assert_eq!(places(&again.is_problem(422, "invalid-input")), ["/2/status read-only"]);
        // A position is known by its title and its department.
        import(&owner, "departments", "", "name,code\nDesk,DESK\n").await.is(200);
        let posts = "title,department_code,approved_headcount\nClerk,DESK,2\n";
        assert_eq!(counts(&import(&owner, "positions", "mode=upsert", posts).await.is(200)), [1, 0, 0, 0]);
        assert_eq!(
            counts(&import(&owner, "positions", "mode=upsert", &posts.replace(",2", ",3")).await.is(200)),
            [0, 1, 0, 0]
        );
    });
}

#[test]
fn a_dry_run_shows_what_is_refused_as_well() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let file =
            "employee_number,given_name,family_name,hired_on\nE-1,Ana,Pop,2026-03-02\nE-2,Bogdan,Rusu,soon\n";
        let shown = import(&owner, "employees", "dry_run=true", file).await.is(200);
        assert_eq!((counts(&shown), shown["status"].as_str()), ([1, 0, 0, 1], Some("failed")));
        assert_eq!(
            (&shown["faults"][0]["line"], &shown["faults"][0]["column"]),
            (&json!(3), &json!("hired_on"))
        );
        assert_eq!((total(&owner, "employees").await, total(&owner, "imports").await), (0, 0));
    });
}

#[test]
fn lines_of_json_keep_their_types() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let file = "{\"name\": \"=Desk\", \"code\": \"DESK\"}\n\n{\"name\": \"Open\", \"code\": \"OPEN\", \"parent_code\": \"DESK\"}\n";
        assert_eq!(
            counts(&sending(&owner, "departments", "", NDJSON, file).send().await.is(200)),
            [2, 0, 0, 0]
        );
        assert!(
            all(&owner, "departments").await.iter().any(|row| row["name"] == "=Desk"),
            "nothing is taken off"
        );
        let broken = "{\"name\": \"A\", \"code\": \"A\"}\n{\"name\": \"B\", \n[1]\n{\"name\": 7, \"code\": \"C\", \"nick\": \"x\"}\n{\"name\": 7, \"code\": \"C\"}\n";
        let problem =
            sending(&owner, "departments", "", NDJSON, broken).send().await.is_problem(422, "invalid-input");
        assert_eq!(
            places(&problem),
            ["/2 not-json", "/3 not-an-object", "/4/nick unknown-field", "/5/name wrong-type"]
        );
    });
}

#[test]
fn the_same_file_and_key_are_one_import() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let send = async |file: &str| {
            sending(&owner, "employees", "", CSV, file).header("idempotency-key", "team").send().await
        };
        let first = send(&TEAM.replace("FIN", "")).await.is(200);
        let again = send(&TEAM.replace("FIN", "")).await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.is(200), first);
        send(TEAM).await.is_problem(422, "idempotency-key-reused");
        assert_eq!(total(&owner, "imports").await, 1);
    });
}

#[test]
fn who_may_not_write_imports_nothing_and_who_reaches_less_far_no_further() {
    run(async {
        let org = Organization::new().await;
        let reader = org.caller(&["employees:read"]).await;
        import(&reader, "employees", "", "nonsense").await.is_problem(403, "forbidden");
        let owner = org.owner().await;
        let (boss, other) = (owner.hire("Boss", None).await, owner.hire("Other", None).await);
        let leader = org
            .employee(
                &boss,
                &["employees:read", "employees:write=team", "imports:read=own", "imports:write=own"],
            )
            .await;
        let numbers = all(&owner, "employees").await;
        let number = |id: &str| {
            numbers.iter().find(|row| row["id"] == id).unwrap()["employee_number"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let file = format!("employee_number,phone\n{},555 0100\n", number(&boss));
        let done = import(&leader, "employees", "mode=upsert", &file).await.is(200);
        assert_eq!(counts(&done), [0, 1, 0, 0]);
        let file = format!(
            "employee_number,given_name,family_name,phone,hired_on\n{},Other,Test,555 0100,2026-03-02\n",
            number(&other)
        );
        let refused = import(&leader, "employees", "mode=upsert", &file).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        // Their own imports are theirs to see; another's are not.
        assert_eq!((total(&leader, "imports").await, total(&owner, "imports").await), (1, 1));
        import(&owner, "departments", "", "name,code\nA,A\n").await.is(200);
        assert_eq!((total(&leader, "imports").await, total(&owner, "imports").await), (1, 2));
    });
}
