//! Whole models compared with onnxruntime's masks, and invalid files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::codecs::{self, DecodeRequest};
use crate::image::{Pixels, Representation};

const BUILT_IN: &[u8] = include_bytes!("../u2netp/u2netp.onnx");
/// Every operator in the forms in which exporters write them (`tests/oracles/network_operators.py`).
const SMALL: &[u8] = include_bytes!("../../../tests/data/network/small.onnx");

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// A photograph at 320 × 320 as the golden's script samples it: RGB bytes.
fn sampled(name: &str) -> Vec<u8> {
    let bytes = std::fs::read(data().join("photos").join(format!("{name}.jpg"))).unwrap();
    let header = codecs::probe(&bytes, name).unwrap();
    let request = DecodeRequest {
        representation: Representation::Rgb,
        at_least: header.size,
        chroma_at_least: header.size,
        scaling: None,
        auto_orient: false,
    };
    let image = codecs::decode(&bytes, &header, &request, name).unwrap().image;
    let Pixels::Rgb(samples) = &image.pixels else { panic!("{name} is not an RGB picture") };
    let (width, height) = (image.size.width, image.size.height);
    let pixel = |place: u32| {
        let (row, column) = (place / SIDE * height / SIDE, place % SIDE * width / SIDE);
        let at = (row * width + column) as usize * 3;
        samples[at..at + 3].to_vec()
    };
    (0..SIDE * SIDE).flat_map(pixel).collect()
}

fn normalised(rgb: &[u8]) -> Vec<f32> {
    const MEAN: [f64; 3] = [0.485, 0.456, 0.406];
    const DEVIATION: [f64; 3] = [0.229, 0.224, 0.225];
    let largest = f64::from(*rgb.iter().max().unwrap());
    let plane = |channel: usize| {
        rgb.iter()
            .skip(channel)
            .step_by(3)
            .map(move |sample| ((f64::from(*sample) / largest - MEAN[channel]) / DEVIATION[channel]) as f32)
    };
    (0..3).flat_map(plane).collect()
}

fn golden(name: &str) -> Vec<f32> {
    let file = std::fs::File::open(data().join("network").join(format!("{name}.png"))).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Grayscale, png::BitDepth::Sixteen));
    bytes.chunks(2).map(|pair| f32::from(u16::from_be_bytes([pair[0], pair[1]])) / 65535.0).collect()
}

/// The largest difference of two masks.
fn difference(own: &[f32], golden: &[f32]) -> f32 {
    assert_eq!(own.len(), golden.len());
    own.iter().zip(golden).map(|(own, golden)| (own - golden).abs()).fold(0.0, f32::max)
}

#[test]
fn masks_of_three_photographs_equal_those_of_onnxruntime() {
    let inputs = std::fs::read_to_string(data().join("network/inputs.json")).unwrap();
    let inputs: BTreeMap<String, String> = serde_json::from_str(&inputs).unwrap();
    assert_eq!(inputs.len(), 3);
    let mut network = Inference::load(BUILT_IN).unwrap();
    for (name, digest) in inputs {
        let rgb = sampled(&name);
        let own: String = Sha256::digest(&rgb).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(own, digest, "{name} is decoded differently than by the golden's script");
        let largest = difference(&network.run(&normalised(&rgb)), &golden(&name));
        assert!(largest <= 2e-4, "{name} differs by {largest}");
    }
}

#[test]
fn operators_in_all_their_forms_give_what_onnxruntime_gives() {
    let mut network = Inference::load(SMALL).unwrap();
    let largest = difference(&network.run(&normalised(&sampled("cat"))), &golden("small"));
    assert!(largest <= 2e-5, "it differs by {largest}");
}

#[test]
fn a_second_run_is_not_touched_by_what_the_first_left() {
    let mut network = Inference::load(SMALL).unwrap();
    let input = normalised(&sampled("cat"));
    let first = network.run(&input);
    network.run(&vec![1000.0; INPUT_LENGTH]);
    assert_eq!(network.run(&input), first);
}

#[test]
fn a_file_that_is_no_network_is_refused_with_what_is_wrong() {
    for file in [&b"no network at all"[..], b"", &BUILT_IN[..BUILT_IN.len() / 2]] {
        assert!(matches!(Inference::load(file), Err(Unusable::File(_))), "{} bytes", file.len());
    }
}

/// A file with all occurrences of some bytes replaced by others of the same length.
fn replaced(file: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut file = file.to_vec();
    let places: Vec<usize> =
        file.windows(from.len()).enumerate().filter(|(_, bytes)| *bytes == from).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        file[at..at + to.len()].copy_from_slice(to);
    }
    file
}

#[test]
fn a_network_for_another_size_is_refused_by_its_input() {
    // The input's dimensions as protobuf writes them: `dim { dim_value: 3 } dim { dim_value: 320 } …`.
    let declared = [0x0a, 2, 0x08, 3, 0x0a, 3, 0x08, 0xc0, 0x02, 0x0a, 3, 0x08, 0xc0, 0x02];
    let other = [0x0a, 2, 0x08, 3, 0x0a, 3, 0x08, 0xc0, 0x01, 0x0a, 3, 0x08, 0xc0, 0x01];
    let refused = Inference::load(&replaced(BUILT_IN, &declared, &other)).unwrap_err();
    assert_eq!(refused, Unusable::Input("1 × 3 × 192 × 192".to_owned()));
}

#[test]
fn what_is_not_supported_is_named_with_its_node() {
    let operator = replaced(SMALL, b"\x22\x07Sigmoid", b"\x22\x07HardTan");
    let operator = Inference::load(&operator).unwrap_err();
    assert_eq!(operator.to_string(), "its node \"Sigmoid_45\" needs the operator HardTan, which is not supported");
    let form = Inference::load(&replaced(SMALL, b"linear", b"cubicc")).unwrap_err();
    let Unusable::Form { operator, what, .. } = form else { panic!("{form}") };
    assert_eq!((operator.as_str(), what), ("Resize", "does not resize linearly"));
    let missing = Inference::load(&replaced(SMALL, b"c4.weight", b"c4.weighs")).map(|_| ());
    assert_eq!(missing, Ok(()), "renamed everywhere, nothing is missing");
    let missing = replaced(SMALL, b"\x42\x09c4.weight", b"\x42\x09c4.weighs");
    let missing = Inference::load(&missing).unwrap_err();
    assert!(matches!(&missing, Unusable::Missing { value, .. } if value == "c4.weight"), "{missing}");
    let sizes = replaced(SMALL, b"\x08\x08\x08\x10\x08\x03\x08\x03", b"\x08\x10\x08\x08\x08\x03\x08\x03");
    assert!(matches!(Inference::load(&sizes), Err(Unusable::Mismatch { .. })));
}

#[test]
fn names_in_messages_are_short_and_on_one_line() {
    assert_eq!(shortened("a\nb"), "ab");
    assert_eq!(shortened(&"é".repeat(61)), format!("{}…", "é".repeat(60)));
}

/// The last field of [`SMALL`] names the version of the operators, which is not read: a file that ends before it is whole.
const SMALL_WITHOUT_VERSION: usize = SMALL.len() - b"\x42\x04\x0a\x00\x10\x0b".len();

#[test]
fn a_file_that_is_cut_off_is_refused_wherever_it_ends() {
    let refused = |length: &usize| Inference::load(&SMALL[..*length]).is_err();
    let accepted: Vec<usize> = (0..=SMALL.len()).filter(|length| !refused(length)).collect();
    assert_eq!(accepted, [SMALL_WITHOUT_VERSION, SMALL.len()]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever is damaged, and wherever it ends, the result is an error or a model, and never a panic. Changed weights go
    /// unnoticed, and so does an end at which a changed length lets the message end.
    #[test]
    fn no_damaged_file_breaks_the_reader(changes in prop::collection::vec((0..SMALL.len(), any::<u8>()), 1..6), cut in 0..SMALL.len()) {
        let mut file = SMALL.to_vec();
        for (at, byte) in changes {
            file[at] = byte;
        }
        let _whole = Inference::load(&file);
        file.truncate(cut);
        let _cut_off = Inference::load(&file);
    }
}
