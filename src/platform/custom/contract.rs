//! The organization's own contract: the contract of all, in which `custom` has the fields that the caller sees, typed.
use super::fields::CustomFieldType;
use super::lists::{self, Field};
use super::{LONGEST, Result};
use crate::contract::example;
use crate::database::Db;
use serde_json::{Map, Value, json};

/// Writes the caller's fields into the contract.
pub(crate) fn tailor(document: &mut Value, fields: &[Field]) {
    for fields in fields.chunk_by(|a, b| a.applies_to == b.applies_to) {
        let Some(list) = fields.first().map(|field| format!("/v1/{}", field.applies_to)) else { continue };
        tell_rows(document, &list, fields);
        tell_list(document, &list, fields);
    }
}

/// The fields that the caller sees, of all resources that they hold something on.
pub(crate) async fn fields(db: &mut Db) -> Result<Vec<Field>> {
    lists::fields_shown(db, None).await
}

fn name_of(schema: Option<&Value>) -> Option<String> {
    schema?["$ref"].as_str()?.rsplit('/').next().map(str::to_owned)
}

/// `custom` of the row, of what makes one and of what changes one.
fn tell_rows(document: &mut Value, list: &str, fields: &[Field]) {
    let (all, one) = (list.replace('/', "~1"), format!("{list}/{{id}}").replace('/', "~1"));
    let at = |place: String| name_of(document.pointer(&place));
    let json = "content/application~1json/schema";
    let names = [
        at(format!("/paths/{one}/get/responses/200/{json}")),
        at(format!("/paths/{all}/post/requestBody/{json}")),
        at(format!("/paths/{one}/patch/requestBody/{json}")),
    ];
    for (name, given) in names.into_iter().zip([Comes::Out, Comes::New, Comes::Changed]) {
        let Some(name) = name else { continue };
        let schemas = &mut document["components"]["schemas"];
        if schemas[&name]["properties"].get("custom").is_none() {
            continue;
        }
        schemas[&name]["properties"]["custom"] =
            json!({"$ref": format!("#/components/schemas/{name}Custom")});
        let custom = object(fields, given);
        if given == Comes::New && custom.get("required").is_some() {
            require_custom(&mut schemas[&name]);
        }
        schemas[format!("{name}Custom")] = custom;
    }
    // Examples show what has to be given.
    let schemas = document["components"]["schemas"].clone();
    let body = document.pointer_mut(&format!("/paths/{all}/post/requestBody/content"));
    for content in body.and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        let schema =
            schemas[name_of(content.get("schema")).unwrap_or_default()]["properties"]["custom"].clone();
        content["example"]["custom"] = example(&schema, &schemas);
    }
}

fn require_custom(schema: &mut Value) {
    match schema["required"].as_array_mut() {
        Some(required) => required.push(json!("custom")),
        None => schema["required"] = json!(["custom"]),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Comes {
    Out,
    New,
    Changed,
}

fn object(fields: &[Field], comes: Comes) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.clone(), property(field, comes))).collect();
    let mut object = json!({
        "type": "object",
        "description": "The organization's own fields.",
        "properties": properties,
    });
    let required: Vec<&str> =
        fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
    if comes == Comes::Out {
        object["description"] =
            json!("The organization's own fields; those without a value are left out. Expect new ones.");
        return object;
    }
    object["additionalProperties"] = json!(false);
    if comes == Comes::New && !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn property(field: &Field, comes: Comes) -> Value {
    let mut property = value_schema(field, comes == Comes::Out);
    property["title"] = json!(field.label);
    if comes != Comes::Out && !field.required {
        property["type"] = json!(["string", "null"]);
        if let Some(values) = property.get_mut("enum").and_then(Value::as_array_mut) {
            values.push(Value::Null);
        }
    }
    property
}

/// What the type says of a value.
fn value_schema(field: &Field, goes_out: bool) -> Value {
    let decimal = r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,8})?$";
    match field.kind {
        CustomFieldType::Text => {
            let longest = field.max_length.unwrap_or(i32::try_from(LONGEST).unwrap_or(i32::MAX));
            json!({"type": "string", "minLength": 1, "maxLength": longest, "description": format!("{}.", field.label)})
        }
        CustomFieldType::Number => json!({"type": "string", "maxLength": 28, "pattern": decimal,
            "description": format!("{}, a decimal.", field.label), "examples": ["42"]}),
        CustomFieldType::Money => json!({"type": "string", "maxLength": 28, "pattern": decimal,
            "description": format!("{}, an amount in {}.", field.label, field.currency.as_deref().unwrap_or_default()), "examples": ["100"]}),
        CustomFieldType::Day => json!({"type": "string", "format": "date",
            "pattern": "^(19[0-9]{2}|2[01][0-9]{2}|2200)-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
            "description": format!("{}, a day.", field.label)}),
        CustomFieldType::Choice => {
            let choices = field.choices.as_deref().unwrap_or_default();
            let mut schema = json!({"type": "string", "maxLength": 100, "description": format!("{}, one of its choices.", field.label), "examples": choices.iter().take(1).collect::<Vec<_>>()});
            schema[if goes_out { "x-extensible-enum" } else { "enum" }] = json!(choices);
            schema
        }
        CustomFieldType::Reference => json!({"type": "string", "format": "uuid",
            "description": format!("{}, the id of one of the {}.", field.label, field.refers_to.as_deref().unwrap_or_default().replace('-', " "))}),
    }
}

/// Filters and sort keys of the list.
fn tell_list(document: &mut Value, list: &str, fields: &[Field]) {
    let Some(parameters) = document["paths"][list]["get"]["parameters"].as_array_mut() else { return };
    for parameter in parameters.iter_mut().filter(|each| each["name"] == "sort") {
        let names: Vec<String> = fields.iter().map(|field| format!("custom\\.{}", field.name)).collect();
        let own = r"custom\.[a-z][a-z0-9_]{0,39}";
        if let Some(pattern) = parameter["schema"]["pattern"].as_str() {
            parameter["schema"]["pattern"] = json!(pattern.replace(own, &names.join("|")));
        }
    }
    for field in fields {
        let mut tell = |name: String, which: &str| {
            let mut schema = value_schema(field, false);
            if let Some(fields) = schema.as_object_mut() {
                fields.remove("description");
            }
            parameters.push(json!({"name": format!("custom.{name}"), "in": "query", "required": false,
                "description": format!("Only where {} is {which}.", field.label), "schema": schema}));
        };
        tell(field.name.clone(), "this");
        if field.has_ranges() {
            tell(format!("{}_from", field.name), "this or more");
            tell(format!("{}_to", field.name), "this or less");
        }
    }
}
