//! What the server says about a token (RFC 7662, 2.2) or its user (OpenID Connect Core, 5.3.2).

use authn::{Introspection, Result, UserInfo};

use super::{Advice, Failure, Received, instead::Instead, member::Member, parse};

/// Parses the answer of an introspection endpoint.
pub(crate) fn introspection(
    received: &Received<'_>,
    advice: &Advice<'_>,
) -> Result<Introspection, Failure> {
    received.is_plain("introspection_signed_response_alg")?;
    let (what, endpoint) = ("description of the token", "an introspection endpoint");
    parse(received, received.object().as_ref(), advice, what, endpoint, |object| {
        if !matches!(object.get("active"), Member::Boolean(_) | Member::Repeated) {
            return Err("no boolean `active`".into());
        }
        Introspection::from_json(received.body).map_err(|_| Instead::from(MALFORMED))
    })
}

/// Parses the answer of a UserInfo endpoint.
pub(crate) fn user_info(received: &Received<'_>, advice: &Advice<'_>) -> Result<UserInfo, Failure> {
    received.is_plain("userinfo_signed_response_alg")?;
    let (what, endpoint) = ("description of the user", "a UserInfo endpoint");
    parse(received, received.object().as_ref(), advice, what, endpoint, |object| {
        match object.get("sub") {
            Member::Text(subject) if !subject.is_empty() => {}
            Member::Repeated => {}
            _ => return Err("no `sub`".into()),
        }
        UserInfo::from_json(received.body).map_err(|_| Instead::from(MALFORMED))
    })
}

/// What is found where one parser could read other values than another.
const MALFORMED: &str = "a member twice, or text that is no JSON,";

impl Received<'_> {
    /// Fails if the answer is a signed or encrypted token (RFC 9701, 5; OpenID Connect Core, 5.3.2), which only some
    /// clients are registered for. `member` is the member of their registration.
    fn is_plain(&self, member: &str) -> Result<()> {
        let essence = self.content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        let essence = essence.trim().to_ascii_lowercase();
        if essence != "application/jwt" && !essence.ends_with("+jwt") {
            return Ok(());
        }
        let place = self.place;
        Err(authn::Error::protocol(format!(
            "{place} answered with a signed or encrypted token instead of JSON"
        ))
        .with_help(format!("remove `{member}` from the client's registration at the server")))
    }
}

#[cfg(test)]
mod tests {
    use authn::{
        ErrorKind,
        http::{Sent, StatusCode},
    };

    use super::{super::GrantAdvice, *};

    /// Reads an answer as both.
    fn read(status: u16, content_type: &str, body: &str) -> [Result<(), Failure>; 2] {
        let mut sent = Sent::default();
        sent.add("s3cr3t");
        let received = Received {
            place: "https://i.test",
            status: StatusCode::from_u16(status).unwrap(),
            content_type: Some(content_type),
            retry_after: None,
            sent: &sent,
            hint: None,
            tries: 1,
            body: body.as_bytes(),
        };
        let grant = GrantAdvice { meaning: "", help: "", login_helps: false, guess: None };
        let advice = Advice { client: "check the client", grant };
        [introspection(&received, &advice).map(drop), user_info(&received, &advice).map(drop)]
    }

    #[test]
    fn an_answer_is_json_of_the_right_kind_or_an_error_without_its_text() {
        const JSON: &str = "application/json";
        const REFUSED: ErrorKind = ErrorKind::Refused;
        const WRONG: ErrorKind = ErrorKind::Protocol;
        for (status, content_type, body, kind, says) in [
            (200, JSON, r#"{"s3cr3t":1}"#, WRONG, ["no boolean `active`", "no `sub`"]),
            (200, JSON, r#"{"active":"s3cr3t","sub":7}"#, WRONG, ["no boolean", "no `sub`"]),
            (
                200,
                JSON,
                r#"{"active":true,"sub":"a","active":true,"sub":"s3cr3t"}"#,
                WRONG,
                ["a member twice", "a member twice"],
            ),
            (
                200,
                "application/x-www-form-urlencoded",
                "active=true&sub=s3cr3t",
                WRONG,
                ["no boolean", "no JSON"],
            ),
            (200, "text/html", "<html>s3cr3t", WRONG, ["HTML (text/html) instead", "HTML"]),
            (
                200,
                "application/token-introspection+jwt",
                "e30.s3cr3t.",
                WRONG,
                ["signed or encrypted token", "signed or encrypted token"],
            ),
            (200, "Application/JWT; a=b", "s3cr3t", WRONG, ["signed or", "signed or"]),
            (204, JSON, "", WRONG, ["an empty body", "an empty body"]),
            (401, JSON, r#"{"error":"invalid_client"}"#, REFUSED, ["invalid_client"; 2]),
            (200, JSON, r#"{"error":"s3cr3t","active":true,"sub":"a"}"#, REFUSED, ["refused"; 2]),
            (403, "text/plain", "s3cr3t", REFUSED, ["status 403"; 2]),
            (503, "text/plain", "s3cr3t", ErrorKind::Network, ["status 503"; 2]),
        ] {
            for (read, says) in read(status, content_type, body).into_iter().zip(says) {
                let error = read.unwrap_err().error;
                assert_eq!(error.kind(), kind, "{body}: {error}");
                let text = format!("{error:?}");
                assert!(text.contains(says) && !text.contains("s3cr3t"), "{body}: {text}");
            }
        }
        for content_type in [JSON, "text/plain", ""] {
            let both = read(200, content_type, "\n{\"active\":false,\"sub\":\"a\",\"error\":null}");
            assert!(both.iter().all(Result::is_ok), "{content_type}: {both:?}");
        }
    }
}
