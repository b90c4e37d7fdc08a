//! A record as a text: its `show` template, filled from its members.

use serde_json::Value;

use super::{Reader, write_value};
use crate::catalog::Catalog;
use crate::time::zone::zone;
use crate::types::{Record, Type};

/// Deepest record within a record that is shown. Deeper ones refer to themselves.
const DEPTH_MAX: u8 = 4;

/// A value as a text, in the form of its record where it is one: `gabapentin 300 mg`. Dates and
/// amounts in it come in English; see [`show_record_in`].
pub fn show_record(catalog: &Catalog, ty: &Type, value: &Value) -> String {
    show_record_in(catalog, ty, value, "en", "UTC")
}

/// A value as a text, for a reader.
pub fn show_record_in(
    catalog: &Catalog,
    ty: &Type,
    value: &Value,
    language: &str,
    zone_name: &str,
) -> String {
    show(catalog, ty, value, Reader { language, zone: zone(zone_name) }, 0)
}

fn show(catalog: &Catalog, ty: &Type, value: &Value, reader: Reader<'_>, depth: u8) -> String {
    let record = match ty {
        Type::Record(name) if depth < DEPTH_MAX => catalog.records.get(name),
        Type::List(of) => {
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let shown: Vec<Value> =
                items.iter().map(|it| show(catalog, of, it, reader, depth).into()).collect();
            return write_value(&shown.into(), &Type::List(Box::new(Type::Text)), None, reader);
        }
        _ => None,
    };
    match record {
        Some(record) if value.is_object() => filled(catalog, record, value, reader, depth),
        _ => write_value(value, ty, None, reader),
    }
}

/// Fills `{member}` and `{member | format}`. A member that is missing leaves nothing, and no
/// second space beside it.
fn filled(
    catalog: &Catalog,
    record: &Record,
    value: &Value,
    reader: Reader<'_>,
    depth: u8,
) -> String {
    let mut text = String::new();
    let mut rest = record.show.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let Some((slot, tail)) = after.split_once('}') else { break };
        text.push_str(before);
        let (name, format) = match slot.split_once('|') {
            Some((name, format)) => (name.trim(), Some(format.trim())),
            None => (slot.trim(), None),
        };
        let known = value.get(name).filter(|it| !it.is_null());
        if let (Some(member), Some(spec)) = (known, record.members.get(name)) {
            text.push_str(&match format {
                Some(_) => write_value(member, &spec.ty, format, reader),
                None => show(catalog, &spec.ty, member, reader, depth + 1),
            });
        } else if text.ends_with(' ') {
            text.pop();
        }
        rest = tail;
    }
    text.push_str(rest);
    text.trim().to_owned()
}
