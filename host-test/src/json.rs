//! Requests, messages and events as JSON, in the form that AWS gives them on the wire.

mod content_block;
mod event;
mod names;
mod request;

use serde_json::{Map, Value};

use crate::types::UnknownMember;

pub use content_block::{content_block, message};
pub use event::{event, image_format, reply, stop_reason};
pub use request::{InvalidBody, request};

fn unknown(member: &UnknownMember) -> Value {
    let mut object = Map::new();
    object.insert(member.name.clone(), document(&member.value));
    object.into()
}

/// A document; one that this library cannot hold (it goes 128 levels deep) as the text that it is.
fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// An object of the members that are there.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect::<Map<_, _>>()
        .into()
}

fn with_extra(mut object: Value, extra: Option<&str>) -> Value {
    if let (Some(members), Some(Value::Object(extra))) = (object.as_object_mut(), extra.map(document)) {
        members.extend(extra);
    }
    object
}
