//! Forms: what a service asks, as a JSON Schema (draft 2020-12) of which a form may use the plain part: an object of fields with types, limits and
//! choices. No references, and patterns that are matched in linear time, so that nobody's form costs others.

use jsonschema::{PatternOptions, Validator};
use platform::input::faults_by;
use platform::prelude::*;
use serde_json::{Map, Value};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

/// How long a form, and what is answered to it, may be as text.
const LONGEST: usize = 20_000;
/// How deep fields stand in fields.
const DEEPEST: usize = 4;

/// What else a form says of a field.
const KNOWN: &[&str] = &[
    "additionalProperties",
    "const",
    "default",
    "description",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "multipleOf",
    "pattern",
    "required",
    "title",
    "type",
    "uniqueItems",
];

/// A form as the contract shows it.
pub fn form_schema() -> Object {
    let told = "What is asked: a JSON Schema (draft 2020-12) of an object. It may use `properties`, `items`, types, limits, `enum`, `pattern` and the words \
                that explain them, no references; 20,000 characters at the most.";
    let example = json!({"type": "object", "required": ["item"],
        "properties": {"item": {"type": "string", "title": "What do you need?", "maxLength": 200}}});
    let object = ObjectBuilder::new().schema_type(Type::Object).max_properties(Some(20));
    object.description(Some(told)).examples([example]).build()
}

/// Answers as the contract shows them.
pub fn answers_schema() -> Object {
    let told = "What is answered, as the form of the service asks; 20,000 characters at the most.";
    let object = ObjectBuilder::new().schema_type(Type::Object).max_properties(Some(50));
    object.description(Some(told)).examples([json!({"item": "Laptop, 14 inch"})]).build()
}

/// All that is wrong with a form.
pub fn faults_of_form(form: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    if form.to_string().len() > LONGEST {
        let rule = format!("must have at most {LONGEST} characters");
        return vec![Fault::at("/form", "too-long", rule)];
    }
    if form["type"] != "object" {
        faults.push(Fault::at("/form/type", "wrong-type", "must be `object`: answers have names"));
    }
    walk(form, "/form", 0, &mut faults);
    if faults.is_empty()
        && let Err(fault) = compile(form)
    {
        faults.push(fault);
    }
    faults
}

fn walk(form: &Value, at: &str, depth: usize, faults: &mut Vec<Fault>) {
    let Some(fields) = form.as_object() else {
        faults.push(Fault::at(at, "wrong-type", "must be a JSON Schema, which is an object"));
        return;
    };
    if depth > DEEPEST {
        faults.push(Fault::at(at, "too-deep", format!("must not stand deeper than {DEEPEST} levels")));
        return;
    }
    for (name, value) in fields {
        let place = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        match (name.as_str(), value) {
            ("properties", Value::Object(each)) => {
                if each.len() > 50 {
                    faults.push(Fault::at(place.clone(), "too-many", "must have at most 50 fields"));
                }
                for (name, field) in each {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    walk(field, &format!("{place}/{name}"), depth + 1, faults);
                }
            }
            ("items", each) => walk(each, &place, depth + 1, faults),
            ("pattern", Value::String(pattern)) if pattern.len() > 200 => {
                faults.push(Fault::at(place, "too-long", "must have at most 200 characters"));
            }
            ("additionalProperties", value) if !value.is_boolean() => {
                faults.push(Fault::at(place, "wrong-type", "must be true or false"));
            }
            (known, _) if known == "properties" || KNOWN.contains(&known) => {}
            _ => faults.push(Fault::at(
                place,
                "unknown-keyword",
                format!("must be one of: properties, items, {}", KNOWN.join(", ")),
            )),
        }
    }
}

/// What checks answers. An answer to what is not asked is refused, unless the form takes any.
fn compile(form: &Value) -> std::result::Result<Validator, Fault> {
    let mut closed = form.clone();
    if let Some(fields) = closed.as_object_mut() {
        fields.entry("additionalProperties").or_insert(Value::Bool(false));
    }
    let options = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .with_pattern_options(PatternOptions::regex().size_limit(100_000));
    options.build(&closed).map_err(|error| {
        let place = format!("/form{}", error.instance_path());
        Fault::at(
            place,
            "no-schema",
            format!("must be as JSON Schema (draft 2020-12) says: {}", error.masked()),
        )
    })
}

/// All that is wrong with answers to a form.
pub fn faults_of_answers(form: &Value, answers: &Map<String, Value>) -> Vec<Fault> {
    let answers = Value::Object(answers.clone());
    if answers.to_string().len() > LONGEST {
        return vec![Fault::at("/answers", "too-long", format!("must have at most {LONGEST} characters"))];
    }
    compile(form).map_or_else(|fault| vec![fault], |form| faults_by(&form, &answers, "/answers"))
}

#[cfg(test)]
mod tests {
    use super::{faults_of_answers, faults_of_form};
    use platform::prelude::json;
    use serde_json::Value;

    fn places(faults: &[platform::prelude::Fault]) -> Vec<(&str, &str)> {
        faults.iter().map(|each| (each.pointer.as_deref().unwrap(), each.code.as_str())).collect()
    }

    #[test]
    fn a_form_says_all_that_is_wrong_with_it() {
        let form = json!({"type": "object", "$ref": "https://example.com/form", "properties": {
            "a": {"type": "string", "allOf": []}, "b": {"$ref": "#/properties/a"}, "c": 1}});
        let told = [
            ("/form/$ref", "unknown-keyword"),
            ("/form/properties/a/allOf", "unknown-keyword"),
            ("/form/properties/b/$ref", "unknown-keyword"),
            ("/form/properties/c", "wrong-type"),
        ];
        assert_eq!(places(&faults_of_form(&form)), told);
        for (form, place) in [
            (json!({"type": "object", "properties": {"a": {"type": "text"}}}), "/form/properties/a/type"),
            (json!({"type": "object", "properties": {"a": {"pattern": "(?=x)"}}}), "/form"),
            (json!({"type": "array"}), "/form/type"),
        ] {
            let faults = faults_of_form(&form);
            assert!(
                faults.len() == 1 && faults[0].pointer.as_deref().unwrap().starts_with(place),
                "{faults:?}"
            );
        }
    }

    #[test]
    fn answers_are_held_to_the_form() {
        let form = json!({"type": "object", "required": ["item"], "properties": {
            "item": {"type": "string", "maxLength": 5}, "count": {"type": "integer", "maximum": 3}}});
        assert_eq!(faults_of_form(&form).len(), 0);
        let answers = |value: Value| value.as_object().unwrap().clone();
        assert_eq!(faults_of_answers(&form, &answers(json!({"item": "Mouse", "count": 2}))).len(), 0);
        let wrong = faults_of_answers(&form, &answers(json!({"count": 4, "colour": "red"})));
        let mut told = places(&wrong);
        told.sort_unstable();
        let expected = [
            ("/answers/colour", "unknown-field"),
            ("/answers/count", "too-large"),
            ("/answers/item", "required"),
        ];
        assert_eq!(told, expected);
    }
}
