//! JSON as a security decision needs it: UTF-8, one value, no duplicate member at any depth, bounded
//! nesting, and a wrong type is an error and never "absent" (JWS-4-1, RFC 7515 section 4;
//! JWS-10.12-1, section 10.12; JWT-4-1, RFC 7519 section 4; BCP-3.7-1; PROJ-1).

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::limits::JSON_DEPTH;

/// Parses a document that must be one object.
pub(crate) fn parse_object(document: &[u8]) -> Result<Object<'_>, JsonError> {
    match parse(document)? {
        Json::Object(object) => Ok(object),
        _ => Err(JsonError::NotAnObject),
    }
}

fn parse(document: &[u8]) -> Result<Json<'_>, JsonError> {
    // At once, or it would be looked at string by string.
    let text = core::str::from_utf8(document).map_err(|_| JsonError::Malformed)?;
    let fault = Cell::new(JsonError::Malformed);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = ValueSeed {
        fault: &fault,
        depth: 1,
    };
    let value = seed
        .deserialize(&mut deserializer)
        .map_err(|_| fault.get())?;
    deserializer.end().map_err(|_| JsonError::Malformed)?;
    Ok(value)
}

/// A JSON value. Strings without escapes borrow from the document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'doc> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'doc, str>),
    Array(Vec<Self>),
    Object(Object<'doc>),
}

/// A JSON number, without loss for integers of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Unsigned(u64),
    Negative(i64),
    Float(f64),
}

/// A JSON object whose members are unique.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object<'doc>(Vec<(Cow<'doc, str>, Json<'doc>)>);

impl<'doc> Object<'doc> {
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'doc>> {
        self.iter()
            .find_map(|(member, value)| (member == name).then_some(value))
    }

    /// A string member, `None` if there is no such member at all.
    pub(crate) fn string(&self, name: &str) -> Result<Option<&str>, WrongType> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(WrongType),
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Json<'doc>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }
}

/// A member is there and is not what it must be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct WrongType;

/// Why a document is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum JsonError {
    Malformed,
    DuplicateMember,
    TooDeep,
    NotAnObject,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not JSON",
            Self::DuplicateMember => "a member occurs twice",
            Self::TooDeep => "nested too deeply",
            Self::NotAnObject => "not an object",
        })
    }
}

/// Builds a value; `depth` is the nesting that this value would have if it is a container.
struct ValueSeed<'f> {
    fault: &'f Cell<JsonError>,
    depth: usize,
}

impl ValueSeed<'_> {
    fn refuse<E: Error>(&self, fault: JsonError) -> E {
        self.fault.set(fault);
        E::custom(fault)
    }

    fn check_depth<E: Error>(&self) -> Result<(), E> {
        if self.depth > JSON_DEPTH {
            return Err(self.refuse(JsonError::TooDeep));
        }
        Ok(())
    }

    fn nested(&self) -> Self {
        Self {
            fault: self.fault,
            depth: self.depth.saturating_add(1),
        }
    }
}

impl<'doc> DeserializeSeed<'doc> for ValueSeed<'_> {
    type Value = Json<'doc>;

    fn deserialize<D: Deserializer<'doc>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'doc> Visitor<'doc> for ValueSeed<'_> {
    type Value = Json<'doc>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Json::Number(Number::Unsigned(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Json::Number(match u64::try_from(value) {
            Ok(value) => Number::Unsigned(value),
            Err(_) => Number::Negative(value),
        }))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Json::Number(Number::Float(value)))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'doc str) -> Result<Self::Value, E> {
        Ok(Json::String(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Json::String(Cow::Owned(value.into())))
    }

    fn visit_seq<A: SeqAccess<'doc>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        self.check_depth()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(self.nested())? {
            array.push(element);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'doc>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        self.check_depth()?;
        let mut object = Vec::new();
        let mut seen = BTreeSet::new();
        while let Some(name) = members.next_key_seed(NameSeed)? {
            if is_duplicate(&object, &mut seen, &name) {
                return Err(self.refuse(JsonError::DuplicateMember));
            }
            let value = members.next_value_seed(self.nested())?;
            if object.is_empty() {
                // One allocation for a usual object, and none for an empty one.
                object.reserve_exact(USUAL_MEMBERS);
            }
            object.push((name, value));
        }
        Ok(Json::Object(Object(object)))
    }
}

/// Compares with the members so far: one by one while they are few, by a sorted set beyond, so that
/// an object of thousands of members does not cost the square of their number.
fn is_duplicate<'doc>(
    object: &[(Cow<'doc, str>, Json<'doc>)],
    seen: &mut BTreeSet<Cow<'doc, str>>,
    name: &str,
) -> bool {
    if object.len() < MANY_MEMBERS {
        return object.iter().any(|(member, _)| member == name);
    }
    if seen.is_empty() {
        seen.extend(object.iter().map(|(member, _)| member.clone()));
    }
    // The newest member is not in the set yet unless this is the first time here.
    if let Some((member, _)) = object.last() {
        seen.insert(member.clone());
    }
    seen.contains(name)
}

/// A member's name, borrowed unless it holds an escape.
struct NameSeed;

impl<'doc> DeserializeSeed<'doc> for NameSeed {
    type Value = Cow<'doc, str>;

    fn deserialize<D: Deserializer<'doc>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'doc> Visitor<'doc> for NameSeed {
    type Value = Cow<'doc, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'doc str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.into()))
    }
}

/// A proof's header, its key and its payload have 3 to 6 members: one allocation each.
const USUAL_MEMBERS: usize = 6;

/// From here on a sorted set finds duplicates sooner than a walk.
const MANY_MEMBERS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;

    #[test]
    fn jws_10_12_1_anything_but_one_object_is_refused() {
        let rows: &[(&[u8], JsonError)] = &[
            (b"", JsonError::Malformed),
            (b"{} x", JsonError::Malformed),
            (b"{}{}", JsonError::Malformed),
            (b"{}\0", JsonError::Malformed),
            (b"\xef\xbb\xbf{}", JsonError::Malformed),
            (b"\xff\xfe{\0}\0", JsonError::Malformed),
            (b"{\"a\":\"\xff\"}", JsonError::Malformed),
            (b"{\"a\":\"\\ud800\"}", JsonError::Malformed),
            (b"{\"a\":\"\\udc00\\ud800\"}", JsonError::Malformed),
            (b"{\"a\":\"\n\"}", JsonError::Malformed),
            (b"{\"a\":NaN}", JsonError::Malformed),
            (b"{\"a\":1e400}", JsonError::Malformed),
            (b"{\"a\":01}", JsonError::Malformed),
            (b"{\"a\":1,}", JsonError::Malformed),
            (b"{a:1}", JsonError::Malformed),
            (b"{/**/}", JsonError::Malformed),
            (b"[]", JsonError::NotAnObject),
            (b"null", JsonError::NotAnObject),
            (b"\"{}\"", JsonError::NotAnObject),
        ];
        for (document, expected) in rows {
            assert_eq!(parse_object(document), Err(*expected), "{document:?}");
        }
        assert!(parse_object(b" {\"a\" : [1, -1, 1.5, true, null, \"x\"]} \n").is_ok());
    }

    #[test]
    fn jws_4_1_duplicates_are_refused_at_every_depth() {
        for depth in 0..JSON_DEPTH {
            let document = nested(depth, r#"{"a":1,"b":2,"\u0061":3}"#);
            let expected = Err(JsonError::DuplicateMember);
            assert_eq!(parse_object(document.as_bytes()), expected, "{document}");
            assert!(parse_object(nested(depth, r#"{"a":1,"A":2}"#).as_bytes()).is_ok());
        }
        assert_eq!(
            parse_object(br#"{"a":[{"b":1},{"b":1,"b":2}]}"#),
            Err(JsonError::DuplicateMember)
        );
    }

    // rules: JWS-4-1 (negative)
    #[test]
    fn jws_4_1_duplicates_are_found_among_many_members() {
        for count in [MANY_MEMBERS - 1, MANY_MEMBERS, MANY_MEMBERS + 1, 2_000] {
            let members: Vec<String> = (0..count).map(|n| format!("\"m{n}\":{n}")).collect();
            let unique = format!("{{{}}}", members.join(","));
            assert!(parse_object(unique.as_bytes()).is_ok(), "{count}");
            for twice in [0, count / 2, count - 1] {
                let document = format!("{{{},\"m{twice}\":0}}", members.join(","));
                let expected = Err(JsonError::DuplicateMember);
                assert_eq!(
                    parse_object(document.as_bytes()),
                    expected,
                    "{count} {twice}"
                );
            }
        }
    }

    #[test]
    fn proj_1_depth_eight_is_accepted_and_nine_is_not() {
        assert!(parse_object(nested(7, "{}").as_bytes()).is_ok());
        assert_eq!(
            parse_object(nested(8, "{}").as_bytes()),
            Err(JsonError::TooDeep)
        );
        let arrays = |count: usize| format!("{{\"a\":{}{}}}", "[".repeat(count), "]".repeat(count));
        assert!(parse_object(arrays(7).as_bytes()).is_ok());
        assert_eq!(parse_object(arrays(8).as_bytes()), Err(JsonError::TooDeep));
        // Never closed: refused at the ninth bracket, without reading on.
        let bomb = format!("{{\"a\":{}", "[".repeat(100_000));
        assert_eq!(parse_object(bomb.as_bytes()), Err(JsonError::TooDeep));
    }

    #[test]
    fn a_wrong_type_is_never_absent() {
        let object = parse_object(br#"{"n":null,"i":1,"s":"x"}"#).unwrap();
        assert_eq!(object.string("s"), Ok(Some("x")));
        assert_eq!(object.string("missing"), Ok(None));
        assert_eq!(object.string("n"), Err(WrongType));
        assert_eq!(object.string("i"), Err(WrongType));
    }

    /// `inner` inside so many objects.
    fn nested(objects: usize, inner: &str) -> String {
        format!(
            "{}{inner}{}",
            "{\"o\":".repeat(objects),
            "}".repeat(objects)
        )
    }
}
