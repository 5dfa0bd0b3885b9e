//! Text: what may come in, and enumerations that are text in the database and in JSON.
use crate::problem::Fault;
use serde_json::Value;

/// Faults of all text in a body: no NUL and no control character gets further, line breaks and tabs aside; in names and
/// numbers, which are one line, no invisible character that would make two look alike (Unicode TR 36 §2).
pub fn faults(body: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    walk(body, &mut String::new(), &mut faults);
    faults
}

fn walk(value: &Value, pointer: &mut String, faults: &mut Vec<Fault>) {
    let mut below = |step: &str, value: &Value, faults: &mut Vec<Fault>| {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(&escaped(step));
        walk(value, pointer, faults);
        pointer.truncate(length);
    };
    match value {
        Value::String(text) => {
            if let Some((code, rule)) = fault(text, is_one_line(pointer)) {
                faults.push(Fault::at(pointer.clone(), code, rule));
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| below(&index.to_string(), item, faults));
        }
        Value::Object(fields) => fields.iter().for_each(|(name, field)| below(name, field, faults)),
        _ => {}
    }
}

/// A step of a JSON pointer (RFC 6901 §3).
pub(crate) fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// Fields that name or number something.
fn is_one_line(pointer: &str) -> bool {
    const NAMES: &[&str] = &["name", "title", "code", "number", "email", "phone", "slug"];
    NAMES.iter().any(|name| pointer.ends_with(name))
}

/// The rule that the text breaks, if any.
pub fn fault(text: &str, one_line: bool) -> Option<(&'static str, &'static str)> {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Some(("control-character", "must hold no control characters"));
    }
    if one_line && text.chars().any(|c| matches!(c, '\n' | '\r' | '\t')) {
        return Some(("more-than-one-line", "must be a single line"));
    }
    if one_line && text.chars().any(is_invisible) {
        return Some((
            "invisible-character",
            "must hold no invisible characters and no changes of writing direction",
        ));
    }
    if one_line && !text.is_empty() && text.trim() != text {
        return Some(("surrounding-space", "must not begin or end with a space"));
    }
    None
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{00AD}')
}

/// A pattern for `ilike` in which everything the user typed is a letter.
#[must_use]
pub fn contains(typed: &str) -> String {
    format!("%{}%", typed.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

/// An enumeration: lower snake case text in the database and in JSON. Closed where it comes in, open where it goes out.
#[macro_export]
macro_rules! text_enum {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        $vis enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, as the database and JSON have it.
            pub const ALL: &'static [&'static str] = &[$($text),+];

            /// As the database and JSON have it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> std::result::Result<Self, String> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err(format!("no such {}: {text}", stringify!($name))) }
            }
        }
        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
                std::io::Write::write_all(out, self.as_str().as_bytes())?;
                Ok(diesel::serialize::IsNull::No)
            }
        }
        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                Ok(std::str::from_utf8(value.as_bytes())?.parse()?)
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::contract::enumeration(stringify!($name), Self::ALL)
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}

/// A name of the program as people write it: `journal_entry` is "journal entry".
pub(crate) fn words(snake: &str) -> String {
    snake.replace('_', " ")
}

/// The same with its article: "an invoice", "a bill".
pub(crate) fn article(thing: &str) -> String {
    let an = thing.starts_with(['a', 'e', 'i', 'o']);
    format!("{} {thing}", if an { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use super::{contains, fault};

    #[test]
    fn names_are_one_visible_line() {
        assert_eq!(fault("Ana María 🙂", true), None);
        assert!(fault("a\u{202E}b", true).is_some());
        assert!(fault("a\nb", true).is_some());
        assert_eq!(fault("a\nb", false), None);
        assert!(fault("a\0b", false).is_some());
    }

    #[test]
    fn percent_is_a_letter() {
        assert_eq!(contains("50%_"), "%50\\%\\_%");
    }
}
