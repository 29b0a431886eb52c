//! Text in drawings: letters compared with Pillow's, fonts that are found and replaced, characters that no font has, and drawings
//! that would take forever.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use pixelmill::codecs::{self, Coding, DecodeRequest, Decoded, Decoders, Fonts, Product};
use pixelmill::error::{Failure, WarningLevel};
use pixelmill::image::{Pixels, Representation};

fn data(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What draws with these fonts.
struct With(Fonts);

impl Decoders for With {
    fn decode(&self, _: Coding, data: &[u8]) -> Result<Product, Failure> {
        Ok(codecs::decode_svg(data, &self.0))
    }
}

/// The built-in font and these of the user.
fn fonts(own: &[&str]) -> With {
    let mut fonts = Fonts::built_in();
    for name in own {
        assert!(fonts.add(data(&format!("fonts/{name}.ttf"))), "{name}");
    }
    With(fonts)
}

fn draw(file: &[u8], fonts: &With) -> Result<Decoded, Failure> {
    decode(file, Representation::Rgba, fonts)
}

fn decode(file: &[u8], representation: Representation, fonts: &With) -> Result<Decoded, Failure> {
    let header = codecs::probe(file, "a.svg")?;
    let request = DecodeRequest { representation, auto_orient: true, ..DecodeRequest::whole(&header) };
    codecs::decode_by(file, &header, &request, Some(fonts), "a.svg")
}

/// The samples of a gray picture.
fn gray(file: &[u8]) -> Vec<u8> {
    match decode(file, Representation::Gray, &fonts(&[])).expect("sound").image.pixels {
        Pixels::Gray(samples) => samples,
        _ => panic!("not gray"),
    }
}

/// A drawing of 200 × 100 pixels.
fn drawing(content: &str) -> Vec<u8> {
    let names = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'";
    format!("<svg {names} width='200' height='100'>{content}</svg>").into_bytes()
}

/// The opacity of every pixel.
fn opacity(drawn: &Decoded) -> Vec<u8> {
    let Pixels::Rgba(samples) = &drawn.image.pixels else { panic!("a drawing is RGBA") };
    samples.iter().skip(3).step_by(4).copied().collect()
}

/// How many pixels are covered at all.
fn ink(content: &str) -> usize {
    let drawn = draw(&drawing(content), &fonts(&[])).unwrap_or_else(|failure| panic!("{content}: {failure:?}"));
    opacity(&drawn).iter().filter(|alpha| **alpha > 0).count()
}

/// The codes and messages of what is said about a drawing.
fn said(content: &str, fonts: &With) -> Vec<(String, String)> {
    let drawn = draw(&drawing(content), fonts).unwrap_or_else(|failure| panic!("{content}: {failure:?}"));
    assert!(drawn.warnings.iter().all(|warning| warning.level == WarningLevel::Doubt));
    drawn.warnings.into_iter().map(|warning| (warning.code, warning.message)).collect()
}

fn codes(content: &str, fonts: &With) -> Vec<String> {
    said(content, fonts).into_iter().map(|(code, _)| code).collect()
}

/// What two drawings have in common of what either of them covers.
fn agreement(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let sum = |choose: fn(u8, u8) -> u8| -> f64 {
        one.iter().zip(other).map(|(one, other)| f64::from(choose(*one, *other))).sum()
    };
    sum(u8::min) / sum(u8::max)
}

#[test]
fn letters_are_where_and_as_pillow_draws_them() {
    for name in ["line", "scripts", "anchored", "placed", "turned", "along", "own"] {
        let expected = gray(&data(&format!("drawings/{name}.png")));
        let own: &[&str] = if name == "own" { &["hebrew", "arabic"] } else { &[] };
        let drawn = draw(&data(&format!("drawings/{name}.svg")), &fonts(own)).expect("it can be drawn");
        assert!(drawn.warnings.is_empty(), "{name}: {:?}", drawn.warnings);
        let found = agreement(&opacity(&drawn), &expected);
        println!("{name}: {found:.4}");
        // Places on a path are found to half a unit.
        assert!(found >= if name == "along" { 0.95 } else { 0.97 }, "{name}: {found}");
    }
}

/// Fonts of the user with colours; what Skia draws of the same text is in `colored` (see `colored_glyphs.py`), on larger paper.
#[test]
fn glyphs_with_colours_are_drawn_in_them() {
    for (font, text, label) in
        [("emoji", "😀", "0"), ("emoji", "👩\u{200d}🚀", "3"), ("emoji", "👍🏽", "2"), ("graph", "A", "A")]
    {
        let expected = data(&format!("colored/{font}-{label}.png"));
        let expected = codecs::probe(&expected, "a.png").and_then(|header| {
            let request = DecodeRequest { representation: Representation::Rgba, ..DecodeRequest::whole(&header) };
            codecs::decode_by(&expected, &header, &request, None, "a.png")
        });
        let expected = expected.expect("sound");
        let size = expected.image.size;
        // Ascent and descent of the fonts: the baseline lies as in the program's lines.
        let middle = if font == "emoji" { (950.0 - 250.0) / 1024.0 } else { 0.6 };
        let baseline = 24.0 + (0.6 + middle / 2.0) * 96.0;
        let family = if font == "emoji" { "Roboto" } else { font };
        let names = "xmlns='http://www.w3.org/2000/svg'";
        let drawing = format!(
            "<svg {names} width='{}' height='{}'><text x='24' y='{baseline}' font-size='96' fill='#1e7832' font-family='{family}'>{text}</text></svg>",
            size.width, size.height
        );
        let drawn = draw(drawing.as_bytes(), &fonts(&[font])).expect("it can be drawn");
        assert!(drawn.warnings.is_empty(), "{font} {text}: {:?}", drawn.warnings);
        let Pixels::Rgba(expected) = expected.image.pixels else { panic!("RGBA") };
        let Pixels::Rgba(drawn) = drawn.image.pixels else { panic!("RGBA") };
        let multiplied = |&[r, g, b, a]: &[u8; 4]| [r, g, b, 255].map(|value| f64::from(value) * f64::from(a) / 255.0);
        let (mut sum, mut count) = (0.0, 0.0);
        for (one, other) in expected.as_chunks().0.iter().zip(drawn.as_chunks().0) {
            let pairs = multiplied(one).into_iter().zip(multiplied(other));
            sum += pairs.map(|(one, other)| (one - other).powi(2)).sum::<f64>();
            count += if one[3] > 0 || other[3] > 0 { 4.0 } else { 0.0 };
        }
        let psnr = 10.0 * (255.0 * 255.0 * count / sum).log10();
        println!("{font} {text}: {psnr:.1} dB");
        assert!(psnr > 25.0, "{font} {text}: {psnr:.1} dB");
    }
}

#[test]
fn a_family_that_is_not_here_is_replaced_and_named() {
    let alone = fonts(&[]);
    for family in [
        "",
        "font-family='Roboto'",
        "font-family='sans-serif'",
        "font-family='-apple-system, Arial'",
        "font-family='ROBOTO, Arial'",
    ] {
        assert!(codes(&format!("<text y='50' {family}>A</text>"), &alone).is_empty(), "{family}");
    }
    let arial = "<text y='50' font-family='Arial, Helvetica, sans-serif'>A</text>";
    let all = said(&format!("{arial}{arial}<text y='90' font-family='\"My Own\"'>B</text>"), &alone);
    let [(code, message)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(code, "fonts_replaced");
    assert_eq!(message, "\"a.svg\" has text in fonts that are not here: \"Arial\", \"My Own\". Roboto was used.");
    let drawn = |content: &str| opacity(&draw(&drawing(content), &alone).expect("drawn"));
    assert_eq!(drawn(arial), drawn("<text y='50'>A</text>"));
    // Neither are weights and styles that Roboto's file does not have.
    assert_eq!(drawn("<text y='50' font-weight='bold' font-style='italic'>A</text>"), drawn("<text y='50'>A</text>"));
}

#[test]
fn a_hundred_families_are_not_all_named() {
    let texts: String = (0..100).map(|n| format!("<text y='50' font-family='F{n}'>A</text>")).collect();
    let all = said(&texts, &fonts(&[]));
    assert!(all[0].1.contains("\"F19\" and others"), "{all:?}");
    let long = said(&format!("<text y='50' font-family='{}'>A</text>", "long".repeat(10_000)), &fonts(&[]));
    assert!(long[0].1.len() < 200, "{}", long[0].1.len());
}

#[test]
fn a_font_of_the_user_is_found_by_its_family_and_else_has_what_roboto_lacks() {
    let hebrew = |family: &str| format!("<text x='10' y='60' font-size='40' {family}>שלום</text>");
    let own = fonts(&["arabic", "hebrew"]);
    let named = hebrew("font-family='noto sans hebrew thin'");
    assert!(codes(&named, &own).is_empty());
    assert_eq!(codes(&named, &fonts(&[])), ["fonts_replaced", "missing_glyphs"]);
    // A text in Roboto.
    assert!(codes(&hebrew(""), &own).is_empty());
    let drawn = |content: &str| opacity(&draw(&drawing(content), &own).expect("drawn"));
    assert_eq!(drawn(&named), drawn(&hebrew("")));
    let mut fonts = own.0;
    fonts.forget_own();
    assert_eq!(codes(&named, &With(fonts)), ["fonts_replaced", "missing_glyphs"]);
}

#[test]
fn what_is_no_font_is_not_taken_for_one() {
    let mut fonts = Fonts::built_in();
    assert!(!fonts.add(b"not a font".to_vec()) && !fonts.add(Vec::new()));
    assert!(!Fonts::default().load(b"not a font".to_vec()));
    // One without a scale is not used.
    let mut broken = data("fonts/hebrew.ttf");
    let tables = broken[12..].chunks_exact(16);
    let head = tables.into_iter().find(|entry| entry.starts_with(b"head")).expect("a table");
    let at = u32::from_be_bytes(head[8..12].try_into().expect("four bytes")) as usize;
    broken[at + 18..at + 20].copy_from_slice(&[0, 0]);
    fonts.add(broken);
    assert_eq!(codes("<text y='50' font-family='Noto Sans Hebrew Thin'>A</text>", &With(fonts)), ["fonts_replaced"]);
    // Without any, a drawing with text is not drawn without it.
    assert!(draw(&drawing("<text y='50'>A</text>"), &With(Fonts::default())).is_err());
    assert!(draw(&drawing("<rect width='9' height='9'/>"), &With(Fonts::default())).is_ok());
}

#[test]
fn characters_that_no_font_has_are_named_once() {
    let all = said("<text y='50'>A字\u{200d} 字é\u{1f600}</text><text y='90'>字</text>", &fonts(&["hebrew"]));
    let [(code, message)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(code, "missing_glyphs");
    assert_eq!(
        message,
        "\"a.svg\" has characters that no font here has, which are boxes or missing: 字 (U+5B57), \u{1f600} (U+1F600)."
    );
    // One that no font has does not hide another that some font has.
    let hebrew = said("<text y='50'>字ש</text>", &fonts(&["arabic", "hebrew"]));
    assert!(hebrew[0].1.contains("字 (U+5B57)."), "{hebrew:?}");
    // What is in a pattern or a mask is drawn, too.
    let masked = "<mask id='m'><text y='50' fill='white'>字</text></mask><rect width='99' height='99' mask='url(#m)'/>";
    assert_eq!(codes(masked, &fonts(&[])), ["missing_glyphs"]);
}

#[test]
fn only_text_on_web_pages_is_left_out() {
    let page = "<foreignObject width='99' height='99'><p xmlns='http://www.w3.org/1999/xhtml'>A</p></foreignObject>";
    assert_eq!(codes(page, &fonts(&[])), ["text_left_out"]);
    assert!(codes(&format!("<switch>{page}<text y='50'>A</text></switch>"), &fonts(&[])).is_empty());
    assert_eq!(codes(&format!("<switch><g/>{page}</switch>"), &fonts(&[])), ["text_left_out"]);
    assert!(codes("<text y='50'> </text><title>字</title>", &fonts(&[])).is_empty());
}

#[test]
fn texts_of_all_kinds_are_drawn() {
    for content in [
        "<path id='p' d='M10 80 C 40 10, 150 10, 190 80'/><text fill='red'><textPath href='#p' startOffset='10%'>on a curve</textPath></text>",
        "<text x='10' y='50'>a<tspan fill='red'>b<tspan font-weight='bold' dx='3'>c</tspan></tspan>d</text>",
        "<text x='10' y='50' rotate='10 20 30' letter-spacing='3' word-spacing='5' textLength='120'>turned letters</text>",
        "<text x='10' y='50' textLength='120' lengthAdjust='spacingAndGlyphs' text-decoration='underline'>wide</text>",
        "<text x='50' y='10' writing-mode='tb'>down</text>",
        "<text x='10' y='50' baseline-shift='super' dominant-baseline='middle'>up</text>",
        "<text x='10' y='50' fill='none' stroke='blue' stroke-width='0.5' font-size='40'>stroked</text>",
        "<defs><linearGradient id='g'><stop stop-color='red'/></linearGradient></defs><text y='50' fill='url(#g)'>filled</text>",
        "<defs><text id='t' y='50'>used</text></defs><use href='#t' transform='skewX(20) scale(2 1)'/>",
        "<text id='r'>elsewhere</text><text y='50'><tref xlink:href='#r'/></text>",
        "<text y='50' xml:space='preserve'>  <a href='https://example.com'>a  link</a> </text>",
        "<style>text { font: bold 20px/1.5 serif; fill: teal }</style><text y='50'>styled</text>",
        "<text y='50' font-variant='small-caps' font-kerning='none' font-variation-settings='\"wght\" 700'>small</text>",
    ] {
        assert!(ink(content) > 30, "{content}");
    }
    for nothing in [
        "<text y='50' font-size='0'>none</text>",
        "<text y='50' display='none'>none</text>",
        "<text y='50' visibility='hidden'>none</text>",
        "<text y='50'><textPath href='#nowhere'>none</textPath></text>",
    ] {
        assert_eq!(ink(nothing), 0, "{nothing}");
    }
}

/// Each ends at once, or in some seconds where optimised.
#[test]
fn texts_that_would_take_forever_are_refused() {
    let refused = |content: &str| draw(&drawing(content), &fonts(&[])).err().map(|failure| failure.message);
    let million = "a".repeat(1_000_000);
    let levels: String =
        (0..6).map(|n| format!("<g id='g{}'>{}</g>", n + 1, format!("<use href='#g{n}'/>").repeat(9))).collect();
    let trefs = "<text><tref xlink:href='#t'/></text>".repeat(10_000);
    let curve = format!("<path id='p' d='M0 0{}'/>", "c9 9 1 1 5 5".repeat(100_000));
    let on_path = |path: &str, text: &str| format!("{path}<text y='50'><textPath href='#p'>{text}</textPath></text>");
    let line = "<path id='p' d='M0 50 H1e4'/>";
    for content in [
        format!("<text y='50'>{million}</text>"),
        format!("<text y='50' x='{}'>{}</text>", "1 ".repeat(200_000), &million[..200_000]),
        format!("<text y='50'>{}</text>", "<tspan>a</tspan>".repeat(20_000)),
        format!("<text id='g0'>{}</text>{levels}<use href='#g6'/>", &million[..1000]),
        format!("<text id='t'>{}</text>{trefs}", &million[..2000]),
        "<text y='50'>a</text>".repeat(200_000),
        format!("<g font-family='{}'><text>{}</text></g>", "a,".repeat(500_000), "<tspan>a</tspan>".repeat(1000)),
        on_path(&curve, &"<tspan x='1'>a</tspan>".repeat(1000)),
        on_path(line, &million[..50_000]),
        on_path("<path id='p' d='M0 0 C 1e30 1e30 -1e30 0 9 9'/>", "a"),
        on_path("<path id='p' d='M0 0 H1e4' transform='scale(1e20)'/>", "a"),
        on_path("<rect id='p' width='1e30' height='5'/>", "a"),
        format!("<g transform='scale(1e8)'><g style='transform: scale(1e8)'>{}</g></g>", on_path(line, "a")),
        format!("<style>.b {{ transform: scale(1e15) }}</style><g class='b'>{}</g>", on_path(line, "a")),
        format!("<svg width='9' height='9' viewBox='0 0 1e-20 1e-20'>{}</svg>", on_path(line, "a")),
    ] {
        let said = refused(&content).unwrap_or_default();
        let start = &content[..content.len().min(200)];
        assert!(said.contains("too much text") || said.contains("a million elements"), "{start}: {said}");
    }
}

#[test]
fn texts_that_are_merely_large_are_drawn_in_time() {
    let texts = |count: usize, text: &str| text.repeat(count);
    for content in [
        texts(2000, "<text y='50'>a label of a map</text>"),
        format!("<text y='50'>{}</text>", texts(500, "<tspan x='3' dy='1'>a line of a page, with words</tspan>")),
        format!("<text y='50' x='{}'>{}</text>", texts(5000, "1 "), texts(5000, "a")),
        format!("<text>{}</text>", texts(98, "<tspan>") + "deep" + &texts(98, "</tspan>")),
        "<text y='50' font-size='1e9'>A</text>".to_owned(),
        "<text y='50' font-size='1e38'>A</text><text x='1e38' y='-1e38'>A</text>".to_owned(),
        "<text y='50' letter-spacing='-1e30' word-spacing='1e38' textLength='1e38'>A b</text>".to_owned(),
        "<path id='p' d='M0 0 h0 z'/><text><textPath href='#p' startOffset='-1e30'>A</textPath></text>".to_owned(),
        "<text id='t' clip-path='url(#c)'>A</text><clipPath id='c'><text y='50'>A</text></clipPath>".to_owned(),
        "<g transform='scale(1e-30)'><text y='1e30' font-size='1e30'>A</text></g>".to_owned(),
        "<text y='50' rotate='1e38' stroke='red' stroke-width='1e30' stroke-dasharray='1e-9'>A</text>".to_owned(),
        "<text y='50' fill='url(#p)'>A</text><pattern id='p' width='1' height='1'><text>B</text></pattern>".to_owned(),
    ] {
        let began = Instant::now();
        let drawn = draw(&drawing(&content), &fonts(&[]));
        let start = &content[..content.len().min(200)];
        println!("{start}: {:?}", began.elapsed());
        assert!(drawn.is_ok() && began.elapsed() < Duration::from_secs(20), "{start}: {drawn:?}");
    }
}
