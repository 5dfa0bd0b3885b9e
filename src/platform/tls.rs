//! Whom we believe when we speak to other servers over TLS: the public authorities, and those of the operator's own that
//! were named at the start, since databases and mail servers in a company often have certificates from within.
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::sync::OnceLock;

static OWN: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();

/// Believes these authorities, too (PEM), for as long as the process lives.
///
/// # Errors
/// A sentence, where there is no certificate in it or one can not be read.
pub fn trust(pem: &[u8]) -> Result<(), String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|error| format!("a certificate can not be read: {error}"))?;
    if all.is_empty() {
        return Err("there is no certificate in it".into());
    }
    let mut store = RootCertStore::empty();
    for each in &all {
        store.add(each.clone()).map_err(|error| format!("a certificate is none of an authority: {error}"))?;
    }
    OWN.set(all).map_err(|_| "authorities are named once".to_owned())
}

/// All that we believe.
#[must_use]
pub fn roots() -> RootCertStore {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    // Each was added once before.
    roots.add_parsable_certificates(OWN.get().into_iter().flatten().cloned());
    roots
}

/// The operator's own, as DER.
pub fn own() -> impl Iterator<Item = &'static [u8]> {
    OWN.get().into_iter().flatten().map(AsRef::as_ref)
}
