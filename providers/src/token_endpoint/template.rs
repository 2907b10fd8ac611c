//! The issuer of a server for many tenants, such as Microsoft Entra's: in its metadata, `{tenantid}` stands for the tenant,
//! which each ID token names in its claim `tid`.

/// What stands for the tenant.
const TENANT: &str = "{tenantid}";

/// Longest name of a tenant.
const LONGEST: usize = 64;

/// Returns whether an issuer is a template.
pub(crate) fn is_one(issuer: &str) -> bool {
    issuer.contains(TENANT)
}

/// The tenants that stand for others. A template with any other tenant is not the issuer that was configured.
const SEVERAL: [&str; 3] = ["common", "consumers", "organizations"];

/// Returns whether an issuer is that of a template: of several tenants, and otherwise the same.
pub(super) fn is_of(template: &str, issuer: &str) -> bool {
    let Some((before, after)) = template.split_once(TENANT) else { return false };
    let part = issuer.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    // In another place it could stand for a host.
    let is_in_path = before.split('/').count() > 3 && before.ends_with('/');
    let is_whole = after.is_empty() || after.starts_with('/');
    is_in_path && is_whole && part.is_some_and(|part| SEVERAL.contains(&part))
}

/// Returns the issuer of a tenant; `None` if it is no name of a tenant.
pub(crate) fn filled(template: &str, tenant: &str) -> Option<String> {
    is_tenant(tenant).then(|| template.replacen(TENANT, tenant, 1))
}

fn is_tenant(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let has_letters = name.bytes().any(|byte| byte.is_ascii_alphanumeric());
    has_letters && name.len() <= LONGEST && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_stands_for_one_part_of_the_path() {
        for (template, issuer, expected) in [
            ("https://i.test/{tenantid}/v2.0", "https://i.test/common/v2.0", true),
            ("https://i.test/{tenantid}/v2.0", "https://i.test/organizations/v2.0", true),
            ("https://i.test/{tenantid}", "https://i.test/common", true),
            ("https://i.test/{tenantid}/v2.0", "https://i.test/0f-1e/v2.0", false),
            ("https://i.test/{tenantid}/v2.0", "https://i.test/common/b/v2.0", false),
            ("https://i.test/{tenantid}/v2.0", "https://i.test//v2.0", false),
            ("https://i.test/{tenantid}/v2.0", "https://i.test/../v2.0", false),
            ("https://i.test/{tenantid}/v2.0", "https://j.test/common/v2.0", false),
            ("https://{tenantid}/v2.0", "https://common/v2.0", false),
            ("https://{tenantid}.i.test/", "https://common.i.test/", false),
            ("https://i.test/a{tenantid}", "https://i.test/acommon", false),
            ("https://i.test/{tenantid}b", "https://i.test/commonb", false),
            ("https://i.test/common", "https://i.test/common", false),
        ] {
            assert_eq!(is_of(template, issuer), expected, "{template} {issuer}");
        }
    }

    #[test]
    fn only_a_name_fills_a_template() {
        let fill = |tenant: &str| filled("https://i.test/{tenantid}/v2.0", tenant);
        assert_eq!(fill("0f-1e").as_deref(), Some("https://i.test/0f-1e/v2.0"));
        for bad in ["", "a/b", "..", "a?b", "{tenantid}", &"a".repeat(65)] {
            assert_eq!(fill(bad), None, "{bad}");
        }
    }
}
