//! Statutory packs: the components of a country's payslips as data (`packs/*.json`), to be loaded into a pay group and adapted there.
use crate::pay_components::PayComponent;
use crate::pay_groups::PayGroup;
use diesel::sql_types::{Jsonb, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::CONFLICT;
use schema::pay_components;
use serde_json::Value;

text_enum! {
    /// The payslip of a country, or one that is nobody's law, to begin with: `ro` is Romania in 2025.
    pub enum PayPackName { Generic = "generic", Ro = "ro" }
}

/// A pack.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PayPack {
    pub name: PayPackName,
    /// What it is.
    #[schema(max_length = 200, example = "Romania, 2025")]
    pub title: String,
    /// The country whose law it follows (ISO 3166); null of one that follows none.
    #[schema(max_length = 2, example = "RO")]
    pub country: Option<String>,
    /// The first day that its figures are for; null where they are nobody's law.
    #[schema(example = "2025-01-01")]
    pub starts_on: Option<NaiveDate>,
    /// Where its figures are from, and what it leaves out.
    #[schema(max_items = 30, max_length = 500, example = json!(["Codul fiscal (Legea 227/2015), art. 138: CAS 25 %"]))]
    pub sources: Vec<String>,
    /// The codes of its components, in the order of the payslip.
    #[schema(max_items = 100, max_length = 30, example = json!(["SALARY", "GROSS", "CAS"]))]
    pub components: Vec<String>,
}

/// All packs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PayPacks {
    /// Each of them.
    #[schema(max_items = 100)]
    pub data: Vec<PayPack>,
}

#[derive(Deserialize)]
struct Pack {
    title: String,
    country: Option<String>,
    starts_on: Option<NaiveDate>,
    sources: Vec<String>,
    /// As a client sends them, but with the codes of accounts of the charts that come with the ledger.
    components: Vec<Value>,
}

impl Pack {
    fn of(name: PayPackName) -> Result<Self> {
        let text = match name {
            PayPackName::Generic => include_str!("packs/generic.json"),
            PayPackName::Ro => include_str!("packs/ro.json"),
        };
        serde_json::from_str(text).map_err(Problem::internal)
    }

    fn shown(self, name: PayPackName) -> PayPack {
        let codes = self.components.iter().filter_map(|each| each["code"].as_str());
        let components = codes.map(str::to_owned).collect();
        let Self { title, country, starts_on, sources, .. } = self;
        PayPack { name, title, country, starts_on, sources, components }
    }
}

/// List pay packs
///
/// The packs that come along: which components each has, and where its figures are from.
#[utoipa::path(get, path = "/v1/pay-packs", tag = "Pay")]
async fn list_pay_packs(may: May<Read, PayComponent>) -> Reply<Plain<PayPacks>> {
    may.read(async |_| Ok(())).await?;
    let packs = [PayPackName::Generic, PayPackName::Ro].map(|name| Ok(Pack::of(name)?.shown(name)));
    Plain(PayPacks { data: packs.into_iter().collect::<Result<_>>()? }).answer(may.grants())
}

/// Which pack.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadPayComponentsRequest {
    /// The group that they are added to.
    pay_group_id: Uuid,
    /// The pack.
    #[schema(example = "generic")]
    pack: PayPackName,
    /// The first day of the periods that its components are used in.
    #[schema(example = "2026-01-01")]
    starts_on: NaiveDate,
}

/// Load a pay pack
///
/// Adds all components of a pack to the group, to be adapted there. Accounts are those of the charts that come with the ledger, where
/// they are in use; others stay to be named. 409 where the group has a component of the same code for the same days.
#[utoipa::path(post, path = "/v1/pay-components/load-pack", tag = "Pay")]
async fn load_pay_components(
    may: May<Write, PayComponent>,
    which: Input<LoadPayComponentsRequest>,
) -> Reply<Several<PayComponent>> {
    may.write(async |db| {
        let group = group(db, which.0.pay_group_id).await?;
        let mut rows = Pack::of(which.0.pack)?.components;
        for row in &mut rows {
            row["id"] = json!(Uuid::now_v7());
            row["starts_on"] = json!(which.0.starts_on);
        }
        add(db, &group, rows).await
    })
    .await
}

/// Where from.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyPayComponentsRequest {
    /// The group that they are added to.
    pay_group_id: Uuid,
    /// The group whose components are copied, as they are today.
    from_pay_group_id: Uuid,
}

/// Copy the components of a pay group
///
/// Adds all components of another group to this one, accounts and days included. 409 where this one has a component of the same code for
/// the same days.
#[utoipa::path(post, path = "/v1/pay-components/copy", tag = "Pay")]
async fn copy_pay_components(
    may: May<Write, PayComponent>,
    from: Input<CopyPayComponentsRequest>,
) -> Reply<Several<PayComponent>> {
    may.write(async |db| {
        let group = group(db, from.0.pay_group_id).await?;
        let other = pay_components::table
            .filter(pay_components::org_id.eq(db.organization()))
            .filter(pay_components::pay_group_id.eq(from.0.from_pay_group_id))
            .order((pay_components::position, pay_components::id))
            .select(PayComponent::as_select());
        let other: Vec<PayComponent> = other.load(db).await?;
        if other.is_empty() {
            let rule = "is no pay group that has components";
            return Err(Problem::invalid(vec![Fault::at("/from_pay_group_id", "unknown-reference", rule)]));
        }
        let mut rows = Vec::new();
        for component in &other {
            let mut row = serde_json::to_value(component).map_err(Problem::internal)?;
            row["id"] = json!(Uuid::now_v7());
            rows.push(row);
        }
        add(db, &group, rows).await
    })
    .await
}

/// The group, locked: who adds to it takes turns.
async fn group(db: &mut Db, id: Uuid) -> Result<PayGroup> {
    PayGroup::lock(db, id).await.map_err(|problem| match problem.kind.code {
        "not-found" => {
            let rule = "there is no such row in this organization";
            Problem::invalid(vec![Fault::at("/pay_group_id", "unknown-reference", rule)])
        }
        _ => problem,
    })
}

/// Adds these to a group, in one statement.
async fn add(db: &mut Db, group: &PayGroup, rows: Vec<Value>) -> Result<Several<PayComponent>> {
    let ids: Vec<Uuid> = rows.iter().filter_map(|row| row["id"].as_str()?.parse().ok()).collect();
    let adding = diesel::sql_query(ADD).bind::<SqlUuid, _>(group.id).bind::<Jsonb, _>(json!(rows));
    adding.execute(db).await.map_err(Problem::from).map_err(|problem| match problem.kind.code {
        "conflict" => CONFLICT.because("The group has a component of one of these codes for the same days: end or delete it first, or take another group."),
        _ => problem,
    })?;
    let added = pay_components::table
        .filter(pay_components::org_id.eq(db.organization()))
        .filter(pay_components::id.eq_any(ids))
        .order((pay_components::position, pay_components::id))
        .select(PayComponent::as_select());
    Ok(Several(added.load(db).await?))
}

const ADD: &str = "
    insert into pay_components (id, pay_group_id, code, name, kind, method, source, amount, rate, base, allowance, floor, cap, brackets, conditions,
        is_prorated, rounding, rounding_to, account_id, counter_account_id, cost_centre_id, statutory, position, starts_on, ends_on)
    select r.id, $1, r.code, r.name, r.kind, r.method, coalesce(r.source, 'given'), r.amount, r.rate, coalesce(r.base, '[]'), r.allowance, r.floor, r.cap,
        coalesce(r.brackets, '[]'), coalesce(r.conditions, '[]'), coalesce(r.is_prorated, false), coalesce(r.rounding, 'half_up'),
        coalesce(r.rounding_to, 0.01), coalesce(r.account_id, known.account_id), coalesce(r.counter_account_id, known.counter_account_id),
        r.cost_centre_id, r.statutory, r.position, r.starts_on, r.ends_on
    from jsonb_to_recordset($2) r (id uuid, code text, name text, kind text, method text, source text, amount numeric, rate numeric, base jsonb,
        allowance numeric, floor numeric, cap numeric, brackets jsonb, conditions jsonb, is_prorated boolean, rounding text, rounding_to numeric,
        account_id uuid, counter_account_id uuid, cost_centre_id uuid, statutory text, position integer, starts_on date, ends_on date,
        account_codes text[], counter_account_codes text[])
    cross join lateral (select
        (select a.id from accounts a where a.org_id = current_org() and a.code = any(r.account_codes) and a.status = 'active' and not a.is_group
            order by array_position(r.account_codes, a.code) limit 1) as account_id,
        (select a.id from accounts a where a.org_id = current_org() and a.code = any(r.counter_account_codes) and a.status = 'active' and not a.is_group
            order by array_position(r.counter_account_codes, a.code) limit 1) as counter_account_id) known";

pub fn routes(api: &mut Api) {
    api.call(operation!(list_pay_packs))
        .call(operation!(load_pay_components))
        .call(operation!(copy_pay_components));
}

#[cfg(test)]
mod tests {
    use super::{Pack, PayPackName};
    use crate::pay_components::check;
    use serde_json::json;

    #[test]
    fn packs_can_be_worked_out() {
        for name in [PayPackName::Generic, PayPackName::Ro] {
            let pack = Pack::of(name).unwrap();
            assert!(pack.components.len() >= 12 && !pack.sources.is_empty());
            for mut component in pack.components {
                for field in ["base", "brackets", "conditions"] {
                    if component[field].is_null() {
                        component[field] = json!([]);
                    }
                }
                if component["source"].is_null() {
                    component["source"] = json!("given");
                }
                check(component).unwrap();
            }
        }
    }
}
