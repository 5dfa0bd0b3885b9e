//! Which addresses may be called: public ones over HTTPS, and what the operator allows beside them. Asked when an address is
//! saved, and again of every address that a name leads to when it is called (OWASP, server-side request forgery).
use crate::problem::Fault;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use url::{Host, Url};

/// Names that mean this machine or this network, whatever they lead to.
const INTERNAL: &[&str] = &["localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa"];

/// What may be called.
#[derive(Clone, Debug, Default)]
pub struct Callable(Arc<Allowed>);

#[derive(Debug, Default)]
struct Allowed {
    networks: Vec<IpNet>,
    hosts: Vec<String>,
}

impl Callable {
    /// Public addresses over HTTPS, and these: networks such as `10.1.0.0/16`, addresses, names of hosts. They may be called
    /// over plain HTTP, too.
    #[must_use]
    pub fn allowing(entries: &[String]) -> Self {
        let mut allowed = Allowed::default();
        for entry in entries {
            match (entry.parse::<IpNet>(), entry.parse::<IpAddr>()) {
                (Ok(network), _) => allowed.networks.push(network),
                (_, Ok(address)) => allowed.networks.push(address.into()),
                _ => allowed.hosts.push(entry.trim_end_matches('.').to_lowercase()),
            }
        }
        Self(Arc::new(allowed))
    }

    /// The address, if it may be called as it stands. What its name leads to is asked when it is called.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check(&self, text: &str) -> Result<Url, Fault> {
        let refused = |code: &str, rule: &str| Err(Fault::at("/url", code, rule));
        let Ok(url) = Url::parse(text) else {
            return refused("not-a-url", "must be an address such as https://hooks.example.com/events");
        };
        // The parser has read decimal, octal and hexadecimal forms of an address as what they are.
        let (is_listed, is_public) = match url.host() {
            Some(Host::Ipv4(address)) => (self.lists(address.into()), is_public(address.into())),
            Some(Host::Ipv6(address)) => (self.lists(address.into()), is_public(address.into())),
            Some(Host::Domain(name)) => (self.names(name), !is_internal(name)),
            None => return refused("not-a-url", "must name a host"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refused("holds-credentials", "must not hold a user or a password");
        }
        if url.fragment().is_some() {
            return refused("has-a-fragment", "must not have a part behind `#`, which is never sent");
        }
        if !(is_public || is_listed) {
            return refused(
                "not-public",
                "must lead to a public address, or to one that the operator allows",
            );
        }
        match url.scheme() {
            "https" => {}
            "http" if is_listed => {}
            _ => return refused("not-https", "must begin with https://"),
        }
        // Below are other protocols' ports, which would take a request for something else.
        if !is_listed && url.port().is_some_and(|port| port < 1024) {
            return refused("bad-port", "must name port 443, or one from 1024 on");
        }
        Ok(url)
    }

    fn lists(&self, address: IpAddr) -> bool {
        self.0.networks.iter().any(|network| network.contains(&address))
    }

    fn names(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        self.0.hosts.iter().any(|allowed| allowed == host)
    }
}

/// The refusal of a name that leads nowhere public.
#[derive(Debug)]
pub struct NotPublic;

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to no public address")
    }
}
impl std::error::Error for NotPublic {}

impl Resolve for Callable {
    fn resolve(&self, name: Name) -> Resolving {
        let callable = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let is_named = callable.names(name.as_str());
            let open: Vec<SocketAddr> =
                found.filter(|to| is_named || is_public(to.ip()) || callable.lists(to.ip())).collect();
            if open.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

fn is_internal(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_lowercase();
    // A name without a dot is found in this network or nowhere.
    !name.contains('.')
        || INTERNAL.iter().any(|end| name.strip_suffix(end).is_some_and(|rest| rest.ends_with('.')))
}

/// Whether the address is one of the public network's, by the registries of special addresses (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0 // this network
        || a == 10
        || a == 127
        || (a == 100 && (64..=127).contains(&b)) // shared by carriers, RFC 6598
        || (a == 169 && b == 254)
        || (a == 172 && (16..=31).contains(&b))
        || (a == 192 && b == 168)
        || (a == 192 && b == 0 && (c == 0 || c == 2)) // protocols, documentation
        || (a == 192 && b == 88 && c == 99) // to IPv6
        || (a == 198 && (b == 18 || b == 19)) // benchmarks
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113)
        || a >= 224) // multicast, reserved, broadcast
}

/// Of IPv6 only what is handed out (`2000::/3`), and nothing of it that holds an address of IPv4 or is set aside. Mapped
/// addresses and those of NAT64 lie outside.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    (0x2000..=0x3fff).contains(&a)
        && a != 0x2002 // 6to4
        && !(a == 0x2001 && b < 0x0200) // Teredo, benchmarks, ORCHID
        && !(a == 0x2001 && b == 0x0db8)
        && !(a == 0x3fff && b < 0x1000) // documentation
}

#[cfg(test)]
mod tests {
    use super::Callable;

    #[test]
    fn public_addresses_over_https_may_be_called() {
        let callable = Callable::default();
        for url in [
            "https://hooks.example.com/events?a=b",
            "https://hooks.example.com:8443/",
            "https://93.184.216.34/",
            "https://[2606:2800:220:1::1]/",
            "https://bücher.example/",
            "https://xn--bcher-kva.example./",
        ] {
            callable.check(url).unwrap_or_else(|fault| panic!("{url}: {fault:?}"));
        }
    }

    #[test]
    fn what_leads_inside_may_not_however_it_is_written() {
        let callable = Callable::default();
        for (url, code) in [
            ("https://127.0.0.1/", "not-public"),
            ("https://2130706433/", "not-public"),
            ("https://0x7f000001/", "not-public"),
            ("https://0177.0.0.1/", "not-public"),
            ("https://127.1/", "not-public"),
            ("https://0/", "not-public"),
            ("https://10.0.0.8/", "not-public"),
            ("https://172.31.255.255/", "not-public"),
            ("https://192.168.1.1/", "not-public"),
            ("https://169.254.169.254/latest/meta-data", "not-public"),
            ("https://100.64.0.1/", "not-public"),
            ("https://198.18.0.1/", "not-public"),
            ("https://224.0.0.1/", "not-public"),
            ("https://255.255.255.255/", "not-public"),
            ("https://[::1]/", "not-public"),
            ("https://[::]/", "not-public"),
            ("https://[::ffff:127.0.0.1]/", "not-public"),
            ("https://[::ffff:5db8:d822]/", "not-public"),
            ("https://[::127.0.0.1]/", "not-public"),
            ("https://[64:ff9b::7f00:1]/", "not-public"),
            ("https://[64:ff9b:1::a00:1]/", "not-public"),
            ("https://[2002:7f00:1::]/", "not-public"),
            ("https://[2001:0:7f00:1::]/", "not-public"),
            ("https://[fe80::1]/", "not-public"),
            ("https://[fd00::1]/", "not-public"),
            ("https://[ff02::1]/", "not-public"),
            ("https://[2001:db8::1]/", "not-public"),
            ("https://localhost/", "not-public"),
            ("https://LOCALHOST./", "not-public"),
            ("https://a.localhost/", "not-public"),
            ("https://db.internal/", "not-public"),
            ("https://printer.local/", "not-public"),
            ("https://database/", "not-public"),
            ("https://①②⑦.0.0.1/", "not-public"),
            ("http://hooks.example.com/", "not-https"),
            ("ftp://hooks.example.com/", "not-https"),
            ("gopher://hooks.example.com/", "not-https"),
            ("https://user@hooks.example.com/", "holds-credentials"),
            ("https://user:word@hooks.example.com/", "holds-credentials"),
            ("https://hooks.example.com@127.0.0.1/", "holds-credentials"),
            ("https://hooks.example.com/#top", "has-a-fragment"),
            ("https://hooks.example.com:22/", "bad-port"),
            ("https://hooks.example.com:25/", "bad-port"),
            ("file:///etc/passwd", "not-a-url"),
            ("https://", "not-a-url"),
            ("hooks.example.com", "not-a-url"),
        ] {
            let refused = callable.check(url).expect_err(url);
            assert_eq!(refused.code, code, "{url}");
        }
    }

    #[test]
    fn the_operator_allows_networks_and_hosts() {
        let callable = Callable::allowing(&["127.0.0.0/8".into(), "fd00::7".into(), "receiver.test".into()]);
        for url in
            ["http://127.0.0.1:25/", "http://[fd00::7]/", "http://receiver.test/", "https://RECEIVER.test./"]
        {
            callable.check(url).unwrap_or_else(|fault| panic!("{url}: {fault:?}"));
        }
        for url in
            ["http://10.0.0.1/", "http://[fd00::8]/", "http://another.test/", "http://[::ffff:127.0.0.1]/"]
        {
            callable.check(url).expect_err(url);
        }
    }
}
