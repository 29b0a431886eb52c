//! Templates: drawings in SVG with `{{column}}` where a row's values go.
//!
//! A template is filled in as text. Values are escaped, so that none can add an element, and the result is judged and drawn as
//! any drawing is: no script runs, and nothing outside of it is fetched.

/// Most bytes of a template, and of what is filled in.
pub const MOST_BYTES: usize = 64 << 20;

/// Fills a template in: `value` answers for each name between `{{` and `}}`, as it is in the document.
///
/// # Errors
/// What `value` fails with.
pub fn fill<E>(template: &str, mut value: impl FnMut(&str) -> Result<String, E>) -> Result<String, E> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, name, after)) = next(rest) {
        filled.push_str(before);
        filled.push_str(&value(name)?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The names in a template, in its order, perhaps several times.
pub fn names(template: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = template;
    while let Some((_, name, after)) = next(rest) {
        names.push(name);
        rest = after;
    }
    names
}

/// The next placeholder: what is before it, its name, and what follows it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name.trim(), after))
}

/// A value as text of a document or an attribute; what XML cannot contain is left out.
pub fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'.. => escaped.push(letter),
            _ => {}
        }
    }
    escaped
}

/// A file as a `data:` URL.
pub fn data_url(media_type: &str, bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut url = String::with_capacity(media_type.len() + 13 + bytes.len().div_ceil(3) * 4);
    url.extend(["data:", media_type, ";base64,"]);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            url.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    url
}
