//! The arguments of `#[options(…)]` are known, and each stands there once.

#[derive(authn::Options)]
#[options(defaults)]
struct Unknown;

#[derive(authn::Options)]
#[options(default, default)]
struct Twice;

#[derive(authn::Options)]
#[options(validate = check, validate = check)]
struct TwiceValidated;

#[derive(authn::Options)]
#[options(validate = "check")]
struct Text;

#[derive(authn::Options)]
#[options("name", cached)]
struct Named;

#[derive(authn::Options)]
#[options = "default"]
struct Assigned;

fn main() {}
