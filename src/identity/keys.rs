//! The keys that sign access tokens (ES256). The service may only read them: they are made on the command line, by the
//! owner of the tables.
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use diesel::sql_types::{Binary, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use platform::problem::{Problem, Result};
use uuid::Uuid;

/// Makes the first key, if there is none that signs.
///
/// # Errors
/// The database is away, or refuses.
pub async fn ensure(connection: &mut AsyncPgConnection) -> Result<()> {
    insert(
        "insert into signing_keys (id, private_key, public_key)
         select $1, $2, $3 where not exists (select from signing_keys where retired_at is null)",
        connection,
    )
    .await
}

/// Makes a new key. The older ones sign nothing more, and verify until their last token has run out.
///
/// # Errors
/// As [`ensure`].
pub async fn rotate(connection: &mut AsyncPgConnection) -> Result<()> {
    insert(
        "with older as (update signing_keys set retired_at = now() where retired_at is null)
         insert into signing_keys (id, private_key, public_key) values ($1, $2, $3)",
        connection,
    )
    .await
}

async fn insert(statement: &str, connection: &mut AsyncPgConnection) -> Result<()> {
    let (private, public) = generate()?;
    diesel::sql_query(statement)
        .bind::<SqlUuid, _>(Uuid::now_v7())
        .bind::<Binary, _>(private)
        .bind::<Binary, _>(public)
        .execute(connection)
        .await?;
    Ok(())
}

/// The private key as PKCS #8, the public one as an uncompressed point (SEC 1 §2.3.3).
fn generate() -> Result<(Vec<u8>, Vec<u8>)> {
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let private = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).map_err(Problem::internal)?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref()).map_err(Problem::internal)?;
    Ok((private.as_ref().to_vec(), pair.public_key().as_ref().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::generate;
    use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};

    #[test]
    fn a_key_signs_as_tokens_need_it() {
        let (private, public) = generate().unwrap();
        assert_eq!((public.len(), public[0]), (65, 4));
        assert!(sign(b"message", &EncodingKey::from_ec_der(&private), Algorithm::ES256).is_ok());
    }
}
