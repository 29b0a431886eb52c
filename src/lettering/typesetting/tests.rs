use super::*;

pub(super) fn typesetter() -> FontTypesetter {
    FontTypesetter::new(include_bytes!("../roboto/Roboto-Regular.ttf").to_vec()).unwrap()
}

/// A file of the tests' data.
pub(super) fn data(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(super) fn request(text: &str) -> Request {
    Request {
        text: text.to_owned(),
        font: String::new(),
        color: [0; 3],
        size: 20.0,
        line_height: 1.2,
        alignment: Alignment::Left,
        stroke: 0.0,
        max_width: 1000.0,
        room: [1000.0, 1000.0],
        padding: 0.0,
        shrinks: false,
        seen: [1000, 1000],
    }
}

fn set(request: &Request) -> Lettering {
    let set = typesetter().lettering(request).unwrap();
    let pixels = (set.report.painted[0] * set.report.painted[1]) as usize;
    assert_eq!(set.letters.len(), pixels);
    assert!(set.outline.is_empty() || set.outline.len() == pixels);
    set
}

/// The first and last column of each line's ink, for lines of `height` pixels.
fn lines(set: &Lettering, height: u32) -> Vec<(i32, i32)> {
    let ([left, top], [width, _]) = (set.report.start, set.report.painted);
    let mut found = vec![(i32::MAX, i32::MIN); set.report.height.div_ceil(height) as usize];
    for (at, _) in set.letters.iter().enumerate().filter(|(_, covered)| **covered > 0) {
        let (x, y) = (left + at as i32 % width as i32, top + at as i32 / width as i32);
        let line = &mut found[(y.max(0) as u32 / height) as usize];
        *line = (line.0.min(x), line.1.max(x));
    }
    found
}

/// The text as it is read from left to right, line by line.
fn seen_order(text: &str) -> String {
    let request = request(text);
    let mut layout = typesetter().0.borrow_mut().layout(text, &request).unwrap();
    fit(&mut layout, &request);
    let runs = layout.lines().flat_map(|line| line.runs().collect::<Vec<_>>());
    let clusters = runs.flat_map(|run| run.visual_clusters().collect::<Vec<_>>());
    clusters.map(|cluster| &text[cluster.text_range()]).collect()
}

/// Widths are those of the font: H has 1460 units of 2048, i 497, without kerning between them.
#[test]
fn a_block_is_as_wide_as_its_widest_line_and_as_high_as_all() {
    let set = set(&request("Hi\nHiHi"));
    assert_eq!(set.report.width, (20.0 * (2.0 * (1460.0 + 497.0)) / 2048.0_f64).ceil() as u32);
    assert_eq!((set.report.height, set.report.scale), (48, 1.0));
}

#[test]
fn nothing_visible_paints_nothing() {
    for text in ["", " ", "\n", "\u{200b}"] {
        let set = set(&request(text));
        assert_eq!((set.report.painted, set.report.missing.as_str()), ([0, 0], ""), "{text:?}");
    }
}

#[test]
fn lines_are_wrapped_between_words() {
    let words = "one two three four five six";
    let narrow = set(&Request { max_width: 90.0, ..request(words) });
    assert!(narrow.report.width <= 90 && narrow.report.height == 3 * 24, "{:?}", narrow.report);
    // The place is narrower, with its padding on both sides.
    let room = set(&Request { room: [110.0, 1000.0], padding: 10.0, ..request(words) });
    assert_eq!(room.report, narrow.report);
    assert_eq!(set(&request(words)).report.height, 24);
}

#[test]
fn a_word_that_is_too_long_is_broken_unless_the_text_shrinks() {
    let long = Request { max_width: 100.0, ..request("Donaudampfschifffahrt") };
    let broken = set(&long);
    assert!(broken.report.width <= 100 && broken.report.height == 72, "{:?}", broken.report);
    let shrunk = set(&Request { shrinks: true, ..long });
    assert!((99..=100).contains(&shrunk.report.width), "{:?}", shrunk.report);
    assert!(shrunk.report.height < 24 && shrunk.report.scale < 0.6, "{:?}", shrunk.report);
}

#[test]
fn a_text_shrinks_until_its_lines_fit_into_the_place() {
    let text = "Some words that take a few lines of this place, or fewer when they are small";
    let wanted = Request { shrinks: true, max_width: 200.0, room: [200.0, 60.0], ..request(text) };
    let shrunk = set(&wanted);
    assert!(shrunk.report.width <= 200 && shrunk.report.height <= 60, "{:?}", shrunk.report);
    assert!(shrunk.report.scale > 0.7 && shrunk.report.scale < 1.0, "{:?}", shrunk.report);
    let fits = set(&Request { room: [200.0, 200.0], ..wanted });
    assert_eq!(fits.report.scale, 1.0);
}

#[test]
fn lines_lie_where_they_are_aligned() {
    let at = |alignment: Alignment| lines(&set(&Request { alignment, ..request("Hl\nHHHHHl") }), 24);
    let [left, center, right] = [Alignment::Left, Alignment::Center, Alignment::Right].map(at);
    assert_eq!(left[0].0, left[1].0);
    assert_eq!(right[0].1, right[1].1);
    let middle = |line: (i32, i32)| line.0 + line.1;
    assert!((middle(center[0]) - middle(center[1])).abs() <= 2, "{center:?}");
}

#[test]
fn characters_without_a_glyph_are_named_once_and_not_painted() {
    let set = set(&request("A字 字é\u{1f600}"));
    assert_eq!(set.report.missing, "字\u{1f600}");
    let alone = typesetter().lettering(&request("字")).unwrap();
    assert_eq!((alone.report.missing.as_str(), alone.report.painted), ("字", [0, 0]));
    assert_eq!(typesetter().lettering(&request("Ωβ Жук Việt\t€\r\n“q”")).unwrap().report.missing, "");
}

/// The order of the Unicode bidirectional algorithm: Hebrew from right to left, numbers in it from left to right.
#[test]
fn scripts_that_run_from_right_to_left_do() {
    assert_eq!(seen_order("abc"), "abc");
    assert_eq!(seen_order("a אבג b"), "a גבא b");
    assert_eq!(seen_order("אב 12 ג"), "ג 12 בא");
}

#[test]
fn an_outline_surrounds_the_letters_and_lies_under_them() {
    let plain = set(&request("Ag"));
    let outlined = set(&Request { stroke: 2.0, ..request("Ag") });
    let grown = [0, 1].map(|axis| plain.report.start[axis] - outlined.report.start[axis]);
    assert!(grown.iter().all(|by| (2..=3).contains(by)), "{grown:?}");
    for (letter, outline) in outlined.letters.iter().zip(&outlined.outline) {
        assert!(outline >= letter, "{letter} {outline}");
    }
    let ink = |plane: &[u8]| plane.iter().map(|one| f64::from(*one)).sum::<f64>();
    assert!(ink(&outlined.outline) > 2.0 * ink(&outlined.letters));
    assert!((ink(&outlined.letters) - ink(&plain.letters)).abs() < 1.0);
}

#[test]
fn of_a_text_that_is_larger_than_the_picture_its_middle_is_painted() {
    let all = set(&Request { size: 100.0, ..request("Middle") });
    let cut = set(&Request { size: 100.0, seen: [50, 40], ..request("Middle") });
    assert_eq!((cut.report.width, cut.report.height), (all.report.width, all.report.height));
    assert!(cut.report.painted[0] <= 53 && cut.report.painted[1] <= 43, "{:?}", cut.report);
    let [x, y] = [0, 1].map(|axis| (cut.report.start[axis] - all.report.start[axis]) as usize);
    for row in 0..cut.report.painted[1] as usize {
        let width = cut.report.painted[0] as usize;
        let same = &all.letters[(y + row) * all.report.painted[0] as usize + x..][..width];
        // Positions are measured from another start, so samples may differ by their rounding.
        let differs = cut.letters[row * width..][..width].iter().zip(same).any(|(one, other)| one.abs_diff(*other) > 8);
        assert!(!differs, "row {row}");
    }
}

#[test]
fn what_is_no_font_is_refused() {
    assert!(FontTypesetter::new(Vec::new()).is_none());
    assert!(FontTypesetter::new(b"\0\x01\0\0 no font, but it starts like one".to_vec()).is_none());
}

#[test]
fn extreme_requests_end() {
    for size in [0.001, 0.5, 3000.0] {
        for shrinks in [false, true] {
            let request = Request {
                size,
                shrinks,
                stroke: size / 2.0,
                max_width: 1.0,
                room: [1.0, 1.0],
                seen: [1, 1],
                ..request("Hello, world")
            };
            let set = set(&request);
            assert!(set.report.painted[0] <= 3 && set.report.painted[1] <= 3, "{size} {:?}", set.report);
        }
    }
}

fn hebrew() -> Vec<u8> {
    include_bytes!("../../../tests/data/fonts/hebrew.ttf").to_vec()
}

#[test]
fn what_a_font_of_the_user_lacks_is_taken_from_the_built_in_one() {
    let typesetter = typesetter();
    typesetter.add("Ivrit", &hebrew()).unwrap();
    let set = |font: &str, text: &str| {
        typesetter.lettering(&Request { font: font.to_owned(), ..request(text) }).map(|set| set.report)
    };
    assert_eq!(set("", "שלום Hi").unwrap().missing, "שלום");
    let both = set("Ivrit", "שלום Hi 字").unwrap();
    assert_eq!(both.missing, "字");
    assert_eq!(set("Ivrit", "Hi").unwrap().width, set("", "Hi").unwrap().width);
}

#[test]
fn fonts_are_replaced_and_forgotten_by_name() {
    let typesetter = typesetter();
    let missing = |typesetter: &FontTypesetter| {
        let request = Request { font: "mine".to_owned(), ..request("של日") };
        typesetter.lettering(&request).map(|set| set.report.missing)
    };
    assert_eq!(missing(&typesetter), None);
    assert!(typesetter.set(&Request { font: "mine".to_owned(), ..request("a") }).is_err());
    typesetter.add("mine", &hebrew()).unwrap();
    assert_eq!(missing(&typesetter).as_deref(), Some("日"));
    typesetter.add("mine", include_bytes!("../../../tests/data/fonts/japanese.ttf")).unwrap();
    assert_eq!(missing(&typesetter).as_deref(), Some("של"));
    typesetter.forget_own();
    assert_eq!(missing(&typesetter), None);
}

#[test]
fn a_font_that_cannot_be_used_is_refused_with_the_reason() {
    let typesetter = typesetter();
    for file in [b"wOF2".as_slice(), b"wOFF"] {
        assert!(typesetter.add("a", file).unwrap_err().contains("WOFF file that is damaged"));
    }
    for file in [b"".as_slice(), b"no font", b"\0\x01\0\0 no font, but it starts like one"] {
        assert!(typesetter.add("a", file).unwrap_err().contains("not a TrueType or OpenType font"));
    }
    // A font with neither outlines nor coloured pictures.
    let mut empty = hebrew();
    let glyf = empty.windows(4).position(|tag| tag == b"glyf").unwrap();
    empty[glyf..glyf + 4].copy_from_slice(b"none");
    assert!(typesetter.add("a", &empty).unwrap_err().contains("pictures"));
}

#[test]
fn a_packed_font_sets_what_it_set_before() {
    let typesetter = typesetter();
    let text = |font: &str| typesetter.lettering(&Request { font: font.to_owned(), ..request("שלום עולם") }).unwrap();
    for extension in ["ttf", "woff", "woff2"] {
        typesetter.add(extension, &data(&format!("fonts/hebrew.{extension}"))).unwrap();
    }
    assert!(text("ttf").letters.iter().any(|covered| *covered > 0));
    assert_eq!((text("woff"), text("woff2")), (text("ttf"), text("ttf")));
}

/// Roboto has © and digits, and no emoji.
#[test]
fn the_font_for_emoji_is_wanted_where_it_would_help() {
    let typesetter = typesetter();
    let wants = |text: &str| typesetter.lettering(&request(text)).unwrap().report.lacks_emoji;
    for text in ["", "Plain © 1 ™", "字", "©\u{fe0e}", "\u{200d}"] {
        assert!(!wants(text), "{text}");
    }
    for text in ["a 😀", "©️", "1️⃣", "🇺🇳", "☺"] {
        assert!(wants(text), "{text}");
    }
    typesetter.add("own", &data("fonts/emoji.ttf")).unwrap();
    let own = |text: &str| typesetter.lettering(&Request { font: "own".to_owned(), ..request(text) }).unwrap().report;
    assert!(!own("😀❤️").lacks_emoji && own("🌍").lacks_emoji);
    typesetter.add_emoji(&data("fonts/emoji.ttf")).unwrap();
    assert!(!wants("a 😀") && !wants("🌍"));
    assert_eq!(own("🌍\u{fe0f}").missing, "🌍");
}

#[test]
fn a_selector_chooses_between_letters_and_pictures() {
    let typesetter = typesetter();
    typesetter.add_emoji(&unpacked(include_bytes!("../noto-emoji/NotoColorEmoji.woff2")).unwrap()).unwrap();
    let is_colored = |text: &str| {
        let set = typesetter.lettering(&request(text)).unwrap();
        let inked = set.letters.iter().any(|covered| *covered > 0);
        assert_eq!(set.report.missing, "", "{text}");
        assert_ne!(inked, !set.colors.is_empty(), "{text}");
        !inked
    };
    assert!(!is_colored("©") && !is_colored("©\u{fe0e}") && is_colored("©\u{fe0f}"));
    assert!(is_colored("😀") && is_colored("☺"));
}

#[test]
fn emoji_stand_among_letters_and_shrink_with_them() {
    let typesetter = typesetter();
    typesetter.add_emoji(&data("fonts/emoji.ttf")).unwrap();
    let set = |request: &Request| typesetter.lettering(request).unwrap();
    let plain = set(&request("ab"));
    let mixed = set(&request("a😀b"));
    let pixels = (mixed.report.painted[0] * mixed.report.painted[1]) as usize;
    assert_eq!((mixed.letters.len(), mixed.colors.len()), (pixels, 4 * pixels));
    assert!(plain.colors.is_empty() && mixed.report.width >= plain.report.width + 20);
    // No pixel has both.
    let both = mixed
        .letters
        .iter()
        .zip(mixed.colors.as_chunks::<4>().0)
        .filter(|(letter, color)| **letter > 0 && color[3] > 0);
    assert_eq!(both.count(), 0);
    let shrunk = set(&Request { shrinks: true, max_width: 10.0, ..request("😀") });
    assert!((9..=10).contains(&shrunk.report.width) && shrunk.report.painted[0] <= 12, "{:?}", shrunk.report);
}

#[test]
fn an_outline_surrounds_what_has_colours_too() {
    let typesetter = typesetter();
    typesetter.add("graph", &data("fonts/graph.ttf")).unwrap();
    // A box of 80 pixels.
    let request = Request { font: "graph".to_owned(), size: 100.0, ..request("B") };
    let (plain, outlined) = (typesetter.lettering(&request), typesetter.lettering(&Request { stroke: 5.0, ..request }));
    let (plain, outlined) = (plain.unwrap(), outlined.unwrap());
    let [x, y] = [0, 1].map(|axis| plain.report.start[axis] - outlined.report.start[axis]);
    assert!((5..=6).contains(&x) && (5..=6).contains(&y), "{x} {y}");
    let area = |plane: &[u8]| plane.iter().map(|one| f64::from(*one) / 255.0).sum::<f64>();
    let inner: f64 = area(&plain.colors.iter().skip(3).step_by(4).copied().collect::<Vec<_>>());
    let expected = inner + 4.0 * 80.0 * 5.0 + std::f64::consts::PI * 25.0;
    let found = area(&outlined.outline);
    assert!((inner - 6400.0).abs() < 1.0 && (found - expected).abs() < 12.0, "{inner}, {found} for {expected}");
}
