//! Filters as SQL: names come from the list of attributes, values as parameters, so nothing that a client wrote is ever a
//! part of a statement.
use crate::attributes::{Attribute, Kind};
use crate::filter::{Comparison, Filter, Target};
use crate::message::invalid_filter;
use platform::problem::Result;
use serde_json::Value;

/// Where an attribute is found in the view that is called `r`.
pub enum Place {
    /// A text, an instant or a truth: an expression.
    At(String),
    /// A uuid.
    Id(&'static str),
    /// Several values: what follows `from`, and the part of each as an expression.
    Among(String, fn(&Attribute) -> String),
    /// A text that a function finds rows by without looking at all of them.
    Named { at: &'static str, found: &'static str },
    /// It can not be asked for.
    Nowhere,
}

/// A part of a statement, and the values behind its parameters.
pub struct Narrowed {
    pub sql: String,
    pub values: Vec<String>,
}

/// The condition that the filter comes to. Parameters are numbered from `first`.
///
/// # Errors
/// 400 `invalidFilter` where an attribute can not be asked for.
pub fn narrow(filter: Option<&Filter>, first: usize, place: fn(&Target) -> Place) -> Result<Narrowed> {
    let mut writer = Writer { values: Vec::new(), first, place };
    let sql = match filter {
        Some(filter) => writer.write(filter)?,
        None => "true".to_owned(),
    };
    Ok(Narrowed { sql, values: writer.values })
}

/// What a list is sorted by: an expression, upper and lower case the same.
#[must_use]
pub fn sort_key(target: &Target, place: fn(&Target) -> Place) -> Option<String> {
    match place(target) {
        Place::At(at) if target.compared().kind == Kind::Text => Some(format!("lower({at})")),
        Place::At(at) => Some(at),
        Place::Named { at, .. } => Some(format!("lower({at})")),
        Place::Id(at) => Some(at.to_owned()),
        Place::Among(..) | Place::Nowhere => None,
    }
}

struct Writer {
    values: Vec<String>,
    first: usize,
    place: fn(&Target) -> Place,
}

impl Writer {
    fn write(&mut self, filter: &Filter) -> Result<String> {
        let joined = |writer: &mut Self, all: &[Filter], word: &str| -> Result<String> {
            let parts: Vec<String> = all.iter().map(|each| writer.write(each)).collect::<Result<_>>()?;
            Ok(format!("({})", parts.join(word)))
        };
        match filter {
            Filter::All(all) => joined(self, all, " and "),
            Filter::Any(any) => joined(self, any, " or "),
            Filter::Not(inner) => Ok(format!("({}) is not true", self.write(inner)?)),
            Filter::Present(target) => match (self.place)(target) {
                Place::At(at) => Ok(format!("{at} is not null")),
                Place::Id(at) | Place::Named { at, .. } => Ok(format!("{at} is not null")),
                Place::Among(from, part) => {
                    let part = part(target.compared());
                    Ok(format!("exists (select from {from} where {part} is not null)"))
                }
                Place::Nowhere => Err(nowhere(target)),
            },
            Filter::Compare(target, comparison, value) => self.compare(target, *comparison, value),
            Filter::Within(target, inner) => match (self.place)(target) {
                Place::Among(from, part) => {
                    Ok(format!("exists (select from {from} where {})", self.within(inner, part)?))
                }
                _ => Err(nowhere(target)),
            },
        }
    }

    fn within(&mut self, filter: &Filter, part: fn(&Attribute) -> String) -> Result<String> {
        let joined = |writer: &mut Self, all: &[Filter], word: &str| -> Result<String> {
            let parts: Vec<String> =
                all.iter().map(|each| writer.within(each, part)).collect::<Result<_>>()?;
            Ok(format!("({})", parts.join(word)))
        };
        match filter {
            Filter::All(all) => joined(self, all, " and "),
            Filter::Any(any) => joined(self, any, " or "),
            Filter::Not(inner) => Ok(format!("({}) is not true", self.within(inner, part)?)),
            Filter::Present(target) => Ok(format!("{} is not null", part(target.attribute))),
            Filter::Compare(target, comparison, value) => {
                Ok(self.leaf(&part(target.attribute), target.attribute, *comparison, value))
            }
            Filter::Within(target, _) => Err(nowhere(target)),
        }
    }

    fn compare(&mut self, target: &Target, comparison: Comparison, value: &Value) -> Result<String> {
        let attribute = target.compared();
        Ok(match (self.place)(target) {
            Place::At(at) => self.leaf(&at, attribute, comparison, value),
            Place::Id(at) => match (comparison, value.as_str().map(str::parse::<uuid::Uuid>)) {
                (Comparison::Equal, Some(Ok(id))) => format!("{at} = {}::uuid", self.value(id.to_string())),
                (Comparison::Equal, Some(Err(_))) => "false".to_owned(),
                _ => self.leaf(&format!("{at}::text"), attribute, comparison, value),
            },
            Place::Named { found, .. } if comparison == Comparison::Equal && value.is_string() => {
                found.replace('?', &self.value(value.as_str().unwrap_or_default().to_owned()))
            }
            Place::Named { at, .. } => self.leaf(at, attribute, comparison, value),
            // Of several values, one that is equal: then they are not unequal.
            Place::Among(from, part) => {
                let (not, comparison) = match comparison {
                    Comparison::NotEqual => ("not ", Comparison::Equal),
                    other => ("", other),
                };
                let leaf = self.leaf(&part(attribute), attribute, comparison, value);
                format!("{not}exists (select from {from} where {leaf})")
            }
            Place::Nowhere => return Err(nowhere(target)),
        })
    }

    fn leaf(&mut self, at: &str, attribute: &Attribute, comparison: Comparison, value: &Value) -> String {
        use Comparison as C;
        let text = match (value, comparison) {
            (Value::Null, C::Equal) => return format!("{at} is null"),
            (Value::Null, _) => return format!("{at} is not null"),
            (Value::String(text), _) => text.clone(),
            (other, _) => other.to_string(),
        };
        let given = self.value(text);
        let (at, given) = match attribute.kind {
            Kind::Truth => (at.to_owned(), format!("{given}::boolean")),
            Kind::Instant => (at.to_owned(), format!("{given}::timestamptz")),
            _ if attribute.is_exact => (at.to_owned(), given),
            _ => (format!("lower({at})"), format!("lower({given})")),
        };
        match comparison {
            C::Equal => format!("{at} = {given}"),
            C::NotEqual => format!("{at} is distinct from {given}"),
            C::Contains => format!("strpos({at}, {given}) > 0"),
            C::StartsWith => format!("starts_with({at}, {given})"),
            C::EndsWith => format!("right({at}, length({given})) = {given}"),
            C::Greater => format!("{at} > {given}"),
            C::GreaterOrEqual => format!("{at} >= {given}"),
            C::Less => format!("{at} < {given}"),
            C::LessOrEqual => format!("{at} <= {given}"),
        }
    }

    fn value(&mut self, value: String) -> String {
        self.values.push(value);
        format!("${}", self.first + self.values.len() - 1)
    }
}

fn nowhere(target: &Target) -> platform::problem::Problem {
    invalid_filter(&format!("`{}` can not be asked for", target.attribute.name))
}
