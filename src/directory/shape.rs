//! Which attributes an answer shows: `attributes` and `excludedAttributes` (RFC 7644 §3.9).
use crate::attributes::{Object, ResourceType};
use crate::filter::{self, Path, Target};
use crate::message::{Form, Message, base};
use actix_web::HttpRequest;
use platform::prelude::*;
use serde_json::Value;

/// A row that SCIM shows.
pub trait Shown: Serialize {
    const KIND: &'static ResourceType;
    /// The view that it stands in.
    const VIEW: &'static str;

    /// As SCIM shows it, `base` before its address.
    fn shown(&self, base: &str) -> Result<Value>;
}

/// What every answer can be cut down by.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct Shape {
    /// Show these attributes alone, separated by commas.
    #[param(min_length = 1, max_length = 2000, required = false, example = "userName,emails.value")]
    #[serde(default)]
    pub attributes: Option<String>,
    /// Leave these attributes out, separated by commas.
    #[param(min_length = 1, max_length = 2000, required = false, example = "members")]
    #[serde(default)]
    pub excluded_attributes: Option<String>,
}

impl Shape {
    /// The row as it was asked for, with its address and version.
    pub fn message<R: Shown, T: Form, const STATUS: u16>(
        &self,
        row: &R,
        http: &HttpRequest,
    ) -> Result<Message<T, STATUS>> {
        let shown = row.shown(&base(http))?;
        let part = |name: &str| shown["meta"][name].as_str().unwrap_or_default().to_owned();
        let (location, version) = (part("location"), part("version"));
        let cut = self.cut(shown, R::KIND);
        let message = if STATUS == 201 { Message::made(cut, location) } else { Message::new(cut) };
        Ok(message.of_version(version))
    }

    /// The resource as it was asked for. Names that there are not change nothing.
    #[must_use]
    pub fn cut(&self, resource: Value, kind: &'static ResourceType) -> Value {
        let Value::Object(mut resource) = resource else { return resource };
        if let Some(wanted) = &self.attributes {
            let mut cut = Object::new();
            for name in ["schemas", "id"] {
                if let Some(value) = resource.get(name) {
                    cut.insert(name.to_owned(), value.clone());
                }
            }
            for name in wanted.split(',').map(str::trim) {
                match filter::path(name, kind) {
                    Ok(Path::Extension) => keep(&mut cut, &resource, extension(kind)),
                    Ok(Path::To(target, None)) => show(&mut cut, &resource, kind, &target),
                    _ => {}
                }
            }
            return Value::Object(cut);
        }
        for name in self.excluded_attributes.iter().flat_map(|names| names.split(',')).map(str::trim) {
            match filter::path(name, kind) {
                Ok(Path::Extension) => drop(resource.remove(extension(kind))),
                Ok(Path::To(target, None)) if target.attribute.name != "id" => {
                    hide(&mut resource, kind, &target);
                }
                _ => {}
            }
        }
        Value::Object(resource)
    }
}

fn extension(kind: &'static ResourceType) -> &'static str {
    kind.extension.map_or("", |extension| extension.urn)
}

fn keep(cut: &mut Object, resource: &Object, name: &str) {
    if let Some(value) = resource.get(name) {
        cut.insert(name.to_owned(), value.clone());
    }
}

fn show(cut: &mut Object, resource: &Object, kind: &'static ResourceType, target: &Target) {
    let (name, mut cut) = (target.attribute.name, cut);
    let mut resource = resource;
    if target.is_extended {
        let Some(Value::Object(within)) = resource.get(extension(kind)) else { return };
        resource = within;
        let place = cut.entry(extension(kind)).or_insert_with(|| json!({}));
        let Value::Object(within) = place else { return };
        cut = within;
    }
    match (target.sub, resource.get(name)) {
        (None, Some(value)) => drop(cut.insert(name.to_owned(), value.clone())),
        (Some(sub), Some(Value::Object(value))) => {
            if let (Some(part), Value::Object(into)) =
                (value.get(sub.name), cut.entry(name).or_insert_with(|| json!({})))
            {
                into.insert(sub.name.to_owned(), part.clone());
            }
        }
        (Some(sub), Some(Value::Array(values))) => {
            let parts = || values.iter().map(|_| json!({})).collect::<Vec<_>>();
            if let Value::Array(into) = cut.entry(name).or_insert_with(|| Value::Array(parts())) {
                for (into, value) in into.iter_mut().zip(values) {
                    if let Some(part) = value.get(sub.name) {
                        into[sub.name] = part.clone();
                    }
                }
            }
        }
        _ => {}
    }
}

fn hide(resource: &mut Object, kind: &'static ResourceType, target: &Target) {
    let mut within = resource;
    if target.is_extended {
        let Some(Value::Object(extension)) = within.get_mut(extension(kind)) else { return };
        within = extension;
    }
    match (target.sub, within.get_mut(target.attribute.name)) {
        (None, _) => drop(within.remove(target.attribute.name)),
        (Some(sub), Some(Value::Object(value))) => drop(value.remove(sub.name)),
        (Some(sub), Some(Value::Array(values))) => {
            values.iter_mut().filter_map(Value::as_object_mut).for_each(|value| drop(value.remove(sub.name)));
        }
        _ => {}
    }
}
