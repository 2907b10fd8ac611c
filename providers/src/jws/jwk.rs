//! A private key as JSON (RFC 7517; RFC 7518, 6; RFC 8037, 2).

use std::borrow::Cow;

use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, RsaKeyPair,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    algorithm::Algorithm,
    key::{Key, Parsed},
};

const NO_KEY: &str = "is a JWK whose members do not form a key";

/// The members of a private key. They are borrowed, so that no secret is copied before it is decoded.
#[derive(Deserialize)]
struct Jwk<'a> {
    #[serde(borrow)]
    kty: Cow<'a, str>,
    #[serde(borrow)]
    crv: Option<Cow<'a, str>>,
    #[serde(borrow)]
    alg: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kid: Option<Cow<'a, str>>,
    n: Option<&'a str>,
    e: Option<&'a str>,
    d: Option<&'a str>,
    p: Option<&'a str>,
    q: Option<&'a str>,
    dp: Option<&'a str>,
    dq: Option<&'a str>,
    qi: Option<&'a str>,
    x: Option<&'a str>,
    y: Option<&'a str>,
}

/// Parses a key. For the error, see [`parse`](super::key::parse).
pub(super) fn parse(text: &str) -> Result<Parsed, &'static str> {
    let jwk: Jwk<'_> =
        serde_json::from_str(text).map_err(|_| "looks like JSON, but is not a JWK of one key")?;
    let unknown = "is a JWK for an unsupported algorithm";
    let algorithm = jwk.alg.as_deref().map(|name| Algorithm::by_name(name).ok_or(unknown));
    let (algorithm, key) = (algorithm.transpose()?, jwk.key()?);
    Ok(Parsed { key, algorithm, key_id: jwk.kid.map(Cow::into_owned) })
}

impl Jwk<'_> {
    fn key(&self) -> Result<Key, &'static str> {
        match (&*self.kty, self.crv.as_deref()) {
            ("RSA", _) => self.rsa(),
            ("EC", Some("P-256")) => self.elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Key::P256),
            ("EC", Some("P-384")) => self.elliptic(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Key::P384),
            ("OKP", Some("Ed25519")) => {
                let (seed, public) = (member(self.d)?, member(self.x)?);
                let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, &public);
                pair.map(Key::Ed25519).map_err(|_| NO_KEY)
            }
            _ => Err("is a JWK of an unsupported type"),
        }
    }

    fn rsa(&self) -> Result<Key, &'static str> {
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: member(self.n)?, e: member(self.e)? },
            d: member(self.d)?,
            p: member(self.p)?,
            q: member(self.q)?,
            dP: member(self.dp)?,
            dQ: member(self.dq)?,
            qInv: member(self.qi)?,
        };
        let pair = RsaKeyPair::from_components(&components);
        pair.map(Key::Rsa)
            .map_err(|_| "is a JWK whose members do not form an RSA key of 2048 to 8192 bits")
    }

    fn elliptic(
        &self,
        curve: &'static EcdsaSigningAlgorithm,
    ) -> Result<EcdsaKeyPair, &'static str> {
        let (private, x, y) = (member(self.d)?, member(self.x)?, member(self.y)?);
        // Uncompressed (SEC 1, 2.3.3).
        let public = [&[4], x.as_slice(), y.as_slice()].concat();
        EcdsaKeyPair::from_private_key_and_public_key(curve, &private, &public).map_err(|_| NO_KEY)
    }
}

fn member(text: Option<&str>) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let text = text.ok_or("is a JWK without all members of a private key")?;
    let decoded = URL_SAFE_NO_PAD.decode(text);
    decoded.map(Zeroizing::new).map_err(|_| "is a JWK with a member that is not base64url")
}
