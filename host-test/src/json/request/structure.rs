//! Reads the shapes of AWS's model: structures, unions, lists, maps and what they are made of.

use std::error::Error;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::json::names::Named;
use crate::types::UnknownMember;

/// Why a JSON value is not the body of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidBody {
    /// The member, by the names on the wire: `messages[2].content`. Empty for the body itself.
    pub path: String,
    /// What is wrong with it, such as `must be an array`.
    pub reason: String,
}

pub(super) type Result<T, E = InvalidBody> = std::result::Result<T, E>;

impl InvalidBody {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { path: String::new(), reason: reason.into() }
    }

    /// A member, or the value of one, that has no place in the contract.
    pub(super) fn unknown() -> Self {
        Self::new("is unknown to this version")
    }

    /// The same, seen from outside the member `name`.
    fn inside(mut self, name: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{dot}{}", self.path);
        self
    }
}

impl fmt::Display for InvalidBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the body" } else { &self.path };
        write!(f, "{path} {}", self.reason)
    }
}

impl Error for InvalidBody {}

/// The members of a structure that nobody asked for yet. A `null` counts as absent, but for documents.
pub(super) struct Structure<'a>(Vec<(&'a String, &'a Value)>);

/// Reads a structure. A member that `read` did not ask for has no place.
pub(super) fn structure<T>(value: &Value, read: impl FnOnce(&mut Structure<'_>) -> Result<T>) -> Result<T> {
    let mut members = Structure(object(value)?.iter().collect());
    let result = read(&mut members)?;
    match members.0.first() {
        Some((name, _)) => Err(InvalidBody::unknown().inside(name)),
        None => Ok(result),
    }
}

impl<'a> Structure<'a> {
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.member(name).filter(|value| !value.is_null()) else { return Ok(None) };
        read(value).map(Some).map_err(|error| error.inside(name))
    }

    pub(super) fn required<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T>) -> Result<T> {
        self.optional(name, read)?.ok_or_else(|| InvalidBody::new("is required").inside(name))
    }

    /// A list that AWS does not require: to the contract an empty one is an absent one.
    pub(super) fn list<T>(&mut self, name: &str, item: impl Fn(&Value) -> Result<T>) -> Result<Vec<T>> {
        Ok(self.optional(name, list(item))?.unwrap_or_default())
    }

    /// The text of a document.
    pub(super) fn document(&mut self, name: &str) -> Option<String> {
        self.member(name).map(Value::to_string)
    }

    pub(super) fn required_document(&mut self, name: &str) -> Result<String> {
        self.document(name).ok_or_else(|| InvalidBody::new("is required").inside(name))
    }

    /// The members that were not asked for until now, as an object of their own.
    pub(super) fn extra(&mut self) -> Option<String> {
        let rest: Map<_, _> = self.0.drain(..).map(|(name, value)| (name.clone(), value.clone())).collect();
        (!rest.is_empty()).then(|| Value::from(rest).to_string())
    }

    fn member(&mut self, name: &str) -> Option<&'a Value> {
        let place = self.0.iter().position(|(other, _)| *other == name)?;
        Some(self.0.remove(place).1)
    }
}

/// Reads a structure that has one member and needs it.
pub(super) fn only<T>(
    name: &'static str,
    read: impl Fn(&Value) -> Result<T>,
) -> impl Fn(&Value) -> Result<T> {
    move |value| structure(value, |it| it.required(name, &read))
}

/// Reads a union: an object of one member. What `known` cannot read becomes `unknown`.
pub(super) fn union<T>(
    value: &Value,
    unknown: impl FnOnce(UnknownMember) -> T,
    known: impl FnOnce(&str, &Value) -> Result<T>,
) -> Result<T> {
    let members = object(value)?;
    let mut given = members.iter().filter(|(_, value)| members.len() == 1 || !value.is_null());
    let (Some((name, value)), None) = (given.next(), given.next()) else {
        return Err(InvalidBody::new("must have exactly one member"));
    };
    let lost = |_| unknown(UnknownMember { name: name.clone(), value: value.to_string() });
    Ok(known(name, value).unwrap_or_else(lost))
}

pub(super) fn list<T>(item: impl Fn(&Value) -> Result<T>) -> impl Fn(&Value) -> Result<Vec<T>> {
    move |value| {
        let items = value.as_array().ok_or_else(|| InvalidBody::new("must be an array"))?;
        let item = |(at, value)| item(value).map_err(|error| error.inside(&format!("[{at}]")));
        items.iter().enumerate().map(item).collect()
    }
}

/// Reads a map, whose names are the caller's own.
pub(super) fn map<T>(value: &Value, entry: impl Fn(&str, &Value) -> Result<T>) -> Result<Vec<T>> {
    let entry = |(name, value): (&String, _)| entry(name, value).map_err(|error| error.inside(name));
    object(value)?.iter().map(entry).collect()
}

fn object(value: &Value) -> Result<&Map<String, Value>> {
    value.as_object().ok_or_else(|| InvalidBody::new("must be an object"))
}

pub(super) fn text(value: &Value) -> Result<String> {
    Ok(string(value)?.to_owned())
}

pub(super) fn name<T: Named>(value: &Value) -> Result<T> {
    Ok(T::from_name(string(value)?))
}

pub(super) fn bytes(value: &Value) -> Result<Vec<u8>> {
    STANDARD.decode(string(value)?).map_err(|_| InvalidBody::new("must be base64"))
}

pub(super) fn boolean(value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| InvalidBody::new("must be true or false"))
}

pub(super) fn integer(value: &Value) -> Result<u32> {
    value
        .as_u64()
        .and_then(|number| number.try_into().ok())
        .ok_or_else(|| InvalidBody::new("must be a whole number from 0 to 4294967295"))
}

/// From the number's own digits: by way of 64 bits it would be rounded twice.
pub(super) fn float(value: &Value) -> Result<f32> {
    value
        .as_number()
        .and_then(|number| number.to_string().parse().ok())
        .filter(|number: &f32| number.is_finite())
        .ok_or_else(|| InvalidBody::new("must be a number that 32 bits can hold"))
}

fn string(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| InvalidBody::new("must be a string"))
}
