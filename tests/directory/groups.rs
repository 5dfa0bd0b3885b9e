//! Groups: roles, and who holds them. A directory grants no more than it has.
use crate::support::{Organization, run};
use crate::{directory, found, patch, put, user};
use reqwest::Method;
use serde_json::json;

#[test]
fn members_come_and_go_and_their_roles_with_them() {
    run(async {
        let organization = Organization::new().await;
        let (caller, owner) = (directory(&organization).await, organization.owner().await);
        let (ana, dan) = (user(&caller, "ana@demo.example").await, user(&caller, "dan@demo.example").await);
        let new = json!({"displayName": "Shift leaders", "externalId": "g-1", "members": [{"value": ana}]});
        let made = caller.post("/scim/v2/Groups", new).await.is(201);
        let role = made["id"].as_str().unwrap().to_owned();
        let path = format!("/scim/v2/Groups/{role}");
        let seen = owner.get(&format!("/v1/roles/{role}")).await.is(200);
        assert_eq!(
            (&seen["title"], &seen["kind"], &seen["permissions"]),
            (&json!("Shift leaders"), &json!("custom"), &json!([]))
        );
        assert_eq!(
            caller.get(&format!("/scim/v2/Users/{ana}")).await.is(200)["groups"][0]["display"],
            "Shift leaders"
        );

        let members = |group: &serde_json::Value| {
            let members = group["members"].as_array().cloned().unwrap_or_default();
            members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let both = patch(
            &caller,
            &path,
            json!([{"op": "Add", "path": "members", "value": [{"value": dan}, {"value": ana}]}]),
        )
        .await
        .is(200);
        assert_eq!(members(&both), [ana.clone(), dan.clone()]);
        let one =
            patch(&caller, &path, json!([{"op": "remove", "path": format!("members[value eq \"{ana}\"]")}]))
                .await
                .is(200);
        assert_eq!(members(&one), [dan.as_str()]);
        let held =
            owner.get(&format!("/v1/memberships?user_id={ana}")).await.is(200)["data"][0]["role_ids"].clone();
        assert_eq!(held, json!([]));
        let none =
            patch(&caller, &path, json!([{"op": "Remove", "path": "members", "value": [{"value": dan}]}]))
                .await
                .is(200);
        assert!(members(&none).is_empty());
        let all = put(
            &caller,
            &path,
            json!({"displayName": "Leaders", "members": [{"value": ana}, {"value": dan}]}),
        )
        .await
        .is(200);
        assert_eq!(
            (members(&all).len(), &all["displayName"], all.get("externalId")),
            (2, &json!("Leaders"), None)
        );

        let long = caller
            .get("/scim/v2/Groups?excludedAttributes=members&filter=displayName%20eq%20%22leaders%22")
            .await
            .is(200);
        assert_eq!((&long["totalResults"], long["Resources"][0].get("members")), (&json!(1), None));
        assert_eq!(
            found(&caller, "Groups", &format!("members.value eq \"{ana}\"")).await.is(200)["totalResults"],
            1
        );
        caller.request(Method::DELETE, &path).send().await.is(204);
        assert_eq!(caller.get(&format!("/scim/v2/Users/{ana}")).await.is(200).get("groups"), None);
        owner.get(&format!("/v1/roles/{role}")).await.is_problem(404, "not-found");
    });
}

#[test]
fn nobody_grants_more_than_they_have_not_even_a_directory() {
    run(async {
        let organization = Organization::new().await;
        let caller = directory(&organization).await;
        let ana = user(&caller, "ana@demo.example").await;
        let group =
            found(&caller, "Groups", "displayName eq \"it manager\"").await.is(200)["Resources"][0]["id"]
                .clone();
        let path = format!("/scim/v2/Groups/{}", group.as_str().unwrap());
        let add = json!([{"op": "add", "path": "members", "value": [{"value": ana}]}]);
        let refused = patch(&caller, &path, add.clone()).await.is_scim_error(403, None);
        assert!(refused["detail"].as_str().unwrap().contains("api-clients:write"), "{refused}");
        assert_eq!(caller.get(&path).await.is(200).get("members"), None);
        patch(&organization.almighty().await, &path, add).await.is(200);
        // Taking away is no grant.
        patch(&caller, &path, json!([{"op": "remove", "path": "members"}])).await.is(200);
        // And a grant asks for a fresh sign-in, as everywhere.
        let stale = caller.signed_in_ago(3_600).await;
        let refused = patch(&stale, &path, json!([{"op": "remove", "path": "members"}])).await;
        assert!(refused.header("www-authenticate").unwrap().contains("insufficient_user_authentication"));
        refused.is_scim_error(401, None);
    });
}

#[test]
fn built_in_roles_stay_as_they_are() {
    run(async {
        let organization = Organization::new().await;
        let caller = organization.owner().await;
        let group =
            found(&caller, "Groups", "displayName eq \"Employee\"").await.is(200)["Resources"][0]["id"]
                .clone();
        let path = format!("/scim/v2/Groups/{}", group.as_str().unwrap());
        put(&caller, &path, json!({"displayName": "Staff"})).await.is_scim_error(409, None);
        caller.request(Method::DELETE, &path).send().await.is_scim_error(409, None);
        let kept = put(&caller, &path, json!({"displayName": "Employee", "externalId": "g-2"})).await.is(200);
        assert_eq!((&kept["displayName"], &kept["externalId"]), (&json!("Employee"), &json!("g-2")));
        assert_eq!(
            found(&caller, "Groups", "externalId eq \"g-2\"").await.is(200)["Resources"][0]["id"],
            group
        );
    });
}

#[test]
fn a_member_is_a_user_of_this_organization() {
    run(async {
        let (ours, theirs) = (Organization::new().await, Organization::new().await);
        let caller = directory(&ours).await;
        let foreign = user(&directory(&theirs).await, "dan@demo.example").await;
        let group = caller.post("/scim/v2/Groups", json!({"displayName": "Ours"})).await.is(201);
        let path = format!("/scim/v2/Groups/{}", group["id"].as_str().unwrap());
        for bad in [foreign.as_str(), &uuid::Uuid::now_v7().to_string(), "x"] {
            patch(&caller, &path, json!([{"op": "add", "path": "members", "value": [{"value": bad}]}]))
                .await
                .is_scim_error(400, Some("invalidValue"));
        }
        let group = json!({"displayName": "Nested", "members": [{"value": group["id"], "type": "Group"}]});
        caller.post("/scim/v2/Groups", group).await.is_scim_error(400, Some("invalidValue"));
        assert_eq!(caller.get(&path).await.is(200).get("members"), None);
    });
}
