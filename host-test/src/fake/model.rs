//! AWS's service model, and requests held against it: types, required members, unions. Values of enumerations,
//! lengths and patterns are not looked at: AWS widens them all the time.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::Operation;
use super::refusal::Refusal;

/// Model ids that begin so stand for an AWS of tomorrow, which takes members that today's does not know.
const NEWER: &str = "newer.";

pub(crate) struct Model {
    shapes: HashMap<String, Shape>,
}

enum Shape {
    Structure { members: Vec<(String, String)>, required: Vec<String> },
    Union(Vec<(String, String)>),
    List(String),
    Map(String),
    Blob,
    Boolean,
    Document,
    Float,
    Integer,
    String,
}

impl Model {
    /// `model/renew.py` makes the file.
    pub(crate) fn load() -> Self {
        let file: Value = serde_json::from_str(include_str!("../../model/bedrock-runtime.json"))
            .expect("the model is JSON");
        let shapes = file["shapes"].as_object().expect("the model has shapes");
        Self { shapes: shapes.iter().map(|(name, shape)| (name.clone(), Shape::read(shape))).collect() }
    }

    /// The body of a request, if it is one.
    pub(crate) fn check(&self, operation: Operation, model_id: &str, body: &[u8]) -> Result<Value, Refusal> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| Refusal::serialization(format!("The request body is not JSON: {error}")))?;
        let mut input = match body {
            Value::Object(members) => members,
            other => return Err(converted(&other, "a Structure")),
        };
        input.insert("modelId".to_owned(), model_id.into());
        let input = Value::Object(input);
        let walk = Walk { model: self, newer: model_id.starts_with(NEWER) };
        let shape = match operation {
            Operation::Converse => "ConverseRequest",
            Operation::ConverseStream => "ConverseStreamRequest",
        };
        walk.value(shape, &input, "")?;
        Ok(input)
    }

    fn shape(&self, name: &str) -> &Shape {
        self.shapes.get(name).expect("the model is complete")
    }
}

impl Shape {
    fn read(shape: &Value) -> Self {
        let (kind, value) = shape
            .as_object()
            .and_then(|members| members.iter().next())
            .expect("a shape's first member is its kind");
        let text = |value: &Value| value.as_str().expect("a shape is named").to_owned();
        let members = |value: &Value| {
            let members = value.as_object().expect("a structure has members");
            members.iter().map(|(name, shape)| (name.clone(), text(shape))).collect()
        };
        match kind.as_str() {
            "structure" => Self::Structure {
                members: members(value),
                required: shape["required"]
                    .as_array()
                    .map_or(Vec::new(), |names| names.iter().map(text).collect()),
            },
            "union" | "events" => Self::Union(members(value)),
            "list" => Self::List(text(value)),
            "map" => Self::Map(text(&value[1])),
            "blob" => Self::Blob,
            "boolean" => Self::Boolean,
            "document" => Self::Document,
            "double" | "float" => Self::Float,
            "integer" | "long" => Self::Integer,
            "string" => Self::String,
            other => panic!("the model has a new kind of shape: {other}"),
        }
    }
}

struct Walk<'a> {
    model: &'a Model,
    newer: bool,
}

impl Walk<'_> {
    /// `at` is the path as AWS spells it, with lists counted from 1: `messages.1.member.content`.
    fn value(&self, shape: &str, value: &Value, at: &str) -> Result<(), Refusal> {
        match (self.model.shape(shape), value) {
            (Shape::Structure { members, required }, Value::Object(given)) => {
                for name in required {
                    if given.get(name).is_none_or(Value::is_null) {
                        let path = join(at, name);
                        return Err(Refusal::validation(format!(
                            "1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
                        )));
                    }
                }
                self.members(members, given, at)
            }
            (Shape::Union(members), Value::Object(given)) => {
                let count = given.values().filter(|value| !value.is_null()).count();
                if count != 1 {
                    let message =
                        format!("The union at '{at}' must have exactly one member, but has {count}.");
                    return Err(Refusal::validation(message));
                }
                self.members(members, given, at)
            }
            (Shape::List(item), Value::Array(items)) => {
                for (index, value) in items.iter().enumerate() {
                    self.value(item, value, &format!("{at}.{}.member", index + 1))?;
                }
                Ok(())
            }
            (Shape::Map(item), Value::Object(entries)) => {
                for (key, value) in entries {
                    self.value(item, value, &join(at, key))?;
                }
                Ok(())
            }
            (Shape::Blob, Value::String(text)) if STANDARD.decode(text).is_err() => {
                Err(Refusal::serialization(format!("The value at '{at}' is not base64.")))
            }
            (Shape::Document, _)
            | (Shape::Blob | Shape::String, Value::String(_))
            | (Shape::Boolean, Value::Bool(_))
            | (Shape::Float, Value::Number(_)) => Ok(()),
            (Shape::Integer, Value::Number(number)) if !number.is_f64() => Ok(()),
            (Shape::Structure { .. } | Shape::Union(_), other) => Err(converted(other, "a Structure")),
            (Shape::List(_), other) => Err(converted(other, "a List")),
            (Shape::Map(_), other) => Err(converted(other, "a Map")),
            (Shape::Blob | Shape::String, other) => Err(converted(other, "a String")),
            (Shape::Boolean, other) => Err(converted(other, "a Boolean")),
            (Shape::Float, other) => Err(converted(other, "a Float")),
            (Shape::Integer, other) => Err(converted(other, "an Integer")),
        }
    }

    fn members(
        &self,
        members: &[(String, String)],
        given: &Map<String, Value>,
        at: &str,
    ) -> Result<(), Refusal> {
        for (name, value) in given {
            let path = join(at, name);
            match members.iter().find(|(member, _)| member == name) {
                Some((_, shape)) if !value.is_null() => self.value(shape, value, &path)?,
                Some(_) => {}
                None if self.newer => {}
                None => {
                    return Err(Refusal::validation(format!("The member '{path}' is unknown.")));
                }
            }
        }
        Ok(())
    }
}

fn converted(value: &Value, kind: &str) -> Refusal {
    let token = match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    };
    Refusal::serialization(format!("{token} can not be converted to {kind}"))
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}
