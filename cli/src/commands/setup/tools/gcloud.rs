//! The Google tools: the configuration of an external account whose tokens this program prints.

use serde_json::json;

use super::{
    super::{
        context::{Context, variable},
        edit::Entry,
        plan::Plan,
    },
    Tool,
};
use crate::exit::{Code, Failure};

pub(super) const TOOL: Tool = Tool {
    name: "gcloud",
    about: "credential_source.executable of an external account, for credentials with JWTs",
    needs_origins: false,
    plan,
};

/// The longest that the tools wait for the program, in milliseconds. They allow 5 seconds to 2 minutes.
const TIMEOUT: u32 = 30_000;

fn plan(context: &Context<'_>) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let Some(audience) = &context.audience else {
        let message = "gcloud needs the audience of your workload identity provider";
        return Err(Failure::new(Code::Usage, message).with_help(
            "add `--audience //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`",
        ));
    };
    let words = context.call_of_profile(&["gcp-executable"]);
    if words
        .iter()
        .any(|word| word.contains(|letter: char| letter.is_whitespace() || letter == '"'))
    {
        let message =
            "Google's tools split the command at blanks, and a path or a name in it has one";
        return Err(Failure::new(Code::Other, message).with_help(
            "install this program in another folder, or rename the profile or the file",
        ));
    }
    let folder = variable("CLOUDSDK_CONFIG").unwrap_or_else(|| context.home.join(".config/gcloud"));
    let file = folder.join(format!("{}.json", context.name()));
    let account = json!({
        "type": "external_account",
        "audience": audience,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {
            "executable": {
                "command": words.join(" "),
                "timeout_millis": TIMEOUT,
            },
        },
    });
    plan.entry(&file, Entry::Whole { text: format!("{account:#}\n") });
    let file = file.display();
    plan.notes = vec![
        format!(
            "use it with `gcloud auth login --cred-file={file}`, or with `GOOGLE_APPLICATION_CREDENTIALS={file}`"
        ),
        "the tools run a program only with `GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1`"
            .to_owned(),
    ];
    Ok(plan)
}
