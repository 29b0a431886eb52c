//! The subject of a studio shot, without a model: everything that is not the backdrop.
//!
//! The backdrop is modelled as a smooth surface of colour, fitted to the border and then to all of the backdrop. From
//! the border, a flood fill follows pixels of its colour and its shadow, which is darker, of the same tint, and without
//! texture. What it cannot reach is the subject. Along the subject's edge, opacity is the position of a pixel on the
//! line from the nearby backdrop colour to the subject's. The shadow is how much darker the backdrop is than its
//! surface.

use super::border::{self, Surface};
use super::edges::Edges;
use super::lab::{Lab, difference};
use super::region::Region;
use crate::image::field::{Field, Map};

/// A backdrop pixel is closer to the surface than this, in ΔE, however quiet the border is.
const LEAST_REACH: f32 = 2.5;
/// Or closer than this many times the median distance of the border,
const REACH: f32 = 4.0;
/// but never further away than this: beyond, other objects begin.
const MOST_REACH: f32 = 12.0;
/// A shadow differs from the backdrop's tint by less than this, in ΔE without lightness.
const TINT: f32 = 4.0;
/// A shadow is darker by less than this, in L\*.
const DARKEST: f32 = 40.0;
/// A shadow's lightness changes by less than this per pixel, in L\*.
const SOFTEST: f32 = 1.2;
/// Around a pixel of a shadow no edge is nearer than this, in pixels.
const CLEARANCE: usize = 3;
/// A part of the subject covers at least this share of the picture,
const SPECK: usize = 5000;
/// and more pixels than a single one darkens around itself.
const LEAST: usize = 26;
/// Width of the subject's rim that may still be backdrop: up to the outline everything is certainly backdrop, in
/// pixels.
const RIM: usize = 6;
/// On either side of the outline, opacity is partial for at most this many pixels.
const BAND: usize = 3;
/// How far away the subject's and the backdrop's colours are taken from, in pixels.
const NEARBY: usize = 6;
/// The weight of the outline against that of colour, as a squared distance of colours from 0 to 1.
const OUTLINE: f32 = 2e-3;
/// Least number of pixels for fitting a surface.
const SAMPLES: usize = 1 << 14;
/// How much darker than its surface a backdrop may be before that is a shadow: noise, and the surface's error.
const NOISE: f32 = 0.015;
/// A border whose median distance from the surface is above this is no backdrop, in ΔE.
const UNEVEN: f32 = 4.0;

/// A border with a smaller deviation is a backdrop beyond doubt, in ΔE. Six studio photographs have 0.3 to 0.7, ordinary
/// ones 2.5 to 30.
const EVEN: f32 = 2.0;
/// Less than this share of the picture may be dust.
const LEAST_SURE: f32 = 0.005;
/// A subject that covers more of the border than this share may be a scene.
const MOST_AT_BORDER: f32 = 0.1;
/// Enclosed parts in the backdrop's colour may be holes in the subject or parts of it: more than this share of it is
/// ambiguous.
const MOST_ENCLOSED: f32 = 0.02;
/// A subject that fills more of its bounding box than this share may be a picture in a frame.
const MOST_FILLED: f32 = 0.97;

/// A subject of which more of the outline than this share is faint may be a part of the backdrop. Six studio photographs
/// have at most 0.01; a bright floor in front of a wall has 0.4.
const MOST_FAINT: f32 = 0.1;
/// How far inside of its outline the subject is compared with the backdrop, in pixels: the outline itself is mixed with it.
const INSIDE: usize = 3;
/// A colour is faint if its distance from the surface is below this many times the reach.
const FAINT: f32 = 1.5;

/// What was found in front of an even backdrop.
#[derive(Clone, Debug)]
pub struct Found {
    /// The subject's edges.
    pub edges: Edges,
    /// Opacity of a black layer that reproduces the shadow, at work size.
    pub shadow: Map,
    /// Whether the border is an even backdrop at all.
    pub is_even: bool,
    /// Whether there is both a subject and a backdrop.
    pub is_clear: bool,
}

/// Finds the subject of the picture that `guide` is.
pub fn find(guide: &Field) -> Found {
    Studio::of(guide).part(guide).found(guide)
}

/// Finds the subject of the picture that `guide` is, if it clearly stands in front of an even backdrop.
pub fn find_surely(guide: &Field) -> Option<Found> {
    let studio = Studio::of(guide);
    if studio.deviation >= EVEN {
        return None;
    }
    let parts = studio.part(guide);
    parts.is_sure().then(|| parts.found(guide))
}

/// A picture with the backdrop that was fitted to its border.
struct Studio {
    lab: Lab,
    smooth: Field,
    surface: Surface,
    /// The border's distance from the surface, in ΔE: the median, and the root mean square.
    median: f32,
    deviation: f32,
}

impl Studio {
    fn of(guide: &Field) -> Self {
        let lab = Lab::new();
        let mut smooth = guide.clone();
        smooth.box_mean(1, &mut Vec::new());
        let border = sampled(border::places(guide.size).collect());
        let (surface, median) = Surface::through(&smooth, &border, &lab);
        let deviation = surface.deviation(&smooth, &border, &lab);
        Self { lab, smooth, surface, median, deviation }
    }

    /// Divides it into subject and backdrop.
    fn part(self, guide: &Field) -> Parts {
        let Self { lab, smooth, surface, median, .. } = self;
        let mut scratch = Vec::new();
        let mut colours = smooth.clone();
        for pixel in &mut colours.data {
            let [l, a, b] = lab.of([pixel[0], pixel[1], pixel[2]]);
            *pixel = [l, a, b, 0.0];
        }
        let gentle = gentle(&colours, &mut scratch);
        let reach = (REACH * median).clamp(LEAST_REACH, MOST_REACH);
        let judged = judge(&colours, &surface, &lab, reach);
        let followed = judged.follow(&gentle);
        // Once more, through all of the backdrop instead of just the border.
        let followed = |at: &usize| followed.inside[*at] && judged.plain.inside[*at];
        let places = sampled((0..guide.data.len()).filter(followed).collect());
        let surface = if places.is_empty() { surface } else { Surface::through(&smooth, &places, &lab).0 };
        let judged = judge(&colours, &surface, &lab, reach);
        let backdrop = judged.follow(&gentle).grown_into(&judged.either(&gentle), CLEARANCE);

        let subject = backdrop.complement().without_specks((guide.data.len() / SPECK).max(LEAST));
        Parts { lab, smooth, surface, median, reach, plain: judged.plain, subject }
    }
}

/// A picture divided into subject and backdrop.
struct Parts {
    lab: Lab,
    smooth: Field,
    surface: Surface,
    /// The border's median distance from the surface, in ΔE.
    median: f32,
    /// The distance from the surface up to which a pixel is backdrop, in ΔE.
    reach: f32,
    /// Pixels in the colour of the backdrop.
    plain: Region,
    subject: Region,
}

impl Parts {
    fn found(self, guide: &Field) -> Found {
        let count = self.subject.count();
        Found {
            shadow: shadow(&self.smooth, &self.surface, &self.subject),
            edges: edges(guide, &self.subject),
            is_even: self.median <= UNEVEN,
            is_clear: count > 0 && count < guide.data.len(),
        }
    }

    /// Whether the subject is beyond doubt, so that no model is needed.
    fn is_sure(&self) -> bool {
        let share = |part: usize, whole: usize| part as f32 / whole.max(1) as f32;
        let subject = &self.subject;
        let count = subject.count();
        let border: Vec<usize> = border::places(subject.size).collect();
        let at_border = border.iter().filter(|at| subject.inside[**at]).count();
        let enclosed = self.plain.inside.iter().zip(&subject.inside).filter(|(plain, inside)| **plain && **inside);
        share(count, subject.inside.len()) >= LEAST_SURE
            && share(at_border, border.len()) <= MOST_AT_BORDER
            && share(enclosed.count(), count) <= MOST_ENCLOSED
            && share(count, subject.box_area()) <= MOST_FILLED
            && self.faint_outline() <= MOST_FAINT
    }

    /// The share of the subject's outline where it hardly differs from the backdrop.
    fn faint_outline(&self) -> f32 {
        let inner = self.subject.shrunk(INSIDE);
        let core = inner.shrunk(1);
        let outline = (0..inner.inside.len()).filter(|at| inner.inside[*at] && !core.inside[*at]);
        let (mut faint, mut count) = (0_u32, 0_u32);
        for at in outline {
            faint += u32::from(self.surface.distance(&self.smooth, at, &self.lab) < FAINT * self.reach);
            count += 1;
        }
        faint as f32 / count.max(1) as f32
    }
}

/// A sample of the places that is enough for a fit, spread evenly: an odd step visits every column.
fn sampled(places: Vec<usize>) -> Vec<usize> {
    let step = (places.len() / SAMPLES) | 1;
    places.into_iter().step_by(step).collect()
}

/// Where lightness changes no faster than in a shadow.
fn gentle(colours: &Field, scratch: &mut Vec<[f32; 4]>) -> Region {
    let mut smooth = colours.clone();
    smooth.box_mean(1, scratch);
    let (width, height) = (colours.size.width as usize, colours.size.height as usize);
    let lightness = |x: usize, y: usize| smooth.data[y * width + x][0];
    let change = |at: usize| {
        let (x, y) = (at % width, at / width);
        let across = lightness((x + 1).min(width - 1), y) - lightness(x.saturating_sub(1), y);
        let down = lightness(x, (y + 1).min(height - 1)) - lightness(x, y.saturating_sub(1));
        (across * across + down * down).sqrt() / 2.0
    };
    Region::new(colours.size, (0..colours.data.len()).map(|at| change(at) < SOFTEST).collect())
}

/// Pixels classified by colour.
struct Judged {
    /// The backdrop's colour.
    plain: Region,
    /// Darker, of the same tint.
    shaded: Region,
}

fn judge(colours: &Field, surface: &Surface, lab: &Lab, reach: f32) -> Judged {
    let (mut plain, mut shaded) = (Vec::with_capacity(colours.data.len()), Vec::with_capacity(colours.data.len()));
    for (y, row) in colours.data.chunks_exact(colours.size.width as usize).enumerate() {
        for ([l, a, b, _], backdrop) in row.iter().zip(surface.row(y)) {
            let backdrop = lab.of(backdrop);
            let darker = backdrop[0] - l;
            let tint = difference([0.0, *a, *b], [0.0, backdrop[1], backdrop[2]]);
            plain.push((tint * tint + darker * darker).sqrt() < reach);
            shaded.push(darker > 0.0 && darker < DARKEST && tint < reach.max(TINT));
        }
    }
    Judged { plain: Region::new(colours.size, plain), shaded: Region::new(colours.size, shaded) }
}

impl Judged {
    /// The backdrop as reached from the border, with its shadow kept away from edges.
    fn follow(&self, gentle: &Region) -> Region {
        let rough = gentle.complement().grown(CLEARANCE);
        let shaded = self.shaded.inside.iter().zip(&rough.inside);
        let inside = shaded.zip(&self.plain.inside).map(|((shaded, rough), plain)| *plain || *shaded && !rough);
        Region::new(self.plain.size, inside.collect()).reached_from_border()
    }

    /// Where backdrop and shadow may be, up to the edges.
    fn either(&self, gentle: &Region) -> Region {
        let both = self.plain.inside.iter().zip(&self.shaded.inside).map(|(plain, shaded)| *plain || *shaded);
        Region::new(self.plain.size, both.zip(&gentle.inside).map(|(either, gentle)| either && *gentle).collect())
    }
}

/// Opacity as the position of a colour between that of the backdrop and that of the subject, both taken nearby.
fn edges(guide: &Field, subject: &Region) -> Edges {
    let size = guide.size;
    let mut scratch = Vec::new();
    let mut nearby = |weight: &dyn Fn(usize) -> f32, radius: usize| {
        let weigh = |(at, [r, g, b, _]): (usize, &[f32; 4])| {
            let weight = weight(at);
            [r * weight, g * weight, b * weight, weight]
        };
        let mut field = Field { size, data: guide.data.iter().enumerate().map(weigh).collect() };
        field.box_mean(radius, &mut scratch);
        field
    };
    // Where the subject is too thin to have a core, all of it provides the colour.
    let core = subject.shrunk(RIM);
    let weight = |at: usize| if core.inside[at] { 1.0 } else { 1e-3 * f32::from(u8::from(subject.inside[at])) };
    let own = nearby(&weight, NEARBY + RIM);
    let around = subject.grown(1);
    let behind = nearby(&|at| f32::from(u8::from(!around.inside[at])), NEARBY);
    let function = |at: usize, outline: f32| match (mean(own.data[at]), mean(behind.data[at])) {
        (Some(own), Some(behind)) => between(own, behind, outline),
        _ => [0.0, 0.0, 0.0, outline],
    };

    // So far the outline is where the backdrop ends; an opacity of one half is further in.
    let is_behind = |at: usize| {
        let ([r, g, b, constant], [red, green, blue, _]) = (function(at, 1.0), guide.data[at]);
        subject.inside[at] && r * red + g * green + b * blue + constant < 0.5
    };
    let soft = Region::new(size, (0..guide.data.len()).map(is_behind).collect());
    let subject = subject.complement().grown_into(&soft, RIM).complement();

    let mut outline = Field::filled(size, [0.0; 4]);
    for (value, inside) in outline.data.iter_mut().zip(&subject.inside) {
        value[0] = f32::from(u8::from(*inside));
    }
    outline.box_mean(BAND, &mut scratch);
    let (outer, inner) = (subject.grown(BAND), subject.shrunk(BAND));
    let open = |at: usize| outer.inside[at] && !inner.inside[at];
    let rough = |at: usize| if open(at) { 0.5 } else { f32::from(u8::from(subject.inside[at])) };
    Edges {
        rough: Map { size, data: (0..guide.data.len()).map(rough).collect() },
        functions: Field { size, data: (0..guide.data.len()).map(|at| function(at, outline.data[at][0])).collect() },
    }
}

/// The weighted mean colour, if anything had a weight.
fn mean([r, g, b, weight]: [f32; 4]) -> Option<[f32; 3]> {
    (weight > 1e-6).then(|| [r / weight, g / weight, b / weight])
}

/// Opacity as a function of colour: 0 at `behind`, 1 at `own`; the less these differ, the more the outline counts.
fn between(own: [f32; 3], behind: [f32; 3], outline: f32) -> [f32; 4] {
    let way: [f32; 3] = std::array::from_fn(|i| own[i] - behind[i]);
    let scale = 1.0 / (OUTLINE + way.iter().map(|part| part * part).sum::<f32>());
    let at_behind: f32 = way.iter().zip(behind).map(|(way, behind)| way * behind).sum();
    [way[0] * scale, way[1] * scale, way[2] * scale, (OUTLINE * outline - at_behind) * scale]
}

/// How much darker the backdrop is than its surface, extended under the subject's edge.
fn shadow(smooth: &Field, surface: &Surface, subject: &Region) -> Map {
    let luma = |r: f32, g: f32, b: f32| 0.299 * r + 0.587 * g + 0.114 * b;
    let subject = subject.grown(2);
    let width = smooth.size.width as usize;
    let mut field = Field::filled(smooth.size, [0.0; 4]);
    for (y, row) in field.data.chunks_exact_mut(width).enumerate() {
        for (x, (out, [r, g, b])) in row.iter_mut().zip(surface.row(y)).enumerate() {
            let [red, green, blue, _] = smooth.data[y * width + x];
            if !subject.inside[y * width + x] {
                let share = 1.0 - luma(red, green, blue) / luma(r, g, b).max(1e-3);
                *out = [((share - NOISE) / (1.0 - NOISE)).clamp(0.0, 1.0), 1.0, 0.0, 0.0];
            }
        }
    }
    field.box_mean(CLEARANCE + 1, &mut Vec::new());
    let data = field.data.iter().map(|[sum, weight, ..]| if *weight > 0.0 { sum / weight } else { 0.0 }).collect();
    Map { size: smooth.size, data }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Image, Pixels, Size};

    const SIZE: Size = Size::new(160, 120);

    /// A graded, slightly noisy backdrop with a subject whose colour and opacity come from `subject`.
    fn scene(subject: impl Fn(f32, f32) -> ([f32; 3], f32)) -> Field {
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as f32 / 255.0 * 0.012 - 0.006
        };
        let mut pixel = |x: f32, y: f32| {
            let (colour, alpha) = subject(x, y);
            let backdrop = 0.88 - 0.04 * x / 160.0 - 0.06 * (y / 120.0 - 0.3).powi(2);
            let [r, g, b] = colour.map(|colour| colour * alpha + backdrop * (1.0 - alpha) + noise());
            [r, g, b, 1.0]
        };
        let data = (0..SIZE.pixels() as u32).map(|i| pixel((i % 160) as f32, (i / 160) as f32)).collect();
        Field { size: SIZE, data }
    }

    fn alpha(guide: &Field, found: &Found) -> Vec<u8> {
        let rgb = guide.data.iter().flat_map(|[r, g, b, _]| [*r, *g, *b].map(|value| (value * 255.0 + 0.5) as u8));
        found.edges.opacity(&Image::new(SIZE, Pixels::Rgb(rgb.collect()))).unwrap()
    }

    fn disc(x: f32, y: f32, radius: f32) -> f32 {
        (radius - (x - 80.0).hypot(y - 60.0) + 0.5).clamp(0.0, 1.0)
    }

    #[test]
    fn a_subject_is_cut_where_it_ends() {
        let guide = scene(|x, y| ([0.2, 0.5, 0.3], disc(x, y, 30.0)));
        let found = find(&guide);
        assert!(found.is_even && found.is_clear);
        for (i, alpha) in alpha(&guide, &found).iter().enumerate() {
            let expected = disc((i % 160) as f32, (i / 160) as f32, 30.0);
            assert!((f32::from(*alpha) / 255.0 - expected).abs() < 0.1, "{alpha} for {expected} at {i}");
        }
    }

    #[test]
    fn a_gray_subject_with_texture_is_no_shadow() {
        let stripes = |x: f32, y: f32| 0.62 + 0.06 * (x * 1.3).sin() * (y * 0.9).cos();
        let guide = scene(|x, y| ([stripes(x, y); 3], disc(x, y, 30.0)));
        let alpha = alpha(&guide, &find(&guide));
        let opaque = alpha.iter().filter(|alpha| **alpha > 127).count() as f32;
        let area = std::f32::consts::PI * 900.0;
        assert!((opaque / area - 1.0).abs() < 0.05, "{opaque} of {area}");
    }

    #[test]
    fn a_shadow_is_backdrop_and_is_measured() {
        let shade = |x: f32, y: f32| 0.3 * (1.0 - ((x - 100.0) / 45.0).hypot((y - 75.0) / 38.0)).clamp(0.0, 1.0);
        let guide = scene(|x, y| {
            let inside = disc(x, y, 25.0);
            if inside > 0.0 { ([0.1, 0.1, 0.6], inside) } else { ([0.0; 3], shade(x, y)) }
        });
        let found = find(&guide);
        let alpha = alpha(&guide, &found);
        // Well outside the disc, in the shadow.
        for (x, y) in [(115_usize, 80_usize), (104, 88), (120, 70)] {
            let expected = shade(x as f32, y as f32);
            let got = found.shadow.data[y * 160 + x];
            assert!(alpha[y * 160 + x] == 0 && (got - expected).abs() < 0.03, "{got} for {expected} at {x},{y}");
        }
        assert!(found.shadow.data[5 * 160 + 5] < 0.005);
    }

    #[test]
    fn areas_enclosed_by_a_subject_stay() {
        let guide = scene(|x, y| ([0.8, 0.1, 0.1], disc(x, y, 30.0) - disc(x, y, 20.0)));
        let alpha = alpha(&guide, &find(&guide));
        assert_eq!((alpha[60 * 160 + 80], alpha[60 * 160 + 20]), (255, 0));
    }

    #[test]
    fn a_subject_within_the_picture_is_sure() {
        let guide = scene(|x, y| ([0.2, 0.5, 0.3], disc(x, y, 30.0)));
        let (sure, found) = (find_surely(&guide).unwrap(), find(&guide));
        assert_eq!((sure.edges.rough, sure.edges.functions), (found.edges.rough, found.edges.functions));
    }

    #[test]
    fn what_may_be_something_else_is_not_sure() {
        let inside = |inside: bool| f32::from(u8::from(inside));
        let colour = [0.1, 0.2, 0.5];
        let scenes: [(&str, Field); 7] = [
            ("nothing", scene(|_, _| (colour, 0.0))),
            ("dust", scene(|x, y| (colour, disc(x, y, 2.5)))),
            (
                "a picture in a frame",
                scene(|x, y| (colour, inside((20.0..140.0).contains(&x) && (15.0..105.0).contains(&y)))),
            ),
            ("a ring", scene(|x, y| (colour, disc(x, y, 30.0) - disc(x, y, 20.0)))),
            (
                "a bright part of the wall behind a subject",
                scene(|x, y| {
                    let bright = 0.1 * ((50.0 - (x - 30.0).hypot(y - 60.0)) / 40.0).clamp(0.0, 1.0);
                    let subject = disc(x, y, 25.0);
                    if subject > 0.0 { (colour, subject) } else { ([1.7; 3], bright) }
                }),
            ),
            ("a table", scene(|_, y| (colour, inside(y > 90.0)))),
            ("a scene", scene(|x, y| ([(x * 0.7).sin() * 0.5 + 0.5, (y * 0.9).cos() * 0.5 + 0.5, 0.3], 1.0))),
        ];
        for (name, guide) in scenes {
            assert!(find_surely(&guide).is_none(), "{name}");
        }
    }

    #[test]
    fn specks_are_not_a_subject() {
        let guide = scene(|x, y| ([0.0; 3], if (x, y) == (40.0, 40.0) { 1.0 } else { 0.0 }));
        assert!(!find(&guide).is_clear);
    }
}
