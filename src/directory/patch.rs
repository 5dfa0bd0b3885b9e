//! PATCH (RFC 7644 §3.5.2): add, replace and remove, one after the other; all of them, or none.
use crate::attributes::{self, Attribute, COMMON, Object, ResourceType, may_write};
use crate::filter::{self, Filter, Path, Target};
use crate::message::{invalid, invalid_path, invalid_syntax, mutability, no_target};
use platform::problem::Result;
use serde_json::{Value, json};

/// Operations of a request at the most.
const MOST: usize = 200;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Add,
    Replace,
    Remove,
}

/// Changes what a client may write of a resource as the message says.
///
/// # Errors
/// 400 with the reason; the resource is then of no use.
pub fn apply(message: &Object, resource: &mut Object, kind: &'static ResourceType) -> Result<()> {
    let named = |name: &str, among: &Object| {
        among.iter().find(|(is, _)| is.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    };
    let Some(Value::Array(operations)) = named("Operations", message) else {
        return Err(invalid_syntax("must have `Operations`"));
    };
    if operations.is_empty() || operations.len() > MOST {
        return Err(invalid_syntax(&format!("must have 1 to {MOST} `Operations`")));
    }
    for operation in &operations {
        let Value::Object(operation) = operation else {
            return Err(invalid_syntax("an operation is an object"));
        };
        let act = match named("op", operation)
            .as_ref()
            .and_then(Value::as_str)
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            Some("add") => Act::Add,
            Some("replace") => Act::Replace,
            Some("remove") => Act::Remove,
            _ => return Err(invalid_syntax("`op` is one of add, replace and remove")),
        };
        let value = named("value", operation).unwrap_or(Value::Null);
        match named("path", operation) {
            Some(Value::String(path)) => change(act, &path, value, resource, kind)?,
            Some(Value::Null) | None => whole(act, value, resource, kind)?,
            Some(_) => return Err(invalid_syntax("`path` is a text")),
        }
    }
    kind.check(resource)
}

/// Without a path, the value holds the attributes; some directories write paths as their names.
fn whole(act: Act, value: Value, resource: &mut Object, kind: &'static ResourceType) -> Result<()> {
    if act == Act::Remove {
        return Err(no_target("path"));
    }
    let Value::Object(fields) = value else {
        return Err(invalid_syntax("without a `path`, `value` is an object"));
    };
    for (name, value) in fields {
        // What the message says of itself, and what is ours to say, as in a resource that was read before.
        let is_ours = attributes::find(COMMON, &name).is_some_and(|known| may_write(known).is_err());
        if !is_ours && !name.eq_ignore_ascii_case("schemas") {
            change(act, &name, value, resource, kind)?;
        }
    }
    Ok(())
}

fn change(
    act: Act,
    path: &str,
    value: Value,
    resource: &mut Object,
    kind: &'static ResourceType,
) -> Result<()> {
    let (target, filter) = match (filter::path(path, kind)?, kind.extension) {
        (Path::To(target, filter), Some(extension)) if target.is_extended => {
            let mut within = match resource.remove(extension.urn) {
                Some(Value::Object(within)) => within,
                _ => Object::new(),
            };
            at(act, path, value, &mut within, &target, filter)?;
            if !within.is_empty() {
                resource.insert(extension.urn.to_owned(), Value::Object(within));
            }
            return Ok(());
        }
        (Path::To(target, filter), _) => (target, filter),
        (Path::Extension, Some(extension)) if act == Act::Remove => {
            resource.remove(extension.urn);
            return Ok(());
        }
        (Path::Extension, extension) => {
            let Value::Object(fields) = value else { return Err(invalid(path, "must be an object")) };
            let known = extension.map_or(&[][..], |extension| extension.attributes);
            for (name, value) in fields {
                // As in a whole resource: what is not the client's to write is left out.
                if attributes::find(known, &name).is_some_and(|known| may_write(known).is_ok()) {
                    change(act, &format!("{path}:{name}"), value, resource, kind)?;
                }
            }
            return Ok(());
        }
    };
    at(act, path, value, resource, &target, filter)
}

fn at(
    act: Act,
    path: &str,
    value: Value,
    resource: &mut Object,
    target: &Target,
    filter: Option<Filter>,
) -> Result<()> {
    may_write(target.attribute)?;
    let name = target.attribute.name;
    match (target.sub, filter) {
        (None, None) => attribute(act, path, value, resource, target.attribute)?,
        (Some(sub), None) if !target.attribute.is_multi => {
            if sub.mutability == attributes::Mutability::ReadOnly {
                return Err(mutability(path));
            }
            let place = resource.entry(name).or_insert_with(|| json!({}));
            set(act, place, sub, &value, path)?;
        }
        (_, filter) => among(act, path, &value, resource, target, filter.as_ref())?,
    }
    if target.attribute.is_multi {
        one_primary(resource.get_mut(name));
    }
    let is_empty = |value: &Value| match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(values) => values.is_empty(),
        other => other.is_null(),
    };
    if resource.get(name).is_some_and(is_empty) {
        resource.remove(name);
    }
    Ok(())
}

/// A whole attribute.
fn attribute(
    act: Act,
    path: &str,
    value: Value,
    resource: &mut Object,
    attribute: &'static Attribute,
) -> Result<()> {
    let name = attribute.name;
    if act == Act::Remove {
        // Some directories name the values to remove beside the path.
        match (attribute.read(&value, path)?, resource.get_mut(name)) {
            (Some(Value::Array(gone)), Some(Value::Array(values))) if attribute.is_multi => {
                values.retain(|value| !gone.iter().any(|gone| gone["value"] == value["value"]));
            }
            _ => drop(resource.remove(name)),
        }
        return Ok(());
    }
    let Some(value) = attribute.read(&value, path)? else {
        if act == Act::Replace {
            resource.remove(name);
        }
        return Ok(());
    };
    match (act, resource.get_mut(name), value) {
        (Act::Add, Some(Value::Array(values)), Value::Array(new)) => {
            for value in new {
                let same =
                    |known: &Value| *known == value || name == "members" && known["value"] == value["value"];
                if !values.iter().any(same) {
                    values.push(value);
                }
            }
        }
        (_, Some(Value::Object(parts)), Value::Object(new)) => parts.extend(new),
        (_, _, value) => drop(resource.insert(name.to_owned(), value)),
    }
    Ok(())
}

/// Those of an attribute's values that meet the filter.
fn among(
    act: Act,
    path: &str,
    value: &Value,
    resource: &mut Object,
    target: &Target,
    filter: Option<&Filter>,
) -> Result<()> {
    let values = resource.entry(target.attribute.name).or_insert_with(|| json!([]));
    let Value::Array(values) = values else { return Err(no_target(path)) };
    let meets = |value: &Value| filter.is_none_or(|filter| filter.is_met_by(value));
    if !values.iter().any(meets) {
        if act != Act::Add {
            return Err(no_target(path));
        }
        // What is added to a value that is not there makes it, as the filter describes it.
        let parts = filter.map_or(Some(Vec::new()), Filter::parts).ok_or_else(|| no_target(path))?;
        let parts = parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Object>();
        let made = target.attribute.read_one(&Value::Object(parts), path)?.unwrap_or_else(|| json!({}));
        values.push(made);
    }
    let Some(sub) = target.sub else {
        if act == Act::Remove {
            values.retain(|value| !meets(value));
            return Ok(());
        }
        let new = match value {
            Value::Array(several) if several.len() == 1 => &several[0],
            other => other,
        };
        let Some(Value::Object(new)) = target.attribute.read_one(new, path)? else {
            return Err(invalid(path, "must be an object"));
        };
        for value in values.iter_mut().filter(|value| meets(value)) {
            match value {
                Value::Object(parts) if act == Act::Add => parts.extend(new.clone()),
                value => *value = Value::Object(new.clone()),
            }
        }
        return Ok(());
    };
    for each in values.iter_mut().filter(|value| meets(value)) {
        set(act, each, sub, value, path)?;
    }
    values.retain(|value| value.as_object().is_none_or(|parts| !parts.is_empty()));
    Ok(())
}

/// A part of a complex value.
fn set(act: Act, of: &mut Value, sub: &'static Attribute, value: &Value, path: &str) -> Result<()> {
    let Value::Object(parts) = of else { return Err(invalid_path(path, "leads to no value with parts")) };
    may_write(sub)?;
    let value = if act == Act::Remove { None } else { sub.read(value, path)? };
    match value {
        Some(value) => drop(parts.insert(sub.name.to_owned(), value)),
        None => drop(parts.remove(sub.name)),
    }
    Ok(())
}

/// A new first value takes the place of the one before (RFC 7644 §3.5.2).
fn one_primary(values: Option<&mut Value>) {
    let Some(Value::Array(values)) = values else { return };
    let last = values.iter().rposition(|value| value["primary"] == true);
    for (index, value) in values.iter_mut().enumerate() {
        if Some(index) != last && value["primary"] == true {
            value["primary"] = json!(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::apply;
    use crate::attributes::{Object, USER};
    use serde_json::{Value, json};

    fn patched(operations: Value) -> Result<Value, String> {
        let before = json!({"userName": "ana", "name": {"givenName": "Ana", "familyName": "Pop"}, "emails": [
            {"value": "ana@demo.example", "type": "work", "primary": true}, {"value": "ana@home.example", "type": "home"}]});
        let mut resource: Object = serde_json::from_value(before).unwrap();
        let message: Object = serde_json::from_value(json!({"Operations": operations})).unwrap();
        apply(&message, &mut resource, &USER).map_err(|problem| problem.errors[0].code.clone())?;
        Ok(Value::Object(resource))
    }

    #[test]
    fn attributes_parts_and_values_are_added_replaced_and_removed() {
        let after = patched(json!([
            {"op": "Add", "path": "title", "value": "Clerk"},
            {"op": "replace", "path": "name.familyName", "value": "Popescu"},
            {"op": "remove", "path": "name.givenName"},
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "ana.popescu@demo.example"},
            {"op": "remove", "path": "emails[type eq \"home\"]"},
            {"op": "add", "path": "phoneNumbers[type eq \"work\"].value", "value": "0722 000 000"},
            {"op": "replace", "value": {"active": "False", "name.middleName": "Maria"}},
        ]));
        let expected = json!({"userName": "ana", "name": {"familyName": "Popescu", "middleName": "Maria"},
            "emails": [{"value": "ana.popescu@demo.example", "type": "work", "primary": true}], "title": "Clerk",
            "phoneNumbers": [{"type": "work", "value": "0722 000 000"}], "active": false});
        assert_eq!(after.unwrap(), expected);
    }

    #[test]
    fn of_several_values_one_is_the_first() {
        let after = patched(json!([{"op": "add", "path": "emails", "value": [{"value": "new@demo.example", "primary": true}]}])).unwrap();
        assert_eq!(after["emails"][0]["primary"], false);
        assert_eq!(after["emails"][2]["primary"], true);
    }

    #[test]
    fn what_can_not_be_done_is_refused() {
        for (operations, code) in [
            (json!([]), "invalid-syntax"),
            (json!([{"op": "move", "path": "title"}]), "invalid-syntax"),
            (json!([{"op": "remove"}]), "no-target"),
            (json!([{"op": "remove", "path": "userName"}]), "invalid-value"),
            (json!([{"op": "replace", "path": "salary", "value": "1"}]), "invalid-path"),
            (json!([{"op": "replace", "path": "emails[type eq \"fax\"].value", "value": "a"}]), "no-target"),
            (json!([{"op": "replace", "path": "groups", "value": []}]), "mutability"),
            (json!([{"op": "replace", "path": "id", "value": "a"}]), "mutability"),
            (
                json!([{"op": "add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "a"}]),
                "mutability",
            ),
            (json!([{"op": "replace", "path": "active", "value": "yes"}]), "invalid-value"),
            (json!([{"op": "replace", "path": "title", "value": {"a": 1}}]), "invalid-value"),
            (json!([{"op": "replace", "value": "a"}]), "invalid-syntax"),
        ] {
            assert_eq!(patched(operations.clone()), Err(code.to_owned()), "{operations}");
        }
    }
}
