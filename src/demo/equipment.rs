//! What the demo company's people work with, over the API: 300 assets of a dozen models, licences with their seats, supplies and kits.
use super::books::pick;
use super::clerk::{Clerk, text};
use crate::Done;
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use std::fmt::Write;

const PLACES: &[(&str, &str, Option<&str>)] = &[
    ("RTM", "Rotterdam", None),
    ("RTM-OFFICE", "Rotterdam, office", Some("RTM")),
    ("RTM-HALL", "Rotterdam, production hall", Some("RTM")),
    ("RTM-STORE", "Rotterdam, store room", Some("RTM-OFFICE")),
    ("RTM-BOARD", "Rotterdam, board room", Some("RTM-OFFICE")),
];

/// Name, manufacturer, category, months of use and of warranty, price, and how many there are.
const MODELS: &[(&str, &str, &str, u32, u32, u32, u32)] = &[
    ("ThinkPad L14 Gen 4", "Lenovo", "Laptop", 48, 36, 1049, 110),
    ("Latitude 5450", "Dell", "Laptop", 48, 36, 1189, 60),
    ("MacBook Air 13", "Apple", "Laptop", 60, 24, 1299, 12),
    ("UltraSharp U2724D", "Dell", "Screen", 84, 36, 349, 60),
    ("Galaxy A55", "Samsung", "Telephone", 36, 24, 379, 25),
    ("OptiPlex 7020", "Dell", "Desktop", 60, 36, 899, 12),
    ("LaserJet Pro 4002", "HP", "Printer", 84, 12, 329, 6),
    ("PowerEdge R650", "Dell", "Server", 72, 60, 6400, 4),
    ("EB-L530U", "Epson", "Projector", 84, 36, 2190, 3),
    ("Fluke 754", "Fluke", "Measuring device", 120, 36, 11_250, 5),
    ("Catalyst 9200L", "Cisco", "Switch", 96, 60, 2480, 3),
];

/// Name, publisher, seats, what one costs and how often.
const LICENCES: &[(&str, &str, u32, &str, &str)] = &[
    ("Microsoft 365 Business", "Microsoft", 260, "11.70", "month"),
    ("SolidWorks Standard", "Dassault Systèmes", 8, "2960.00", "year"),
    ("Altium Designer", "Altium", 4, "3900.00", "year"),
];

const SUPPLIES: &[(&str, &str, u32, u32)] = &[
    ("Headset, USB-C", "accessory", 40, 5),
    ("Docking station", "accessory", 30, 4),
    ("Laptop bag", "accessory", 25, 5),
    ("Toner 149X", "consumable", 12, 6),
    ("Batteries AA, pack of ten", "consumable", 30, 10),
];

fn day(year: i32, month: u32, dom: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, dom).unwrap_or_default()
}

/// What IT entered: who has which asset, and what is in the store room.
pub async fn keep(base: &str, domain: &str, password: &str) -> Done {
    let it = Clerk::sign_in(base, &format!("it-manager@{domain}"), password).await?;
    let mut employees = it.all("/v1/employees?status=active&sort=employee_number").await?;
    employees.retain(|employee| text(&employee["hired_on"]).as_str() < "2026");
    places_and_models(&it).await?;
    assets(&it, &employees).await?;
    what_happened(&it).await?;
    licences(&it, &employees).await?;
    supplies_and_kits(&it, &employees).await
}

async fn places_and_models(it: &Clerk) -> Done {
    let mut ids = std::collections::HashMap::new();
    for (code, name, within) in PLACES {
        let within = within.and_then(|within| ids.get(within).cloned());
        let place = json!({"code": code, "name": name, "parent_id": within});
        let place = it.post(&format!("place {code}"), "/v1/locations", &place).await?;
        ids.insert(*code, place["id"].clone());
    }
    for (name, maker, category, life, warranty, ..) in MODELS {
        let model = json!({"name": name, "manufacturer": maker, "category": category, "end_of_life_months": life,
            "warranty_months": warranty, "audit_interval_months": 12});
        it.post(&format!("model {name}"), "/v1/asset-models", &model).await?;
    }
    Ok(())
}

/// One file, as IT had it before: laptops and telephones with their holders, the rest where it stands.
async fn assets(it: &Clerk, employees: &[Value]) -> Done {
    let mut rows =
        "serial_number,model,location_code,employee_number,purchased_on,purchase_price,currency\n".to_owned();
    let (mut number, mut with_laptop, mut with_telephone) =
        (0, employees.iter(), employees.iter().step_by(7));
    for (name, _, category, _, _, price, count) in MODELS {
        for _ in 0..*count {
            number += 1;
            let bought = day(2022, 3, 1) + Days::new(pick(70, 0, number, 1200));
            let holder = match *category {
                // Some are spare.
                "Laptop" if pick(71, 0, number, 12) > 0 => with_laptop.next(),
                "Telephone" => with_telephone.next(),
                _ => None,
            };
            let place = match *category {
                "Measuring device" | "Switch" => "RTM-HALL",
                "Projector" => "RTM-BOARD",
                "Screen" | "Printer" | "Desktop" => "RTM-OFFICE",
                _ => "RTM-STORE",
            };
            let holder = holder.map(|holder| text(&holder["employee_number"])).unwrap_or_default();
            writeln!(
                rows,
                "SN{:06},{name},{place},{holder},{bought},{price}.00,EUR",
                104_729 * number % 1_000_000
            )?;
        }
    }
    it.send_once("assets", "/v1/assets/import", "text/csv", rows).await?;
    Ok(())
}

/// Some are old, one is lost, some are seen again, a printer is repaired.
async fn what_happened(it: &Clerk) -> Done {
    for (key, query, action, body) in [
        ("old", "purchased", "retire", json!({"reason": "Replaced", "retired_on": "2026-01-30"})),
        ("lost", "lost", "report-lost", json!({"reason": "Left on a train", "lost_on": "2026-02-11"})),
        ("seen", "seen", "audit", json!({"seen_on": "2026-02-20", "note": "Yearly round"})),
        (
            "repaired",
            "repaired",
            "send-to-repair",
            json!({"title": "Pulls in no paper", "starts_on": "2026-03-02"}),
        ),
    ] {
        let list = match query {
            "purchased" => "/v1/assets?status=in_stock&q=SN&sort=tag",
            "lost" => "/v1/assets?status=assigned&sort=-tag",
            "seen" => "/v1/assets?status=assigned&sort=tag",
            _ => "/v1/assets?status=in_stock&sort=-tag",
        };
        let count = if key == "seen" { 40 } else { 3 };
        let page = it.get(&format!("{list}&limit={count}")).await?;
        for (place, asset) in page["data"].as_array().into_iter().flatten().enumerate() {
            let path = format!("/v1/assets/{}/{action}", text(&asset["id"]));
            it.post(&format!("{key} {place}"), &path, &body).await?;
        }
    }
    Ok(())
}

async fn licences(it: &Clerk, employees: &[Value]) -> Done {
    for (place, (name, publisher, seats, cost, period)) in LICENCES.iter().enumerate() {
        let licence = json!({"name": name, "publisher": publisher, "kind": "subscription", "seats": seats, "seat_cost": cost, "currency": "EUR",
            "cost_period": period, "starts_on": "2026-01-01", "ends_on": "2099-12-31", "renews": true, "notice_days": 60});
        let licence = it.post(&format!("licence {name}"), "/v1/licences", &licence).await?;
        for (number, employee) in
            employees.iter().step_by(4 + 20 * place).take(usize::try_from(*seats)?).enumerate()
        {
            let seat = json!({"licence_id": licence["id"], "employee_id": employee["id"]});
            it.post(&format!("seat {name} {number}"), "/v1/licence-assignments", &seat).await?;
        }
    }
    Ok(())
}

async fn supplies_and_kits(it: &Clerk, employees: &[Value]) -> Done {
    let mut supplies = Vec::new();
    for (name, kind, quantity, minimum) in SUPPLIES {
        let supply = json!({"name": name, "kind": kind, "minimum_quantity": minimum});
        let supply = it.post(&format!("supply {name}"), "/v1/supplies", &supply).await?;
        let path = format!("/v1/supplies/{}", text(&supply["id"]));
        let came = json!({"quantity": quantity, "note": "First delivery"});
        it.post(&format!("supply {name} came"), &format!("{path}/receive"), &came).await?;
        for (number, employee) in employees.iter().step_by(19).take(8).enumerate() {
            let out = json!({"employee_id": employee["id"], "quantity": 1});
            it.post(&format!("supply {name} {number}"), &format!("{path}/hand-out"), &out).await?;
        }
        supplies.push(supply);
    }
    let models = it.ids("/v1/asset-models", "name").await?;
    for title in ["Accountant", "Engineer", "Technician"] {
        let positions = it.all(&format!("/v1/positions?q={title}")).await?;
        let Some(position) = positions.iter().find(|position| position["title"] == title) else { continue };
        let kit = json!({"name": title, "position_id": position["id"]});
        let kit = it.post(&format!("kit {title}"), "/v1/kits", &kit).await?;
        let laptop = if title == "Engineer" { "Latitude 5450" } else { "ThinkPad L14 Gen 4" };
        for (number, item) in [
            json!({"kit_id": kit["id"], "model_id": models.get(laptop)}),
            json!({"kit_id": kit["id"], "model_id": models.get("UltraSharp U2724D")}),
            json!({"kit_id": kit["id"], "supply_id": supplies[0]["id"]}),
        ]
        .iter()
        .enumerate()
        {
            it.post(&format!("kit {title} {number}"), "/v1/kit-items", item).await?;
        }
    }
    Ok(())
}
