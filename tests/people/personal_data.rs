//! Personal data: who sees it, what its numbers must hold, and that nobody alone says where somebody's pay goes.
use crate::support::{Organization, run};
use crate::{fault, id};
use serde_json::{Value, json};

#[test]
fn numbers_hold_their_check_digits() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let ana = owner.hire("Ana", None).await;
        let with = |fields: Value| {
            let mut body = json!({"employee_id": ana});
            body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            body
        };
        for (fields, place, code) in [
            (
                json!({"national_id": "1960528226785", "national_id_country": "RO"}),
                "/national_id",
                "wrong-number",
            ),
            (json!({"national_id": "1960528226784"}), "/national_id", "no-country"),
            (json!({"national_id_country": "RO"}), "/national_id_country", "no-number"),
            (json!({"iban": "RO49AAAA1B31007593840001"}), "/iban", "wrong-number"),
        ] {
            let problem =
                owner.post("/v1/personal-data", with(fields)).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem), (place, code));
        }
        let right = json!({"national_id": "1960528226784", "national_id_country": "RO", "iban": "RO49AAAA1B31007593840000"});
        let filed = owner.post("/v1/personal-data", with(right.clone())).await.is(201);
        assert_eq!(
            (&filed["id"], &filed["tax_dependants"], &filed["addresses"]),
            (&json!(ana), &json!(0), &json!([]))
        );
        owner.post("/v1/personal-data", with(right)).await.is_problem(409, "conflict");
        // Another country's number is taken as it is.
        owner
            .patch(
                &format!("/v1/personal-data/{ana}"),
                json!({"national_id": "AB 12", "national_id_country": "DE"}),
            )
            .await
            .is(200);
    });
}

#[test]
fn where_pay_goes_is_said_by_two() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let (ana, dan) = (owner.hire("Ana", None).await, owner.hire("Dan", None).await);
        let old = "RO49AAAA1B31007593840000";
        owner.post("/v1/personal-data", json!({"employee_id": ana, "iban": old})).await.is(201);
        let (data, changes) = (format!("/v1/personal-data/{ana}"), "/v1/personal-data-changes");
        let new = "DE89370400440532013000";
        let problem = owner.patch(&data, json!({"iban": new})).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/iban", "takes-two"));

        let own = [
            "personal-data:read=own",
            "personal-data-changes:read=own",
            "personal-data-changes:write=own",
            "personal-data-changes:approve",
        ];
        let herself = org.employee(&ana, &own).await;
        assert_eq!(herself.get(&data).await.is(200)["iban"], old);
        herself.patch(&data, json!({"private_phone": null})).await.is_problem(403, "forbidden");
        let propose = async |about: &str, edit: Value| {
            herself
                .post(changes, json!({"employee_id": about, "changes": edit, "reason": "Another bank"}))
                .await
        };
        propose(&dan, json!({"iban": new})).await.is_problem(403, "forbidden");
        let problem =
            propose(&ana, json!({"iban": "DE89370400440532013001"})).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/changes/iban", "wrong-number"));
        let problem = propose(&ana, json!({})).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/changes", "says-nothing"));
        let proposed = propose(&ana, json!({"iban": new, "private_phone": "+40 722 555 010"})).await.is(201);
        assert_eq!((&proposed["status"], &proposed["changes"]["iban"]), (&json!("proposed"), &json!(new)));
        assert_eq!(owner.get(&data).await.is(200)["iban"], old, "nothing has changed yet");

        // Not even with the permission does she accept her own.
        let path = format!("{changes}/{}", id(&proposed));
        herself.act(&format!("{path}/accept")).await.is_problem(403, "forbidden");
        let officer = org
            .caller(&["personal-data-changes:read", "personal-data-changes:approve", "personal-data:read"])
            .await;
        let accepted = officer.act(&format!("{path}/accept")).await.is(200);
        assert_eq!(
            (&accepted["status"], &accepted["decided_by"]),
            (&json!("accepted"), &json!(officer.user))
        );
        let now = herself.get(&data).await.is(200);
        assert_eq!(
            (&now["iban"], &now["private_phone"], &now["version"]),
            (&json!(new), &json!("+40 722 555 010"), &json!(2))
        );
        officer.act(&format!("{path}/accept")).await.is_problem(409, "invalid-state");

        // What is rejected says why, and what is withdrawn is gone from the desk.
        let second = format!("{changes}/{}", id(&propose(&ana, json!({"iban": old})).await.is(201)));
        let no = officer
            .post(&format!("{second}/reject"), json!({"rejection_reason": "Another name"}))
            .await
            .is(200);
        assert_eq!((&no["status"], &no["rejection_reason"]), (&json!("rejected"), &json!("Another name")));
        let third = format!("{changes}/{}", id(&propose(&ana, json!({"iban": old})).await.is(201)));
        assert_eq!(herself.act(&format!("{third}/withdraw")).await.is(200)["status"], "withdrawn");
        assert_eq!(owner.get(&data).await.is(200)["iban"], new);

        // Events tell that it happened, and no account.
        let told = owner.get(&format!("{path}/history")).await;
        assert!(
            told.text.contains("personal_data_change.accepted") && !told.text.contains(new),
            "{}",
            told.text
        );
        assert!(!owner.get(&format!("{data}/history")).await.text.contains(new));
    });
}

#[test]
fn the_first_that_is_known_of_somebody_can_be_their_own_word() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let ana = owner.hire("Ana", None).await;
        let herself =
            org.employee(&ana, &["personal-data-changes:write=own", "personal-data:read=own"]).await;
        let said = json!({"employee_id": ana, "changes": {"born_on": "1996-05-28", "emergency_contacts": [{"name": "Dan", "relationship": "brother", "phone": "+40 722 555 011"}]}});
        let said = herself.post("/v1/personal-data-changes", said).await.is(201);
        herself.get(&format!("/v1/personal-data/{ana}")).await.is_problem(404, "not-found");
        owner.act(&format!("/v1/personal-data-changes/{}/accept", id(&said))).await.is(200);
        let now = herself.get(&format!("/v1/personal-data/{ana}")).await.is(200);
        assert_eq!(
            (&now["born_on"], &now["emergency_contacts"][0]["name"]),
            (&json!("1996-05-28"), &json!("Dan"))
        );
    });
}
