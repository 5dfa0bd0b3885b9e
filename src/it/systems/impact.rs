//! What an outage reaches: every system that can not do without the one that is out, however far away, or does less without it. Systems may need each
//! other in a ring: each is reached once, by the shortest way.

use crate::systems::{Criticality, System, SystemStatus};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Text, Uuid as SqlUuid};
use platform::prelude::*;
use std::collections::{HashMap, VecDeque};

/// The longest way that is told; of a longer one its last part.
const LONGEST: usize = 100;

/// What an outage of a system reaches.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SystemImpact {
    /// The system that is out.
    system_id: Uuid,
    /// How many systems at work are down without it.
    #[schema(minimum = 0, example = 2)]
    down: usize,
    /// How many more do less without it.
    #[schema(minimum = 0, example = 1)]
    degraded: usize,
    /// They, the nearest first, and of these by their names.
    #[schema(max_items = 100_000)]
    systems: Vec<ReachedSystem>,
}

/// A system that an outage reaches.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReachedSystem {
    /// The system.
    system_id: Uuid,
    /// What it is called.
    #[schema(max_length = 100, example = "Payslip portal")]
    name: String,
    criticality: Criticality,
    effect: OutageEffect,
    /// How many dependencies away it is.
    #[schema(minimum = 1, example = 2)]
    distance: usize,
    /// The way to it: the systems from the one that is out to this one, both among them; of a longer way the last hundred.
    #[schema(max_items = 100)]
    path: Vec<Uuid>,
}

text_enum! {
    /// What an outage does to a system: it is down where every step of some way to it is a hard dependency, else it does less.
    pub enum OutageEffect { Down = "down", Degraded = "degraded" }
}

/// Who needs whom, by their places.
pub struct Graph {
    /// For each system those that need it, and whether they are down without it.
    users: Vec<Vec<(usize, bool)>>,
}

/// How a system is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    pub place: usize,
    pub from: usize,
    pub distance: usize,
    pub is_down: bool,
}

impl Graph {
    /// Of so many systems; each dependency is who needs, who is needed, and whether it can not do without.
    pub fn new(systems: usize, dependencies: impl Iterator<Item = (usize, usize, bool)>) -> Self {
        let mut users = vec![Vec::new(); systems];
        for (user, needed, is_hard) in dependencies {
            users[needed].push((user, is_hard));
        }
        Self { users }
    }

    /// What an outage of this one reaches: what is down, by the shortest way over hard dependencies, and what does less. Each
    /// once, each behind the one from which it is reached.
    pub fn outage(&self, of: usize) -> Vec<Reached> {
        let mut met = vec![false; self.users.len()];
        met[of] = true;
        let start = Reached { place: of, from: of, distance: 0, is_down: true };
        let mut down = vec![start];
        self.spread(&mut down, &mut met, true);
        // Whatever is down or does less, those that use it do less.
        let mut all = down;
        self.spread(&mut all, &mut met, false);
        all.remove(0);
        all
    }

    /// From what was reached to what is reached from there, the nearest first: over hard dependencies alone, and so down, or over all.
    fn spread(&self, reached: &mut Vec<Reached>, met: &mut [bool], is_down: bool) {
        let mut next: VecDeque<Reached> = reached.iter().copied().collect();
        while let Some(here) = next.pop_front() {
            for &(user, is_hard) in &self.users[here.place] {
                if !met[user] && (is_hard || !is_down) {
                    met[user] = true;
                    let there =
                        Reached { place: user, from: here.place, distance: here.distance + 1, is_down };
                    reached.push(there);
                    // The queue stays in order of distance, whatever was in it from the beginning.
                    let place = next.partition_point(|other| other.distance <= there.distance);
                    next.insert(place, there);
                }
            }
        }
    }
}

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = Array<SqlUuid>)]
    ids: Vec<Uuid>,
    #[diesel(sql_type = Array<Text>)]
    names: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    criticalities: Vec<Criticality>,
    #[diesel(sql_type = Array<Text>)]
    statuses: Vec<SystemStatus>,
    #[diesel(sql_type = Array<SqlUuid>)]
    users: Vec<Uuid>,
    #[diesel(sql_type = Array<SqlUuid>)]
    needed: Vec<Uuid>,
    #[diesel(sql_type = Array<Bool>)]
    hard: Vec<bool>,
}

/// Read what an outage reaches
///
/// Every system at work that can not do without this one, or does less without it, however far away: how far, and by which way. Systems that need each
/// other in a ring are reached once. Of the systems that the caller may see.
#[utoipa::path(get, path = "/v1/systems/{id}/impact", tag = "Systems")]
async fn get_system_impact(may: May<Read, System>, id: Id<System>) -> Reply<Plain<SystemImpact>> {
    let stored = may
        .read(async |db| {
            Ok(diesel::sql_query("select * from system_graph()").get_result::<Stored>(db).await?)
        })
        .await?;
    let places: HashMap<Uuid, usize> =
        stored.ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    let of = *places.get(&id.0).ok_or_else(Problem::not_found)?;
    let dependencies = stored.users.iter().zip(&stored.needed).zip(&stored.hard);
    let dependencies = dependencies
        .filter_map(|((user, needed), is_hard)| Some((*places.get(user)?, *places.get(needed)?, *is_hard)))
        // What is switched off is reached by nothing.
        .filter(|(user, ..)| stored.statuses[*user] == SystemStatus::Active);
    let reached = Graph::new(stored.ids.len(), dependencies).outage(of);
    Plain(told(of, &stored, &reached)).answer(may.grants())
}

fn told(of: usize, stored: &Stored, reached: &[Reached]) -> SystemImpact {
    let mut from = vec![of; stored.ids.len()];
    for each in reached {
        from[each.place] = each.from;
    }
    let path = |to: usize| {
        let mut here = to;
        let mut path = vec![stored.ids[here]];
        while here != of && path.len() < LONGEST {
            here = from[here];
            path.push(stored.ids[here]);
        }
        path.reverse();
        path
    };
    let mut order: Vec<&Reached> = reached.iter().collect();
    order.sort_by(|a, b| (a.distance, &stored.names[a.place]).cmp(&(b.distance, &stored.names[b.place])));
    let down = reached.iter().filter(|each| each.is_down).count();
    SystemImpact {
        system_id: stored.ids[of],
        down,
        degraded: reached.len() - down,
        systems: order
            .into_iter()
            .map(|each| ReachedSystem {
                system_id: stored.ids[each.place],
                name: stored.names[each.place].clone(),
                criticality: stored.criticalities[each.place],
                effect: if each.is_down { OutageEffect::Down } else { OutageEffect::Degraded },
                distance: each.distance,
                path: path(each.place),
            })
            .collect(),
    }
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_system_impact));
}

#[cfg(test)]
mod tests {
    use super::{Graph, Reached};

    fn outage(
        systems: usize,
        dependencies: &[(usize, usize, bool)],
        of: usize,
    ) -> Vec<(usize, usize, usize, bool)> {
        let reached = Graph::new(systems, dependencies.iter().copied()).outage(of);
        let mut told: Vec<_> = reached
            .into_iter()
            .map(|Reached { place, from, distance, is_down }| (place, from, distance, is_down))
            .collect();
        told.sort_unstable();
        told
    }

    #[test]
    fn a_ring_is_gone_round_once() {
        // 1 needs 0, 2 needs 1, 0 needs 2.
        let ring = [(1, 0, true), (2, 1, true), (0, 2, true)];
        assert_eq!(outage(3, &ring, 0), [(1, 0, 1, true), (2, 1, 2, true)]);
    }

    #[test]
    fn what_is_down_by_a_long_way_is_down_though_a_short_one_is_soft() {
        // 3 uses 0 softly, and needs 2, which needs 1, which needs 0; 4 needs 5, which uses 0 softly.
        let ways = [(3, 0, false), (1, 0, true), (2, 1, true), (3, 2, true), (5, 0, false), (4, 5, true)];
        let expected =
            [(1, 0, 1, true), (2, 1, 2, true), (3, 2, 3, true), (4, 5, 2, false), (5, 0, 1, false)];
        assert_eq!(outage(6, &ways, 0), expected);
    }

    #[test]
    fn what_merely_uses_it_does_less() {
        assert_eq!(outage(2, &[(1, 0, false)], 0), [(1, 0, 1, false)]);
    }

    #[test]
    fn nothing_needs_the_last() {
        assert_eq!(outage(2, &[(1, 0, true)], 1), []);
    }
}
