//! Passwords: how long, of which letters, and how they are changed.
use crate::company::{Company, PASSWORD, Pair, address, behind_a_proxy, login, login_with, unique};
use crate::fault;
use crate::support::{Answer, run};
use futures_util::future::join;
use serde_json::json;

/// Changes the password of whoever signed in.
async fn change(pair: &Pair, current: &str, new: &str) -> Answer {
    pair.post("/v1/me/change-password", json!({"current_password": current, "new_password": new})).await
}

#[test]
fn a_password_has_8_to_256_characters_of_any_script() {
    run(async {
        let company = Company::new().await;
        let pair = Pair::taken(&company.owner).await;
        // Characters, not bytes: a key takes four, and 256 of them a kilobyte.
        let bad = [
            ("пароль1".to_owned(), "too-short"),
            ("🔑".repeat(7), "too-short"),
            ("ж".repeat(257), "too-long"),
            ("🔑".repeat(257), "too-long"),
        ];
        for (password, code) in bad {
            let refused = change(&pair, PASSWORD, &password).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&refused), ("/new_password", code), "{} characters", password.chars().count());
        }
        let mut present = PASSWORD.to_owned();
        for password in [
            "пароль12".to_owned(),
            "🔑".repeat(8),
            "ж".repeat(256),
            "🔑".repeat(256),
            "  a space before and after  ".into(),
        ] {
            change(&pair, &present, &password).await.is(204);
            login(&company.owner.email, &password).send().await.is(200);
            present = password;
        }
        login(&company.owner.email, present.trim()).send().await.is_problem(401, "invalid-credentials");
    });
}

#[test]
fn a_password_is_compared_exactly() {
    run(async {
        let company = Company::new_in(behind_a_proxy()).await;
        // ö as one letter, and as o with two dots: they look alike and are not the same.
        let (composed, decomposed) = ("Gr\u{f6}\u{df}e der Stra\u{df}e", "Gro\u{308}\u{df}e der Stra\u{df}e");
        let hash = identity::passwords::hash(composed).await.unwrap();
        let place = behind_a_proxy();
        place.sql("update logins set password_hash = $2 where id = $1", &[&company.owner.user, &hash]).await;
        let try_out =
            async |password: &str| login(&company.owner.email, password).from(&address()).send().await;
        try_out(composed).await.is(200);
        let upper = composed.to_uppercase();
        for other in [
            decomposed,
            &upper,
            "Größe der Strasse",
            &format!("{composed} "),
            &composed[..composed.len() - 1],
            &composed.replace(' ', "\u{a0}"),
        ] {
            try_out(other).await.is_problem(401, "invalid-credentials");
        }
    });
}

#[test]
fn the_commonest_passwords_are_refused_everywhere() {
    run(async {
        let company = Company::new().await;
        let (pair, owner) = (Pair::taken(&company.owner).await, company.owner().await);
        let common = [
            "password",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "football",
            "sunshine",
            "princess",
            "trustno1",
            "PASSWORD",
            "Password1",
            "QWERTYuiop",
        ];
        for password in common {
            let refused = change(&pair, PASSWORD, password).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&refused), ("/new_password", "too-common"), "{password}");
        }
        let invitation = json!({"email": format!("{}@test.example", unique()), "role_ids": [company.role("employee").await]});
        let token = owner.post("/v1/invitations", invitation).await.is(201)["token"].clone();
        let accept = json!({"token": token, "name": "Dan", "password": "iloveyou"});
        let refused = Pair::taken(&company.owner).await.post("/v1/auth/accept-invitation", accept).await;
        assert_eq!(fault(&refused.is_problem(422, "invalid-input")), ("/password", "too-common"));
    });
}

#[test]
fn a_change_of_password_ends_all_other_sessions_and_not_this_one() {
    run(async {
        let (company, other) = (Company::new().await, Company::new().await);
        let person = company.member(&["auditor"]).await;
        let [this, second] = [Pair::taken(&person).await, Pair::taken(&person).await];
        other.admit(&person.email, &["auditor"], None).await;
        let elsewhere = other.session(&person).await;
        let stranger = company.session(&company.member(&["auditor"]).await).await;
        elsewhere.get("/v1/me").await.is(200);

        let new = "four other words together";
        change(&this, PASSWORD, new).await.is(204);
        for ended in [second.get("/v1/me").await, second.refreshed().await, elsewhere.get("/v1/me").await] {
            ended.is_problem(401, "unauthenticated");
        }
        this.get("/v1/me").await.is(200);
        Pair::of(this.refreshed().await).get("/v1/me").await.is(200);
        stranger.get("/v1/me").await.is(200);
        let into = async |password: &str| -> Answer {
            let body = json!({"email": person.email, "password": password, "organization": company.slug});
            login_with(&body).send().await
        };
        into(PASSWORD).await.is_problem(401, "invalid-credentials");
        into(new).await.is(200);
        // Each organization that knows the person learns of the change, and none learns the password.
        for organization in [&company, &other] {
            let owner = organization.owner().await;
            let history = owner.get(&format!("/v1/users/{}/history", person.user)).await.is(200);
            let last = history["data"].as_array().unwrap().last().unwrap().clone();
            assert_eq!(last["type"], "user.updated");
            assert_eq!(
                last["changes"].as_object().unwrap().keys().collect::<Vec<_>>(),
                ["password_changed_at"]
            );
        }
    });
}

#[test]
fn nobody_changes_a_password_without_the_present_one_nor_guesses_it() {
    run(async {
        let company = Company::new().await;
        let pair = Pair::taken(&company.member(&["employee"]).await).await;
        for guess in 1..=10 {
            let refused =
                change(&pair, &format!("wrong password {guess}"), "four other words together").await;
            assert_eq!(
                fault(&refused.is_problem(422, "invalid-input")),
                ("/current_password", "wrong-password")
            );
        }
        let held_back = change(&pair, PASSWORD, "four other words together").await;
        assert!(held_back.header("retry-after").is_some());
        held_back.is_problem(429, "too-many-requests");
        pair.get("/v1/me").await.is(200);
    });
}

#[test]
fn of_two_changes_from_the_same_password_one_wins() {
    run(async {
        let company = Company::new().await;
        let pair = Pair::taken(&company.owner).await;
        let (first, second) = join(
            change(&pair, PASSWORD, "the first of two words"),
            change(&pair, PASSWORD, "the second of two words"),
        )
        .await;
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert!(statuses == [204, 409] || statuses == [204, 422], "{}\n{}", first.text, second.text);
        let winner = if first.status == 204 { "the first of two words" } else { "the second of two words" };
        login(&company.owner.email, winner).send().await.is(200);
    });
}

#[test]
fn a_dry_run_changes_no_password() {
    run(async {
        let company = Company::new().await;
        let pair = Pair::taken(&company.owner).await;
        let second = Pair::taken(&company.owner).await;
        let body = json!({"current_password": PASSWORD, "new_password": "four other words together"});
        let answer = pair.post("/v1/me/change-password?dry_run=true", body).await;
        assert_eq!(answer.header("dry-run"), Some("true"));
        answer.is(204);
        second.get("/v1/me").await.is(200);
        login(&company.owner.email, PASSWORD).send().await.is(200);
    });
}
