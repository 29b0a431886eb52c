//! The drawing itself, by the crate `resvg`: linked into a program of its own and native builds only.
//!
//! `resvg` limits the depth of elements by a number that overflows the stack, and lets elements use each other as often
//! as they want, so a document is judged here before it is drawn. What an innocent drawing takes has no limit but the
//! host's: time and memory.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::roxmltree::{self, Document, Node, NodeId, ParsingOptions};
use resvg::usvg::{self, FontResolver, Group, ImageHrefResolver, ImageKind, Options, Paint, Tree};

use super::super::MAX_PIXELS;
use super::super::decoders::{Product, Trouble};
use super::super::samples::straight;
use super::Report;
use super::document::{self, DEFAULT_SIZE, FONT_SIZE, Outline};
use crate::image::Size;

mod effort;
mod fonts;

use effort::Texts;
pub use fonts::Fonts;
use fonts::Ready;

/// Elements within each other, or used by each other; the stack in WebAssembly (`build.rs`) is made for them.
const MAX_DEPTH: u32 = 100;
/// Elements, counted as often as others use them.
const MAX_ELEMENTS: u64 = 1_000_000;

const SVG: &str = "http://www.w3.org/2000/svg";
/// Elements that are drawn as, or with, what they link to.
const LINKING: [&str; 7] = ["use", "tref", "pattern", "linearGradient", "radialGradient", "filter", "feImage"];

/// Draws a file, with its texts in these fonts.
///
/// `usvg` panics where products of extreme numbers overflow. In WebAssembly that ends the program, which the host reports.
pub fn decode(file: &[u8], fonts: &Fonts) -> Product {
    let drawn = catch_unwind(AssertUnwindSafe(|| draw(file, fonts)));
    Product::of(drawn.unwrap_or(Err(Trouble::Damaged)))
}

fn draw(file: &[u8], fonts: &Fonts) -> Result<(Report, Vec<u8>), Trouble> {
    let text = document::text(file).map_err(|_| Trouble::Damaged)?;
    let outline = Outline::of(&text).map_err(|_| Trouble::Damaged)?;
    let parsing = ParsingOptions { allow_dtd: true, nodes_limit: 4 * MAX_ELEMENTS as u32, ..ParsingOptions::default() };
    let document = match Document::parse_with_options(&text, parsing) {
        Ok(document) => document,
        Err(roxmltree::Error::UnclosedRootNode | roxmltree::Error::UnexpectedEndOfStream) => {
            return Err(Trouble::Truncated);
        }
        Err(
            roxmltree::Error::NodesLimitReached
            | roxmltree::Error::AttributesLimitReached
            | roxmltree::Error::NamespacesLimitReached,
        ) => return Ok((Report::TooComplex, Vec::new())),
        Err(error) => return Ok((Report::NotXml { line: error.pos().row }, Vec::new())),
    };
    if let Err(report) = Survey::of(&document) {
        return Ok((report, Vec::new()));
    }
    let lacks_pictures = AtomicBool::new(false);
    let fonts = fonts.ready();
    if fonts.is_none() && document::may_have_text(&text) {
        return Err(Trouble::Unsupported);
    }
    let tree =
        Tree::from_xmltree(&document, &options(&lacks_pictures, fonts.as_ref())).map_err(|_| Trouble::Damaged)?;
    let transform = scale(outline);
    // Not a number is not a limit either.
    if !matches!(pixels_inside(tree.root(), transform), pixels if pixels <= MAX_PIXELS as f64) {
        return Ok((Report::PicturesTooLarge, Vec::new()));
    }
    let size = outline.pixels();
    let data = pixels(&tree, size, transform).ok_or(Trouble::Unsupported)?;
    let report = Report::Drawn {
        width: size.width,
        height: size.height,
        has_web_text: has_web_text(&document),
        lacks_pictures: lacks_pictures.into_inner(),
        replaced: fonts.map_or_else(Vec::new, Ready::into_replaced),
        missing: fonts::missing(tree.root()),
    };
    Ok((report, data))
}

/// How `usvg` reads a document: only from the file itself, and without drawings in it, which nobody limits.
fn options<'a>(lacks_pictures: &'a AtomicBool, fonts: Option<&'a Ready>) -> Options<'a> {
    let missing = || lacks_pictures.store(true, Ordering::Relaxed);
    let by_type = ImageHrefResolver::default_data_resolver();
    let [width, height] = DEFAULT_SIZE;
    let default = Options::default();
    Options {
        font_family: fonts::DEFAULT.to_owned(),
        font_size: FONT_SIZE,
        fontdb: fonts.map_or_else(Arc::default, |fonts| fonts.database.clone()),
        font_resolver: fonts.map_or_else(FontResolver::default, Ready::resolver),
        default_size: usvg::Size::from_wh(width, height).unwrap_or(default.default_size),
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(move |media_type, data, options| {
                let is_drawing = media_type == "image/svg+xml" || super::sniff(&data) || super::is_compressed(&data);
                let found = if is_drawing { None } else { by_type(media_type, data, options) };
                if found.is_none() {
                    missing();
                }
                found
            }),
            resolve_string: Box::new(move |_, _| {
                missing();
                None::<ImageKind>
            }),
        },
        ..default
    }
}

/// What leads from a drawing's size to whole pixels: it is stretched or shrunk by less than half a pixel, so that the edges
/// of the picture are covered as the drawing says.
fn scale(outline: Outline) -> Transform {
    let Size { width, height } = outline.pixels();
    let [x, y] =
        [(width, outline.size[0]), (height, outline.size[1])].map(|(pixels, length)| f64::from(pixels) / length);
    Transform::from_scale(x as f32, y as f32)
}

/// Draws a tree, as straight RGBA.
fn pixels(tree: &Tree, size: Size, transform: Transform) -> Option<Vec<u8>> {
    let mut pixmap = Pixmap::new(size.width, size.height)?;
    resvg::render(tree, transform, &mut pixmap.as_mut());
    let mut data = pixmap.take();
    for pixel in data.as_chunks_mut::<4>().0 {
        let opacity = pixel[3];
        if opacity != u8::MAX {
            pixel[..3].iter_mut().for_each(|sample| *sample = straight(*sample, opacity));
        }
    }
    Some(data)
}

/// Pixels of all pictures and tiles of patterns that are drawn, each as often as it is. `transform` leads from the group's parent to
/// pixels.
fn pixels_inside(group: &Group, transform: Transform) -> f64 {
    let transform = transform.pre_concat(group.transform());
    let mut sum = 0.0;
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => sum += pixels_inside(group, transform),
            usvg::Node::Image(image) => sum += f64::from(image.size().width()) * f64::from(image.size().height()),
            usvg::Node::Path(path) => {
                let paints = [path.fill().map(usvg::Fill::paint), path.stroke().map(usvg::Stroke::paint)];
                for paint in paints.into_iter().flatten() {
                    let Paint::Pattern(pattern) = paint else { continue };
                    let (x, y) = transform.pre_concat(pattern.transform()).get_scale();
                    let tile = pattern.rect();
                    sum += f64::from(tile.width()) * f64::from(x) * f64::from(tile.height()) * f64::from(y);
                    sum += pixels_inside(pattern.root(), Transform::from_scale(x, y));
                }
                continue;
            }
            usvg::Node::Text(_) => {}
        }
        node.subroots(|root| sum += pixels_inside(root, transform));
    }
    sum
}

/// Whether there is text that a browser would show as part of a page, and nothing to be drawn in its place.
fn has_web_text(document: &Document<'_>) -> bool {
    let is_page = |node: &Node<'_, '_>| node.has_tag_name((SVG, "foreignObject"));
    let has_substitute = |node: &Node<'_, '_>| {
        let is_choice = node.parent().is_some_and(|parent| parent.has_tag_name((SVG, "switch")));
        is_choice && node.next_siblings().any(|other| other.is_element() && !is_page(&other))
    };
    let says = |node: Node<'_, '_>| {
        let mut texts = node.descendants().filter(Node::is_text).filter_map(|node| node.text());
        texts.any(|text| !text.trim().is_empty())
    };
    document.descendants().any(|node| is_page(&node) && !has_substitute(&node) && says(node))
}

/// What is known of an element and everything that it contains and uses.
#[derive(Clone, Copy, Default)]
struct Extent {
    elements: u64,
    depth: u32,
    /// Points of outlines in it, which may have markers: at most.
    points: u64,
    texts: Texts,
}

impl Extent {
    /// Adds what an element uses, this often.
    fn use_often(&mut self, other: Self, times: u64) {
        self.elements = self.elements.saturating_add(other.elements.saturating_mul(times));
        self.depth = self.depth.max(other.depth);
        self.points = self.points.saturating_add(other.points.saturating_mul(times));
        self.texts.use_often(other.texts, times);
    }

    /// Adds what an element contains.
    fn contain(&mut self, part: Self) {
        self.use_often(Self { texts: Texts::default(), ..part }, 1);
        self.texts.contain(part.texts);
    }
}

/// Adds up what elements contain and use.
struct Survey<'a, 'input> {
    named: HashMap<&'a str, Node<'a, 'input>>,
    /// Rules of style sheets that refer to elements or scale them: what they apply to, and what they say.
    rules: Vec<(&'a str, &'a str)>,
    /// The largest length of the document.
    largest: f64,
    /// Characters of its longest declaration for texts.
    declared: u64,
    known: HashMap<NodeId, Extent>,
    /// Those that are being added up, which nothing may use that is in them.
    open: HashSet<NodeId>,
}

impl<'a, 'input> Survey<'a, 'input> {
    /// Why a document is not drawn.
    fn of(document: &'a Document<'input>) -> Result<(), Report> {
        // Of elements with the same name the first counts.
        let named = document.descendants().filter_map(|node| Some((node.attribute("id")?, node)));
        let named = named.collect::<Vec<_>>().into_iter().rev().collect();
        let sheets =
            document.descendants().filter(|node| node.has_tag_name((SVG, "style"))).filter_map(|node| node.text());
        let rules: Vec<_> = sheets.flat_map(|sheet| sheet.split('}')).filter_map(|rule| rule.split_once('{')).collect();
        // What begins with @ is for no element: fonts in the file, for example.
        let for_elements = rules.iter().filter(|(selector, _)| !selector.trim_start().starts_with('@'));
        let longest = for_elements.map(|(_, says)| says.len() as u64);
        let declared = document.descendants().map(effort::declared).chain(longest).max().unwrap_or(0);
        let largest = document.descendants().map(effort::largest).fold(f64::from(DEFAULT_SIZE[0]), f64::max);
        let rules = rules.into_iter().filter(|(_, says)| says.contains("url(") || says.contains("transform")).collect();
        let mut survey = Self { named, rules, largest, declared, known: HashMap::new(), open: HashSet::new() };
        survey.extent(document.root_element()).map(|_| ())
    }

    fn extent(&mut self, node: Node<'a, 'input>) -> Result<Extent, Report> {
        if let Some(extent) = self.known.get(&node.id()) {
            return Ok(*extent);
        }
        if self.open.len() >= MAX_DEPTH as usize || !self.open.insert(node.id()) {
            return Err(Report::TooDeep);
        }
        let mut sum = Extent { elements: 1, depth: 0, points: points(node), texts: Texts::of(node) };
        for child in node.children().filter(Node::is_element) {
            let part = self.extent(child)?;
            sum.contain(part);
        }
        let kind = node.tag_name().name();
        for link in self.linked(node).into_iter().filter(|_| LINKING.contains(&kind)) {
            let other = self.extent(link)?;
            // The characters of what `tref` links to are part of its own text.
            if kind == "tref" { sum.contain(other) } else { sum.use_often(other, 1) }
        }
        // What is inherited is used by all that is inside.
        let (heirs, points) = (sum.elements.saturating_add(sum.texts.runs), sum.points.max(1));
        for (name, property) in self.named_in_styles(node) {
            let other = self.extent(name)?;
            let times = match property {
                "clip-path" | "mask" | "filter" => 1,
                marker if marker.contains("marker") => points,
                _ => heirs,
            };
            sum.use_often(other, times);
        }
        sum.depth += 1;
        self.lay_out(node, &mut sum.texts);
        self.open.remove(&node.id());
        if sum.depth > MAX_DEPTH {
            return Err(Report::TooDeep);
        }
        if sum.elements > MAX_ELEMENTS {
            return Err(Report::TooComplex);
        }
        // Not a number is not within limits either.
        if sum.texts.steps > effort::MOST_STEPS || !matches!(sum.texts.path, path if path <= effort::LONGEST_PATH) {
            return Err(Report::TooMuchText);
        }
        self.known.insert(node.id(), sum);
        Ok(sum)
    }

    /// Counts the texts in an element, if it is one or lies along a path, and how large it is drawn.
    fn lay_out(&self, node: Node<'a, 'input>, texts: &mut Texts) {
        match node.tag_name().name() {
            "text" => texts.lay_out(self.declared),
            "textPath" => self.linked(node).into_iter().for_each(|path| texts.lay_along(path)),
            _ => {}
        }
        if texts.path > 0.0 {
            let styles = self.rules.iter().filter(|(selector, _)| may_select(selector, node));
            let scale: f64 = styles.map(|(_, says)| effort::styled(says)).product();
            texts.path *= scale * effort::scale(node, self.largest);
        }
    }

    /// The elements to which one links.
    fn linked(&self, node: Node<'a, 'input>) -> Vec<Node<'a, 'input>> {
        let links = node.attributes().filter(|attribute| attribute.name() == "href");
        let names = links.filter_map(|link| link.value().trim().strip_prefix('#'));
        names.filter_map(|name| self.named.get(name).copied()).collect()
    }

    /// The elements that the styles of one name, each with the property that does.
    fn named_in_styles(&self, node: Node<'a, 'input>) -> Vec<(Node<'a, 'input>, &'a str)> {
        let mut named = Vec::new();
        let mut look_at = |property: &'a str, value: &'a str| {
            for link in value.split("url(").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)) {
                let id = link.trim().trim_matches(['"', '\'']).trim().strip_prefix('#');
                named.extend(id.and_then(|id| Some((*self.named.get(id)?, property))));
            }
        };
        let mut styles: Vec<&'a str> = Vec::new();
        for attribute in node.attributes() {
            match attribute.name() {
                "style" => styles.push(attribute.value()),
                name => look_at(name, attribute.value()),
            }
        }
        styles.extend(self.rules.iter().filter(|(selector, _)| may_select(selector, node)).map(|(_, says)| *says));
        for declaration in styles.iter().flat_map(|style| style.split(';')) {
            let (property, value) = declaration.split_once(':').unwrap_or(("", declaration));
            look_at(property.trim(), value);
        }
        named
    }
}

/// Points of an element's outline, at most: each takes two characters or more.
fn points(node: Node<'_, '_>) -> u64 {
    let outline = ["d", "points"].iter().find_map(|name| node.attribute(*name));
    outline.map_or(0, |outline| outline.len() as u64 / 2 + 1)
}

/// Whether a selector of a style sheet names the kind, a class or the name of an element. It may select fewer.
fn may_select(selector: &str, node: Node<'_, '_>) -> bool {
    let mut names = selector.split(|character: char| !character.is_alphanumeric() && !"-_".contains(character));
    names.any(|name| {
        let mut classes = node.attribute("class").unwrap_or_default().split_ascii_whitespace();
        name == node.tag_name().name() || node.attribute("id") == Some(name) || classes.any(|class| class == name)
    })
}
