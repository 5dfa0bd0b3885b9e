//! The attributes that users and groups have (RFC 7643 §4, §7): what `/Schemas` publishes is what bodies, paths and filters
//! are held against.
use crate::message::{invalid, mutability};
use platform::problem::Result;
use serde_json::{Map, Value, json};

/// A resource or complex value of SCIM.
pub type Object = Map<String, Value>;

/// Characters of a text at the most.
const LONGEST: usize = 1_000;
/// Values of an attribute at the most; members aside.
const MOST: usize = 20;
/// Members that a request may name at the most.
const MOST_MEMBERS: usize = 10_000;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Truth,
    Instant,
    Reference,
    Complex,
}

/// Who may write it, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    ReadWrite,
    ReadOnly,
    Immutable,
}

/// An attribute.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "so many yes-or-no questions are asked of an attribute (RFC 7643 §7)"
)]
pub struct Attribute {
    pub name: &'static str,
    pub kind: Kind,
    pub is_multi: bool,
    pub is_required: bool,
    pub is_exact: bool,
    pub is_unique: bool,
    pub mutability: Mutability,
    pub about: &'static str,
    /// The values that are usual, or what a reference leads to.
    pub usual: &'static [&'static str],
    pub within: &'static [Attribute],
}

impl Attribute {
    const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self {
            name,
            kind,
            about,
            is_multi: false,
            is_required: false,
            is_exact: false,
            is_unique: false,
            mutability: Mutability::ReadWrite,
            usual: &[],
            within: &[],
        }
    }
    const fn text(name: &'static str, about: &'static str) -> Self {
        Self::new(name, Kind::Text, about)
    }
    const fn read_only(self) -> Self {
        Self { mutability: Mutability::ReadOnly, ..self }
    }
    const fn immutable(self) -> Self {
        Self { mutability: Mutability::Immutable, ..self }
    }
    const fn required(self) -> Self {
        Self { is_required: true, ..self }
    }
    const fn exact(self) -> Self {
        Self { is_exact: true, ..self }
    }
    const fn usual(self, usual: &'static [&'static str]) -> Self {
        Self { usual, ..self }
    }
    const fn multi(self) -> Self {
        Self { is_multi: true, ..self }
    }
    const fn of(self, within: &'static [Attribute]) -> Self {
        Self { within, ..self }
    }

    /// The sub-attribute of this name; upper and lower case are the same (RFC 7643 §2.1).
    #[must_use]
    pub fn find(&'static self, name: &str) -> Option<&'static Attribute> {
        find(self.within, name)
    }

    /// As `/Schemas` tells of it (RFC 7643 §7).
    fn published(&self) -> Value {
        let kind = match self.kind {
            Kind::Text => "string",
            Kind::Truth => "boolean",
            Kind::Instant => "dateTime",
            Kind::Reference => "reference",
            Kind::Complex => "complex",
        };
        let mutability = match self.mutability {
            Mutability::ReadWrite => "readWrite",
            Mutability::ReadOnly => "readOnly",
            Mutability::Immutable => "immutable",
        };
        let mut told = json!({
            "name": self.name, "type": kind, "multiValued": self.is_multi, "description": self.about, "required": self.is_required,
            "caseExact": self.is_exact, "mutability": mutability, "returned": "default",
            "uniqueness": if self.is_unique { "server" } else { "none" },
        });
        match self.kind {
            Kind::Complex => {
                told["subAttributes"] = self.within.iter().map(Attribute::published).collect();
            }
            Kind::Reference => told["referenceTypes"] = json!(self.usual),
            _ if !self.usual.is_empty() => told["canonicalValues"] = json!(self.usual),
            _ => {}
        }
        told
    }

    /// A value that came in, as it is kept; nothing where it says that there is none.
    ///
    /// # Errors
    /// 400 `invalidValue` with its place.
    pub fn read(&'static self, value: &Value, place: &str) -> Result<Option<Value>> {
        if self.is_multi {
            let single = [value.clone()];
            let values = match value {
                Value::Null => return Ok(None),
                Value::Array(values) => values.as_slice(),
                _ => &single,
            };
            let most = if self.name == "members" { MOST_MEMBERS } else { MOST };
            if values.len() > most {
                return Err(invalid(place, &format!("may have at most {most} values")));
            }
            let mut kept = Vec::new();
            for (index, value) in values.iter().enumerate() {
                kept.extend(self.read_one(value, &format!("{place}[{index}]"))?);
            }
            return Ok((!kept.is_empty()).then_some(Value::Array(kept)));
        }
        self.read_one(value, place)
    }

    /// The same for one of several values.
    pub fn read_one(&'static self, value: &Value, place: &str) -> Result<Option<Value>> {
        match (self.kind, value) {
            (_, Value::Null) => Ok(None),
            (Kind::Complex, Value::Object(fields)) => {
                let mut kept = Object::new();
                for (name, value) in fields {
                    if let Some(known) =
                        self.find(name).filter(|known| known.mutability != Mutability::ReadOnly)
                        && let Some(value) = known.read(value, &format!("{place}.{}", known.name))?
                    {
                        kept.insert(known.name.to_owned(), value);
                    }
                }
                Ok((!kept.is_empty()).then_some(Value::Object(kept)))
            }
            // A simple value of a complex attribute is its `value` (RFC 7643 §2.4).
            (Kind::Complex, Value::String(_)) if self.find("value").is_some() => {
                Ok(Some(json!({"value": value})))
            }
            (Kind::Truth, Value::Bool(_)) => Ok(Some(value.clone())),
            // Some directories write their truth as text.
            (Kind::Truth, Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(json!(true))),
            (Kind::Truth, Value::String(text)) if text.eq_ignore_ascii_case("false") => {
                Ok(Some(json!(false)))
            }
            (Kind::Text | Kind::Reference | Kind::Instant, Value::String(text)) => {
                if text.chars().count() > LONGEST {
                    return Err(invalid(place, &format!("must have at most {LONGEST} characters")));
                }
                Ok((!text.is_empty()).then(|| value.clone()))
            }
            (Kind::Truth, _) => Err(invalid(place, "must be true or false")),
            (Kind::Complex, _) => Err(invalid(place, "must be an object")),
            _ => Err(invalid(place, "must be a string")),
        }
    }
}

/// The attribute of this name among these.
#[must_use]
pub fn find(among: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    among.iter().find(|each| each.name.eq_ignore_ascii_case(name))
}

/// A schema: attributes under a name.
#[derive(Debug)]
pub struct Schema {
    pub urn: &'static str,
    pub name: &'static str,
    pub about: &'static str,
    pub attributes: &'static [Attribute],
}

impl Schema {
    /// As `/Schemas` tells of it.
    #[must_use]
    pub fn published(&self, base: &str) -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"], "id": self.urn, "name": self.name, "description": self.about,
            "attributes": self.attributes.iter().map(Attribute::published).collect::<Vec<_>>(),
            "meta": {"resourceType": "Schema", "location": format!("{base}/Schemas/{}", self.urn)},
        })
    }
}

/// A kind of resource.
#[derive(Debug)]
pub struct ResourceType {
    pub name: &'static str,
    pub endpoint: &'static str,
    pub about: &'static str,
    pub schema: &'static Schema,
    pub extension: Option<&'static Schema>,
}

impl ResourceType {
    /// As `/ResourceTypes` tells of it.
    #[must_use]
    pub fn published(&self, base: &str) -> Value {
        let extensions: Vec<_> = self
            .extension
            .iter()
            .map(|extension| json!({"schema": extension.urn, "required": false}))
            .collect();
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"], "id": self.name, "name": self.name,
            "endpoint": self.endpoint, "description": self.about, "schema": self.schema.urn, "schemaExtensions": extensions,
            "meta": {"resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", self.name)},
        })
    }

    /// What of a body is kept: known attributes by their own names. What is not known, or not the client's to write, is
    /// left out, as RFC 7644 §3.3 asks.
    ///
    /// # Errors
    /// 400 `invalidValue` where a value is of another kind or a required one is missing.
    pub fn read(&'static self, body: &Object) -> Result<Object> {
        let mut kept = Object::new();
        for (name, value) in body {
            let known = find(self.schema.attributes, name).or_else(|| find(COMMON, name));
            if let Some(known) = known.filter(|known| known.mutability != Mutability::ReadOnly)
                && let Some(value) = known.read(value, known.name)?
            {
                kept.insert(known.name.to_owned(), value);
            }
            if let (Some(extension), Value::Object(fields)) = (self.extension_named(name), value) {
                let mut within = Object::new();
                for (name, value) in fields {
                    let known = find(extension.attributes, name);
                    if let Some(known) = known.filter(|known| known.mutability != Mutability::ReadOnly)
                        && let Some(value) = known.read(value, known.name)?
                    {
                        within.insert(known.name.to_owned(), value);
                    }
                }
                if !within.is_empty() {
                    kept.insert(extension.urn.to_owned(), Value::Object(within));
                }
            }
        }
        self.check(&kept)?;
        Ok(kept)
    }

    fn extension_named(&self, urn: &str) -> Option<&'static Schema> {
        self.extension.filter(|extension| extension.urn.eq_ignore_ascii_case(urn))
    }

    /// Whether the whole keeps the rules that no attribute can keep alone.
    ///
    /// # Errors
    /// 400 `invalidValue`.
    pub fn check(&'static self, resource: &Object) -> Result<()> {
        for attribute in self.schema.attributes {
            let value = resource.get(attribute.name);
            if attribute.is_required && value.is_none() {
                return Err(invalid(attribute.name, "must be given"));
            }
            let values = value.and_then(Value::as_array).into_iter().flatten();
            if values.filter(|value| value["primary"] == true).count() > 1 {
                return Err(invalid(attribute.name, "must have one primary value at the most"));
            }
        }
        Ok(())
    }
}

/// Refuses to write what is not the client's to write.
///
/// # Errors
/// 400 `mutability`.
pub fn may_write(attribute: &Attribute) -> Result<()> {
    match attribute.mutability {
        Mutability::ReadOnly => Err(mutability(attribute.name)),
        _ => Ok(()),
    }
}

/// What every resource has (RFC 7643 §3.1).
pub static COMMON: &[Attribute] = &[
    Attribute::text("id", "Its id.").exact().read_only(),
    Attribute::text("externalId", "What the directory calls it by.").exact(),
    Attribute::new("meta", Kind::Complex, "When it was made and changed.").read_only().of(&[
        Attribute::text("resourceType", "What it is.").exact().read_only(),
        Attribute::new("created", Kind::Instant, "When it was made.").read_only(),
        Attribute::new("lastModified", Kind::Instant, "When it was last changed.").read_only(),
    ]),
];

const fn addressed(
    name: &'static str,
    about: &'static str,
    usual: &'static [&'static str],
    within: &'static [Attribute],
) -> Attribute {
    Attribute::new(name, Kind::Complex, about).multi().of(within).usual(usual)
}

static USER_SCHEMA: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    about: "A member of the organization, as their directory knows them.",
    attributes: &[
        Attribute {
            is_unique: true,
            ..Attribute::text("userName", "What the directory calls the user by; unique.").required()
        },
        Attribute::new("name", Kind::Complex, "Their name, by its parts.").of(&[
            Attribute::text("formatted", "The whole name, as it is written."),
            Attribute::text("familyName", "The family name."),
            Attribute::text("givenName", "The given name."),
            Attribute::text("middleName", "The middle names."),
            Attribute::text("honorificPrefix", "What stands before it, such as Dr."),
            Attribute::text("honorificSuffix", "What stands behind it, such as III."),
        ]),
        Attribute::text("displayName", "What they are called."),
        Attribute::text("nickName", "What they are called among friends."),
        Attribute::text("title", "What they do, such as Payroll accountant."),
        Attribute::text("userType", "What they are to the company, such as Contractor."),
        Attribute::text("preferredLanguage", "The languages that they like, as in Accept-Language."),
        Attribute::text("locale", "Where they are, as in BCP 47."),
        Attribute::text("timezone", "Their time zone, as in the IANA database."),
        Attribute::new(
            "active",
            Kind::Truth,
            "Whether they may sign in here; false suspends the membership and ends its sessions.",
        ),
        addressed(
            "emails",
            "Where they get mail.",
            &[],
            &[
                Attribute::text("value", "The address."),
                Attribute::text("type", "What it is for.").usual(&["work", "home", "other"]),
                Attribute::new("primary", Kind::Truth, "Whether it is the first."),
            ],
        ),
        addressed(
            "phoneNumbers",
            "Where they are called.",
            &[],
            &[
                Attribute::text("value", "The number."),
                Attribute::text("type", "What it is for.")
                    .usual(&["work", "home", "mobile", "fax", "pager", "other"]),
                Attribute::new("primary", Kind::Truth, "Whether it is the first."),
            ],
        ),
        addressed(
            "groups",
            "Their roles; changed through the groups.",
            &[],
            &[
                Attribute::text("value", "The role's id.").exact().read_only(),
                Attribute::new("$ref", Kind::Reference, "The group's address.").usual(&["Group"]).read_only(),
                Attribute::text("display", "The role's title.").read_only(),
                Attribute::text("type", "Always direct.").usual(&["direct"]).read_only(),
            ],
        )
        .read_only(),
    ],
};

static ENTERPRISE_SCHEMA: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    name: "EnterpriseUser",
    about: "Where the user belongs. Number, department and manager are those of the employee that the user is, and are kept there.",
    attributes: &[
        Attribute::text("costCenter", "The cost center, as the directory knows it."),
        Attribute::text("organization", "The company, as the directory knows it."),
        Attribute::text("division", "The division, as the directory knows it."),
        Attribute::text("employeeNumber", "The number of the employee.").exact().read_only(),
        Attribute::text("department", "The name of their department.").read_only(),
        Attribute::new("manager", Kind::Complex, "Whom they report to, where that is a user.")
            .read_only()
            .of(&[
                Attribute::text("value", "The manager's id as a user.").exact().read_only(),
                Attribute::new("$ref", Kind::Reference, "The manager's address.")
                    .usual(&["User"])
                    .read_only(),
            ]),
    ],
};

static GROUP_SCHEMA: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    about: "A role, and who holds it. What the role allows is not the directory's to say.",
    attributes: &[
        Attribute::text("displayName", "The title of the role.").required(),
        addressed(
            "members",
            "Who holds it.",
            &[],
            &[
                Attribute::text("value", "The user's id.").exact().immutable(),
                Attribute::new("$ref", Kind::Reference, "The user's address.").usual(&["User"]).immutable(),
                Attribute::text("type", "Always User.").usual(&["User"]).immutable(),
            ],
        ),
    ],
};

pub static SCHEMAS: &[&Schema] = &[&USER_SCHEMA, &ENTERPRISE_SCHEMA, &GROUP_SCHEMA];

pub static USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "/Users",
    about: "The members of the organization.",
    schema: &USER_SCHEMA,
    extension: Some(&ENTERPRISE_SCHEMA),
};

pub static GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "/Groups",
    about: "The roles of the organization.",
    schema: &GROUP_SCHEMA,
    extension: None,
};
