//! A `__field` starts as `Default`.

struct Gauge;

/// Mints tokens.
#[authn::token_provider("corp_sts")]
struct CorpSts {
    __gauge: Gauge,
    __gauges: Result<Gauge, u8>,
}

impl authn::TokenProvider for CorpSts {
    async fn token(&self, _: &authn::Context) -> authn::Result<authn::Token> {
        unreachable!()
    }
}

fn main() {}
