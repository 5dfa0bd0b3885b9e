//! What the contract-wide tests need to know of equipment.
use super::{Room, body, fill, operation, row};
use crate::support::Caller;
use futures_util::future::FutureExt;
use serde_json::{Value, json};
use uuid::Uuid;

pub const ROOM: Room = Room {
    references: &[
        ("asset_id", "/v1/assets"),
        ("asset_ids", "/v1/assets"),
        ("checklist_task_id", "/v1/checklist-tasks"),
        ("checklist_task_ids", "/v1/checklist-tasks"),
        ("holder_asset_id", "/v1/assets"),
        ("holder_location_id", "/v1/locations"),
        ("kit_id", "/v1/kits"),
        ("licence_id", "/v1/licences"),
        ("location_branch_id", "/v1/locations"),
        ("location_id", "/v1/locations"),
        ("model_id", "/v1/asset-models"),
        ("supplier_id", "/v1/parties"),
        ("supply_id", "/v1/supplies"),
    ],
    body: |caller, operation| {
        async move {
            match operation.id() {
                "check_kit_out" => Some(json!({"employee_id": row(caller, "/v1/employees").await, "needs_acceptance": true, "note": "Welcome!"})),
                // From whoever got the last ones.
                "take_back_supply" => {
                    let last = "/v1/supply-movements?kind=hand_out&sort=-created_at&limit=1";
                    let last = caller.get(last).await.is(200);
                    let employee = match &last["data"][0]["employee_id"] {
                        Value::Null => json!(row(caller, "/v1/employees").await),
                        employee => employee.clone(),
                    };
                    Some(json!({"employee_id": employee, "quantity": 1, "note": "Well kept."}))
                }
                _ => None,
            }
        }
        .boxed_local()
    },
    dress: |_, operation, body| {
        match operation.id() {
            "create_asset" => body["status"] = json!("in_stock"),
            // What is handed out comes back.
            "create_supply" => body["kind"] = json!("accessory"),
            "update_asset" => body["tag"] = json!(Uuid::now_v7().to_string()),
            _ => {}
        }
        async {}.boxed_local()
    },
    row: |caller, collection| {
        async move {
            match collection {
                "/v1/asset-assignments" => {
                    let asset = row(caller, "/v1/assets").await;
                    let employee = row(caller, "/v1/employees").await;
                    hand_out(caller, &asset, json!({"employee_id": employee})).await;
                    first(caller, &format!("{collection}?asset_id={asset}")).await
                }
                "/v1/asset-audits" => {
                    let asset = row(caller, "/v1/assets").await;
                    let place = row(caller, "/v1/locations").await;
                    let seen = json!({"location_id": place});
                    caller.post(&format!("/v1/assets/{asset}/audit"), seen).await.is(200);
                    first(caller, &format!("{collection}?asset_id={asset}")).await
                }
                "/v1/licence-terms" => {
                    let licence = row(caller, "/v1/licences").await;
                    first(caller, &format!("{collection}?licence_id={licence}")).await
                }
                "/v1/supply-movements" => {
                    let supply = stocked(caller).await;
                    first(caller, &format!("{collection}?supply_id={supply}")).await
                }
                // With something in it, and that is there.
                "/v1/kits" => {
                    let kit = json!({"name": Uuid::now_v7().to_string()});
                    let kit = id(&caller.post(collection, kit).await.is(201));
                    let asset = row(caller, "/v1/assets").await;
                    let model = caller.get(&format!("/v1/assets/{asset}")).await.is(200)["model_id"].clone();
                    caller.post("/v1/kit-items", json!({"kit_id": kit, "model_id": model})).await.is(201);
                    Some(kit)
                }
                _ => None,
            }
        }
        .boxed_local()
    },
    ready: |caller, operation| {
        async move {
            let id = match operation.id() {
                "receive_asset" => {
                    let mut asset = body(caller, &super::operation("create_asset")).await;
                    asset["status"] = json!("ordered");
                    id(&caller.post("/v1/assets", asset).await.is(201))
                }
                "hand_out_supply" | "write_off_supply" => stocked(caller).await,
                "take_back_supply" => {
                    let supply = stocked(caller).await;
                    let employee = row(caller, "/v1/employees").await;
                    let out = json!({"employee_id": employee, "quantity": 1});
                    caller.post(&format!("/v1/supplies/{supply}/hand-out"), out).await.is(200);
                    supply
                }
                "restore_supply" => {
                    let supply = row(caller, "/v1/supplies").await;
                    caller.act(&format!("/v1/supplies/{supply}/archive")).await.is(200);
                    supply
                }
                _ => return None,
            };
            Some(fill(&operation.path, &id))
        }
        .boxed_local()
    },
    // What an asset's step writes beside it, and the asset as that leaves it.
    budget: |operation| match operation {
        "check_in_asset"
        | "check_out_asset"
        | "audit_asset"
        | "send_asset_to_repair"
        | "return_asset_from_repair"
        | "receive_supply"
        | "hand_out_supply"
        | "take_back_supply"
        | "write_off_supply" => Some(7),
        _ => None,
    },
    furnish: |caller| {
        async move {
            let of = async |collection: &str| row(caller, collection).await;
            let (place, supplier, employee) =
                (of("/v1/locations").await, of("/v1/parties").await, of("/v1/employees").await);
            let within = json!({"code": format!("W{}", &Uuid::now_v7().simple().to_string().to_uppercase()[14..30]), "name": "Within", "parent_id": place});
            caller.post("/v1/locations", within).await.is(201);
            let make = async |create: &str, fields: Value| {
                let create = operation(create);
                let mut made = body(caller, &create).await;
                made.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
                id(&caller.post(&create.path, made).await.is(201))
            };
            let whole = json!({"location_id": place, "supplier_id": supplier, "fixed_asset_id": of("/v1/fixed-assets").await});
            let whole = make("create_asset", whole).await;
            let (part, screen) = (of("/v1/assets").await, of("/v1/assets").await);
            hand_out(caller, &part, json!({"holder_asset_id": whole})).await;
            hand_out(caller, &screen, json!({"holder_location_id": place})).await;
            hand_out(caller, &of("/v1/assets").await, json!({"employee_id": employee})).await;
            make("create_asset_maintenance", json!({"supplier_id": supplier})).await;
            let licence = make("create_licence", json!({"supplier_id": supplier})).await;
            make("create_licence_assignment", json!({"licence_id": licence})).await;
            make("create_licence_assignment", json!({"licence_id": licence, "employee_id": null, "asset_id": whole})).await;
            make("create_software_installation", json!({"licence_id": licence})).await;
            let supply = make("create_supply", json!({"location_id": place, "supplier_id": supplier})).await;
            caller.post(&format!("/v1/supplies/{supply}/receive"), json!({"quantity": 90})).await.is(200);
            for to in [json!({"employee_id": employee, "quantity": 1}), json!({"location_id": place, "quantity": 1})] {
                caller.post(&format!("/v1/supplies/{supply}/hand-out"), to).await.is(200);
            }
            let kit = make("create_kit", json!({"position_id": of("/v1/positions").await})).await;
            for item in [json!({"licence_id": licence}), json!({"supply_id": supply}), json!({"model_id": of("/v1/asset-models").await})] {
                let mut item = item;
                item["kit_id"] = json!(kit);
                caller.post("/v1/kit-items", item).await.is(201);
            }
        }
        .boxed_local()
    },
};

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// The first that a list shows.
async fn first(caller: &Caller, list: &str) -> Option<String> {
    Some(id(&caller.get(list).await.is(200)["data"][0]))
}

async fn hand_out(caller: &Caller, asset: &str, to: Value) {
    caller.post(&format!("/v1/assets/{asset}/check-out"), to).await.is(200);
}

/// Something of which there is plenty.
async fn stocked(caller: &Caller) -> String {
    let supply = row(caller, "/v1/supplies").await;
    caller.post(&format!("/v1/supplies/{supply}/receive"), json!({"quantity": 90})).await.is(200);
    supply
}
