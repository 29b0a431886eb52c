//! The fonts that texts in drawings are set in: the built-in one and those of the user. There are no others, so that a drawing
//! looks the same on every device.

use std::sync::{Arc, Mutex};

use resvg::usvg::fontdb::{Database, Family, ID, Query, Source, Stretch, Style, Weight};
use resvg::usvg::{Font, FontFamily, FontResolver, Group, Node};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

use crate::lettering::FONT;

/// Most families and characters that are told of; one more says that there are others.
const MOST_TOLD: usize = 21;
/// Most characters of a family's name that are told.
const MOST_OF_NAME: usize = 60;

/// Families that are whatever a device has for its own texts, as the generic ones of `usvg` are whatever it has for others.
const OF_DEVICES: [&str; 7] =
    ["system-ui", "ui-serif", "ui-sans-serif", "ui-monospace", "ui-rounded", "-apple-system", "BlinkMacSystemFont"];

/// Font files.
#[derive(Clone, Default)]
pub struct Fonts {
    built_in: Option<Source>,
    own: Vec<Source>,
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fonts").field("built_in", &self.built_in.is_some()).field("own", &self.own.len()).finish()
    }
}

impl Fonts {
    /// The built-in font alone.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn built_in() -> Self {
        let file = include_bytes!("../../../lettering/roboto/Roboto-Regular.ttf").as_slice();
        Self { built_in: Some(Source::Binary(Arc::new(file))), own: Vec::new() }
    }

    /// Takes a file as the built-in font; returns whether it can be used.
    pub fn load(&mut self, file: Vec<u8>) -> bool {
        self.built_in = usable(file);
        self.built_in.is_some()
    }

    /// Adds one of the user's files, behind those that were added before; returns whether it can be used.
    pub fn add(&mut self, file: Vec<u8>) -> bool {
        let font = usable(file);
        let is_usable = font.is_some();
        self.own.extend(font);
        is_usable
    }

    /// Forgets the user's files.
    pub fn forget_own(&mut self) {
        self.own.clear();
    }

    /// All of them, ready to set texts in; none without the built-in one.
    pub(super) fn ready(&self) -> Option<Ready> {
        let mut database = Database::new();
        for font in &self.own {
            for id in database.load_font_source(font.clone()) {
                if !has_measures(&database, id) {
                    database.remove_face(id);
                }
            }
        }
        let built_in = *database.load_font_source(self.built_in.clone()?).first()?;
        Some(Ready { database: Arc::new(database), built_in, replaced: Mutex::default() })
    }
}

/// A file that has faces with names.
fn usable(file: Vec<u8>) -> Option<Source> {
    let source = Source::Binary(Arc::new(file));
    let faces = Database::new().load_font_source(source.clone());
    (!faces.is_empty()).then_some(source)
}

/// Fonts to set the texts of a drawing in. The user's are first, in the order in which they were added.
pub(super) struct Ready {
    pub(super) database: Arc<Database>,
    built_in: ID,
    /// Families that the drawing names and that are not here.
    replaced: Mutex<Vec<String>>,
}

impl Ready {
    /// How `usvg` finds fonts among these.
    pub(super) fn resolver(&self) -> FontResolver<'_> {
        FontResolver {
            select_font: Box::new(|font, database| Some(self.select(font, database))),
            select_fallback: Box::new(|character, used, database| fallback(character, used, database, self.built_in)),
        }
    }

    /// The face for what a text says: of the first family that is here, the one that is closest in weight and style, and
    /// the built-in font for all others.
    fn select(&self, font: &Font, database: &Database) -> ID {
        let mut missing = None;
        for family in font.families() {
            let FontFamily::Named(name) = family else { break };
            if let Some(id) = face(name, font, database) {
                return id;
            }
            if OF_DEVICES.iter().any(|generic| generic.eq_ignore_ascii_case(name)) {
                break;
            }
            missing = missing.or(Some(name));
        }
        if let (Some(name), Ok(mut replaced)) = (missing, self.replaced.lock()) {
            let name: String = name.chars().take(MOST_OF_NAME).collect();
            if replaced.len() < MOST_TOLD && !replaced.contains(&name) {
                replaced.push(name);
            }
        }
        self.built_in
    }

    /// The families that were asked for in vain, each once.
    pub(super) fn into_replaced(self) -> Vec<String> {
        self.replaced.into_inner().unwrap_or_default()
    }
}

/// The face of a family, or the one with this PostScript name, which some programs write instead.
fn face(name: &str, font: &Font, database: &Database) -> Option<ID> {
    let is_it = |other: &str| other.to_lowercase() == name.to_lowercase();
    let mut families = database.faces().flat_map(|face| &face.families);
    if let Some((family, _)) = families.find(|(family, _)| is_it(family)) {
        let (stretch, style) = (Stretch::from(font.stretch()), Style::from(font.style()));
        let families = &[Family::Name(family)];
        return database.query(&Query { families, weight: Weight(font.weight()), stretch, style });
    }
    database.faces().find(|face| is_it(&face.post_script_name)).map(|face| face.id)
}

/// The face that is tried next for what the `used` ones lack: the built-in one, then those of the user that have the character.
/// `usvg` asks for one character and gives up if none has it, so that those behind it would be missing too; the others are
/// therefore tried as well.
fn fallback(character: char, used: &[ID], database: &Database, built_in: ID) -> Option<ID> {
    let mut others: Vec<ID> = database.faces().map(|face| face.id).filter(|id| !used.contains(id)).collect();
    others.sort_by_key(|id| (*id != built_in, !has(database, *id, character)));
    others.first().copied()
}

/// Whether a face has a glyph for a character.
fn has(database: &Database, id: ID, character: char) -> bool {
    let glyph = |data: &[u8], index| FontRef::from_index(data, index).ok()?.charmap().map(character);
    database.with_face_data(id, glyph).flatten().is_some()
}

/// Whether a face has the measures without which `usvg` leaves out texts in it.
fn has_measures(database: &Database, id: ID) -> bool {
    let measures = |data: &[u8], index| {
        let font = FontRef::from_index(data, index).ok()?;
        let metrics = font.metrics(Size::unscaled(), LocationRef::default());
        Some((16..=16_384).contains(&metrics.units_per_em) && metrics.ascent - metrics.descent > 3.0)
    };
    database.with_face_data(id, measures).flatten() == Some(true)
}

/// The characters in a group's texts that no font has, each once.
pub(super) fn missing(group: &Group) -> String {
    let mut found = String::new();
    note_missing(group, &mut found);
    found
}

fn note_missing(group: &Group, found: &mut String) {
    for node in group.children() {
        match node {
            Node::Group(group) => note_missing(group, found),
            Node::Text(text) => {
                let glyphs = text.layouted().iter().flat_map(|span| &span.positioned_glyphs);
                for character in glyphs.filter(|glyph| glyph.id.0 == 0).flat_map(|glyph| glyph.text.chars()) {
                    let is_new = !character.is_whitespace() && !found.contains(character);
                    if is_new && found.chars().count() < MOST_TOLD {
                        found.push(character);
                    }
                }
            }
            Node::Path(_) | Node::Image(_) => {}
        }
        node.subroots(|root| note_missing(root, found));
    }
}

/// The name of the built-in font, for texts that name none.
pub(super) const DEFAULT: &str = FONT.name;
