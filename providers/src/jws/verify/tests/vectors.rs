//! Signatures from the specifications, unchanged and with each character changed.

use super::*;

/// RFC 7520, 4: the payload, and the identifier of both keys.
const SAYING: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";
const BILBO: &str = "bilbo.baggins@hobbiton.example";

fn bilbos_keys() -> Vec<Value> {
    // RFC 7520, 3.1 and 3.3.
    vec![
        json!({
            "kty": "EC", "kid": BILBO, "use": "sig", "crv": "P-521",
            "x": "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
            "y": "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1",
        }),
        json!({
            "kty": "RSA", "kid": BILBO, "use": "sig", "e": "AQAB",
            "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw",
        }),
    ]
}

/// Tokens with the keys of their specification.
fn printed() -> Vec<(String, KeySet)> {
    let one = |private: &str| set(&[public(private, &json!({}))]);
    let saying = |header: &str, signature: &str| {
        (format!("{header}.{SAYING}.{signature}"), set(&bilbos_keys()))
    };
    vec![
        // RFC 7515, A.2 and A.3.
        (
            format!("eyJhbGciOiJSUzI1NiJ9.{}.{}", keys::PAYLOAD, keys::RS256_SIGNATURE),
            one(keys::RSA),
        ),
        (
            format!("eyJhbGciOiJFUzI1NiJ9.{}.{}", keys::PAYLOAD, keys::ES256_SIGNATURE),
            one(keys::P256),
        ),
        // RFC 8037, A.4 and A.5.
        (
            format!(
                "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.{}",
                keys::ED25519_SIGNATURE
            ),
            one(keys::ED25519),
        ),
        // RFC 7520, 4.1, 4.2 and 4.3: RS256, PS384 and ES512.
        saying(
            "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
            "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg",
        ),
        saying(
            "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
            "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw",
        ),
        saying(
            "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
            "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2",
        ),
    ]
}

#[test]
fn tokens_from_the_specifications_are_accepted() {
    for (token, keys) in printed() {
        let payload = token.split('.').nth(1).unwrap();
        let expected = URL_SAFE_NO_PAD.decode(payload).unwrap();
        assert_eq!(verified(&token, &keys), Ok(expected), "{token}");
    }
}

#[test]
fn no_character_of_a_token_can_be_changed_left_out_or_added() {
    for (token, keys) in printed() {
        for at in 0..token.len() {
            let (before, rest) = token.split_at(at);
            let after = &rest[1..];
            let other = if rest.starts_with('A') { 'B' } else { 'A' };
            for bent in [
                format!("{before}{other}{after}"),
                format!("{before}{after}"),
                format!("{before}A{rest}"),
                before.to_owned(),
            ] {
                assert!(verified(&bent, &keys).is_err(), "{at}: {bent}");
            }
        }
        assert!(verified(&format!("{token}A"), &keys).is_err());
    }
}
