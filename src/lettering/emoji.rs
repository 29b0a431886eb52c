//! Which characters are emoji, and how a text says that it wants them to look.

use std::ops::Range;

/// Asks for the form of letters: black and white.
const TEXT_SELECTOR: char = '\u{fe0e}';
/// Asks for the form of pictures: coloured.
const EMOJI_SELECTOR: char = '\u{fe0f}';
/// Joins emoji to one.
const JOINER: char = '\u{200d}';

/// What the emoji font has besides digits, spaces and signs that letters have too, as first and last characters.
const EMOJI: [(char, char); 73] = [
    ('\u{203c}', '\u{203c}'),
    ('\u{2049}', '\u{2049}'),
    ('\u{20e3}', '\u{20e3}'),
    ('\u{2139}', '\u{2139}'),
    ('\u{2194}', '\u{2199}'),
    ('\u{21a9}', '\u{21aa}'),
    ('\u{231a}', '\u{231b}'),
    ('\u{2328}', '\u{2328}'),
    ('\u{23cf}', '\u{23cf}'),
    ('\u{23e9}', '\u{23f3}'),
    ('\u{23f8}', '\u{23fa}'),
    ('\u{24c2}', '\u{24c2}'),
    ('\u{25aa}', '\u{25ab}'),
    ('\u{25b6}', '\u{25b6}'),
    ('\u{25c0}', '\u{25c0}'),
    ('\u{25fb}', '\u{25fe}'),
    ('\u{2600}', '\u{2604}'),
    ('\u{260e}', '\u{260e}'),
    ('\u{2611}', '\u{2611}'),
    ('\u{2614}', '\u{2615}'),
    ('\u{2618}', '\u{2618}'),
    ('\u{261d}', '\u{261d}'),
    ('\u{2620}', '\u{2620}'),
    ('\u{2622}', '\u{2623}'),
    ('\u{2626}', '\u{2626}'),
    ('\u{262a}', '\u{262a}'),
    ('\u{262e}', '\u{262f}'),
    ('\u{2638}', '\u{263a}'),
    ('\u{2640}', '\u{2640}'),
    ('\u{2642}', '\u{2642}'),
    ('\u{2648}', '\u{2653}'),
    ('\u{265f}', '\u{2660}'),
    ('\u{2663}', '\u{2663}'),
    ('\u{2665}', '\u{2666}'),
    ('\u{2668}', '\u{2668}'),
    ('\u{267b}', '\u{267b}'),
    ('\u{267e}', '\u{267f}'),
    ('\u{2692}', '\u{2697}'),
    ('\u{2699}', '\u{2699}'),
    ('\u{269b}', '\u{269c}'),
    ('\u{26a0}', '\u{26a1}'),
    ('\u{26a7}', '\u{26a7}'),
    ('\u{26aa}', '\u{26ab}'),
    ('\u{26b0}', '\u{26b1}'),
    ('\u{26bd}', '\u{26be}'),
    ('\u{26c4}', '\u{26c5}'),
    ('\u{26c8}', '\u{26c8}'),
    ('\u{26ce}', '\u{26cf}'),
    ('\u{26d1}', '\u{26d1}'),
    ('\u{26d3}', '\u{26d4}'),
    ('\u{26e9}', '\u{26ea}'),
    ('\u{26f0}', '\u{26f5}'),
    ('\u{26f7}', '\u{26fa}'),
    ('\u{26fd}', '\u{26fd}'),
    ('\u{2702}', '\u{2702}'),
    ('\u{2705}', '\u{2705}'),
    ('\u{2708}', '\u{270d}'),
    ('\u{270f}', '\u{270f}'),
    ('\u{2712}', '\u{2712}'),
    ('\u{2714}', '\u{2714}'),
    ('\u{2716}', '\u{2716}'),
    ('\u{271d}', '\u{271d}'),
    ('\u{2721}', '\u{2721}'),
    ('\u{2728}', '\u{2728}'),
    ('\u{2733}', '\u{2734}'),
    ('\u{2744}', '\u{2744}'),
    ('\u{2747}', '\u{2747}'),
    ('\u{274c}', '\u{274c}'),
    ('\u{274e}', '\u{274e}'),
    ('\u{2753}', '\u{2757}'),
    ('\u{2763}', '\u{2764}'),
    ('\u{2795}', '\u{2797}'),
    ('\u{27a1}', '\u{27a1}'),
];

/// Whether a character is one for which an emoji font may help. The emoji font may lack a few of these, and has digits and
/// signs besides, which become emoji with what follows them only.
pub fn is_emoji(character: char) -> bool {
    match character {
        '\u{1f000}'..='\u{1faff}' => true,
        '\u{27b0}' | '\u{27bf}' | '\u{2934}' | '\u{2935}' | '\u{2b05}'..='\u{2b07}' => true,
        '\u{2b1b}' | '\u{2b1c}' | '\u{2b50}' | '\u{2b55}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' => true,
        '\u{2122}' => false,
        other => {
            let found = EMOJI.partition_point(|(_, last)| *last < other);
            EMOJI.get(found).is_some_and(|(first, _)| *first <= other)
        }
    }
}

/// Whether a document in XML has characters in it that are emoji, or become emoji with the selector that follows them.
pub fn are_in(document: &str) -> bool {
    let is_one = |one: char| one == EMOJI_SELECTOR || is_emoji(one);
    // Written as themselves, or as numbers.
    let references = document.split('&').skip(1).filter_map(|part| part.strip_prefix('#')?.split(';').next());
    let mut numbers = references.filter_map(|number| {
        let code = match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        code.ok().and_then(char::from_u32)
    });
    document.chars().any(is_one) || numbers.any(is_one)
}

/// Whether a character only says how its neighbours are to look.
pub fn is_selector(character: char) -> bool {
    matches!(character, TEXT_SELECTOR | EMOJI_SELECTOR | JOINER)
}

/// The form in which a text wants a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// That of letters.
    Text,
    /// That of pictures.
    Emoji,
}

/// The parts of a text that say in which form they are to be shown: characters, with all that is joined to them.
pub fn selected(text: &str) -> Vec<(Range<usize>, Form)> {
    let mut found = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some((start, mut last)) = characters.next() {
        let mut form = None;
        let mut end = start + last.len_utf8();
        while let Some((at, next)) = characters.next_if(|(_, next)| last == JOINER || extends(*next)) {
            match next {
                EMOJI_SELECTOR => form = Some(Form::Emoji),
                TEXT_SELECTOR => form = form.or(Some(Form::Text)),
                _ => {}
            }
            (last, end) = (next, at + next.len_utf8());
        }
        found.extend(form.map(|form| (start..end, form)));
    }
    found
}

/// Whether a character belongs to the emoji before it: selectors, the joiner, the keycap, skin tones and the letters of flags.
fn extends(character: char) -> bool {
    is_selector(character) || matches!(character, '\u{20e3}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use skrifa::{FontRef, MetadataProvider};

    use super::*;
    use crate::lettering::typesetting::unpacked;

    #[test]
    fn what_the_emoji_font_has_is_emoji() {
        let file = unpacked(include_bytes!("noto-emoji/NotoColorEmoji.woff2")).unwrap();
        let font = FontRef::new(&file).unwrap();
        let shared = |one: char| one.is_ascii() || matches!(one, '©' | '®' | '™' | JOINER | '\u{e0000}'..='\u{e007f}');
        let characters = font.charmap().mappings().filter_map(|(code, _)| char::from_u32(code));
        let missed: Vec<char> = characters.filter(|one| is_emoji(*one) == shared(*one)).collect();
        assert!(missed.is_empty(), "{missed:?}");
        let has = |one: &char| font.charmap().map(*one).is_some();
        let others: Vec<char> = ('\u{80}'..'\u{10000}').filter(|one| is_emoji(*one) && !has(one)).collect();
        assert_eq!(others, ['\u{2756}']);
        assert!(('\0'..'\u{2000}').chain('\u{3400}'..'\u{10000}').all(|one| !is_emoji(one)));
    }

    #[test]
    fn emoji_are_found_in_documents() {
        for document in ["<text>😀</text>", "&#x1F600;", "a &amp; b &#128512;", "1&#xfe0f;&#x20e3;"] {
            assert!(are_in(document), "{document}");
        }
        for document in ["<text>Ünïcödé 字 1 ©</text>", "&#65; &#x41; &#; &#xzz; &", "&#1114112;"] {
            assert!(!are_in(document), "{document}");
        }
    }

    #[test]
    fn a_selector_is_for_all_that_is_joined() {
        let parts = |text: &str| -> Vec<(String, Form)> {
            selected(text).into_iter().map(|(range, form)| (text[range].to_owned(), form)).collect()
        };
        let emoji = |text: &str| vec![(text.to_owned(), Form::Emoji)];
        assert_eq!(parts("a 😀 b"), []);
        assert_eq!(parts("a❤️b"), emoji("❤️"));
        assert_eq!(parts("x1️⃣2"), emoji("1️⃣"));
        assert_eq!(parts("-🏴\u{200d}☠\u{fe0f}-"), emoji("🏴\u{200d}☠\u{fe0f}"));
        assert_eq!(parts("👁️\u{200d}🗨️!"), emoji("👁️\u{200d}🗨️"));
        assert_eq!(parts("☺\u{fe0e}"), [("☺\u{fe0e}".to_owned(), Form::Text)]);
        assert_eq!(parts("\u{fe0f}\u{200d}"), [], "nothing to show");
    }
}
