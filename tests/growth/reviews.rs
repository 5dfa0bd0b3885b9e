//! Reviews: who writes, who reads what when, and what is agreed on before anybody reads it.
use crate::support::{Caller, Organization, run};
use crate::{fault, faults, hire_on, id};
use serde_json::{Value, json};

const OWN: &[&str] =
    &["reviews:read=own", "reviews:write=own", "review-parts:read=own", "review-parts:write=own"];

/// Ana, who is below Mira, and two colleagues; somebody of human resources.
struct Reviewed {
    officer: Caller,
    ana: Caller,
    mira: Caller,
    ben: Caller,
    eva: Caller,
    ids: [String; 4],
    cycle: String,
    /// Ana's.
    review: String,
}

impl Reviewed {
    async fn new(with: Value) -> Self {
        let organization = Organization::new().await;
        let officer = organization.owner().await;
        let mira_id = hire_on(&officer, "2026-01-05", None).await;
        let ana_id = hire_on(&officer, "2026-01-05", Some(&mira_id)).await;
        let (ben_id, eva_id) =
            (hire_on(&officer, "2026-01-05", None).await, hire_on(&officer, "2026-01-05", None).await);
        let leads = [&["reviews:read=team", "reviews:assign=team"], &OWN[1..]].concat();
        let question = |key: &str, part: &str, kind: &str, weight: &str, is_required: bool| json!({"key": key, "part": part, "text": "How?", "kind": kind, "weight": weight, "is_required": is_required});
        let questions = json!([
            question("done", "self", "text", "0", true),
            question("quality", "manager", "rating", "3", true),
            question("team", "manager", "rating", "1", true),
            question("why", "manager", "text", "0", false),
            question("team", "peer", "rating", "1", true),
        ]);
        let mut cycle = json!({"name": "2026", "starts_on": "2026-01-01", "ends_on": "2026-12-31", "parts_due_on": "2027-01-31", "questions": questions});
        cycle.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        let cycle = id(&officer.post("/v1/review-cycles", cycle).await.is(201));
        officer.act(&format!("/v1/review-cycles/{cycle}/open")).await.is(200);
        let reviews = officer.get(&format!("/v1/reviews?employee_id={ana_id}")).await.is(200);
        Self {
            ana: organization.employee(&ana_id, OWN).await,
            mira: organization.employee(&mira_id, &leads).await,
            ben: organization.employee(&ben_id, OWN).await,
            eva: organization.employee(&eva_id, OWN).await,
            review: id(&reviews["data"][0]),
            ids: [ana_id, mira_id, ben_id, eva_id],
            officer,
            cycle,
        }
    }

    /// The part that they write about Ana.
    async fn part(&self, author: &Caller) -> String {
        let parts = author.get(&format!("/v1/review-parts?employee_id={}", self.ids[0])).await.is(200);
        assert_eq!(parts["data"].as_array().unwrap().len(), 1, "{parts}");
        id(&parts["data"][0])
    }

    async fn submit(&self, author: &Caller, answers: Value) {
        let path = format!("/v1/review-parts/{}/submit", self.part(author).await);
        author.post(&path, json!({"answers": answers})).await.is(200);
    }

    /// The parts that they read of Ana's review: `part author rating`.
    async fn reads(&self, who: &Caller) -> Vec<String> {
        let read = who.get(&format!("/v1/reviews/{}/feedback", self.review)).await.is(200);
        let names = ["ana", "mira", "ben", "eva"];
        let parts = read["parts"].as_array().unwrap().iter().map(|part| {
            let author = part["author_id"]
                .as_str()
                .map_or("nobody", |author| names[self.ids.iter().position(|id| id == author).unwrap()]);
            format!(
                "{} {author} {}",
                part["part"].as_str().unwrap(),
                part["rating"].as_str().unwrap_or("none")
            )
        });
        let mut parts: Vec<String> = parts.collect();
        parts.sort();
        parts
    }

    async fn move_on(&self, step: &str) {
        self.officer.act(&format!("/v1/review-cycles/{}/{step}", self.cycle)).await.is(200);
    }

    async fn written(&self) {
        let peers = json!({"employee_ids": [self.ids[2], self.ids[3]]});
        self.mira.post(&format!("/v1/reviews/{}/invite-peers", self.review), peers).await.is(200);
        self.submit(&self.ana, json!([{"question": "done", "text": "All of it"}])).await;
        self.submit(
            &self.mira,
            json!([{"question": "quality", "rating": 4}, {"question": "team", "rating": 2}]),
        )
        .await;
        self.submit(&self.ben, json!([{"question": "team", "rating": 5}])).await;
    }
}

#[test]
fn everybody_reads_what_the_cycle_says_when_it_says_so() {
    run(async {
        let reviewed = Reviewed::new(json!({"least_peers": 2})).await;
        reviewed.written().await;
        let Reviewed { officer, ana, mira, ben, eva, .. } = &reviewed;
        // (3 × 4 + 1 × 2) / 4 = 3.5. Before it is shared, nobody but its author reads the manager's part; one colleague of two is too few.
        assert_eq!(reviewed.reads(ana).await, ["self ana none"]);
        assert_eq!(reviewed.reads(mira).await, ["manager mira 3.50", "self ana none"]);
        assert_eq!(reviewed.reads(officer).await, ["self ana none"]);
        // Who is asked for a part reads that alone; the review is not theirs to know of.
        ben.get(&format!("/v1/reviews/{}/feedback", reviewed.review)).await.is_problem(404, "not-found");
        ben.get(&format!("/v1/review-parts/{}/answers", reviewed.part(mira).await))
            .await
            .is_problem(404, "not-found");
        let own = ben.get(&format!("/v1/review-parts/{}/answers", reviewed.part(ben).await)).await.is(200);
        assert_eq!(own["parts"][0]["answers"], json!([{"question": "team", "text": null, "rating": 5}]));
        // What is being written is the writer's; what was handed in stands.
        let path = format!("/v1/review-parts/{}", reviewed.part(eva).await);
        let draft = json!({"answers": [{"question": "team", "rating": 3}]});
        eva.post(&format!("{path}/save"), draft.clone()).await.is(200);
        assert_eq!(reviewed.reads(mira).await.len(), 2);
        eva.post(&format!("{path}/submit"), draft.clone()).await.is(200);
        eva.post(&format!("{path}/submit"), draft).await.is_problem(409, "invalid-state");
        let both = ["manager mira 3.50", "peer nobody 3.00", "peer nobody 5.00", "self ana none"];
        assert_eq!(reviewed.reads(mira).await, both);
        assert_eq!(reviewed.reads(ana).await, ["self ana none"]);
        reviewed.move_on("calibrate").await;
        // The number, not the words, is what is agreed on.
        let calibration =
            officer.get(&format!("/v1/review-calibrations?review_cycle_id={}", reviewed.cycle)).await.is(200)
                ["data"][0]
                .clone();
        assert_eq!(
            (calibration["proposed_rating"].as_str(), calibration["rating"].as_str()),
            (Some("3.50"), Some("3.50"))
        );
        let path = format!("/v1/review-calibrations/{}/calibrate", id(&calibration));
        let refused = officer.post(&path, json!({"rating": "6"})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [fault("/rating", "needs-reason"), fault("/rating", "too-large")]);
        officer.post(&path, json!({"rating": "4", "reason": "As others"})).await.is(200);
        assert_eq!(ana.get(&format!("/v1/reviews/{}", reviewed.review)).await.is(200)["rating"], Value::Null);
        reviewed.move_on("share").await;
        assert_eq!(reviewed.reads(ana).await, both);
        assert_eq!(reviewed.reads(officer).await, both);
        let shared = ana.get(&format!("/v1/reviews/{}", reviewed.review)).await.is(200);
        assert_eq!(
            (shared["rating"].as_str(), &shared["available_actions"]),
            (Some("4.00"), &json!(["acknowledge"]))
        );
        officer.post(&path, json!({"rating": "5", "reason": "Late"})).await.is_problem(409, "invalid-state");
        let said = json!({"comment": "Fair"});
        let done = ana.post(&format!("/v1/reviews/{}/acknowledge", reviewed.review), said).await.is(200);
        assert_eq!(
            (done["status"].as_str(), done["employee_comment"].as_str()),
            (Some("acknowledged"), Some("Fair"))
        );
    });
}

#[test]
fn a_cycle_may_keep_colleagues_for_the_manager_or_name_them() {
    run(async {
        let hidden = Reviewed::new(json!({"shows_peer_parts": false, "peers_are_anonymous": false})).await;
        hidden.written().await;
        assert_eq!(hidden.reads(&hidden.mira).await, ["manager mira 3.50", "peer ben 5.00", "self ana none"]);
        hidden.move_on("calibrate").await;
        hidden.move_on("share").await;
        assert_eq!(hidden.reads(&hidden.ana).await, ["manager mira 3.50", "self ana none"]);
        // Eva did not write: it is too late.
        let parts = hidden.eva.get(&format!("/v1/review-parts?employee_id={}", hidden.ids[0])).await.is(200);
        assert_eq!(
            (&parts["data"][0]["status"], &parts["data"][0]["available_actions"]),
            (&json!("missed"), &json!([]))
        );
    });
}

#[test]
fn parts_are_written_by_those_who_were_asked_and_as_it_was_asked() {
    run(async {
        let reviewed = Reviewed::new(json!({"rating_scale": 4})).await;
        let Reviewed { officer, ana, mira, ben, ids, .. } = &reviewed;
        let path = format!("/v1/review-parts/{}", reviewed.part(mira).await);
        let answers = json!({"answers": [
            {"question": "quality", "rating": 5},
            {"question": "why", "rating": 1, "text": "So"},
            {"question": "none", "text": "So"},
            {"question": "none", "text": "So"},
        ]});
        let refused = mira.post(&format!("{path}/submit"), answers).await.is_problem(422, "invalid-input");
        let expected = [
            fault("/answers", "missing"),
            fault("/answers/0/rating", "too-large"),
            fault("/answers/1/rating", "breaks-a-rule"),
            fault("/answers/2/question", "repeated"),
            fault("/answers/2/question", "unknown-question"),
            fault("/answers/3/question", "repeated"),
            fault("/answers/3/question", "unknown-question"),
        ];
        assert_eq!(faults(&refused), expected);
        ana.post(&format!("{path}/submit"), json!({"answers": []})).await.is_problem(404, "not-found");
        mira.act(&format!("{path}/decline")).await.is_problem(409, "invalid-state");
        // Colleagues are asked once, and nobody is asked about oneself.
        let invite = format!("/v1/reviews/{}/invite-peers", reviewed.review);
        mira.post(&invite, json!({"employee_ids": [ids[2]]})).await.is(200);
        let again = json!({"employee_ids": [ids[0], ids[2], uuid::Uuid::now_v7()]});
        let refused = mira.post(&invite, again).await.is_problem(422, "invalid-input");
        let expected = [
            fault("/employee_ids/0", "own-review"),
            fault("/employee_ids/1", "already-asked"),
            fault("/employee_ids/2", "unknown-reference"),
        ];
        assert_eq!(faults(&refused), expected);
        ana.post(&invite, json!({"employee_ids": [ids[3]]})).await.is_problem(403, "forbidden");
        ben.act(&format!("/v1/review-parts/{}/decline", reviewed.part(ben).await)).await.is(200);
        // What was opened stays as it was asked.
        let cycle = format!("/v1/review-cycles/{}", reviewed.cycle);
        officer.patch(&cycle, json!({"peers_are_anonymous": false})).await.is_problem(409, "conflict");
        officer.patch(&cycle, json!({"parts_due_on": "2027-02-15"})).await.is(200);
        officer.delete(&cycle).await.is_problem(409, "conflict");
    });
}

#[test]
fn nobody_learns_which_colleagues_write_about_them_however_far_their_permission_reaches() {
    run(async {
        let reviewed = Reviewed::new(json!({})).await;
        let organization = Organization { id: reviewed.officer.organization };
        // Eva works in human resources, and may read all.
        let eva_id = hire_on(&reviewed.officer, "2026-01-05", None).await;
        let eva = organization.employee(&eva_id, &["reviews:read", "review-parts:read"]).await;
        let cycle = reviewed.officer.get(&format!("/v1/review-cycles/{}", reviewed.cycle)).await.is(200);
        let mut again = json!({"name": "2027"});
        for field in ["starts_on", "ends_on", "parts_due_on", "questions"] {
            again[field] = cycle[field].clone();
        }
        let cycle = id(&reviewed.officer.post("/v1/review-cycles", again).await.is(201));
        reviewed.officer.act(&format!("/v1/review-cycles/{cycle}/open")).await.is(200);
        let list = format!("/v1/reviews?employee_id={eva_id}");
        let review = id(&reviewed.officer.get(&list).await.is(200)["data"][0]);
        let invite = format!("/v1/reviews/{review}/invite-peers");
        reviewed.officer.post(&invite, json!({"employee_ids": [reviewed.ids[2]]})).await.is(200);
        let parts = async |who: &Caller| {
            let parts = who.get(&format!("/v1/review-parts?review_id={review}&sort=id")).await.is(200);
            let names = parts["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|part| part["part"].as_str().unwrap().to_owned());
            names.collect::<Vec<_>>()
        };
        assert_eq!(parts(&reviewed.officer).await, ["self", "peer"]);
        assert_eq!(parts(&eva).await, ["self"]);
        // What Ben wrote is hers to read once it is shared, without his name.
        let part = reviewed.ben.get(&format!("/v1/review-parts?review_id={review}")).await.is(200);
        let submit = format!("/v1/review-parts/{}/submit", id(&part["data"][0]));
        reviewed.ben.post(&submit, json!({"answers": [{"question": "team", "rating": 5}]})).await.is(200);
        let read = async || eva.get(&format!("/v1/reviews/{review}/feedback")).await.is(200)["parts"].clone();
        assert_eq!(read().await.as_array().unwrap().len(), 1, "her own part, which she has not begun");
        for step in ["calibrate", "share"] {
            reviewed.officer.act(&format!("/v1/review-cycles/{cycle}/{step}")).await.is(200);
        }
        let parts = read().await;
        let peers: Vec<_> = parts.as_array().unwrap().iter().filter(|part| part["part"] == "peer").collect();
        assert_eq!(
            (peers.len(), &peers[0]["author_id"], &peers[0]["rating"]),
            (1, &Value::Null, &json!("5.00"))
        );
    });
}
