//! How full prefixes are, one by one and as the tree of a routing domain.

use crate::prefixes::{Prefix, PrefixStatus};
use crate::routing_domains::RoutingDomain;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Jsonb, Nullable, Text, Uuid as SqlUuid};
use platform::prelude::*;

/// Prefixes of a tree that are answered at once.
const MOST: usize = 10_000;

/// A prefix, and how full it is. Counts of addresses are strings: those of IPv6 have more digits than numbers of JSON.
#[derive(Serialize, Deserialize, ToSchema, QueryableByName)]
pub struct PrefixUtilization {
    /// Which one.
    #[diesel(sql_type = SqlUuid)]
    prefix_id: Uuid,
    /// The smallest prefix that holds it; null at the top.
    #[schema(example = json!(null))]
    #[diesel(sql_type = Nullable<SqlUuid>)]
    parent_id: Option<Uuid>,
    /// The block.
    #[schema(max_length = 43, example = "10.20.0.0/24")]
    #[diesel(sql_type = Text)]
    prefix: String,
    /// What it is used for.
    #[diesel(sql_type = Text)]
    status: PrefixStatus,
    /// What its addresses are for.
    #[schema(max_length = 50, example = "office")]
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<String>,
    /// How many levels below the top of its tree.
    #[schema(minimum = 0, maximum = 128, example = 1)]
    #[diesel(sql_type = Integer)]
    depth: i32,
    /// How many addresses can be given to hosts, or to the prefixes that lie in it.
    #[schema(max_length = 39, pattern = "^[0-9]+$", example = "254")]
    #[diesel(sql_type = Text)]
    usable: String,
    /// How many addresses it has of its own, in no prefix that lies in it.
    #[schema(minimum = 0, example = 112)]
    #[diesel(sql_type = BigInt)]
    addresses: i64,
    /// How many prefixes lie directly in it.
    #[schema(minimum = 0, example = 0)]
    #[diesel(sql_type = BigInt)]
    prefixes: i64,
    /// How many addresses those have.
    #[schema(max_length = 39, pattern = "^[0-9]+$", example = "0")]
    #[diesel(sql_type = Text)]
    in_prefixes: String,
    /// How full it is, in percent: its own addresses and the prefixes in it, of what is usable.
    #[schema(max_length = 6, pattern = r"^[0-9]{1,3}\.[0-9]{2}$", example = "44.09")]
    #[diesel(sql_type = Text)]
    utilization: String,
}

/// The prefixes of a routing domain.
#[derive(Serialize, ToSchema)]
pub struct PrefixTree {
    /// The prefixes, each before those that lie in it, which come in their order.
    #[schema(max_items = 10_000)]
    data: Vec<PrefixUtilization>,
    /// Whether these are all; a larger tree is read with the list of prefixes, which comes in the same order.
    #[schema(example = true)]
    is_whole: bool,
}

/// Read the tree of prefixes of a routing domain
///
/// All its prefixes in the order of the tree, with their level and how full each is; up to 10,000. It changes nothing.
#[utoipa::path(get, path = "/v1/routing-domains/{id}/prefix-tree", tag = "Network")]
async fn get_prefix_tree(may: May<Read, Prefix>, id: Id<RoutingDomain>) -> Reply<Plain<PrefixTree>> {
    let tree = may
        .read(async |db| {
            #[derive(QueryableByName)]
            struct Found {
                #[diesel(sql_type = Jsonb)]
                data: serde_json::Value,
            }
            let asked = diesel::sql_query(format!(
                "select (select coalesce(jsonb_agg(t), '[]') from ({UTILIZATION} where p.org_id = $1 and p.routing_domain_id = $2
                    order by p.prefix limit {}) t) as data from routing_domains d where d.org_id = $1 and d.id = $2",
                MOST + 1
            ));
            let asked = asked.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(id.0);
            let found: Option<Found> = asked.get_result(db).await.optional()?;
            let found = found.ok_or_else(Problem::not_found)?;
            serde_json::from_value::<Vec<PrefixUtilization>>(found.data).map_err(Problem::internal)
        })
        .await?;
    let is_whole = tree.len() <= MOST;
    let mut data = tree;
    data.truncate(MOST);
    Plain(PrefixTree { data, is_whole }).answer(may.grants())
}

/// Read how full a prefix is
///
/// How many of its addresses are taken, by its own and by the prefixes that lie in it. It changes nothing.
#[utoipa::path(get, path = "/v1/prefixes/{id}/utilization", tag = "Network")]
async fn get_prefix_utilization(may: May<Read, Prefix>, id: Id<Prefix>) -> Reply<Plain<PrefixUtilization>> {
    let one = may
        .read(async |db| {
            let asked = diesel::sql_query(format!("{UTILIZATION} where p.org_id = $1 and p.id = $2"));
            let asked = asked.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(id.0);
            let found: Option<PrefixUtilization> = asked.get_result(db).await.optional()?;
            found.ok_or_else(Problem::not_found)
        })
        .await?;
    Plain(one).answer(may.grants())
}

const UTILIZATION: &str = "select p.id as prefix_id, p.parent_id, text(p.prefix) as prefix, p.status, p.role,
        (select count(*) from unnest(surrounding(p.prefix)) around join prefixes a on a.org_id = p.org_id
            and a.routing_domain_id = p.routing_domain_id and a.prefix = around where a.id <> p.id)::int as depth,
        usable::text as usable, coalesce(u.addresses, 0) as addresses, inner_ones.prefixes, inner_ones.addresses::text as in_prefixes,
        to_char(least(100, 100 * (coalesce(u.addresses, 0) + inner_ones.addresses) / usable), 'FM990.00') as utilization
    from prefixes p
    left join prefix_usages u on u.org_id = p.org_id and u.prefix_id = p.id
    cross join lateral (select count(*) as prefixes, coalesce(sum(address_count(c.prefix)), 0)::numeric(40) as addresses
        from prefixes c where c.org_id = p.org_id and c.parent_id = p.id) inner_ones
    cross join lateral (select (address_count(p.prefix) - (case when masklen(p.prefix) >= address_bits(p.prefix) - 1 or inner_ones.prefixes > 0 then 0
        when family(p.prefix) = 6 then 1 else 2 end))::numeric(40) as usable) room";

pub fn routes(api: &mut Api) {
    api.call(operation!(get_prefix_utilization)).call(operation!(get_prefix_tree));
}
