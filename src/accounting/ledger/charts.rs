//! Charts of accounts to begin with, as data: `charts/*.csv`.
use platform::prelude::*;

text_enum! {
    /// A complete chart of accounts: one after IFRS, or the Romanian general one (OMFP 1802/2014).
    pub enum Chart { General = "general", Ro = "ro" }
}

/// An account of a chart; `parent` is the code of the group that it stands in, which comes before it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    id: Option<Uuid>,
    pub code: String,
    pub name: String,
    r#type: String,
    parent: Option<String>,
    pub role: Option<String>,
    pub is_group: bool,
    requires: Option<String>,
    cash_flow: Option<String>,
}

/// Its accounts, in the order of the chart, each with an id to be.
pub fn rows(chart: Chart) -> Result<Vec<Row>> {
    let text = match chart {
        Chart::General => include_str!("charts/general.csv"),
        Chart::Ro => include_str!("charts/ro.csv"),
    };
    let mut rows: Vec<Row> = csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<std::result::Result<_, _>>()
        .map_err(Problem::internal)?;
    for row in &mut rows {
        row.id = Some(Uuid::now_v7());
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::{Chart, rows};
    use crate::accounts::AccountRole;
    use std::collections::BTreeMap;

    #[test]
    fn a_chart_has_every_role_once_and_is_large_enough() {
        for (chart, least) in [(Chart::General, 80), (Chart::Ro, 120)] {
            let rows = rows(chart).unwrap();
            let mut roles = BTreeMap::new();
            for role in rows.iter().filter_map(|row| row.role.clone()) {
                *roles.entry(role).or_insert(0) += 1;
            }
            let wanted: BTreeMap<String, i32> =
                AccountRole::ALL.iter().map(|role| ((*role).to_owned(), 1)).collect();
            assert_eq!(roles, wanted, "{chart:?}");
            assert!(rows.iter().filter(|row| !row.is_group).count() >= least, "{chart:?}");
        }
    }
}
