//! Step 1: the request in canonical form.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::Request;
use crate::crypto::sha256;
use crate::encode::{push_hex, push_uri};

/// The canonical form, and the names of the headers that it covers.
pub(crate) struct CanonicalRequest {
    pub(crate) text: String,
    /// Sorted and separated by `;`.
    pub(crate) signed_headers: String,
}

impl CanonicalRequest {
    pub(crate) fn new(request: &Request<'_>, added_headers: &[(&'static str, String)]) -> Self {
        let added_headers = added_headers.iter().map(|(name, value)| (*name, value.as_str()));
        let mut headers = Vec::new();
        for (name, value) in request.headers.iter().copied().chain(added_headers) {
            insert_sorted(&mut headers, (name.to_ascii_lowercase(), value), |(name, _)| name);
        }

        let mut text = String::from(request.method);
        text.push('\n');
        push_uri(&mut text, &normalize(request.path), true);
        text.push('\n');
        push_query(&mut text, request.query);
        text.push('\n');
        let signed_headers = push_headers(&mut text, &headers);
        text.push('\n');
        text.push_str(&signed_headers);
        text.push('\n');
        push_hex(&mut text, &sha256(request.body));
        Self { text, signed_headers }
    }
}

/// Removes dot segments (RFC 3986, section 5.2.4) and empty segments.
fn normalize(path: &str) -> Cow<'_, str> {
    let needless = |segment: &str| matches!(segment, "" | "." | "..");
    let Some(inner) = path.strip_prefix('/') else { return Cow::Borrowed("/") };
    if !inner.split('/').any(needless) || inner.is_empty() {
        return Cow::Borrowed(path);
    }
    let mut segments = Vec::new();
    for segment in inner.split('/') {
        match segment {
            "" | "." => {}
            ".." => _ = segments.pop(),
            _ => segments.push(segment),
        }
    }
    let mut normal = String::new();
    for segment in &segments {
        normal.push('/');
        normal.push_str(segment);
    }
    if segments.is_empty() || inner.rsplit('/').next().is_some_and(needless) {
        normal.push('/');
    }
    Cow::Owned(normal)
}

fn push_query(out: &mut String, query: &[(&str, &str)]) {
    let encoded = |text| {
        let mut encoded = String::new();
        push_uri(&mut encoded, text, false);
        encoded
    };
    let mut pairs = Vec::new();
    for (name, value) in query {
        insert_sorted(&mut pairs, (encoded(name), encoded(value)), |pair| pair);
    }
    for (position, (name, value)) in pairs.iter().enumerate() {
        if position > 0 {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    }
}

/// Inserts `item` behind all whose key is not greater: items of one key keep their order. (There are few of
/// them, and the library's sort is a tenth of this crate once compiled.)
fn insert_sorted<T, K: Ord + ?Sized>(items: &mut Vec<T>, item: T, key: impl Fn(&T) -> &K) {
    let place = items.partition_point(|other| key(other) <= key(&item));
    items.insert(place, item);
}

/// Appends one line for each name and returns the names. `headers` must be sorted.
fn push_headers(out: &mut String, headers: &[(String, &str)]) -> String {
    let mut names = String::new();
    for same in headers.chunk_by(|(a, _), (b, _)| a == b) {
        for (position, (name, value)) in same.iter().enumerate() {
            if position > 0 {
                out.push(',');
            } else {
                if !names.is_empty() {
                    names.push(';');
                }
                names.push_str(name);
                out.push_str(name);
                out.push(':');
            }
            push_trimmed(out, value);
        }
        out.push('\n');
    }
    names
}

/// Appends `value` without surrounding white space and with each inner run of it as one space.
fn push_trimmed(out: &mut String, value: &str) {
    for (position, word) in value.split_ascii_whitespace().enumerate() {
        if position > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn aws_example() {
        let added = [("x-amz-date", String::from("20150830T123600Z"))];
        let canonical = CanonicalRequest::new(&example::REQUEST, &added);
        assert_eq!(
            canonical.text,
            "GET\n\
             /\n\
             Action=ListUsers&Version=2010-05-08\n\
             content-type:application/x-www-form-urlencoded; charset=utf-8\n\
             host:iam.amazonaws.com\n\
             x-amz-date:20150830T123600Z\n\
             \n\
             content-type;host;x-amz-date\n\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(canonical.signed_headers, "content-type;host;x-amz-date");
    }

    #[test]
    fn paths_are_normalized_and_encoded_once_more() {
        for (path, canonical) in [
            ("/", "/"),
            ("", "/"),
            ("/a/b", "/a/b"),
            ("/a/b/", "/a/b/"),
            ("//a//b//", "/a/b/"),
            ("/./a/./", "/a/"),
            ("/a/..", "/"),
            ("/a/../..", "/"),
            ("/a/b/..", "/a/"),
            (
                "/model/amazon.nova-lite-v1%3A0/converse-stream",
                "/model/amazon.nova-lite-v1%253A0/converse-stream",
            ),
            ("/model/arn%3Aaws%3Abedrock%2Fx~y/c", "/model/arn%253Aaws%253Abedrock%252Fx~y/c"),
        ] {
            let mut out = String::new();
            push_uri(&mut out, &normalize(path), true);
            assert_eq!(out, canonical, "{path}");
        }
    }
}
