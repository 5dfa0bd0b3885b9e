//! Addresses and blocks of them, of IPv4 and of IPv6, as Postgres' `inet` and `cidr` hold them.

use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::{Cidr, Inet};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A block of addresses, nothing of it behind its length: `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Cidr)]
#[serde(try_from = "String", into = "String")]
pub struct Network(pub IpNet);

/// One address: `10.0.0.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Inet)]
#[serde(transparent)]
pub struct Address(pub IpAddr);

impl Network {
    /// The block of its last address alone: all that lies in this one sorts before it or with it.
    pub(crate) fn last(self) -> Self {
        Self(IpNet::from(self.0.broadcast()))
    }

    pub(crate) fn first_address(self) -> Address {
        Address(self.0.network())
    }

    pub(crate) fn last_address(self) -> Address {
        Address(self.0.broadcast())
    }
}

impl Address {
    /// Every block that can hold it.
    pub(crate) fn surrounding(self) -> Vec<Network> {
        std::iter::successors(Some(IpNet::from(self.0)), IpNet::supernet)
            .map(|net| Network(net.trunc()))
            .collect()
    }
}

impl TryFrom<String> for Network {
    type Error = ipnet::AddrParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Ok(Self(text.parse::<IpNet>()?.trunc()))
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.0.to_string()
    }
}

impl ToSql<Cidr, Pg> for Network {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        <IpNet as ToSql<Cidr, Pg>>::to_sql(&self.0, out)
    }
}

impl FromSql<Cidr, Pg> for Network {
    fn from_sql(value: PgValue<'_>) -> diesel::deserialize::Result<Self> {
        <IpNet as FromSql<Cidr, Pg>>::from_sql(value).map(Self)
    }
}

impl ToSql<Inet, Pg> for Address {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        <IpNet as ToSql<Inet, Pg>>::to_sql(&IpNet::from(self.0), &mut out.reborrow())
    }
}

impl FromSql<Inet, Pg> for Address {
    fn from_sql(value: PgValue<'_>) -> diesel::deserialize::Result<Self> {
        <IpNet as FromSql<Inet, Pg>>::from_sql(value).map(|net| Self(net.addr()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Network};

    #[test]
    fn an_address_lies_in_one_block_of_each_length() {
        let around = Address("10.1.2.3".parse().unwrap()).surrounding();
        assert_eq!(
            (around.len(), String::from(around[8]), String::from(around[32])),
            (33, "10.1.2.0/24".into(), "0.0.0.0/0".into())
        );
        assert_eq!(Address("2001:db8::1".parse().unwrap()).surrounding().len(), 129);
    }

    #[test]
    fn a_block_ends_where_its_last_address_is() {
        let net = Network("10.1.2.0/24".parse().unwrap());
        assert_eq!(String::from(net.last()), "10.1.2.255/32");
        assert_eq!(net.last_address().0.to_string(), "10.1.2.255");
    }
}
