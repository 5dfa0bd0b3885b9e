//! Other people's headers, days and decimals, named once and used again.
use crate::support::{Organization, run};
use crate::{all, counts, import, places};
use serde_json::json;

#[test]
fn a_saved_mapping_reads_somebody_elses_file() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let mapping = json!({
            "name": "Payroll", "resource": "employees", "date_order": "day_month_year",
            "headers": [
                {"header": "Personalnummer", "field": "employee_number"}, {"header": "Vorname", "field": "given_name"},
                {"header": "Nachname", "field": "family_name"}, {"header": "Eintritt", "field": "hired_on"},
            ],
            "constants": [{"field": "phone", "value": "+40 21 555 0100"}],
        });
        let made = owner.post("/v1/import-mappings", mapping).await.is(201);
        let query = format!("mapping={}", made["id"].as_str().unwrap());
        let file = "Personalnummer;Vorname;Nachname;Eintritt;Gehalt\n7;Ana;Pop;02.03.2026;5.000,00\n8;Bogdan;Rusu;2026-04-01;\n";
        assert_eq!(counts(&import(&owner, "employees", &query, file).await.is(200)), [2, 0, 0, 0]);
        let people = all(&owner, "employees").await;
        let seen: Vec<_> = people
            .iter()
            .map(|row| (row["hired_on"].as_str().unwrap(), row["phone"].as_str().unwrap()))
            .collect();
        assert_eq!(seen, [("2026-03-02", "+40 21 555 0100"), ("2026-04-01", "+40 21 555 0100")]);
        // A fault is told by the header of the file.
        let bad = import(
            &owner,
            "employees",
            &query,
            "Personalnummer;Vorname;Nachname;Eintritt\n9;Eva;Stan;31.02.2026\n",
        )
        .await;
        assert_eq!(places(&bad.is_problem(422, "invalid-input")), ["/2/Eintritt wrong-format"]);
        let lacking = import(&owner, "employees", &query, "Personalnummer;Vorname\n9;Eva\n")
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(places(&lacking), ["/1/Nachname no-such-column", "/1/Eintritt no-such-column"]);
        let other = import(&owner, "departments", &query, "a\nb\n").await.is_problem(422, "invalid-input");
        assert_eq!(other["errors"][0]["parameter"], "mapping");
        let elsewhere = Organization::new().await.owner().await;
        let unknown = import(&elsewhere, "employees", &query, file).await.is_problem(422, "invalid-input");
        assert_eq!(unknown["errors"][0]["code"], "unknown-reference");
    });
}

#[test]
fn a_mapping_that_names_no_column_is_refused_when_it_is_saved() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let wrong = json!({"name": "Wrong", "resource": "employees", "headers": [{"header": "A", "field": "salary"}], "constants": [{"field": "nick", "value": "x"}]});
        let problem = owner.post("/v1/import-mappings", wrong).await.is_problem(422, "invalid-input");
        assert_eq!(
            places(&problem),
            ["/headers/0/field unknown-column", "/constants/0/field unknown-column"]
        );
        let nowhere =
            json!({"name": "Nowhere", "resource": "sessions", "headers": [{"header": "A", "field": "b"}]});
        assert_eq!(
            places(&owner.post("/v1/import-mappings", nowhere).await.is_problem(422, "invalid-input")),
            ["/resource unknown-value"]
        );
    });
}
