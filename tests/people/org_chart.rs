//! The org chart: who reports to whom from anybody down, how many are below each, and which posts nobody fills.
use crate::support::{Organization, run};
use crate::{hire_with, id};
use serde_json::{Value, json};

fn shown(chart: &Value) -> Vec<(&str, i64, i64, i64)> {
    let people = chart["people"].as_array().unwrap().iter();
    people
        .map(|each| {
            let number = |field: &str| each[field].as_i64().unwrap();
            (each["name"].as_str().unwrap(), number("depth"), number("reports"), number("headcount"))
        })
        .collect()
}

#[test]
fn the_chart_is_a_tree_from_anybody_down() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let sales = owner.department("Sales & <more>", None).await;
        let post = json!({"title": "Seller", "department_id": sales, "approved_headcount": 3});
        let seller = id(&owner.post("/v1/positions", post).await.is(201));
        let hire = async |name: &str, manager: Option<&str>, position: Option<&str>| {
            let fields = json!({"given_name": name, "family_name": "Pop", "manager_id": manager, "position_id": position, "department_id": sales});
            id(&hire_with(&owner, fields).await.is(201))
        };
        let ana = hire("Ana", None, None).await;
        let dan = hire("Dan", Some(&ana), Some(&seller)).await;
        let _ = hire("Bea", Some(&ana), None).await;
        let eva = hire("Eva", Some(&dan), None).await;
        let gone = hire("Gone", Some(&dan), Some(&seller)).await;
        owner
            .post(
                &format!("/v1/employees/{gone}/terminate"),
                json!({"last_day": "2026-06-30", "reason": "Left"}),
            )
            .await
            .is(200);

        let chart = owner.get("/v1/org-chart").await.is(200);
        let all = [("Ana Pop", 0, 2, 4), ("Bea Pop", 1, 0, 1), ("Dan Pop", 1, 1, 2), ("Eva Pop", 2, 0, 1)];
        assert_eq!(shown(&chart), all);
        // Three approved, one filled.
        assert_eq!(
            (&chart["headcount"], &chart["levels"], &chart["vacancies"]),
            (&json!(4), &json!(2), &json!(2))
        );
        assert_eq!(
            (&chart["departments"][0]["approved"], &chart["departments"][0]["filled"]),
            (&json!(3), &json!(1))
        );

        let branch = owner.get(&format!("/v1/org-chart?manager_id={dan}")).await.is(200);
        assert_eq!(shown(&branch), [("Dan Pop", 0, 1, 2), ("Eva Pop", 1, 0, 1)]);
        let top = owner.get("/v1/org-chart?depth=1").await.is(200);
        assert_eq!(shown(&top), all[..3]);
        let leaf = owner.get(&format!("/v1/org-chart?manager_id={eva}")).await.is(200);
        assert_eq!(shown(&leaf), [("Eva Pop", 0, 0, 1)]);
        let theirs = Organization::new().await.owner().await;
        theirs.get(&format!("/v1/org-chart?manager_id={dan}")).await.is_problem(422, "invalid-input");

        let svg = owner
            .request(reqwest::Method::GET, "/v1/org-chart")
            .header("accept", "image/svg+xml")
            .send()
            .await;
        assert_eq!(svg.header("content-type"), Some("image/svg+xml"));
        assert!(svg.text.starts_with("<svg ") && svg.text.ends_with("</svg>"), "{}", svg.text);
        // A box for each, a line up for all but the top, and no markup of theirs.
        assert_eq!((svg.text.matches("<rect ").count(), svg.text.matches("<path ").count()), (4, 3));
        assert!(svg.text.contains("Seller, Sales &amp; &lt;more&gt;"), "{}", svg.text);
    });
}
