//! Which column of a file means which field, and what its cells mean there.
use super::imports::{ImportFault, ImportNotice};
use super::mappings::{DateOrder, DecimalSeparator, Mapping};
use super::read::Row;
use super::{ImportMode, OnError, Reference};
use crate::input::schema_of;
use crate::problem::{Fault, INVALID_INPUT, Problem, Result};
use crate::resource::Resource;
use crate::store::Kept;
use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

/// What is asked of a file: kept with it until it is worked off.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// As the file has it; empty where rows name their fields themselves.
    pub header: Vec<String>,
    pub mapping: Option<Mapping>,
    pub mode: ImportMode,
    pub on_error: OnError,
}

/// Fields that everything has and nobody writes: a file may hold them, as exports do.
const BOOKKEEPING: &[&str] = &["version", "created_at", "updated_at", "available_actions"];

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Boolean,
    Day,
    Decimal,
    Structure,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that the contract tells")]
pub(super) struct Field {
    kind: Kind,
    pub nullable: bool,
    /// Must be given for a new one.
    required: bool,
    /// What a new one has where it is not given.
    pub default: Option<Value>,
    pub is_new: bool,
    pub is_edit: bool,
}

/// What a column means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Field(String),
    /// `custom.shoe_size`
    Inner(String, String),
    /// The reference of this index.
    Reference(usize),
    ReadOnly(String),
    /// A column that the mapping leaves out.
    Nothing,
}

/// The columns of a file, understood.
pub(super) struct Columns {
    pub fields: BTreeMap<String, Field>,
    read_only: Vec<String>,
    pub references: &'static [Reference],
    targets: Vec<Target>,
    names: HashMap<String, Target>,
    constants: Vec<(String, Target, Value)>,
    header: Vec<String>,
    only_mapped: bool,
    dates: DateOrder,
    decimals: DecimalSeparator,
}

/// A row in the words of the resource.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    pub line: u32,
    /// Fields that the row gives; null where a cell is empty.
    pub fields: Map<String, Value>,
    /// For each reference what the row names, if it has the column; `Some("")` is nothing.
    pub references: Vec<Option<String>>,
    pub read_only: Map<String, Value>,
    pub faults: Vec<ImportFault>,
}

/// How people write a name does not matter: `Given name` is `given_name`.
fn normal(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

fn kind(schema: &Value) -> Kind {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let format = schema["format"].as_str().unwrap_or_default();
    let is_decimal = format == "decimal"
        || schema["pattern"]
            .as_str()
            .is_some_and(|pattern| pattern.contains("[0-9]") && pattern.contains(r"(\.[0-9]"));
    if types.contains(&"integer") {
        Kind::Integer
    } else if types.contains(&"boolean") {
        Kind::Boolean
    } else if types.contains(&"object") || types.contains(&"array") || schema["properties"].is_object() {
        Kind::Structure
    } else if format == "date" {
        Kind::Day
    } else if is_decimal && types.contains(&"string") {
        Kind::Decimal
    } else {
        Kind::Text
    }
}

/// A schema behind references and alternatives of null, and whether it may be null.
fn resolved<'a>(schema: &'a Value, schemas: &'a Value) -> (&'a Value, bool) {
    if let Some(name) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
        return resolved(&schemas[name], schemas);
    }
    let choices = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    if let Some(choices) = choices {
        let is_null = |choice: &&Value| choice["type"] == "null";
        let other = choices.iter().find(|choice| !is_null(choice)).unwrap_or(schema);
        return (resolved(other, schemas).0, choices.iter().any(|choice| is_null(&choice)));
    }
    let nullable = schema["type"].as_array().is_some_and(|all| all.contains(&json!("null")));
    (schema, nullable)
}

/// The fields of a new one and of a change, as the contract has them.
fn fields<R: Kept>() -> BTreeMap<String, Field> {
    let mut fields = BTreeMap::new();
    let (new, edit) = (schema_of::<R::New>(), schema_of::<R::Edit>());
    for (whole, name, is_new) in [(&new, R::New::name(), true), (&edit, R::Edit::name(), false)] {
        let schemas = &whole["components"]["schemas"];
        let schema = &schemas[name.as_ref()];
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let (inner, nullable) = resolved(schema, schemas);
            let field = fields.entry(name.clone()).or_insert_with(|| Field {
                kind: kind(inner),
                nullable,
                required: is_new && required.contains(&json!(name)) && !nullable,
                default: schema.get("default").or_else(|| inner.get("default")).cloned(),
                is_new: false,
                is_edit: false,
            });
            if is_new { field.is_new = true } else { field.is_edit = true }
        }
    }
    fields
}

/// What is shown and not written.
fn read_only<R: Kept>(fields: &BTreeMap<String, Field>) -> Vec<String> {
    let schema = serde_json::to_value(R::schema()).unwrap_or_default();
    let shown = schema["properties"].as_object().into_iter().flat_map(|all| all.keys().cloned());
    shown.chain(["available_actions".to_owned()]).filter(|name| !fields.contains_key(name)).collect()
}

/// Every column that a file of the resource may have.
pub(super) fn known<R: Kept>() -> Vec<String> {
    let fields = fields::<R>();
    let references = R::REFERENCES.iter().map(|each| each.column.to_owned());
    let read_only = read_only::<R>(&fields);
    fields.into_keys().chain(references).chain(read_only).collect()
}

/// What the contract says of the columns.
pub(crate) fn described<R: Kept>() -> String {
    let fields = fields::<R>();
    let written = fields.iter().filter(|(_, field)| field.is_new).map(|(name, field)| {
        if field.required { format!("`{name}` (required)") } else { format!("`{name}`") }
    });
    let written: Vec<String> = written.collect();
    let references: Vec<String> =
        R::REFERENCES.iter().map(|each| format!("`{}` instead of `{}`", each.column, each.field)).collect();
    let references =
        if references.is_empty() { String::new() } else { format!("; {}", references.join(", ")) };
    let key = match R::NATURAL_KEY {
        [] => "`id`".to_owned(),
        key => key.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(" and "),
    };
    format!("Columns: {}{references}. `mode=upsert` finds what is there by {key}.", written.join(", "))
}

impl Plan {
    /// Refuses a header that can not be understood, with all that is wrong with it.
    pub(super) fn of<R: Kept>(
        header: Vec<String>,
        mapping: Option<Mapping>,
        mode: ImportMode,
        on_error: OnError,
    ) -> Result<Self> {
        let plan = Self { header, mapping, mode, on_error };
        let columns = Columns::of::<R>(&plan)?;
        columns.refuse_missing::<R>(&plan)?;
        Ok(plan)
    }
}

impl Columns {
    pub(super) fn of<R: Kept>(plan: &Plan) -> Result<Self> {
        let fields = fields::<R>();
        let mapping = plan.mapping.as_ref();
        let mut columns = Self {
            read_only: read_only::<R>(&fields),
            fields,
            references: R::REFERENCES,
            targets: Vec::new(),
            names: HashMap::new(),
            constants: Vec::new(),
            header: plan.header.clone(),
            only_mapped: mapping.is_some(),
            dates: mapping.map_or(DateOrder::YearMonthDay, |mapping| mapping.date_order),
            decimals: mapping.map_or(DecimalSeparator::Point, |mapping| mapping.decimal_separator),
        };
        let mut faults = Vec::new();
        for column in mapping.into_iter().flat_map(|mapping| &mapping.columns.0) {
            match columns.meant(&column.field) {
                Some(target) => _ = columns.names.insert(normal(&column.header), target),
                None => faults.push(columns.unknown(&column.header, &column.field)),
            }
        }
        for constant in mapping.into_iter().flat_map(|mapping| &mapping.constants.0) {
            match columns.meant(&constant.field) {
                Some(target) => columns.constants.push((
                    constant.field.clone(),
                    target,
                    Value::from(constant.value.clone()),
                )),
                None => faults.push(columns.unknown(&constant.field, &constant.field)),
            }
        }
        let mut taken: Vec<(String, &String)> = Vec::new();
        for (index, name) in plan.header.iter().enumerate() {
            if name.trim().is_empty() {
                faults.push(at_header(
                    name,
                    "no-name",
                    format!("Column {} has no name in the first line.", index + 1),
                ));
                columns.targets.push(Target::Nothing);
                continue;
            }
            let Some(target) = columns.target(name) else {
                faults.push(columns.unknown(name, name));
                columns.targets.push(Target::Nothing);
                continue;
            };
            if let Some(place) = columns.place(&target) {
                if let Some((_, first)) = taken.iter().find(|(known, _)| *known == place) {
                    faults.push(at_header(
                        name,
                        "repeated",
                        format!("The columns `{first}` and `{name}` both mean `{place}`: leave one out."),
                    ));
                }
                taken.push((place, name));
            }
            columns.targets.push(target);
        }
        for column in
            mapping.into_iter().flat_map(|mapping| &mapping.columns.0).filter(|_| !plan.header.is_empty())
        {
            if plan.header.iter().all(|name| normal(name) != normal(&column.header)) {
                faults.push(at_header(
                    &column.header,
                    "no-such-column",
                    format!("The mapping names the column `{}`, and the file has none.", column.header),
                ));
            }
        }
        if faults.is_empty() { Ok(columns) } else { Err(in_header(faults)) }
    }

    fn unknown(&self, header: &str, name: &str) -> Fault {
        let names: Vec<String> = self
            .fields
            .iter()
            .filter(|(_, field)| field.is_new)
            .map(|(name, _)| name.clone())
            .chain(self.references.iter().map(|each| each.column.to_owned()))
            .collect();
        at_header(
            header,
            "unknown-column",
            format!(
                "`{}` names nothing that there is. Columns: {}.",
                name.chars().take(100).collect::<String>(),
                names.join(", ")
            ),
        )
    }

    /// What a column of this name means.
    fn target(&self, name: &str) -> Option<Target> {
        let name = normal(name);
        if let Some(target) = self.names.get(&name) {
            return Some(target.clone());
        }
        if self.only_mapped { Some(Target::Nothing) } else { self.meant(&name) }
    }

    fn meant(&self, name: &str) -> Option<Target> {
        let name = normal(name);
        if self.fields.contains_key(&name) {
            return Some(Target::Field(name));
        }
        if let Some(index) = self.references.iter().position(|each| each.column == name) {
            return Some(Target::Reference(index));
        }
        if self.read_only.contains(&name) {
            return Some(Target::ReadOnly(name));
        }
        let (field, inner) = name.split_once('.')?;
        let is_structure = self.fields.get(field).is_some_and(|field| field.kind == Kind::Structure);
        is_structure.then(|| Target::Inner(field.to_owned(), inner.to_owned()))
    }

    /// The field that a column fills.
    fn place(&self, target: &Target) -> Option<String> {
        match target {
            Target::Field(name) | Target::ReadOnly(name) => Some(name.clone()),
            Target::Inner(field, inner) => Some(format!("{field}.{inner}")),
            Target::Reference(index) => self.references.get(*index).map(|each| each.field.to_owned()),
            Target::Nothing => None,
        }
    }

    /// Fields that no column fills and that a new one must have: said once, and not on every line.
    fn refuse_missing<R: Resource>(&self, plan: &Plan) -> Result<()> {
        if plan.header.is_empty() {
            return Ok(());
        }
        let filled: Vec<String> = self
            .targets
            .iter()
            .chain(self.constants.iter().map(|(_, target, _)| target))
            .filter_map(|target| self.place(target))
            .collect();
        let is_key = |name: &String| R::NATURAL_KEY.contains(&name.as_str());
        let missing = self.fields.iter().filter(|(name, field)| {
            field.required
                && field.default.is_none()
                && !filled.contains(name)
                && (plan.mode == ImportMode::Create || is_key(name))
        });
        let mut faults: Vec<Fault> = missing
            .map(|(name, _)| {
                let instead = self
                    .references
                    .iter()
                    .find(|each| each.field == name)
                    .map(|each| format!(" (or `{}`)", each.column))
                    .unwrap_or_default();
                at_header(
                    name,
                    "required",
                    format!("No column is named `{name}`{instead}, which must be given."),
                )
            })
            .collect();
        if R::NATURAL_KEY.is_empty()
            && plan.mode == ImportMode::Upsert
            && !filled.iter().any(|name| name == "id")
        {
            faults.push(at_header(
                "id",
                "required",
                "No column is named `id`, by which what is there is found.",
            ));
        }
        if faults.is_empty() { Ok(()) } else { Err(in_header(faults)) }
    }

    /// The header, or the name in the row, under which people find a field.
    pub(super) fn header_of(&self, field: &str) -> String {
        let (field, inner) =
            field.split_once('/').map_or((field, None), |(field, inner)| (field, Some(inner)));
        let dotted = inner.map(|inner| format!("{field}.{inner}"));
        let fits = |place: &str| place == field || Some(place) == dotted.as_deref();
        let at = self.targets.iter().position(|target| self.place(target).is_some_and(|place| fits(&place)));
        at.and_then(|at| self.header.get(at).cloned()).or(dotted).unwrap_or_else(|| field.to_owned())
    }

    /// The row in the words of the resource.
    pub(super) fn read(&self, row: &Row, notices: &mut Vec<ImportNotice>) -> Mapped {
        let mut mapped =
            Mapped { line: row.line, references: vec![None; self.references.len()], ..Mapped::default() };
        if let Some((code, rule)) = &row.fault {
            mapped.faults.push(ImportFault::of_row(row.line, code, rule));
            return mapped;
        }
        match &row.cells {
            Value::Array(cells) => {
                for ((target, cell), name) in self.targets.iter().zip(cells).zip(&self.header) {
                    self.put(&mut mapped, target, name, cell, true, notices);
                }
            }
            Value::Object(cells) => {
                for (name, cell) in cells {
                    match self.target(name) {
                        Some(target) => self.put(&mut mapped, &target, name, cell, false, notices),
                        None => mapped.faults.push(ImportFault::of_cell(
                            row.line,
                            name,
                            "unknown-field",
                            "there is no such field here",
                        )),
                    }
                }
            }
            _ => {}
        }
        for (name, target, value) in &self.constants {
            let is_given = match target {
                Target::Reference(index) => {
                    mapped.references[*index].as_ref().is_some_and(|text| !text.is_empty())
                }
                target => self
                    .place(target)
                    .is_some_and(|place| mapped.fields.get(&place).is_some_and(|value| !value.is_null())),
            };
            if !is_given {
                self.put(&mut mapped, target, name, value, true, notices);
            }
        }
        mapped
    }

    fn put(
        &self,
        mapped: &mut Mapped,
        target: &Target,
        name: &str,
        cell: &Value,
        is_cell: bool,
        notices: &mut Vec<ImportNotice>,
    ) {
        match target {
            Target::Field(field) => {
                let known = &self.fields[field];
                let value = if is_cell { self.meaning(known.kind, cell) } else { cell.clone() };
                if is_cell && known.kind == Kind::Text && cell.is_number() {
                    notices.push(ImportNotice::number_for_text(mapped.line, name));
                }
                mapped.fields.insert(field.clone(), value);
            }
            Target::Inner(field, inner) => {
                let structure = mapped.fields.entry(field.clone()).or_insert_with(|| json!({}));
                structure[inner] = match cell {
                    Value::String(text) if text.trim().is_empty() => Value::Null,
                    Value::Number(number) if is_cell => Value::from(number.to_string()),
                    cell => cell.clone(),
                };
            }
            Target::Reference(index) => {
                let text = match cell {
                    Value::Null => String::new(),
                    Value::String(text) => text.trim().to_owned(),
                    other => other.to_string(),
                };
                if cell.is_number() {
                    notices.push(ImportNotice::number_for_text(mapped.line, name));
                }
                mapped.references[*index] = Some(text);
            }
            Target::ReadOnly(field) => _ = mapped.read_only.insert(field.clone(), cell.clone()),
            Target::Nothing => {}
        }
    }

    /// A cell as the field has it; what it can not be is left, and refused by the contract.
    fn meaning(&self, kind: Kind, cell: &Value) -> Value {
        let Value::String(text) = cell else {
            return match (kind, cell) {
                (Kind::Text | Kind::Decimal, Value::Number(number)) => Value::from(number.to_string()),
                (Kind::Text, Value::Bool(truth)) => Value::from(truth.to_string()),
                (Kind::Day, Value::Number(serial)) => {
                    serial.as_u64().and_then(day_of_serial).unwrap_or_else(|| cell.clone())
                }
                (Kind::Boolean, Value::Number(number)) if number.as_i64() == Some(1) => Value::Bool(true),
                (Kind::Boolean, Value::Number(number)) if number.as_i64() == Some(0) => Value::Bool(false),
                _ => cell.clone(),
            };
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Value::Null;
        }
        let meant = match kind {
            Kind::Text => None,
            Kind::Integer => trimmed.parse::<i64>().ok().map(Value::from),
            Kind::Boolean => match trimmed.to_lowercase().as_str() {
                "true" | "yes" | "1" => Some(Value::Bool(true)),
                "false" | "no" | "0" => Some(Value::Bool(false)),
                _ => None,
            },
            Kind::Day => self.day(trimmed).map(Value::from),
            Kind::Decimal => Some(match self.decimals {
                DecimalSeparator::Point => Value::from(trimmed),
                DecimalSeparator::Comma => Value::from(trimmed.replace('.', "").replace(',', ".")),
            }),
            Kind::Structure => serde_json::from_str(trimmed).ok(),
        };
        meant.unwrap_or_else(|| cell.clone())
    }

    fn day(&self, text: &str) -> Option<String> {
        let parts: Vec<u32> =
            text.split(['.', '/', '-']).map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
        let [first, second, third] = parts[..] else { return None };
        // Four digits in front are a year whatever the mapping says.
        let order = if text.find(['.', '/', '-']) == Some(4) { DateOrder::YearMonthDay } else { self.dates };
        let (year, month, day) = match order {
            DateOrder::YearMonthDay => (first, second, third),
            DateOrder::DayMonthYear => (third, second, first),
            DateOrder::MonthDayYear => (third, first, second),
        };
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
            .filter(|_| year >= 1000)
            .map(|day| day.to_string())
    }
}

/// Spreadsheets count days from 1899-12-30.
fn day_of_serial(serial: u64) -> Option<Value> {
    let first = NaiveDate::from_ymd_opt(1899, 12, 30)?;
    let day = (1..=109_938).contains(&serial).then(|| first.checked_add_days(Days::new(serial)))??;
    Some(Value::from(day.to_string()))
}

fn at_header(name: &str, code: &str, rule: impl Into<String>) -> Fault {
    let name: String = name.chars().take(100).collect();
    Fault::at(format!("/1/{}", crate::text::escaped(&name)), code, rule.into())
}

/// All that is wrong with the first line; of very many the first.
fn in_header(mut faults: Vec<Fault>) -> Problem {
    let count = faults.len();
    faults.truncate(super::TOLD);
    let more = if count > faults.len() {
        format!(" There are {} more.", count - faults.len())
    } else {
        String::new()
    };
    let mut problem = INVALID_INPUT.because(format!(
        "The first line of the file does not fit: correct what `errors` lists, or send a mapping.{more}"
    ));
    problem.errors = faults;
    problem
}

/// Whether a cell of a file says what the row shows.
pub(super) fn says_the_same(cell: &Value, shown: &Value) -> bool {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    text(cell) == text(shown) || text(cell).eq_ignore_ascii_case(&text(shown)) && shown.is_boolean()
}

pub(super) fn is_bookkeeping(name: &str) -> bool {
    BOOKKEEPING.contains(&name)
}

impl Field {
    /// Whether two decimals are the same, with however many zeros.
    pub(super) fn is_as_much(&self, one: &Value, other: &Value) -> bool {
        let amount = |value: &Value| value.as_str().and_then(|text| text.trim().parse::<Decimal>().ok());
        self.kind == Kind::Decimal && amount(one).is_some() && amount(one) == amount(other)
    }

    /// Whether a value can be compared with the field's column.
    pub(super) fn compares_with(&self, value: &Value) -> bool {
        match value {
            Value::String(text) if self.kind == Kind::Text => crate::text::fault(text, false).is_none(),
            Value::String(text) => self.kind == Kind::Day && text.parse::<NaiveDate>().is_ok(),
            Value::Number(_) => matches!(self.kind, Kind::Text | Kind::Integer | Kind::Decimal),
            Value::Bool(_) => self.kind == Kind::Boolean,
            _ => false,
        }
    }
}

/// A mapping that names what the resource has not is refused when it is saved.
pub(super) fn refuse_unknown(known: &[String], names: impl Iterator<Item = (String, String)>) -> Result<()> {
    let is_known = |name: &str| {
        let name = normal(name);
        known.contains(&name)
            || name.split_once('.').is_some_and(|(field, _)| known.iter().any(|each| each == field))
    };
    let faults: Vec<Fault> = names
        .filter(|(_, name)| !is_known(name))
        .map(|(pointer, _)| {
            Fault::at(pointer, "unknown-column", format!("must be one of {}", known.join(", ")))
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}
