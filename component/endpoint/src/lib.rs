//! Where a request goes, and the region it is signed for.
//!
//! The rules are those of AWS's endpoint rule set for `bedrock-runtime`, with the regions that an agent's
//! configuration knows: see `stream-converse` in `wit/converse.wit`. The component and its host both ask here, so that
//! the host allows exactly the origin that the component will call.

#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

extern crate alloc;

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use core::num::NonZeroU16;

/// The region of a caller that names none.
const FALLBACK_REGION: &str = "us-east-1";

/// The most that an endpoint URL may have, in bytes.
const MAX_URL: usize = 8 * 1024;

/// What is known about the wanted endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// `connection.region`.
    pub region: Option<&'a str>,
    /// `connection.default-region`.
    pub default_region: Option<&'a str>,
    /// `connection.endpoint-url`.
    pub endpoint_url: Option<&'a str>,
    /// `connection.use-fips`.
    pub use_fips: bool,
    /// `connection.use-dual-stack`.
    pub use_dual_stack: bool,
    /// `converse-request.model-id`, whose region counts if it is an ARN.
    pub model_id: &'a str,
}

/// Where to send a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    /// Whether it is `https` rather than `http`.
    pub tls: bool,
    /// Host and, unless it is the scheme's own, port: the value of the `host` header.
    pub authority: String,
    /// The path before the operation's: empty, or with a slash at its beginning and none at its end.
    pub path_prefix: String,
    /// The region to sign for.
    pub region: String,
}

/// Why there is no endpoint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidEndpoint {
    /// The member to blame, as in the WIT's `invalid-request.path`.
    pub path: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// Decides where a request goes.
///
/// # Errors
///
/// If one of the parts cannot be in a host name or a URL, or two of them contradict each other.
pub fn resolve(wanted: &Wanted<'_>) -> Result<Endpoint, InvalidEndpoint> {
    let url = wanted.endpoint_url.map(Url::parse).transpose()?;
    let standard = url.as_ref().and_then(Url::as_standard);
    let region = signing_region(wanted, standard.as_ref())?;
    let Some(url) = url.as_ref().filter(|_| standard.is_none()) else {
        let (fips, dual_stack) = standard.map_or((false, false), |host| (host.fips, host.dual_stack));
        return Ok(standard_endpoint(region, fips || wanted.use_fips, dual_stack || wanted.use_dual_stack));
    };
    for (path, set) in
        [("connection.use-fips", wanted.use_fips), ("connection.use-dual-stack", wanted.use_dual_stack)]
    {
        if set {
            return Err(invalid(path, "cannot be combined with an endpoint of one's own"));
        }
    }
    Ok(Endpoint { tls: url.tls, authority: url.authority.clone(), path_prefix: url.path.to_owned(), region })
}

impl Endpoint {
    /// Whether the host is this machine, by its name or address.
    pub fn is_loopback(&self) -> bool {
        let host = if self.authority.starts_with('[') {
            self.authority.split_inclusive(']').next()
        } else {
            self.authority.split(':').next()
        };
        let host = host.unwrap_or_default();
        matches!(host, "localhost" | "[::1]")
            || host.ends_with(".localhost")
            || (host.starts_with("127.") && host.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit()))
    }
}

/// A group of regions with domains of its own. Every one has FIPS and dual-stack endpoints.
struct Partition {
    /// What the names of its regions have before their last two parts, a word and a number.
    prefix: &'static str,
    domain: &'static str,
    dual_stack_domain: &'static str,
}

/// aws, the partition of what fits no other; and aws-us-gov, which has the same domains.
const AWS: Partition = partition("", "amazonaws.com", "api.aws");

/// The others: aws-cn, aws-eusc, aws-iso, aws-iso-b, aws-iso-e and aws-iso-f.
const PARTITIONS: [Partition; 6] = [
    partition("cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    partition("eusc-de", "amazonaws.eu", "api.amazonwebservices.eu"),
    partition("us-iso", "c2s.ic.gov", "api.aws.ic.gov"),
    partition("us-isob", "sc2s.sgov.gov", "api.aws.scloud"),
    partition("eu-isoe", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    partition("us-isof", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
];

const fn partition(prefix: &'static str, domain: &'static str, dual_stack_domain: &'static str) -> Partition {
    Partition { prefix, domain, dual_stack_domain }
}

impl Partition {
    /// As AWS's patterns have it, such as `^us\-iso\-\w+\-\d+$`.
    fn of(region: &str) -> &'static Self {
        let prefix = region
            .rsplit_once('-')
            .filter(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|(rest, _)| rest.rsplit_once('-'))
            .filter(|(_, word)| !word.is_empty())
            .map(|(prefix, _)| prefix);
        PARTITIONS.iter().find(|partition| prefix == Some(partition.prefix)).unwrap_or(&AWS)
    }
}

fn invalid(path: &'static str, reason: impl Into<String>) -> InvalidEndpoint {
    InvalidEndpoint { path, reason: reason.into() }
}

fn signing_region(
    wanted: &Wanted<'_>,
    standard: Option<&StandardHost<'_>>,
) -> Result<String, InvalidEndpoint> {
    let named = wanted.region.map(|region| checked_region("connection.region", region)).transpose()?;
    let in_arn = arn_region(wanted.model_id).map(|region| checked_region("modelId", region)).transpose()?;
    if let (Some(named), Some(in_arn)) = (named, in_arn)
        && named != in_arn
    {
        return Err(invalid(
            "connection.region",
            format!("is {named}, but the model's ARN is of region {in_arn}"),
        ));
    }
    let ambient = wanted
        .default_region
        .map(|region| checked_region("connection.default-region", region))
        .transpose()?;
    let region = named.or(in_arn).or(ambient).or(standard.map(|standard| standard.region));
    Ok(region.unwrap_or(FALLBACK_REGION).to_owned())
}

/// The region of a model's ARN, `arn:{partition}:{service}:{region}:…`.
fn arn_region(model_id: &str) -> Option<&str> {
    let mut fields = model_id.strip_prefix("arn:")?.split(':').skip(1);
    let service = fields.next()?;
    let region = fields.next()?;
    (matches!(service, "bedrock" | "sagemaker") && !region.is_empty()).then_some(region)
}

/// A region becomes part of a host name: it must be one label of it.
fn checked_region<'a>(path: &'static str, region: &'a str) -> Result<&'a str, InvalidEndpoint> {
    let fits = is_region(region);
    fits.then_some(region)
        .ok_or_else(|| invalid(path, "must be a region: 1 to 63 lower-case letters, digits and hyphens"))
}

fn is_region(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn standard_endpoint(region: String, fips: bool, dual_stack: bool) -> Endpoint {
    let partition = Partition::of(&region);
    let domain = if dual_stack { partition.dual_stack_domain } else { partition.domain };
    let service = if fips { "bedrock-runtime-fips" } else { "bedrock-runtime" };
    Endpoint {
        tls: true,
        authority: format!("{service}.{region}.{domain}"),
        path_prefix: String::new(),
        region,
    }
}

/// The host of AWS's own endpoint in some region, on a domain of that region's partition.
struct StandardHost<'a> {
    region: &'a str,
    fips: bool,
    dual_stack: bool,
}

/// The parts of an endpoint URL.
struct Url<'a> {
    tls: bool,
    /// In lower case, without the scheme's own port.
    authority: String,
    /// Without a slash at its end.
    path: &'a str,
}

impl<'a> Url<'a> {
    fn parse(url: &'a str) -> Result<Self, InvalidEndpoint> {
        let invalid = |reason: &str| invalid("connection.endpoint-url", reason);

        if url.len() > MAX_URL {
            return Err(invalid("must not be longer than 8 KiB"));
        }
        let (scheme, rest) = url.split_once(':').unwrap_or_default();
        let tls = scheme.eq_ignore_ascii_case("https");
        let rest = rest
            .strip_prefix("//")
            .filter(|_| tls || scheme.eq_ignore_ascii_case("http"))
            .ok_or_else(|| invalid("must begin with https:// or http://"))?;
        if rest.contains('#') {
            return Err(invalid("must not have a fragment"));
        }
        if rest.contains('?') {
            return Err(invalid("must not have a query"));
        }
        let (authority, path) = split_before(rest, '/');
        if authority.contains('@') {
            return Err(invalid("must not have user information"));
        }
        let (host, port) = if authority.starts_with('[') {
            let end = authority.find(']').ok_or_else(|| invalid("has an unclosed bracket"))? + 1;
            authority.split_at_checked(end).unwrap_or_default()
        } else {
            split_before(authority, ':')
        };
        if !is_host(host) {
            return Err(invalid("must have a host name or an address"));
        }
        let mut authority = host.to_ascii_lowercase();
        if !port.is_empty() {
            let port = port
                .strip_prefix(':')
                .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|digits| digits.parse().ok())
                .and_then(NonZeroU16::new)
                .ok_or_else(|| invalid("must have a port from 1 to 65535, or none"))?;
            if port.get() != if tls { 443 } else { 80 } {
                authority.push_str(&format!(":{port}"));
            }
        }
        if !is_path(path) {
            return Err(invalid("has a path with a character that must be percent-encoded"));
        }
        Ok(Self { tls, authority, path: path.trim_end_matches('/') })
    }

    fn as_standard(&self) -> Option<StandardHost<'_>> {
        if !self.tls || !self.path.is_empty() {
            return None;
        }
        let (service, rest) = self.authority.split_once('.')?;
        let (region, domain) = rest.split_once('.')?;
        let fips = match service {
            "bedrock-runtime" => false,
            "bedrock-runtime-fips" => true,
            _ => return None,
        };
        let partition = Partition::of(region);
        let dual_stack = domain == partition.dual_stack_domain;
        (is_region(region) && (dual_stack || domain == partition.domain)).then_some(StandardHost {
            region,
            fips,
            dual_stack,
        })
    }
}

/// What comes before `mark`, and the rest of it.
fn split_before(text: &str, mark: char) -> (&str, &str) {
    text.split_at_checked(text.find(mark).unwrap_or(text.len())).unwrap_or_default()
}

/// A name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.contains(':')
            && address.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
    }
    (1..=253).contains(&host.len())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// What RFC 3986 allows in a path.
fn is_path(path: &str) -> bool {
    let hexadecimal = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let allowed = match byte {
            b'%' => hexadecimal(bytes.next()) && hexadecimal(bytes.next()),
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b','
            | b';' | b'=' | b':' | b'@' | b'/' => true,
            _ => byte.is_ascii_alphanumeric(),
        };
        if !allowed {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    use serde_json::Value;

    const MODEL: &str = "amazon.nova-lite-v1:0";
    const ARN: &str = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0";

    /// FIPS and dual stack, in the order of AWS's answers.
    const SWITCHES: [(bool, bool); 4] = [(false, false), (true, false), (false, true), (true, true)];

    fn wanted<'a>(region: &'a str, default_region: &'a str, url: &'a str, model_id: &'a str) -> Wanted<'a> {
        let given = |text: &'a str| (!text.is_empty()).then_some(text);
        Wanted {
            region: given(region),
            default_region: given(default_region),
            endpoint_url: given(url),
            model_id,
            ..Wanted::default()
        }
    }

    fn url(endpoint: &Endpoint) -> String {
        let scheme = if endpoint.tls { "https" } else { "http" };
        format!("{scheme}://{}{}", endpoint.authority, endpoint.path_prefix)
    }

    /// The URL of the endpoint, and the region signed for.
    #[track_caller]
    fn resolves(wanted: &Wanted<'_>, to: &str, region: &str) {
        let endpoint = resolve(wanted).expect("there is an endpoint");
        assert_eq!((url(&endpoint).as_str(), endpoint.region.as_str()), (to, region));
    }

    #[track_caller]
    fn refuses(wanted: &Wanted<'_>, path: &str, reason: &str) {
        let error = resolve(wanted).expect_err("there is no endpoint");
        assert_eq!((error.path, error.reason.as_str()), (path, reason));
    }

    /// What AWS's rules answer to regions or custom endpoints; `host-test/model/renew.py` makes the file.
    fn answers(to: &str) -> Vec<[String; 5]> {
        let file = include_str!("../../../host-test/model/endpoints.json");
        let mut file: Value = serde_json::from_str(file).expect("it is JSON");
        serde_json::from_value(file[to].take()).expect("rows of five texts")
    }

    /// None of the answers is an error, or this fails: no partition is without FIPS or dual stack.
    #[test]
    fn aws_rules_give_the_same_endpoints() {
        let rows = answers("regions");
        assert!(rows.len() >= 60, "{} rows", rows.len());
        for [region, urls @ ..] in &rows {
            for ((use_fips, use_dual_stack), url) in SWITCHES.into_iter().zip(urls) {
                let wanted = Wanted { use_fips, use_dual_stack, ..wanted(region, "", "", MODEL) };
                resolves(&wanted, url, region);
            }
        }
    }

    /// Given as URL, each brings its region, and gives way to its like in any other.
    #[test]
    fn endpoints_of_every_partition_are_standard() {
        let rows = answers("regions");
        for [here, given @ ..] in &rows {
            for url in given {
                resolves(&wanted("", "", url, MODEL), url, here);
            }
            for [there, urls @ ..] in &rows {
                for (given, url) in given.iter().zip(urls) {
                    resolves(&wanted("", there, given, MODEL), url, there);
                }
            }
        }
    }

    #[test]
    fn aws_rules_refuse_the_same_switches() {
        let reason = "cannot be combined with an endpoint of one's own";
        let rows = answers("custom");
        assert!(rows.len() >= 2, "{} rows", rows.len());
        for [custom, answers @ ..] in &rows {
            for ((use_fips, use_dual_stack), answer) in SWITCHES.into_iter().zip(answers) {
                let expected = match answer.as_str() {
                    "Invalid Configuration: FIPS and custom endpoint are not supported" => {
                        Err(invalid("connection.use-fips", reason))
                    }
                    "Invalid Configuration: Dualstack and custom endpoint are not supported" => {
                        Err(invalid("connection.use-dual-stack", reason))
                    }
                    url => Ok(url.to_owned()),
                };
                let wanted = Wanted { use_fips, use_dual_stack, ..wanted("", "", custom, MODEL) };
                assert_eq!(resolve(&wanted).map(|endpoint| url(&endpoint)), expected);
            }
        }
    }

    #[test]
    fn the_region_comes_from_the_most_specific_source() {
        let aws = |region: &str| format!("https://bedrock-runtime.{region}.amazonaws.com");
        let vpc = "https://vpce-1.bedrock-runtime.us-west-2.vpce.amazonaws.com";
        for (region, default_region, url, model, endpoint, signed) in [
            ("", "", "", MODEL, aws("us-east-1"), "us-east-1"),
            ("", "eu-central-1", "", MODEL, aws("eu-central-1"), "eu-central-1"),
            ("eu-north-1", "eu-central-1", "", MODEL, aws("eu-north-1"), "eu-north-1"),
            ("", "eu-central-1", "", ARN, aws("eu-west-1"), "eu-west-1"),
            ("eu-west-1", "eu-central-1", "", ARN, aws("eu-west-1"), "eu-west-1"),
            ("", "", &*aws("eu-west-2"), MODEL, aws("eu-west-2"), "eu-west-2"),
            // A standard endpoint is only a default: the documentation's configuration has one.
            ("", "eu-central-1", &*aws("us-east-1"), MODEL, aws("eu-central-1"), "eu-central-1"),
            ("eu-north-1", "", &*aws("us-east-1"), MODEL, aws("eu-north-1"), "eu-north-1"),
            ("", "", &*aws("us-east-1"), ARN, aws("eu-west-1"), "eu-west-1"),
            ("", "eu-central-1", &*aws("us-east-1"), ARN, aws("eu-west-1"), "eu-west-1"),
            // One's own is used as it is.
            ("", "eu-central-1", vpc, MODEL, vpc.to_owned(), "eu-central-1"),
            ("", "", vpc, ARN, vpc.to_owned(), "eu-west-1"),
        ] {
            resolves(&wanted(region, default_region, url, model), &endpoint, signed);
        }
    }

    #[test]
    fn switches_add_to_a_standard_endpoint() {
        for (given, use_fips, use_dual_stack, endpoint) in [
            ("bedrock-runtime", true, false, "https://bedrock-runtime-fips.us-east-1.amazonaws.com"),
            ("bedrock-runtime", false, true, "https://bedrock-runtime.us-east-1.api.aws"),
            ("bedrock-runtime-fips", false, false, "https://bedrock-runtime-fips.us-east-1.amazonaws.com"),
            ("bedrock-runtime-fips", false, true, "https://bedrock-runtime-fips.us-east-1.api.aws"),
        ] {
            let given = format!("https://{given}.us-east-1.amazonaws.com");
            let wanted = Wanted { use_fips, use_dual_stack, ..wanted("", "", &given, MODEL) };
            resolves(&wanted, endpoint, "us-east-1");
        }
    }

    #[test]
    fn what_resembles_a_standard_endpoint_is_custom() {
        for url in [
            "http://bedrock-runtime.us-east-1.amazonaws.com",
            "https://bedrock-runtime.us-east-1.amazonaws.com:8443",
            "https://bedrock-runtime.us-east-1.amazonaws.com/prefix",
            "https://bedrock-runtime.us-east-1.amazonaws.com.evil.example",
            "https://x.bedrock-runtime.us-east-1.amazonaws.com",
            "https://bedrock.us-east-1.amazonaws.com",
            "https://bedrock-runtime.us_east_1.amazonaws.com",
            "https://bedrock-runtime.amazonaws.com",
            // The domain of another partition.
            "https://bedrock-runtime.us-east-1.amazonaws.com.cn",
            "https://bedrock-runtime.us-iso-east-1.api.aws",
        ] {
            resolves(&wanted("", "eu-central-1", url, MODEL), url, "eu-central-1");
        }
    }

    #[test]
    fn only_bedrock_and_sagemaker_arns_have_a_region() {
        for (model, region) in [
            ("arn:aws:sagemaker:eu-west-3:123456789012:endpoint/x", "eu-west-3"),
            ("arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/x", "us-gov-west-1"),
            ("arn:aws:s3:eu-west-3:123456789012:x", FALLBACK_REGION),
            ("arn:aws:bedrock::123456789012:x", FALLBACK_REGION),
            ("arn:aws:bedrock", FALLBACK_REGION),
        ] {
            assert_eq!(resolve(&wanted("", "", "", model)).expect("it resolves").region, region, "{model}");
        }
    }

    #[test]
    fn contradictions_and_injections_are_refused() {
        let label = "must be a region: 1 to 63 lower-case letters, digits and hyphens";
        refuses(
            &wanted("us-east-1", "", "", ARN),
            "connection.region",
            "is us-east-1, but the model's ARN is of region eu-west-1",
        );
        let standard = "https://bedrock-runtime.us-east-1.amazonaws.com";
        refuses(
            &wanted("us-east-1", "eu-west-1", standard, ARN),
            "connection.region",
            "is us-east-1, but the model's ARN is of region eu-west-1",
        );
        for region in ["x@evil:443/#", "evil.example", "EU-WEST-1", "a/b", "é", &"a".repeat(64)] {
            refuses(&wanted(region, "", "", MODEL), "connection.region", label);
            refuses(&wanted("", region, "", MODEL), "connection.default-region", label);
        }
        refuses(&wanted("", "", "", "arn:aws:bedrock:x@evil/#:1:y"), "modelId", label);
        assert_eq!(
            resolve(&Wanted { region: Some(""), model_id: MODEL, ..Wanted::default() })
                .expect_err("it is empty")
                .path,
            "connection.region"
        );
    }

    #[test]
    fn endpoint_urls() {
        for (url, same) in [
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("HTTPS://Gateway.Example:443/a/b//", "https://gateway.example/a/b"),
            ("http://h:80", "http://h"),
            ("https://h:80/p%2Fq", "https://h:80/p%2Fq"),
            ("http://[::1]:9000", "http://[::1]:9000"),
        ] {
            resolves(&wanted("", "", url, MODEL), same, FALLBACK_REGION);
        }
        let path = "connection.endpoint-url";
        for (url, reason) in [
            ("ftp://h", "must begin with https:// or http://"),
            ("h", "must begin with https:// or http://"),
            ("https://", "must have a host name or an address"),
            ("https://a b", "must have a host name or an address"),
            ("https://[::1", "has an unclosed bracket"),
            ("https://[x]", "must have a host name or an address"),
            ("https://user:secret@h", "must not have user information"),
            ("https://bedrock-runtime.x@evil:443/.amazonaws.com", "must not have user information"),
            ("https://bedrock-runtime.x@evil:443/#.amazonaws.com", "must not have a fragment"),
            ("https://h?x", "must not have a query"),
            ("https://h/#x", "must not have a fragment"),
            ("https://h:0", "must have a port from 1 to 65535, or none"),
            ("https://h:65536", "must have a port from 1 to 65535, or none"),
            ("https://h:+1", "must have a port from 1 to 65535, or none"),
            ("https://[::1]1", "must have a port from 1 to 65535, or none"),
            ("https://h:", "must have a port from 1 to 65535, or none"),
            ("https://h/a b", "has a path with a character that must be percent-encoded"),
            ("https://h/%2", "has a path with a character that must be percent-encoded"),
            ("https://h/\r\nx", "has a path with a character that must be percent-encoded"),
            (&format!("https://h/{}", "x".repeat(MAX_URL)), "must not be longer than 8 KiB"),
        ] {
            refuses(&wanted("", "", url, MODEL), path, reason);
        }
    }

    #[test]
    fn loopback_is_known_by_name_and_address() {
        for (url, loopback) in [
            ("http://localhost:1", true),
            ("http://a.localhost", true),
            ("http://127.9.9.9:1", true),
            ("http://[::1]:1", true),
            ("http://128.0.0.1", false),
            ("http://127.0.0.1.evil.example", false),
            ("http://localhost.evil.example", false),
            ("http://[::2]:1", false),
        ] {
            let endpoint = resolve(&wanted("", "", url, MODEL)).expect("it resolves");
            assert_eq!(endpoint.is_loopback(), loopback, "{url}");
        }
    }
}
