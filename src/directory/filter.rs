//! Filters and paths (RFC 7644 §3.4.2.2, §3.10): read once, against the attributes that there are, then asked of rows in SQL
//! or of values in memory.
use crate::attributes::{self, Attribute, COMMON, Kind, ResourceType};
use crate::message::{invalid_filter, invalid_path};
use platform::problem::{Problem, Result};
use serde_json::Value;

/// Characters of a filter at the most.
pub const LONGEST: usize = 2_000;
/// Brackets within each other at the most.
const DEEPEST: usize = 20;

/// An attribute, or a part of it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Whether it is of the extension.
    pub is_extended: bool,
    pub attribute: &'static Attribute,
    pub sub: Option<&'static Attribute>,
}

impl Target {
    /// The attribute that is compared: of a complex one, its `value`.
    #[must_use]
    pub fn compared(&self) -> &'static Attribute {
        let value = || self.attribute.find("value");
        self.sub.or_else(value).unwrap_or(self.attribute)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// What is asked of a resource, or of a value.
#[derive(Clone, Debug)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Present(Target),
    Compare(Target, Comparison, Value),
    /// Of the values of the attribute, one meets all of this; its targets are sub-attributes.
    Within(Target, Box<Filter>),
}

/// Where a change goes.
#[derive(Debug)]
pub enum Path {
    /// Everything of the extension.
    Extension,
    /// An attribute; of its values those that meet the filter; of these a part.
    To(Target, Option<Filter>),
}

/// Reads a filter on resources of this kind.
///
/// # Errors
/// 400 `invalidFilter`.
pub fn read(text: &str, kind: &'static ResourceType) -> Result<Filter> {
    let mut reader = Reader::new(text, Names::Of(kind))?;
    let filter = reader.any(0)?;
    reader.end()?;
    Ok(filter)
}

/// Reads a path into resources of this kind.
///
/// # Errors
/// 400 `invalidPath`, or `invalidFilter` where the filter in it is at fault.
pub fn path(text: &str, kind: &'static ResourceType) -> Result<Path> {
    if kind.extension.is_some_and(|extension| extension.urn.eq_ignore_ascii_case(text)) {
        return Ok(Path::Extension);
    }
    let unknown = || invalid_path(text, "there is no such attribute here");
    let Some((before, rest)) = text.split_once('[') else {
        return Ok(Path::To(Names::Of(kind).find(text).ok_or_else(unknown)?, None));
    };
    let mut target =
        Names::Of(kind).find(before).filter(|target| target.sub.is_none()).ok_or_else(unknown)?;
    if !target.attribute.is_multi {
        return Err(invalid_path(text, "a filter chooses among several values, and this attribute has one"));
    }
    let (inner, after) =
        rest.rsplit_once(']').ok_or_else(|| invalid_path(text, "a bracket is not closed"))?;
    let mut reader = Reader::new(inner, Names::Within(target.attribute))?;
    let filter = reader.any(0)?;
    reader.end()?;
    if let Some(sub) = after.strip_prefix('.') {
        target.sub = Some(target.attribute.find(sub).ok_or_else(unknown)?);
    } else if !after.is_empty() {
        return Err(unknown());
    }
    Ok(Path::To(target, Some(filter)))
}

/// The attribute of this name, for sorting.
#[must_use]
pub fn target(name: &str, kind: &'static ResourceType) -> Option<Target> {
    Names::Of(kind).find(name)
}

/// Whose attributes are meant.
#[derive(Clone, Copy)]
enum Names {
    Of(&'static ResourceType),
    Within(&'static Attribute),
}

impl Names {
    fn find(self, name: &str) -> Option<Target> {
        let kind = match self {
            Self::Of(kind) => kind,
            Self::Within(attribute) => {
                return Some(Target { is_extended: false, attribute: attribute.find(name)?, sub: None });
            }
        };
        let below = |urn: &str| {
            let start = name.get(..urn.len()).filter(|start| start.eq_ignore_ascii_case(urn))?;
            name[start.len()..].strip_prefix(':')
        };
        let (among, name, is_extended) =
            match kind.extension.and_then(|extension| Some((extension, below(extension.urn)?))) {
                Some((extension, rest)) => (extension.attributes, rest, true),
                None => (kind.schema.attributes, below(kind.schema.urn).unwrap_or(name), false),
            };
        let (first, sub) = name.split_once('.').map_or((name, None), |(first, sub)| (first, Some(sub)));
        let attribute = attributes::find(among, first);
        let attribute = attribute.or_else(|| attributes::find(COMMON, first).filter(|_| !is_extended))?;
        let sub = match sub {
            Some(sub) => Some(attribute.find(sub)?),
            None => None,
        };
        Some(Target { is_extended, attribute, sub })
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(Value),
    Sign(char),
}

struct Reader {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    names: Names,
}

impl Reader {
    fn new(text: &str, names: Names) -> Result<Self> {
        if text.chars().count() > LONGEST {
            return Err(invalid_filter(&format!("may have at most {LONGEST} characters")));
        }
        Ok(Self { tokens: tokens(text)?.into_iter().peekable(), names })
    }

    fn end(&mut self) -> Result<()> {
        match self.tokens.next() {
            None => Ok(()),
            Some(token) => Err(unexpected(Some(&token))),
        }
    }

    /// Whether the next token is this word, which is then taken.
    fn takes(&mut self, word: &str) -> bool {
        self.tokens
            .next_if(|token| matches!(token, Token::Word(is) if is.eq_ignore_ascii_case(word)))
            .is_some()
    }

    fn sign(&mut self, sign: char) -> Result<()> {
        match self.tokens.next() {
            Some(Token::Sign(is)) if is == sign => Ok(()),
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn any(&mut self, depth: usize) -> Result<Filter> {
        if depth > DEEPEST {
            return Err(invalid_filter(&format!("may have at most {DEEPEST} brackets within each other")));
        }
        let mut any = vec![self.all(depth)?];
        while self.takes("or") {
            any.push(self.all(depth)?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Filter::Any(any) })
    }

    fn all(&mut self, depth: usize) -> Result<Filter> {
        let mut all = vec![self.one(depth)?];
        while self.takes("and") {
            all.push(self.one(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Filter::All(all) })
    }

    fn one(&mut self, depth: usize) -> Result<Filter> {
        let is_not = self.takes("not");
        if is_not || self.tokens.peek() == Some(&Token::Sign('(')) {
            self.sign('(')?;
            let inner = self.any(depth + 1)?;
            self.sign(')')?;
            return Ok(if is_not { Filter::Not(Box::new(inner)) } else { inner });
        }
        let name = match self.tokens.next() {
            Some(Token::Word(name)) => name,
            other => return Err(unexpected(other.as_ref())),
        };
        let target = self
            .names
            .find(&name)
            .ok_or_else(|| invalid_filter(&format!("`{name}` is no attribute that there is here")))?;
        if self.tokens.next_if_eq(&Token::Sign('[')).is_some() {
            if !target.attribute.is_multi || target.sub.is_some() {
                return Err(invalid_filter(&format!("`{name}` has no values to choose among")));
            }
            let names = std::mem::replace(&mut self.names, Names::Within(target.attribute));
            let inner = self.any(depth + 1);
            self.names = names;
            let inner = inner?;
            self.sign(']')?;
            return Ok(Filter::Within(target, Box::new(inner)));
        }
        self.comparison(target)
    }

    fn comparison(&mut self, target: Target) -> Result<Filter> {
        let word = match self.tokens.next() {
            Some(Token::Word(word)) => word.to_ascii_lowercase(),
            other => return Err(unexpected(other.as_ref())),
        };
        let comparison = match word.as_str() {
            "pr" => return Ok(Filter::Present(target)),
            "eq" => Comparison::Equal,
            "ne" => Comparison::NotEqual,
            "co" => Comparison::Contains,
            "sw" => Comparison::StartsWith,
            "ew" => Comparison::EndsWith,
            "gt" => Comparison::Greater,
            "ge" => Comparison::GreaterOrEqual,
            "lt" => Comparison::Less,
            "le" => Comparison::LessOrEqual,
            other => return Err(invalid_filter(&format!("`{other}` is no comparison"))),
        };
        let value = match self.tokens.next() {
            Some(Token::Text(value)) => value,
            Some(Token::Word(word)) => serde_json::from_str(&word.to_ascii_lowercase())
                .map_err(|_| unexpected(Some(&Token::Word(word))))?,
            other => return Err(unexpected(other.as_ref())),
        };
        fits(&target, comparison, &value)?;
        Ok(Filter::Compare(target, comparison, value))
    }
}

/// Whether the attribute can be compared with the value in this way.
fn fits(target: &Target, comparison: Comparison, value: &Value) -> Result<()> {
    use Comparison as C;
    let attribute = target.compared();
    let is_equality = matches!(comparison, C::Equal | C::NotEqual);
    let rule = match (attribute.kind, value) {
        (_, Value::Null) | (Kind::Truth, Value::Bool(_)) if is_equality => return Ok(()),
        (Kind::Complex, _) => "has parts: name the one that you mean",
        (Kind::Truth, _) => "is compared by eq or ne with true or false",
        (Kind::Instant, Value::String(text)) if chrono::DateTime::parse_from_rfc3339(text).is_ok() => {
            match comparison {
                C::Contains | C::StartsWith | C::EndsWith => {
                    "is an instant, of which no part can be asked for"
                }
                _ => return Ok(()),
            }
        }
        (Kind::Instant, _) => "is compared with an instant such as \"2026-03-02T08:00:00Z\"",
        (Kind::Text | Kind::Reference, Value::String(text)) if !text.contains('\0') => return Ok(()),
        (Kind::Text | Kind::Reference, _) => "is compared with a text in double quotes",
    };
    Err(invalid_filter(&format!("`{}` {rule}", attribute.name)))
}

fn unexpected(token: Option<&Token>) -> Problem {
    let told = match token {
        None => return invalid_filter("ends too early"),
        Some(Token::Word(word)) => word.clone(),
        Some(Token::Text(value)) => value.to_string(),
        Some(Token::Sign(sign)) => sign.to_string(),
    };
    invalid_filter(&format!("`{told}` is not expected there"))
}

fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length =
            match first {
                '(' | ')' | '[' | ']' => {
                    tokens.push(Token::Sign(first));
                    1
                }
                '"' => {
                    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
                    let value = values.next().and_then(std::result::Result::ok);
                    tokens.push(Token::Text(value.ok_or_else(|| {
                        invalid_filter("a quote is not closed, or what it holds is no JSON")
                    })?));
                    values.byte_offset()
                }
                _ => {
                    let is_sign = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '"');
                    let length = rest.find(is_sign).unwrap_or(rest.len());
                    tokens.push(Token::Word(rest[..length].to_owned()));
                    length
                }
            };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

impl Filter {
    /// Whether a value of a multi-valued attribute meets it.
    #[must_use]
    pub fn is_met_by(&self, value: &Value) -> bool {
        match self {
            Self::All(all) => all.iter().all(|each| each.is_met_by(value)),
            Self::Any(any) => any.iter().any(|each| each.is_met_by(value)),
            Self::Not(inner) => !inner.is_met_by(value),
            Self::Present(target) => !value[target.attribute.name].is_null(),
            Self::Compare(target, comparison, wanted) => {
                compares(&value[target.attribute.name], *comparison, wanted, target.attribute.is_exact)
            }
            Self::Within(..) => false,
        }
    }

    /// The parts that a value must have to meet it, where it asks for equality alone.
    #[must_use]
    pub fn parts(&self) -> Option<Vec<(&'static str, Value)>> {
        match self {
            Self::All(all) => {
                all.iter().map(Self::parts).collect::<Option<Vec<_>>>().map(|parts| parts.concat())
            }
            Self::Compare(target, Comparison::Equal, value) => {
                Some(vec![(target.attribute.name, value.clone())])
            }
            _ => None,
        }
    }
}

fn compares(is: &Value, comparison: Comparison, wanted: &Value, is_exact: bool) -> bool {
    use Comparison as C;
    let folded = |value: &Value| match value {
        Value::String(text) if !is_exact => text.to_lowercase(),
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let (has, want) = (folded(is), folded(wanted));
    match comparison {
        C::Equal => is.is_null() == wanted.is_null() && has == want,
        C::NotEqual => is.is_null() != wanted.is_null() || has != want,
        _ if is.is_null() => false,
        C::Contains => has.contains(&want),
        C::StartsWith => has.starts_with(&want),
        C::EndsWith => has.ends_with(&want),
        C::Greater => has > want,
        C::GreaterOrEqual => has >= want,
        C::Less => has < want,
        C::LessOrEqual => has <= want,
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, Path, path, read};
    use crate::attributes::USER;
    use serde_json::json;

    #[test]
    fn and_binds_closer_than_or_and_brackets_closer_than_both() {
        let filter = read(r#"userName eq "a" or title pr and not (active eq true)"#, &USER).unwrap();
        let Filter::Any(any) = filter else { panic!("or is outermost") };
        assert!(matches!(&any[1], Filter::All(all) if matches!(all[1], Filter::Not(_))));
        assert!(matches!(
            read(r#"(userName eq "a" or title pr) AND active EQ True"#, &USER).unwrap(),
            Filter::All(_)
        ));
    }

    #[test]
    fn what_can_not_be_asked_is_refused() {
        for bad in [
            "",
            "userName",
            "userName eq",
            r#"userName eq "a"#,
            r#"userName is "a""#,
            r#"salary eq "a""#,
            r#"(userName eq "a""#,
            r#"userName eq "a")"#,
            "active gt true",
            r#"active eq "yes""#,
            "userName eq 1",
            r#"meta.created gt "yesterday""#,
            r#"meta.created co "2026-03-02T08:00:00Z""#,
            r#"name eq "a""#,
            r#"userName[type eq "a"]"#,
            r#"emails[salary eq "a"]"#,
            r#"userName eq "a" userName eq "b""#,
            "not userName pr",
            r#"userName eq "\u0000""#,
        ] {
            assert!(read(bad, &USER).is_err(), "{bad}");
        }
        assert!(read(&format!("{}title pr{}", "(".repeat(30), ")".repeat(30)), &USER).is_err());
        assert!(read(&format!("userName eq \"{}\"", "a".repeat(3_000)), &USER).is_err());
    }

    #[test]
    fn names_may_be_long_and_of_any_case() {
        for good in [
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "a""#,
            r#"URN:ietf:params:scim:schemas:extension:enterprise:2.0:User:department sw "a""#,
            r#"USERNAME co "]) or""#,
            r#"emails[type eq "work" and value ew "@demo.example"] and externalId ne null"#,
        ] {
            read(good, &USER).unwrap();
        }
    }

    #[test]
    fn a_path_leads_to_a_part_of_those_that_meet_its_filter() {
        let Path::To(target, Some(filter)) = path(r#"emails[type eq "work"].value"#, &USER).unwrap() else {
            panic!()
        };
        assert_eq!((target.attribute.name, target.sub.unwrap().name), ("emails", "value"));
        assert!(filter.is_met_by(&json!({"type": "WORK"})) && !filter.is_met_by(&json!({"value": "work"})));
        assert_eq!(filter.parts().unwrap(), [("type", json!("work"))]);
        for bad in [
            "",
            "salary",
            "emails[",
            "emails[type eq \"work\"",
            "name[familyName pr]",
            "emails[type pr]value",
            "emails.salary",
            "name.givenName.a",
        ] {
            assert!(path(bad, &USER).is_err(), "{bad}");
        }
    }
}
