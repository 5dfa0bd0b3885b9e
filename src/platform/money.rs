//! Decimals as clients see them: text, never a JSON number, so that no program rounds them on the way.
use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::Numeric;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

macro_rules! decimals {
    ($($(#[$doc:meta])* $name:ident: from $shown:literal decimals, $pattern:literal up to $longest:literal, $told:literal, $example:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, AsExpression, FromSqlRow)]
        #[diesel(sql_type = Numeric)]
        #[serde(transparent)]
        pub struct $name(pub Decimal);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(&self)
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut shown = self.0.normalize();
                shown.rescale(shown.scale().max($shown));
                shown.fmt(to)
            }
        }
        impl From<Decimal> for $name {
            fn from(decimal: Decimal) -> Self {
                Self(decimal)
            }
        }
        impl ToSql<Numeric, Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
                ToSql::<Numeric, Pg>::to_sql(&self.0, &mut out.reborrow())
            }
        }
        impl FromSql<Numeric, Pg> for $name {
            fn from_sql(value: PgValue<'_>) -> diesel::deserialize::Result<Self> {
                <Decimal as FromSql<Numeric, Pg>>::from_sql(value).map(Self)
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some($pattern)).max_length(Some($longest));
                text.description(Some($told)).examples([$example]).into()
            }
        }
        impl utoipa::ToSchema for $name {}
    )*};
}

decimals! {
    /// An amount of money in the currency that stands beside it.
    Money: from 2 decimals, r"^-?[0-9]{1,16}(\.[0-9]{1,4})?$" up to 22, "An amount of money in the currency that stands beside it: a decimal as text.", "1234.50";
    /// How many units of one currency one of another is.
    Rate: from 0 decimals, r"^[0-9]{1,12}(\.[0-9]{1,8})?$" up to 21, "Units of the organization's currency for one of the other: a decimal as text.", "4.9755";
    /// How much of something, in the unit that stands beside it.
    Quantity: from 0 decimals, r"^-?[0-9]{1,14}(\.[0-9]{1,6})?$" up to 22, "How much, in the unit that stands beside it: a decimal as text.", "2.5";
}

#[cfg(test)]
mod tests {
    use super::{Money, Rate};

    #[test]
    fn money_has_two_decimals_at_least_and_rates_as_many_as_they_need() {
        let money = |text: &str| Money(text.parse().unwrap()).to_string();
        assert_eq!(money("1234.5000"), "1234.50");
        assert_eq!(money("0"), "0.00");
        assert_eq!(money("-1.2345"), "-1.2345");
        assert_eq!(Rate("4.97550000".parse().unwrap()).to_string(), "4.9755");
        assert_eq!(serde_json::to_string(&Money("10".parse().unwrap())).unwrap(), "\"10.00\"");
    }
}
