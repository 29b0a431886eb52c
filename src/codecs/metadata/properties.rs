//! What is said about a picture in words: the properties of XMP that are kept. What EXIF and IPTC say in words becomes
//! such a property too, so that every statement is kept once.

use std::collections::BTreeMap;

use super::Part;

/// Longest text that is kept, in bytes.
pub(super) const MAX_TEXT: usize = 16 << 10;
/// Most values of one property.
pub(super) const MAX_VALUES: usize = 500;

/// How a property's values are written in XMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One text.
    Text,
    /// The same text in several languages.
    Languages,
    /// Any number of texts, in no order.
    Bag,
    /// Texts in order.
    Sequence,
    /// One structure with these parts.
    Structure(&'static [&'static str]),
    /// Structures with these parts, in order.
    Structures(&'static [&'static str]),
}

/// Declares the namespaces that are known: prefix and address.
macro_rules! namespaces {
    ($($name:ident = $prefix:literal, $address:literal;)*) => {
        /// A namespace of XMP.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Namespace { $($name,)* }

        impl Namespace {
            /// The one with this address.
            pub(super) fn of(address: &str) -> Option<Self> {
                match address { $($address => Some(Self::$name),)* _ => None }
            }

            pub(super) const fn prefix(self) -> &'static str {
                match self { $(Self::$name => $prefix,)* }
            }

            pub(super) const fn address(self) -> &'static str {
                match self { $(Self::$name => $address,)* }
            }
        }
    };
}

namespaces! {
    Rdf = "rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
    Xml = "xml", "http://www.w3.org/XML/1998/namespace";
    Dc = "dc", "http://purl.org/dc/elements/1.1/";
    Xmp = "xmp", "http://ns.adobe.com/xap/1.0/";
    XmpRights = "xmpRights", "http://ns.adobe.com/xap/1.0/rights/";
    Photoshop = "photoshop", "http://ns.adobe.com/photoshop/1.0/";
    IptcCore = "Iptc4xmpCore", "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/";
    IptcExt = "Iptc4xmpExt", "http://iptc.org/std/Iptc4xmpExt/2008-02-29/";
    Plus = "plus", "http://ns.useplus.org/ldf/xmp/1.0/";
    Tiff = "tiff", "http://ns.adobe.com/tiff/1.0/";
    Exif = "exif", "http://ns.adobe.com/exif/1.0/";
    ExifEx = "exifEX", "http://cipa.jp/exif/1.0/";
    Aux = "aux", "http://ns.adobe.com/exif/1.0/aux/";
}

/// Declares the properties: where they are in XMP, their form, and to which part of the metadata they belong.
macro_rules! keys {
    ($($key:ident = $namespace:ident $name:literal, $form:expr, $part:ident;)*) => {
        /// A property that is kept.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Key { $($key,)* }

        impl Key {
            /// The one with this name.
            pub(super) fn of(namespace: Namespace, name: &str) -> Option<Self> {
                match (namespace, name) { $((Namespace::$namespace, $name) => Some(Self::$key),)* _ => None }
            }

            /// Its name in XMP.
            pub(super) const fn name(self) -> (Namespace, &'static str) {
                match self { $(Self::$key => (Namespace::$namespace, $name),)* }
            }

            pub(super) const fn form(self) -> Form {
                match self { $(Self::$key => $form,)* }
            }

            pub(super) const fn part(self) -> Part {
                match self { $(Self::$key => Part::$part,)* }
            }
        }
    };
}

/// The parts of a creator's contact information (IPTC Photo Metadata 2023.2).
const CONTACT: &[&str] =
    &["CiAdrExtadr", "CiAdrCity", "CiAdrRegion", "CiAdrPcode", "CiAdrCtry", "CiTelWork", "CiEmailWork", "CiUrlWork"];
/// The parts of a licensor (PLUS LDF 1.2.1) that say how to get a licence.
const LICENSOR: &[&str] = &["LicensorName", "LicensorURL", "LicensorEmail"];

keys! {
    Creator = Dc "creator", Form::Sequence, Rights;
    Rights = Dc "rights", Form::Languages, Rights;
    Credit = Photoshop "Credit", Form::Text, Rights;
    Marked = XmpRights "Marked", Form::Text, Rights;
    UsageTerms = XmpRights "UsageTerms", Form::Languages, Rights;
    WebStatement = XmpRights "WebStatement", Form::Text, Rights;
    Contact = IptcCore "CreatorContactInfo", Form::Structure(CONTACT), Rights;
    Licensor = Plus "Licensor", Form::Structures(LICENSOR), Rights;
    DataMining = Plus "DataMining", Form::Text, Rights;
    Description = Dc "description", Form::Languages, Description;
    AltText = IptcCore "AltTextAccessibility", Form::Languages, Description;
    LongDescription = IptcCore "ExtDescrAccessibility", Form::Languages, Description;
    Title = Dc "title", Form::Languages, Content;
    Headline = Photoshop "Headline", Form::Text, Content;
    Keywords = Dc "subject", Form::Bag, Content;
    Source = Photoshop "Source", Form::Text, Content;
    SourceType = IptcExt "DigitalSourceType", Form::Text, Content;
    Rating = Xmp "Rating", Form::Text, Content;
    Created = Xmp "CreateDate", Form::Text, Content;
    DateCreated = Photoshop "DateCreated", Form::Text, Content;
    Make = Tiff "Make", Form::Text, Camera;
    Model = Tiff "Model", Form::Text, Camera;
    Lens = Aux "Lens", Form::Text, Camera;
    LensModel = ExifEx "LensModel", Form::Text, Camera;
    Taken = Exif "DateTimeOriginal", Form::Text, Camera;
    ExposureTime = Exif "ExposureTime", Form::Text, Camera;
    FNumber = Exif "FNumber", Form::Text, Camera;
    Sensitivity = Exif "ISOSpeedRatings", Form::Sequence, Camera;
    FocalLength = Exif "FocalLength", Form::Text, Camera;
    Sublocation = IptcCore "Location", Form::Text, Location;
    City = Photoshop "City", Form::Text, Location;
    Region = Photoshop "State", Form::Text, Location;
    Country = Photoshop "Country", Form::Text, Location;
    CountryCode = IptcCore "CountryCode", Form::Text, Location;
    Latitude = Exif "GPSLatitude", Form::Text, Location;
    Longitude = Exif "GPSLongitude", Form::Text, Location;
    AltitudeReference = Exif "GPSAltitudeRef", Form::Text, Location;
    Altitude = Exif "GPSAltitude", Form::Text, Location;
}

/// One value of a property.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Value {
    /// Of [`Form::Languages`], as in BCP 47; `x-default` if it is for everybody.
    pub(super) language: String,
    pub(super) text: String,
    /// Of a structure, whose text is empty.
    pub(super) parts: Vec<(&'static str, String)>,
}

impl Value {
    /// A text, unless nothing is left of it.
    pub(super) fn text(text: &str) -> Option<Self> {
        Some(Self { text: clean(text)?, ..Self::default() })
    }

    /// A text in a language.
    pub(super) fn in_language(text: &str, language: &str) -> Option<Self> {
        let is_tag = (1..=35).contains(&language.len())
            && language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let language = if is_tag { language } else { "x-default" };
        Some(Self { text: clean(text)?, language: language.to_owned(), parts: Vec::new() })
    }
}

/// The properties of a picture. None has an empty list of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Properties(pub(super) BTreeMap<Key, Vec<Value>>);

impl Properties {
    pub(super) fn has(&self, key: Key) -> bool {
        self.0.contains_key(&key)
    }

    /// Replaces the values of a property.
    pub(super) fn set(&mut self, key: Key, mut values: Vec<Value>) {
        values.truncate(if key.form() == Form::Text { 1 } else { MAX_VALUES });
        if !values.is_empty() {
            self.0.insert(key, values);
        }
    }

    /// Replaces the values of a property by texts, for everybody where it has languages.
    pub(super) fn set_texts<'a>(&mut self, key: Key, texts: impl IntoIterator<Item = &'a str>) {
        let value = |text| match key.form() {
            Form::Languages => Value::in_language(text, "x-default"),
            _ => Value::text(text),
        };
        self.set(key, texts.into_iter().filter_map(value).collect());
    }

    /// The values as one text, as EXIF has it: in the language for everybody, or those of a list joined.
    pub(super) fn joined(&self, key: Key) -> Option<String> {
        let values = self.0.get(&key)?;
        if key.form() == Form::Languages {
            let default = values.iter().find(|value| value.language == "x-default");
            return default.or(values.first()).map(|value| value.text.clone());
        }
        let texts: Vec<_> = values.iter().map(|value| value.text.as_str()).collect();
        Some(texts.join("; "))
    }
}

/// A text without control characters, and without spaces around it; `None` if it is empty or too long.
pub(super) fn clean(text: &str) -> Option<String> {
    let is_kept = |character: &char| match character {
        '\t' | '\n' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        character => !character.is_control(),
    };
    let text: String = text.trim().chars().filter(is_kept).collect();
    let text = text.trim();
    (1..=MAX_TEXT).contains(&text.len()).then(|| text.to_owned())
}

/// Bytes in which every one is a character of its own.
pub(super) fn from_latin_1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
