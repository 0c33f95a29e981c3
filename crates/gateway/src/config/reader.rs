use core::ops::RangeInclusive;
use core::time::Duration;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Problem, Warning};
use super::schema::TableSchema;

/// Reads a file's values and collects all that is wrong with them, so that one run shows it all.
pub(super) struct Reader<'i> {
    text: &'i str,
    file: &'i Path,
    errors: Vec<(usize, Problem)>,
    pub(super) warnings: Vec<Warning>,
}

/// A value and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<T> {
    pub(super) value: T,
    pub(super) at: usize,
}

/// One table, whose keys are known to exist.
#[derive(Clone, Copy)]
pub(super) struct Section<'a, 'i> {
    // None for a table that is not there, all of whose keys have defaults.
    table: Option<&'a DeTable<'i>>,
    schema: &'static TableSchema,
    pub(super) at: usize,
}

impl<'i> Reader<'i> {
    pub(super) fn new(text: &'i str, file: &'i Path) -> Self {
        Self {
            text,
            file,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(super) fn report(&mut self, at: usize, problem: Problem) {
        self.errors.push((at, problem));
    }

    pub(super) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// All that was reported, in the order of the file.
    pub(super) fn into_errors(mut self) -> Vec<ConfigError> {
        self.errors.sort_by_key(|(at, _)| *at);
        let errors = core::mem::take(&mut self.errors);
        errors
            .into_iter()
            .map(|(at, problem)| {
                let before = self.text.get(..at).unwrap_or(self.text);
                let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
                let column = before.get(line_start..).unwrap_or("").chars().count();
                ConfigError {
                    file: self.file.to_owned(),
                    line: before.matches('\n').count() + 1,
                    column: column + 1,
                    problem,
                }
            })
            .collect()
    }

    /// A file that the configuration names; a relative path starts at the configuration's folder.
    pub(super) fn read_file(
        &mut self,
        section: Section<'_, '_>,
        key: &'static str,
    ) -> Option<(PathBuf, Vec<u8>)> {
        let name = section.text(self, key)?;
        let folder = self.file.parent().unwrap_or_else(|| Path::new(""));
        let path = folder.join(name.value);
        match std::fs::read(&path) {
            Ok(contents) => Some((path, contents)),
            Err(error) => {
                let error = error.to_string();
                self.report(name.at, Problem::UnreadableFile { key, path, error });
                None
            }
        }
    }
}

impl<'a, 'i> Section<'a, 'i> {
    /// Takes a table and reports the keys that do not exist.
    pub(super) fn new(
        reader: &mut Reader<'_>,
        table: &'a DeTable<'i>,
        at: usize,
        schema: &'static TableSchema,
    ) -> Self {
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if !schema.keys.contains(&name) {
                let problem = Problem::UnknownKey {
                    key: name.to_owned(),
                    table: schema.name,
                    nearest: nearest(name, schema.keys.iter().copied()),
                };
                reader.report(key.span().start, problem);
            }
        }
        let table = Some(table);
        Self { table, schema, at }
    }

    fn get(self, key: &'static str) -> Option<&'a Spanned<DeValue<'i>>> {
        debug_assert!(
            self.schema.keys.contains(&key),
            "{key} is not in the schema"
        );
        self.table?.get(key)
    }

    /// Where a key's value stands, or the table if there is none.
    pub(super) fn place_of(self, key: &'static str) -> usize {
        self.get(key).map_or(self.at, |value| value.span().start)
    }

    pub(super) fn has(self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// Reports a required key that is not there.
    pub(super) fn require(self, reader: &mut Reader<'_>, key: &'static str) {
        if !self.has(key) {
            let table = self.schema.name;
            reader.report(self.at, Problem::MissingKey { key, table });
        }
    }

    pub(super) fn text(self, reader: &mut Reader<'_>, key: &'static str) -> Option<Item<&'a str>> {
        let value = self.get(key)?;
        let text = value.get_ref().as_str();
        let item = as_type(reader, key, value, "a text", text)?;
        if item.value.is_empty() {
            reader.report(item.at, Problem::Empty { key });
            return None;
        }
        Some(item)
    }

    pub(super) fn required_text(
        self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Option<Item<&'a str>> {
        self.require(reader, key);
        self.text(reader, key)
    }

    /// `true` or `false`; `false` if the key is not there.
    pub(super) fn flag(self, reader: &mut Reader<'_>, key: &'static str) -> bool {
        self.get(key).is_some_and(|value| {
            let flag = value.get_ref().as_bool();
            as_type(reader, key, value, "true or false", flag).is_some_and(|item| item.value)
        })
    }

    /// A whole number within a range.
    pub(super) fn number(
        self,
        reader: &mut Reader<'_>,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let value = self.get(key)?;
        let integer = value.get_ref().as_integer();
        let integer = as_type(reader, key, value, "a whole number", integer)?;
        let number = u64::from_str_radix(integer.value.as_str(), integer.value.radix());
        match number {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let (min, max) = (*range.start(), *range.end());
                reader.report(integer.at, Problem::OutOfRange { key, min, max });
                None
            }
        }
    }

    /// The same, as an amount of memory or a count.
    pub(super) fn size(
        self,
        reader: &mut Reader<'_>,
        key: &'static str,
        range: RangeInclusive<u64>,
        default: usize,
    ) -> usize {
        let number = self.number(reader, key, range);
        number.map_or(default, |n| usize::try_from(n).unwrap_or(usize::MAX))
    }

    /// A span of time in whole seconds.
    pub(super) fn seconds(
        self,
        reader: &mut Reader<'_>,
        key: &'static str,
        range: RangeInclusive<u64>,
        default: u64,
    ) -> Duration {
        Duration::from_secs(self.number(reader, key, range).unwrap_or(default))
    }

    /// One of several words.
    pub(super) fn choice<T: Clone>(
        self,
        reader: &mut Reader<'_>,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(reader, key)?;
        choose(reader, key, text, choices)
    }

    /// A list of texts, none of them empty and none twice.
    pub(super) fn texts(
        self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Option<Vec<Item<&'a str>>> {
        let value = self.get(key)?;
        let array = value.get_ref().as_array();
        let array = as_type(reader, key, value, "a list of texts", array)?;
        let mut texts: Vec<Item<&str>> = Vec::new();
        for element in array.value.iter() {
            let text = element.get_ref().as_str();
            let Some(item) = as_type(reader, key, element, "a list of texts", text) else {
                continue;
            };
            if item.value.is_empty() {
                reader.report(item.at, Problem::Empty { key });
            } else if texts.iter().any(|earlier| earlier.value == item.value) {
                let value = item.value.to_owned();
                reader.report(item.at, Problem::Duplicate { key, value });
            } else {
                texts.push(item);
            }
        }
        Some(texts)
    }

    /// The same with at least one element.
    pub(super) fn some_texts(
        self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Option<Vec<Item<&'a str>>> {
        let value = self.get(key)?;
        if value
            .get_ref()
            .as_array()
            .is_some_and(|array| array.is_empty())
        {
            reader.report(value.span().start, Problem::Empty { key });
        }
        self.texts(reader, key)
    }

    /// A table within this one.
    pub(super) fn subsection(
        self,
        reader: &mut Reader<'_>,
        key: &'static str,
        schema: &'static TableSchema,
    ) -> Option<Self> {
        let value = self.get(key)?;
        let table = value.get_ref().as_table();
        let table = as_type(reader, key, value, "a table", table)?;
        Some(Self::new(reader, table.value, table.at, schema))
    }

    /// The same, where a table that is not there means all defaults.
    pub(super) fn subsection_or_defaults(
        self,
        reader: &mut Reader<'_>,
        key: &'static str,
        schema: &'static TableSchema,
    ) -> Self {
        self.subsection(reader, key, schema).unwrap_or(Self {
            table: None,
            schema,
            at: self.at,
        })
    }

    /// All tables of an array of tables (`[[key]]`), perhaps none.
    pub(super) fn subsections(
        self,
        reader: &mut Reader<'_>,
        key: &'static str,
        schema: &'static TableSchema,
    ) -> Vec<Self> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let expected = "an array of tables, each under a heading in double brackets";
        let array = value.get_ref().as_array();
        let Some(array) = as_type(reader, key, value, expected, array) else {
            return Vec::new();
        };
        let mut sections = Vec::new();
        for element in array.value.iter() {
            let table = element.get_ref().as_table();
            if let Some(table) = as_type(reader, key, element, expected, table) {
                sections.push(Self::new(reader, table.value, table.at, schema));
            }
        }
        sections
    }

    /// A table whose keys are data, each with a text.
    pub(super) fn map(
        self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Option<Vec<(Item<&'a str>, Item<&'a str>)>> {
        let value = self.get(key)?;
        let table = value.get_ref().as_table();
        let table = as_type(reader, key, value, "a table of texts", table)?;
        let mut entries = Vec::new();
        for (name, value) in table.value {
            let text = value.get_ref().as_str();
            if let Some(text) = as_type(reader, key, value, "a table of texts", text) {
                let name = Item {
                    value: name.get_ref().as_ref(),
                    at: name.span().start,
                };
                entries.push((name, text));
            }
        }
        Some(entries)
    }
}

/// Finds a word among those that a key takes.
pub(super) fn choose<T: Clone>(
    reader: &mut Reader<'_>,
    key: &'static str,
    text: Item<&str>,
    choices: &[(&'static str, T)],
) -> Option<T> {
    let found = choices.iter().find(|(word, _)| *word == text.value);
    if found.is_none() {
        let words = choices.iter().map(|(word, _)| *word);
        let problem = Problem::UnknownValue {
            key,
            value: text.value.to_owned(),
            nearest: nearest(text.value, words.clone()),
            allowed: words.collect(),
        };
        reader.report(text.at, problem);
    }
    found.map(|(_, meaning)| meaning.clone())
}

/// The one that was most likely meant, if any is near.
pub(super) fn nearest<'w>(typed: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let typed = typed.to_ascii_lowercase();
    words
        .map(|word| {
            (
                strsim::damerau_levenshtein(&typed, &word.to_ascii_lowercase()),
                word,
            )
        })
        .filter(|(distance, word)| *distance <= (word.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

fn as_type<T>(
    reader: &mut Reader<'_>,
    key: &'static str,
    value: &Spanned<DeValue<'_>>,
    expected: &'static str,
    typed: Option<T>,
) -> Option<Item<T>> {
    let at = value.span().start;
    if typed.is_none() {
        let problem = Problem::WrongType {
            key,
            expected,
            found: match value.get_ref() {
                DeValue::String(_) => "a text",
                DeValue::Integer(_) => "a whole number",
                DeValue::Float(_) => "a fraction",
                DeValue::Boolean(_) => "true or false",
                DeValue::Datetime(_) => "a date",
                DeValue::Array(_) => "a list",
                DeValue::Table(_) => "a table",
            },
        };
        reader.report(at, problem);
    }
    typed.map(|value| Item { value, at })
}
