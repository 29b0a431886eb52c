//! XMP (ISO 16684-1): packets are read into properties that are known, and new ones are written from them, so that nothing else
//! in a packet, such as a location, a history or a preview, can get into a result.

use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::properties::{Form, Key, MAX_TEXT, MAX_VALUES, Namespace, Properties, Value, clean};

/// Elements within each other.
const MAX_DEPTH: usize = 40;
/// Elements of properties that are kept.
const MAX_NODES: usize = 20_000;
/// Attributes of an element; raw converters write hundreds of settings as attributes of one.
const MAX_ATTRIBUTES: usize = 4096;
/// Prefixes that are valid in one place.
const MAX_BINDINGS: usize = 128;

/// A name with its namespace; `None` is any that is not known.
type Name = (Option<Namespace>, String);

/// An element of a property.
#[derive(Default)]
struct Node {
    name: Name,
    attributes: Vec<(Name, String)>,
    children: Vec<Self>,
    text: String,
}

impl Node {
    fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.name.0 == Some(namespace) && self.name.1 == name
    }

    fn attribute(&self, namespace: Namespace, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|((space, local), _)| *space == Some(namespace) && local == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Its values: those of the list in it, or its own.
    fn values(&self) -> &[Self] {
        let is_list = |node: &&Self| ["Seq", "Bag", "Alt"].iter().any(|kind| node.is(Namespace::Rdf, kind));
        self.children.iter().find(is_list).map_or(std::slice::from_ref(self), |list| &list.children)
    }

    /// Its text: an address, a value with qualifiers, or simply its content.
    fn content(&self) -> &str {
        let value = |node: &Self| node.children.iter().position(|child| child.is(Namespace::Rdf, "value"));
        let described = self.children.iter().find(|child| child.is(Namespace::Rdf, "Description")).unwrap_or(self);
        self.attribute(Namespace::Rdf, "resource")
            .or_else(|| described.attribute(Namespace::Rdf, "value"))
            .or_else(|| value(described).map(|at| described.children[at].text.as_str()))
            .unwrap_or(&self.text)
    }

    /// Its parts, if it is a structure; they have the namespace of its property.
    fn parts(&self, namespace: Namespace, names: &[&'static str]) -> Vec<(&'static str, String)> {
        let described = self.children.iter().find(|child| child.is(Namespace::Rdf, "Description")).unwrap_or(self);
        let part = |name: &str| {
            let element = described.children.iter().find(|child| child.is(namespace, name));
            clean(described.attribute(namespace, name).or_else(|| element.map(Self::content))?)
        };
        names.iter().filter_map(|name| Some((*name, part(name)?))).collect()
    }
}

/// The properties of a packet that are kept; `None` if it is broken.
pub(super) fn read(packet: &[u8]) -> Option<Properties> {
    let text = std::str::from_utf8(packet).ok()?.trim_matches(['\0', '\u{feff}']);
    let mut packet = Packet::default();
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => packet.open(&start)?,
            Event::Empty(start) => {
                packet.open(&start)?;
                packet.close();
            }
            Event::End(_) => packet.close(),
            Event::Text(text) => packet.add(&text.into_inner()),
            Event::CData(text) => packet.add(&text.into_inner()),
            Event::GeneralRef(reference) => {
                let reference = reference.into_inner();
                packet.add(&unescape(&format!("&{reference};")).ok()?);
            }
            // Entities are never declared in XMP.
            Event::DocType(_) => return None,
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    packet.open.is_empty().then_some(packet.found)
}

/// What has been read of a packet.
#[derive(Default)]
struct Packet {
    /// The kinds of the elements that are open.
    open: Vec<Place>,
    /// Prefixes, each with the depth at which it was declared.
    bindings: Vec<(usize, String, Option<Namespace>)>,
    /// The open elements of a property that is kept.
    nodes: Vec<Node>,
    /// How many elements there were in properties.
    count: usize,
    found: Properties,
}

/// Where in a packet an element stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Around the description, or in a property that is not kept.
    Outside,
    /// `rdf:RDF`.
    Root,
    /// `rdf:Description`, whose elements and attributes are properties.
    Description,
    /// A property that is kept, and everything in it.
    Property,
}

impl Packet {
    fn open(&mut self, start: &BytesStart<'_>) -> Option<()> {
        if self.open.len() == MAX_DEPTH {
            return None;
        }
        let mut attributes = Vec::new();
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.ok()?;
            let (key, value) = (attribute.key.0, attribute.value);
            match key.split_once(':') {
                Some(("xmlns", prefix)) => self.bind(prefix, &value)?,
                None if key == "xmlns" => self.bind("", &value)?,
                _ if attributes.len() == MAX_ATTRIBUTES => return None,
                _ => attributes.push((key.to_owned(), value)),
            }
        }
        let name = self.resolve(start.name().0, true);
        let place = match self.open.last().copied().unwrap_or(Place::Outside) {
            Place::Property => Place::Property,
            Place::Description if name.0.is_some_and(|space| Key::of(space, &name.1).is_some()) => Place::Property,
            Place::Root if name == (Some(Namespace::Rdf), "Description".to_owned()) => Place::Description,
            Place::Outside if name == (Some(Namespace::Rdf), "RDF".to_owned()) => Place::Root,
            _ => Place::Outside,
        };
        self.open.push(place);
        if !matches!(place, Place::Description | Place::Property) {
            return Some(());
        }
        let attributes = attributes.into_iter().map(|(key, value)| (self.resolve(&key, false), value));
        let known = attributes.filter(|(name, _)| name.0.is_some());
        let known = known.map(|(name, value)| Some((name, unescape(&value).ok()?.into_owned())));
        let attributes: Vec<_> = known.collect::<Option<_>>()?;
        if place == Place::Property {
            self.count += 1;
            self.nodes.push(Node { name, attributes, ..Node::default() });
            return (self.count <= MAX_NODES).then_some(());
        }
        // Properties of one text may be attributes of the description.
        for ((namespace, name), text) in attributes {
            if let Some(key) = namespace.and_then(|namespace| Key::of(namespace, &name)) {
                self.found.set_texts(key, [text.as_str()]);
            }
        }
        Some(())
    }

    fn close(&mut self) {
        self.open.pop();
        let depth = self.open.len();
        self.bindings.retain(|(at, ..)| *at < depth);
        let Some(node) = self.nodes.pop() else { return };
        match self.nodes.last_mut() {
            Some(parent) => parent.children.push(node),
            None => self.finish(&node),
        }
    }

    fn add(&mut self, text: &str) {
        if let Some(node) = self.nodes.last_mut().filter(|node| node.text.len() <= MAX_TEXT) {
            node.text.push_str(text);
        }
    }

    /// Declares a prefix for the element that is being opened.
    fn bind(&mut self, prefix: &str, address: &str) -> Option<()> {
        let depth = self.open.len();
        self.bindings.push((depth, prefix.to_owned(), Namespace::of(address)));
        (self.bindings.len() <= MAX_BINDINGS).then_some(())
    }

    fn resolve(&self, name: &str, is_element: bool) -> Name {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let namespace = match prefix {
            "xml" => Some(Namespace::Xml),
            // An attribute without a prefix has no namespace.
            "" if !is_element => None,
            _ => self.bindings.iter().rev().find(|(_, known, _)| known == prefix).and_then(|(.., space)| *space),
        };
        (namespace, if namespace.is_some() { local.to_owned() } else { String::new() })
    }

    /// Keeps what an element that is a property says.
    fn finish(&mut self, node: &Node) {
        let Some((namespace, key)) = node.name.0.and_then(|space| Some((space, Key::of(space, &node.name.1)?))) else {
            return;
        };
        let value = |value: &Node| match key.form() {
            Form::Structure(names) | Form::Structures(names) => {
                let parts = value.parts(namespace, names);
                (!parts.is_empty()).then(|| Value { parts, ..Value::default() })
            }
            Form::Languages => {
                let language = value.attribute(Namespace::Xml, "lang").unwrap_or_default();
                Value::in_language(value.content(), language)
            }
            Form::Text | Form::Bag | Form::Sequence => Value::text(value.content()),
        };
        self.found.set(key, node.values().iter().filter_map(value).take(MAX_VALUES).collect());
    }
}

/// A packet with these properties. It has no room to be changed in place, and says so.
pub(super) fn written(properties: &Properties) -> Vec<u8> {
    let mut namespaces: Vec<_> = properties.0.keys().map(|key| key.name().0).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    let mut xml = String::from("<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n");
    let rdf = Namespace::Rdf.address();
    xml.push_str("<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n");
    xml.push_str(&format!("<rdf:RDF xmlns:rdf=\"{rdf}\">\n<rdf:Description rdf:about=\"\""));
    for namespace in namespaces {
        xml.push_str(&format!("\n xmlns:{}=\"{}\"", namespace.prefix(), namespace.address()));
    }
    xml.push_str(">\n");
    for (key, values) in &properties.0 {
        put(&mut xml, *key, values);
    }
    xml.push_str("</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"r\"?>");
    xml.into_bytes()
}

/// Adds an element for a property.
fn put(xml: &mut String, key: Key, values: &[Value]) {
    let (namespace, name) = key.name();
    let prefix = namespace.prefix();
    let parts = |value: &Value| -> String {
        let part = |(name, text): &(&str, String)| format!("<{prefix}:{name}>{}</{prefix}:{name}>", escaped(text));
        value.parts.iter().map(part).collect()
    };
    let list = |kind: &str, item: &dyn Fn(&Value) -> String| {
        let items: String = values.iter().map(item).collect();
        format!("<{prefix}:{name}><rdf:{kind}>{items}</rdf:{kind}></{prefix}:{name}>")
    };
    let item = |value: &Value| format!("<rdf:li>{}</rdf:li>", escaped(&value.text));
    let in_language =
        |value: &Value| format!("<rdf:li xml:lang=\"{}\">{}</rdf:li>", escaped(&value.language), escaped(&value.text));
    let structure = |value: &Value| format!("<rdf:li rdf:parseType=\"Resource\">{}</rdf:li>", parts(value));
    let element = match key.form() {
        Form::Text => {
            let texts = values.iter().map(|value| escaped(&value.text));
            format!("<{prefix}:{name}>{}</{prefix}:{name}>", texts.collect::<String>())
        }
        Form::Languages => list("Alt", &in_language),
        Form::Bag => list("Bag", &item),
        Form::Sequence => list("Seq", &item),
        Form::Structure(_) => {
            let parts: String = values.iter().map(parts).collect();
            format!("<{prefix}:{name} rdf:parseType=\"Resource\">{parts}</{prefix}:{name}>")
        }
        Form::Structures(_) => list("Seq", &structure),
    };
    xml.push_str(&element);
    xml.push('\n');
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(description: &str) -> String {
        format!(
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='{}'>{description}</rdf:RDF></x:xmpmeta>",
            Namespace::Rdf.address()
        )
    }

    fn description(attributes: &str, content: &str) -> String {
        let spaces = [Namespace::Dc, Namespace::Photoshop, Namespace::XmpRights, Namespace::IptcCore, Namespace::Plus];
        let spaces: String = spaces.iter().map(|one| format!(" xmlns:{}='{}'", one.prefix(), one.address())).collect();
        packet(&format!("<rdf:Description rdf:about=''{spaces} {attributes}>{content}</rdf:Description>"))
    }

    fn joined(text: &str, key: Key) -> Option<String> {
        read(text.as_bytes())?.joined(key)
    }

    #[test]
    fn a_property_is_read_in_every_form_that_rdf_allows() {
        for (attributes, content) in [
            ("photoshop:Credit='A &amp; B'", ""),
            ("", "<photoshop:Credit>A &amp; B</photoshop:Credit>"),
            ("", "<photoshop:Credit>A <![CDATA[& B]]></photoshop:Credit>"),
            ("", "<photoshop:Credit rdf:resource='A &#38; B'/>"),
            (
                "",
                "<photoshop:Credit><rdf:Bag><rdf:li>A &#x26; B</rdf:li><rdf:li>C</rdf:li></rdf:Bag></photoshop:Credit>",
            ),
            ("", "<photoshop:Credit rdf:parseType='Resource'><rdf:value>A &amp; B</rdf:value></photoshop:Credit>"),
            ("", "<photoshop:Credit><rdf:Description rdf:value='A &amp; B'/></photoshop:Credit>"),
            ("", "<p:Credit xmlns:p='http://ns.adobe.com/photoshop/1.0/'>A &amp; B</p:Credit>"),
            ("", "<Credit xmlns='http://ns.adobe.com/photoshop/1.0/'>A &amp; B</Credit>"),
        ] {
            let text = description(attributes, content);
            assert_eq!(joined(&text, Key::Credit).as_deref(), Some("A & B"), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_property_of_the_picture_is_not_read() {
        for content in [
            "<dc:other><photoshop:Credit>A</photoshop:Credit></dc:other>",
            "<q:Credit xmlns:q='http://example.org/'>A</q:Credit>",
            "<photoshop:Credit xmlns:photoshop='http://example.org/'>A</photoshop:Credit>",
            "<unknown:Credit>A</unknown:Credit>",
            "<photoshop:Credit> </photoshop:Credit>",
        ] {
            assert_eq!(read(description("", content).as_bytes()), Some(Properties::default()), "{content}");
        }
    }

    #[test]
    fn a_declaration_ends_with_its_element() {
        let inner = "<dc:other xmlns:photoshop='http://example.org/'/><photoshop:Credit>A</photoshop:Credit>";
        assert_eq!(joined(&description("", inner), Key::Credit).as_deref(), Some("A"));
    }

    #[test]
    fn broken_and_overlong_packets_are_refused() {
        let deep = "<dc:rights>".repeat(60) + &"</dc:rights>".repeat(60);
        let many = "<rdf:li/>".repeat(MAX_NODES + 1);
        let wide: String = (0..=MAX_ATTRIBUTES).map(|index| format!(" a{index}=''")).collect();
        let prefixes: String = (0..=MAX_BINDINGS).map(|index| format!(" xmlns:a{index}='b'")).collect();
        for text in [
            "<x:xmpmeta>".to_owned(),
            description("", "<dc:rights></dc:wrong>"),
            description("", "<dc:rights>&unknown;</dc:rights>"),
            description("dc:rights='&unknown;'", ""),
            description("", &deep),
            description("", &format!("<dc:subject><rdf:Bag>{many}</rdf:Bag></dc:subject>")),
            description(&wide, ""),
            description(&prefixes, ""),
            format!("<!DOCTYPE x [<!ENTITY e 'e'>]>{}", description("", "<dc:rights>&e;</dc:rights>")),
        ] {
            assert_eq!(read(text.as_bytes()), None, "{}", &text[..text.len().min(300)]);
        }
        assert_eq!(read(b"\xff\xfe"), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut properties = Properties::default();
        properties.set_texts(Key::Creator, ["Zoë <z@example.org>", "\"B\" & C"]);
        properties.set_texts(Key::Keywords, ["sea", "sky"]);
        properties.set_texts(Key::WebStatement, ["https://example.org/?a=1&b=2"]);
        properties.set_texts(Key::DataMining, ["http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"]);
        let rights = [("© Zoë", "x-default"), ("© Zoë, alle Rechte", "de")];
        properties.set(Key::Rights, rights.iter().filter_map(|(text, tag)| Value::in_language(text, tag)).collect());
        let parts = |name, text: &str| Value { parts: vec![(name, text.to_owned())], ..Value::default() };
        properties.set(Key::Contact, vec![parts("CiUrlWork", "https://example.org/")]);
        properties.set(Key::Licensor, vec![parts("LicensorName", "A"), parts("LicensorURL", "https://b.example/")]);
        let packet = written(&properties);
        assert_eq!(read(&packet), Some(properties.clone()));
        // Programs pad packets with spaces, and some with zeros.
        assert_eq!(read(&[&packet[..], &[0; 9]].concat()), Some(properties));
    }

    #[test]
    fn structures_are_read_in_every_form() {
        let url = "<Iptc4xmpCore:CiUrlWork>u</Iptc4xmpCore:CiUrlWork>";
        for content in [
            format!(
                "<Iptc4xmpCore:CreatorContactInfo rdf:parseType='Resource'>{url}</Iptc4xmpCore:CreatorContactInfo>"
            ),
            format!(
                "<Iptc4xmpCore:CreatorContactInfo><rdf:Description>{url}</rdf:Description></Iptc4xmpCore:CreatorContactInfo>"
            ),
            "<Iptc4xmpCore:CreatorContactInfo Iptc4xmpCore:CiUrlWork='u' Iptc4xmpCore:Other='x'/>".to_owned(),
        ] {
            let found = read(description("", &content).as_bytes()).expect("valid");
            assert_eq!(found.0[&Key::Contact][0].parts, [("CiUrlWork", "u".to_owned())], "{content}");
        }
    }
}
