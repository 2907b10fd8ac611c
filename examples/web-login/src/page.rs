//! The pages. All texts of a server or a user are escaped.

use axum::{http::StatusCode, response::Html};

pub(crate) fn welcome() -> Html<String> {
    page(r#"<p>Nobody is logged in.</p><p><a href="/login">Log in</a></p>"#)
}

pub(crate) fn home(name: &str, answer: &str) -> Html<String> {
    page(&format!(
        r#"<p>You are logged in as {}.</p><pre>{}</pre><form method="post" action="/logout"><button>Log out</button></form>"#,
        escape(name),
        escape(answer)
    ))
}

pub(crate) fn failed(status: StatusCode, text: &str) -> (StatusCode, Html<String>) {
    (status, page(&format!(r#"<p>{text}</p><p><a href="/">Back</a></p>"#)))
}

fn page(body: &str) -> Html<String> {
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Web login</title><body>{body}</body></html>"
    ))
}

fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            _ => escaped.push(c),
        }
        escaped
    })
}
