//! Random moves of managers, each judged beforehand by a model of the tree, and the lines held against the truth.
use crate::lines::EMPLOYEES;
use crate::support::{Organization, run};
use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Numbers that look random and are the same in every run (Knuth's MMIX generator; the upper bits are the good ones).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// Who reports to whom, by index.
struct Model(Vec<Option<usize>>);

impl Model {
    fn line_above(&self, person: usize) -> Vec<usize> {
        std::iter::successors(Some(person), |person| self.0[*person]).collect()
    }
    fn is_below(&self, person: usize, above: usize) -> bool {
        self.line_above(person).contains(&above)
    }
}

#[test]
fn random_moves_keep_the_lines_true() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let mut people = Vec::new();
        for number in 0..30 {
            people.push(owner.hire(&format!("Person {number}"), None).await);
        }
        let ids: Vec<Uuid> = people.iter().map(|id| id.parse().unwrap()).collect();
        let mut model = Model(vec![None; people.len()]);
        let mut dice = Dice(20_260_302);
        let (mut done, mut refused) = (0, 0);
        for turn in 1..=300 {
            let person = dice.below(people.len());
            // One in ten goes to the top.
            let manager = if dice.below(10) == 0 { None } else { Some(dice.below(people.len())) };
            let closes_ring = manager.is_some_and(|manager| model.is_below(manager, person));
            let path = format!("/v1/employees/{}", people[person]);
            let answer =
                owner.patch(&path, json!({"manager_id": manager.map(|manager| &people[manager])})).await;
            if closes_ring {
                answer.is_problem(409, "conflict");
                refused += 1;
            } else {
                answer.is(200);
                model.0[person] = manager;
                done += 1;
            }
            if turn % 30 == 0 {
                let wanted: BTreeSet<(Uuid, Uuid, i32)> = (0..people.len())
                    .flat_map(|below| {
                        (0..).zip(model.line_above(below)).map(move |(depth, above)| (above, below, depth))
                    })
                    .map(|(above, below, depth)| (ids[above], ids[below], depth))
                    .collect();
                assert_eq!(EMPLOYEES.hold(org.id).await, wanted, "after turn {turn}");
            }
        }
        // The dice are the same every time; so is what they led to.
        assert_eq!(done + refused, 300);
        assert!(refused > 30 && done > 150, "{done} done, {refused} refused: the moves test little");
    });
}

#[test]
fn moves_hires_and_leavings_at_once_keep_the_lines_true() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let mut people: Vec<String> = Vec::new();
        for number in 0..12_usize {
            let manager = number.checked_sub(1).map(|before| people[before / 2].clone());
            people.push(owner.hire(&format!("Person {number}"), manager.as_deref()).await);
        }
        let mut dice = Dice(7);
        let mut leaving = Vec::new();
        for round in 0..15 {
            // Six moves that know nothing of each other, with three hires in between, while those hired before leave.
            let moves: Vec<(usize, usize)> =
                (0..6).map(|_| (dice.below(people.len()), dice.below(people.len()))).collect();
            let moving = moves.iter().map(async |(person, manager)| {
                let path = format!("/v1/employees/{}", people[*person]);
                owner.patch(&path, json!({"manager_id": people[*manager]})).await
            });
            let hiring = (0..3).map(|step| owner.hire("New", Some(&people[(round + step) % people.len()])));
            let left = leaving.iter().map(async |new| owner.delete(&format!("/v1/employees/{new}")).await);
            let (answers, hired, left) =
                futures_util::future::join3(join_all(moving), join_all(hiring), join_all(left)).await;
            for answer in answers {
                assert!(
                    [200, 409].contains(&answer.status),
                    "round {round}: {} {}",
                    answer.status,
                    answer.text
                );
            }
            for answer in left {
                answer.is(204);
            }
            EMPLOYEES.hold(org.id).await;
            leaving = hired;
        }
    });
}
