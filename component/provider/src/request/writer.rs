//! Writes a body, member by member.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::constraints::Text;
use crate::bindings::converse::{Finding, Rule};
use crate::bindings::types::UnknownMember;
use crate::json::{Json, Path, Writer};
use crate::names::Named;

/// More findings than these are not kept.
pub(super) const MAX_FINDINGS: usize = 100;
/// How much of a value is shown, in characters.
const MAX_SHOWN: usize = 64;

/// A body as far as it is written, and what is wrong with it.
pub(super) struct BodyWriter {
    pub(super) json: Writer,
    pub(super) findings: Vec<Finding>,
    /// Whether to find also what can be sent but AWS's model does not allow.
    pub(super) thorough: bool,
}

impl BodyWriter {
    /// For a body of about `size` bytes.
    pub(super) fn new(size: usize, thorough: bool) -> Self {
        Self { json: Writer::with_capacity(size), findings: Vec::new(), thorough }
    }

    /// Takes note of what cannot be sent.
    pub(super) fn refuse(&mut self, at: &Path<'_>, reason: impl Into<String>) {
        self.find(at, Rule::Sendable, reason.into(), "");
    }

    fn find(&mut self, at: &Path<'_>, rule: Rule, reason: String, value: &str) {
        if self.findings.len() < MAX_FINDINGS {
            let value = value.chars().take(MAX_SHOWN).collect();
            self.findings.push(Finding { path: at.to_string(), rule, reason, value });
        }
    }

    /// Begins the structure `name` and tells where it begins.
    pub(super) fn open(&mut self, name: &str) -> usize {
        self.json.name(name);
        self.json.begin_object()
    }

    pub(super) fn close(&mut self) {
        self.json.end_object();
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.json.name(name);
        self.json.string(text);
    }

    pub(super) fn text_if(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// A string that has constraints.
    pub(super) fn constrained(&mut self, at: &Path<'_>, name: &str, text: &str, constraints: &Text) {
        self.hold(&at.member(name), text, constraints);
        self.text(name, text);
    }

    pub(super) fn constrained_if(
        &mut self,
        at: &Path<'_>,
        name: &str,
        text: Option<&str>,
        constraints: &Text,
    ) {
        if let Some(text) = text {
            self.constrained(at, name, text, constraints);
        }
    }

    /// Holds a string against its constraints.
    pub(super) fn hold(&mut self, at: &Path<'_>, text: &str, constraints: &Text) {
        if constraints.min > 0 && text.is_empty() {
            return self.refuse(at, "must not be empty");
        }
        if !self.thorough {
            return;
        }
        if text.chars().count() > constraints.max {
            self.find(
                at,
                Rule::Maximum,
                format!("must not be longer than {} characters", constraints.max),
                text,
            );
        }
        if let Some(pattern) = &constraints.pattern
            && !(pattern.matches)(text)
        {
            self.find(at, Rule::Pattern, format!("must match {}", pattern.expression), text);
        }
    }

    /// Holds the length of a list, or of a map, against its maximum.
    pub(super) fn hold_count(&mut self, at: &Path<'_>, count: usize, max: usize) {
        if self.thorough && count > max {
            self.find(at, Rule::Maximum, format!("must not hold more than {max}"), &count.to_string());
        }
    }

    /// A number from 0 to 1.
    pub(super) fn fraction(&mut self, at: &Path<'_>, name: &str, value: Option<f32>) {
        let Some(value) = value else { return };
        let at = at.member(name);
        if !value.is_finite() || value < 0.0 {
            return self.refuse(&at, "must be a number of at least 0");
        }
        self.json.name(name);
        self.json.float(value);
        if self.thorough && value > 1.0 {
            self.find(&at, Rule::Maximum, String::from("must not be more than 1"), "");
        }
    }

    /// A value of an enumeration.
    pub(super) fn value<T: Named>(&mut self, at: &Path<'_>, name: &str, value: &T) {
        self.one_of(&at.member(name), value.name(), T::KNOWN);
        self.text(name, value.name());
    }

    pub(super) fn value_if<T: Named>(&mut self, at: &Path<'_>, name: &str, value: Option<&T>) {
        if let Some(value) = value {
            self.value(at, name, value);
        }
    }

    pub(super) fn one_of(&mut self, at: &Path<'_>, name: &str, known: &[&str]) {
        if self.thorough && !known.contains(&name) {
            let mut reason = String::from("must be one of:");
            for known in known {
                reason.push(' ');
                reason.push_str(known);
            }
            self.find(at, Rule::Enumeration, reason, name);
        }
    }

    pub(super) fn boolean_if(&mut self, name: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.json.name(name);
            self.json.boolean(value);
        }
    }

    pub(super) fn unsigned_if(&mut self, name: &str, value: Option<u32>) {
        if let Some(value) = value {
            self.json.name(name);
            self.json.unsigned(value);
        }
    }

    /// Bytes, of which AWS wants at least one.
    pub(super) fn bytes(&mut self, at: &Path<'_>, name: &str, bytes: &[u8]) {
        if bytes.is_empty() {
            self.refuse(&at.member(name), "must not be empty");
        }
        self.json.name(name);
        self.json.base64(bytes);
    }

    /// A member that the caller gives as JSON.
    pub(super) fn document(&mut self, at: &Path<'_>, name: &str, text: &str) {
        self.json.name(name);
        match Json::parse(text) {
            Ok(value) => self.json.raw(value.text()),
            Err(problem) => {
                self.refuse(&at.member(name), problem);
                self.json.raw("null");
            }
        }
    }

    /// What the caller knows and this version does not. A `null` without a name is what a reply left out.
    pub(super) fn unknown(&mut self, at: &Path<'_>, unknown: &UnknownMember) {
        if !unknown.name.is_empty() || unknown.value != "null" {
            self.document(at, &unknown.name, &unknown.value);
        }
    }

    pub(super) fn list<T>(
        &mut self,
        at: &Path<'_>,
        name: &str,
        items: &[T],
        mut item: impl FnMut(&mut Self, &Path<'_>, &T),
    ) {
        let at = at.member(name);
        self.json.name(name);
        self.json.begin_array();
        for (index, value) in items.iter().enumerate() {
            item(self, &at.item(index), value);
        }
        self.json.end_array();
    }

    /// A list of structures, or unions, that have one text each.
    pub(super) fn texts(&mut self, name: &str, texts: &[String]) {
        self.json.name(name);
        self.json.begin_array();
        for text in texts {
            self.json.begin_object();
            self.text("text", text);
            self.json.end_object();
        }
        self.json.end_array();
    }

    /// The name of a member that the caller chose. JSON cannot have two of them.
    pub(super) fn own_name<'a>(
        &mut self,
        at: &Path<'_>,
        name: &str,
        mut earlier: impl Iterator<Item = &'a String>,
    ) {
        if earlier.any(|other| other == name) {
            self.refuse(&at.member(name), "is given twice");
        }
        self.json.name(name);
    }

    /// Merges the object `members`, if there is one, into the one that begins at `begin` and is still open. `elsewhere`
    /// names a member that has its place outside of the body.
    pub(super) fn extra(
        &mut self,
        at: &Path<'_>,
        begin: usize,
        members: Option<&str>,
        elsewhere: Option<&str>,
    ) {
        let Some(members) = members else { return };
        let at = at.member("extra");
        let members = match Json::parse(members) {
            Ok(members) if members.is_object() => members.object(),
            Ok(_) => return self.refuse(&at, "must be a JSON object"),
            Err(problem) => return self.refuse(&at, problem),
        };
        let Some(members) = members else {
            return self.refuse(&at, "must not have more than 1000 members");
        };
        let own = self.json.member_names(begin);
        let names: Vec<_> = members.names().map(String::from).collect();
        for (position, (name, value)) in members.into_members().enumerate() {
            if elsewhere == Some(&*name) || own.iter().any(|own| *own == *name) {
                self.refuse(&at.member(&name), "is given as a member of its own too");
            } else if names.iter().take(position).any(|earlier| *earlier == *name) {
                self.refuse(&at.member(&name), "is given twice");
            }
            self.json.name(&name);
            self.json.raw(value.text());
        }
    }
}
