//! Lists: what is found, in which order, how much of it at a time, and how much of each.
use crate::support::{Caller, Organization, run};
use crate::{directory, found, names};
use reqwest::Method;
use serde_json::{Value, json};

/// Four users beside the caller.
async fn staffed() -> Caller {
    let caller = directory(&Organization::new().await).await;
    for (name, family, title, kind, active) in [
        ("ana@demo.example", "Pop", "Clerk", "work", true),
        ("Dan@demo.example", "Ionescu", "Head of 100 %", "work", false),
        ("eve@home.example", "Popescu", "Clerk", "home", true),
        ("o'neil_x@demo.example", "O'Neil", "", "work", true),
    ] {
        let user = json!({"userName": name, "name": {"familyName": family}, "title": title, "active": active, "externalId": format!("x-{family}"),
            "emails": [{"value": name, "type": kind}]});
        caller.post("/scim/v2/Users", user).await.is(201);
    }
    caller
}

#[test]
fn filters_find_what_meets_them_and_nothing_else() {
    run(async {
        let caller = staffed().await;
        for (filter, expected) in [
            (r#"userName eq "ANA@demo.example""#, vec!["ana@demo.example"]),
            (r#"userName eq "nobody""#, vec![]),
            (r#"externalId eq "x-Pop""#, vec!["ana@demo.example"]),
            (r#"externalId eq "X-POP""#, vec![]),
            (r#"name.familyName sw "pop""#, vec!["ana@demo.example", "eve@home.example"]),
            (r#"title eq "clerk" and not (name.familyName ew "escu")"#, vec!["ana@demo.example"]),
            (r#"title co "%""#, vec!["Dan@demo.example"]),
            (r#"userName co "_""#, vec!["o'neil_x@demo.example"]),
            (r#"name.familyName eq "O'Neil""#, vec!["o'neil_x@demo.example"]),
            (r#"emails[type eq "home"]"#, vec!["eve@home.example"]),
            (r#"emails[type eq "home" and value co "demo"]"#, vec![]),
            (
                r#"emails.value ew "HOME.example" or externalId eq "x-Ionescu""#,
                vec!["Dan@demo.example", "eve@home.example"],
            ),
            ("active eq false", vec!["Dan@demo.example"]),
            ("title pr and active eq true", vec!["ana@demo.example", "eve@home.example"]),
            (r#"externalId pr and title ne "Clerk""#, vec!["Dan@demo.example", "o'neil_x@demo.example"]),
            (r#"externalId pr and name.familyName gt "p""#, vec!["ana@demo.example", "eve@home.example"]),
            (r#"externalId pr and meta.created gt "2100-01-01T00:00:00Z""#, vec![]),
            (r#"externalId pr and (title eq "x" or userName sw "eve")"#, vec!["eve@home.example"]),
            ("externalId pr and groups pr", vec![]),
            (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "dan""#, vec!["Dan@demo.example"]),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department pr", vec![]),
            (r#"id eq "x""#, vec![]),
        ] {
            let list = found(&caller, "Users", filter).await.is(200);
            assert_eq!(names(&list), expected, "{filter}");
            assert_eq!(list["totalResults"], expected.len(), "{filter}");
        }
        for bad in [
            "userName",
            "userName eq",
            "salary eq \"1\"",
            "userName eq \"a\" or",
            "(((",
            "active eq \"1\"",
            "userName eq \"\\u0000\"",
            "a[b eq 1]",
            "members pr",
            "meta pr",
        ] {
            found(&caller, "Users", bad).await.is_scim_error(400, Some("invalidFilter"));
        }
        found(&caller, "Users", &format!("userName eq \"{}\"", "a".repeat(2_500)))
            .await
            .is_scim_error(400, Some("invalidValue"));
        let wide = vec!["title pr"; 150].join(" or ");
        assert_eq!(found(&caller, "Users", &wide).await.is(200)["totalResults"], 3);
    });
}

#[test]
fn a_list_comes_by_pages_in_the_order_asked_for() {
    run(async {
        let caller = staffed().await;
        let filter = "filter=externalId%20pr&sortBy=userName";
        let all = caller.get(&format!("/scim/v2/Users?{filter}")).await.is(200);
        let sorted = ["ana@demo.example", "Dan@demo.example", "eve@home.example", "o'neil_x@demo.example"];
        assert_eq!(names(&all), sorted);
        let mut seen = Vec::new();
        for start in 1..=5 {
            let page =
                caller.get(&format!("/scim/v2/Users?{filter}&startIndex={start}&count=1")).await.is(200);
            assert_eq!((&page["totalResults"], &page["startIndex"]), (&json!(4), &json!(start)));
            assert_eq!(page["itemsPerPage"], page["Resources"].as_array().unwrap().len());
            seen.extend(names(&page).into_iter().map(str::to_owned).collect::<Vec<_>>());
        }
        assert_eq!(seen, sorted);
        let back = caller.get(&format!("/scim/v2/Users?{filter}&sortOrder=descending&count=2")).await.is(200);
        assert_eq!(names(&back), ["o'neil_x@demo.example", "eve@home.example"]);
        for (query, items) in [
            ("count=0", 0),
            ("count=-5", 0),
            ("count=100000", 5),
            ("startIndex=-3", 5),
            ("startIndex=0&count=2", 2),
        ] {
            let page = caller.get(&format!("/scim/v2/Users?{query}")).await.is(200);
            assert_eq!((&page["itemsPerPage"], &page["totalResults"]), (&json!(items), &json!(5)), "{query}");
        }
        for bad in [
            "count=x",
            "startIndex=99999999999999999999",
            "sortBy=salary",
            "sortBy=emails",
            "sortBy=userName&sortOrder=up",
            "count=1&count=2",
        ] {
            caller.get(&format!("/scim/v2/Users?{bad}")).await.is_scim_error(400, Some("invalidValue"));
        }
    });
}

#[test]
fn an_answer_shows_what_was_asked_for() {
    run(async {
        let caller = staffed().await;
        let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let one = async |query: &str| {
            caller.get(&format!("/scim/v2/Users?filter=userName%20sw%20%22ana%22&{query}")).await
        };
        let cut =
            one("attributes=title,name.familyName,emails.value,nosuch").await.is(200)["Resources"][0].clone();
        assert_eq!(fields(&cut), ["schemas", "id", "title", "name", "emails"]);
        assert_eq!(cut["emails"], json!([{"value": "ana@demo.example"}]));
        let rest =
            one("excludedAttributes=emails,name.familyName,id,meta").await.is(200)["Resources"][0].clone();
        assert!(
            rest.get("emails").is_none() && rest.get("meta").is_none() && rest["id"].is_string(),
            "{rest}"
        );
        // The same, sent as a body; and of both kinds at once, the users first.
        let search = json!({"filter": "userName sw \"ana\"", "attributes": ["userName"], "count": 1});
        let searched = caller.post("/scim/v2/Users/.search", search).await.is(200);
        assert_eq!(
            (names(&searched), fields(&searched["Resources"][0])),
            (vec!["ana@demo.example"], vec!["schemas".into(), "id".into(), "userName".into()])
        );
        let both = caller.post("/scim/v2/.search", json!({"startIndex": 4, "count": 3})).await.is(200);
        assert_eq!(
            (&both["totalResults"], &both["itemsPerPage"]),
            (&json!(5 + 21), &json!(3)),
            "five users, twenty roles and the caller's own"
        );
        let kinds: Vec<&str> = both["Resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| each["meta"]["resourceType"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["User", "User", "Group"]);
        caller
            .request(Method::POST, "/scim/v2/.search")
            .json(&json!({"filter": "salary pr"}))
            .send()
            .await
            .is_scim_error(400, Some("invalidFilter"));
    });
}

#[test]
fn what_scim_tells_of_itself_is_so() {
    run(async {
        let caller = directory(&Organization::new().await).await;
        let config = caller.get("/scim/v2/ServiceProviderConfig").await.is(200);
        assert_eq!(
            (&config["bulk"]["supported"], &config["patch"]["supported"], &config["etag"]["supported"]),
            (&json!(false), &json!(true), &json!(true))
        );
        let types = caller.get("/scim/v2/ResourceTypes").await.is(200);
        for kind in types["Resources"].as_array().unwrap() {
            assert_eq!(
                caller.get(&format!("/scim/v2/ResourceTypes/{}", kind["id"].as_str().unwrap())).await.is(200),
                *kind
            );
            caller.get(&format!("/scim/v2{}", kind["endpoint"].as_str().unwrap())).await.is(200);
            let schema =
                caller.get(&format!("/scim/v2/Schemas/{}", kind["schema"].as_str().unwrap())).await.is(200);
            assert!(schema["attributes"].as_array().unwrap().len() >= 2);
        }
        assert_eq!(caller.get("/scim/v2/Schemas").await.is(200)["totalResults"], 3);
        caller.get("/scim/v2/Schemas/urn:no:such").await.is_scim_error(404, None);
        caller.get("/scim/v2/Me").await.is_scim_error(404, None);
        caller.request(Method::POST, "/scim/v2/Bulk").json(&json!({})).send().await.is_scim_error(404, None);
    });
}
