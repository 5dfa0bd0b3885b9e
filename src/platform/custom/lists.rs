//! Lists by custom fields: `custom.shoe_size=42`, `custom.born_on_from=1990-01-01`, `sort=custom.shoe_size,-family_name`.
use super::LONGEST;
use super::fields::CustomFieldType;
use crate::database::Db;
use crate::input;
use crate::may::{May, Read};
use crate::problem::{FORBIDDEN, Fault, Problem, Result};
use crate::resource::Resource;
use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::sync::Arc;
use uuid::Uuid;

/// A field as lists and the organization's contract know it.
#[derive(Clone, Debug, QueryableByName)]
pub struct Field {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) id: Uuid,
    #[diesel(sql_type = Text)]
    pub(super) applies_to: String,
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    #[diesel(sql_type = Text)]
    pub(super) label: String,
    #[diesel(sql_type = Text, column_name = "type")]
    pub(crate) kind: CustomFieldType,
    #[diesel(sql_type = Bool)]
    pub(super) required: bool,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    pub(super) choices: Option<Vec<String>>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub(super) max_length: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) currency: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) refers_to: Option<String>,
    #[diesel(sql_type = Bool)]
    active: bool,
    /// Whether the caller may see it.
    #[diesel(sql_type = Bool)]
    shown: bool,
}

impl Field {
    /// Whether its values have an order that ranges make sense in.
    pub(super) fn has_ranges(&self) -> bool {
        matches!(self.kind, CustomFieldType::Number | CustomFieldType::Money | CustomFieldType::Day)
    }

    /// The rule that a text breaks as its value, if any.
    pub(crate) fn fault(&self, text: &str) -> Option<(&'static str, String)> {
        match self.kind {
            CustomFieldType::Text if text.is_empty() || text.chars().count() > LONGEST => {
                Some(("wrong-length", format!("must have 1 to {LONGEST} characters")))
            }
            CustomFieldType::Number | CustomFieldType::Money if !is_decimal(text) => {
                Some(("wrong-format", "must be a decimal".into()))
            }
            CustomFieldType::Day if !input::is_day(text) => {
                Some(("wrong-format", "must be a day as YYYY-MM-DD, from 1900 to 2200".into()))
            }
            CustomFieldType::Reference if text.parse::<Uuid>().is_err() => {
                Some(("wrong-format", "must be a UUID".into()))
            }
            _ if text.contains('\0') => Some(("control-character", "must hold no control characters".into())),
            _ => None,
        }
    }
}

/// As the database takes decimals: 18 digits before the point, 8 behind it.
fn is_decimal(text: &str) -> bool {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    digits(whole, 18) && digits(decimals, 8) && (whole == "0" || !whole.starts_with('0'))
}

/// The fields of a resource, or of all that the caller holds something on.
pub(super) async fn fields(db: &mut Db, resource: Option<&str>) -> Result<Vec<Field>> {
    let fields = diesel::sql_query(
        "select id, applies_to, name, label, type, required, choices, max_length, currency, refers_to, status = 'active' as active,
            custom_is_shown(role_ids, (select caller_roles())) as shown
        from custom_fields f where org_id = $1 and (applies_to = $2 or $2 is null and exists (
            select from role_permissions p where p.org_id = f.org_id and p.role_id = any((select caller_roles())::uuid[]) and p.resource = f.applies_to))
        order by applies_to, name",
    );
    let fields = fields.bind::<SqlUuid, _>(db.organization()).bind::<Nullable<Text>, _>(resource);
    Ok(fields.load(db).await?)
}

/// Those of them that are there for the caller.
pub(super) async fn fields_shown(db: &mut Db, resource: Option<&str>) -> Result<Vec<Field>> {
    let mut fields = fields(db, resource).await?;
    fields.retain(|field| field.active && field.shown);
    Ok(fields)
}

/// Rows whose field has this value, or one in this range.
#[derive(Clone, Debug)]
pub struct Narrow {
    pub(crate) field: Arc<Field>,
    /// `=`, `>=` or `<=`.
    pub(crate) operator: &'static str,
    pub(crate) value: String,
}

/// What a list was asked for in custom fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    takes: bool,
    fields: Vec<Arc<Field>>,
    pub(crate) narrows: Vec<Narrow>,
}

impl Asked {
    /// Whether the resource takes custom fields, and one was named.
    pub(crate) fn knows_any(&self) -> bool {
        self.takes
    }

    /// The field that a parameter names, if it is there for the caller.
    pub(crate) fn field(&self, name: &str, parameter: &str) -> Result<Arc<Field>> {
        let nothing = |rule: String| Problem::invalid(vec![Fault::of(parameter, "unknown-field", rule)]);
        match self.fields.iter().find(|field| field.name == name) {
            None => Err(nothing(format!("there is no field `custom.{name}` here"))),
            Some(field) if !field.shown => {
                Err(FORBIDDEN.because(format!("Your roles do not show you `custom.{name}`.")))
            }
            Some(field) if !field.active => {
                Err(nothing(format!("the field `custom.{name}` is archived: restore it, or do without it")))
            }
            Some(field) => Ok(Arc::clone(field)),
        }
    }

    /// `shoe_size`, or an end of a range: `shoe_size_from`.
    fn narrow(&self, parameter: &str, value: String) -> Result<Narrow> {
        let name = parameter.strip_prefix("custom.").unwrap_or(parameter);
        let ends = [("_from", ">="), ("_to", "<=")];
        let ends = ends.iter().find_map(|(end, operator)| Some((name.strip_suffix(end)?, *operator)));
        let (name, operator) = ends.unwrap_or((name, "="));
        let field = self.field(name, parameter)?;
        let fault = if operator != "=" && !field.has_ranges() {
            Some(("unknown-parameter", "only numbers, amounts and days have ranges".into()))
        } else {
            field.fault(&value)
        };
        match fault {
            Some((code, rule)) => Err(Problem::invalid(vec![Fault::of(parameter, code, rule)])),
            None => Ok(Narrow { field, operator, value }),
        }
    }
}

/// Reads what a list is asked for. Costs nothing where no custom field is named.
pub(crate) async fn asked<R: Resource>(may: &May<Read, R>, sort: Option<&str>) -> Result<Asked> {
    if !R::CUSTOM {
        return Ok(Asked::default());
    }
    let mut given = input::query_pairs(may.http().query_string())?;
    given.retain(|(name, _)| name.starts_with("custom."));
    if given.is_empty() && !sort.is_some_and(|sort| sort.contains("custom.")) {
        return Ok(Asked::default());
    }
    let fields = may.read(async |db| fields(db, Some(R::NAME)).await).await?;
    let mut asked =
        Asked { takes: true, fields: fields.into_iter().map(Arc::new).collect(), narrows: Vec::new() };
    let mut faults = Vec::new();
    for (name, value) in given {
        match asked.narrow(&name, value) {
            Ok(narrow) => asked.narrows.push(narrow),
            Err(problem) if problem.errors.is_empty() => return Err(problem),
            Err(problem) => faults.extend(problem.errors),
        }
    }
    if faults.is_empty() { Ok(asked) } else { Err(Problem::invalid(faults)) }
}

/// The columns of a table of the resource: a column `custom.<name>` for each field that the caller sees.
pub(crate) async fn columns<R: Resource>(
    may: &May<Read, R>,
    mut columns: Vec<String>,
) -> Result<Vec<String>> {
    if R::CUSTOM {
        let fields = may.read(async |db| fields_shown(db, Some(R::NAME)).await).await?;
        columns.retain(|column| column != "custom" && !column.starts_with("custom."));
        columns.extend(fields.into_iter().map(|field| format!("custom.{}", field.name)));
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::is_decimal;

    #[test]
    fn decimals_are_plain() {
        assert!(["0", "-0.5", "42", "999999999999999999.99999999"].iter().all(|text| is_decimal(text)));
        assert!(
            !["", "-", ".5", "5.", "042", "1e3", "+1", "NaN", "1,5", "1.123456789", "- 1"]
                .iter()
                .any(|text| is_decimal(text))
        );
    }
}
