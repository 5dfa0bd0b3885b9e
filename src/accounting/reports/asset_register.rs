//! The register of fixed assets, as the assets tell it: the call, and its file.
use crate::load::Heading;
use crate::render::{Form, OfItsOwn};
use crate::report::{
    Report, ReportCell, ReportColumn, ReportKind, ReportParameter, ReportRow, ReportRowKind,
};
use assets::fixed_assets::FixedAsset;
use assets::register::{FixedAssetRegister, RegisterQuery, register};
use platform::prelude::*;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// Assets in a file at the most.
const MOST: usize = 100_000;

/// Read the register of fixed assets
///
/// What each asset cost and what of it is left at the end of the day, totals of each category, and for each account of the
/// categories what the register says against what the ledger says, with the difference. A file has all assets. Changes nothing.
#[utoipa::path(get, path = "/v1/reports/fixed-asset-register", tag = "Accounting")]
async fn get_fixed_asset_register(
    may: May<Read, FixedAsset>,
    query: Params<RegisterQuery>,
) -> Reply<OfItsOwn<FixedAssetRegister>> {
    let (form, mut query) = (Form::accepted(may.http()), query.0);
    if form != Form::Json {
        (query.after, query.limit) = (None, None);
    }
    let (heading, mut told) = may
        .read(async |db| {
            let told = register(db, &query).await?;
            Ok((Heading::read(db).await?, told))
        })
        .await?;
    if form != Form::Json {
        while let Some(after) = told.next_after.take() {
            if told.assets.len() >= MOST {
                let rule = format!("there are more than {MOST} assets: name a category or a department");
                return Err(Problem::invalid(vec![Fault::of("category_id", "too-long", rule)]));
            }
            query.after = Some(after);
            let more = may.read(async |db| register(db, &query).await).await?;
            told.assets.extend(more.assets);
            told.next_after = more.next_after;
        }
    }
    OfItsOwn::reply(told, form, |told| Report {
        parameters: parameters(&query),
        ..report(heading.organization, told)
    })
}

fn parameters(query: &RegisterQuery) -> Vec<ReportParameter> {
    let told = [("category_id", query.category_id), ("department_id", query.department_id)];
    told.into_iter()
        .filter_map(|(parameter, id)| {
            Some(ReportParameter { parameter: parameter.into(), value: id?.to_string() })
        })
        .collect()
}

/// Columns of text before the amounts.
const TEXTS: usize = 4;

fn report(organization: String, told: &FixedAssetRegister) -> Report {
    let decimals = ledger::currency::decimals(&told.currency);
    let row = |kind: ReportRowKind,
               texts: [Option<String>; TEXTS],
               amounts: [Option<Decimal>; 5],
               lines: Option<String>| {
        let texts = texts.into_iter().map(|value| ReportCell { value, lines: None });
        let amounts = amounts.into_iter().enumerate().map(|(place, amount)| match amount {
            // The amount that the ledger says is the sum of lines.
            Some(amount) => ReportCell::amount(amount, decimals, lines.clone().filter(|_| place == 3)),
            None => ReportCell::default(),
        });
        ReportRow::new(kind, 0, texts.chain(amounts).collect())
    };
    let categories: HashMap<Uuid, &str> =
        told.categories.iter().map(|each| (each.category_id, each.name.as_str())).collect();
    let worth = |cost: Money, depreciation: Money, carrying: Money| {
        [Some(cost.0), Some(depreciation.0), Some(carrying.0), None, None]
    };
    let assets = told.assets.iter().map(|asset| {
        let category = categories.get(&asset.category_id).map(|name| (*name).to_owned());
        let texts = [
            Some(asset.number.clone()),
            Some(asset.name.clone()),
            category,
            Some(asset.acquired_on.to_string()),
        ];
        let amounts = worth(asset.cost, asset.accumulated_depreciation, asset.carrying_amount);
        row(ReportRowKind::Line, texts, amounts, None).telling_of(FixedAsset::NAME, asset.fixed_asset_id)
    });
    let sums = told.categories.iter().filter(|each| each.assets > 0).map(|each| {
        let texts = [None, Some(format!("Total {}", each.name)), Some(each.name.clone()), None];
        let amounts = worth(each.cost, each.accumulated_depreciation, each.carrying_amount);
        row(ReportRowKind::Subtotal, texts, amounts, None).called("category")
    });
    let of_all = |of: fn(&assets::register::RegisteredCategory) -> Money| {
        Money(told.categories.iter().map(|each| of(each).0).sum())
    };
    let total = worth(
        of_all(|each| each.cost),
        of_all(|each| each.accumulated_depreciation),
        of_all(|each| each.carrying_amount),
    );
    let total =
        row(ReportRowKind::Total, [None, Some("Total".into()), None, None], total, None).called("total");
    // What the register says of an account, and the ledger.
    let accounts = told.accounts.iter().map(|each| {
        let amounts = [None, None, Some(each.register.0), Some(each.ledger.0), Some(each.difference.0)];
        let lines = format!("/v1/journal-lines?account_id={}&posted_on_to={}", each.account_id, told.on);
        let texts = [Some(each.code.clone()), Some(each.name.clone()), None, None];
        row(ReportRowKind::Line, texts, amounts, Some(lines)).of(each.account_id).called("account")
    });
    let rows = assets.chain(sums).chain([total]).chain(accounts).collect();
    let amount = |key: &str, title: &str| ReportColumn::amount(key, title, None, told.on);
    Report {
        kind: ReportKind::FixedAssetRegister,
        title: "Register of fixed assets".into(),
        organization,
        currency: told.currency.clone(),
        starts_on: None,
        ends_on: told.on,
        parameters: Vec::new(),
        columns: vec![
            ReportColumn::text("number", "Number"),
            ReportColumn::text("asset", "Asset"),
            ReportColumn::text("category", "Category"),
            ReportColumn::day("acquired_on", "Bought"),
            amount("cost", "Cost"),
            amount("accumulated_depreciation", "Depreciated"),
            amount("carrying_amount", "Left"),
            amount("ledger", "Ledger"),
            amount("difference", "Difference"),
        ],
        rows,
        next_cursor: None,
    }
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_fixed_asset_register));
}
