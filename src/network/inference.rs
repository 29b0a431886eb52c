//! Runs networks of the U²-Net family from their ONNX files, with the crate `rten`: only the operators that the
//! family needs. In a binary of its own, so that neither page nor worker links it; tests link it too.

use rten::{Dimension, Model, ModelOptions, NodeId, Value, ValueView, op_registry};

use super::SIDE;

/// Samples of an input: three planes.
pub const INPUT_LENGTH: usize = 3 * OUTPUT_LENGTH;
/// Samples of an output: one plane.
pub const OUTPUT_LENGTH: usize = (SIDE * SIDE) as usize;

/// Why a file is no network that can be run here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// No ONNX file, a damaged one, or one with operators that we do not have.
    #[error("it is no ONNX file that can be read here ({0})")]
    File(String),
    /// The wrong input.
    #[error("its input is {0} instead of 1 × 3 × 320 × 320 numbers")]
    Input(String),
    /// The wrong output.
    #[error("its first output is {0} instead of 320 × 320 numbers")]
    Output(String),
    /// It loads and does not run.
    #[error("it does not run ({0})")]
    Run(String),
}

/// A network, loaded.
pub struct Inference {
    model: Model,
    input: NodeId,
    output: NodeId,
}

impl Inference {
    /// Reads an ONNX file and checks the shapes that it declares.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn load(file: Vec<u8>) -> Result<Self, Unusable> {
        // Exports compute the sizes for Resize in the graph (Shape to Unsqueeze), and some keep their batch normalisation.
        let operators = op_registry!(
            Add,
            BatchNormalization,
            Cast,
            Concat,
            Conv,
            Gather,
            Identity,
            MaxPool,
            Mul,
            Relu,
            Reshape,
            Resize,
            Shape,
            Sigmoid,
            Slice,
            Unsqueeze
        );
        let model = ModelOptions::with_ops(operators).load(file).map_err(|error| Unusable::File(error.to_string()))?;
        let (&[input], Some(&output)) = (model.input_ids(), model.output_ids().first()) else {
            return Err(Unusable::Input(format!("in {} parts", model.input_ids().len())));
        };
        let side = SIDE as usize;
        // What the output is shows in a run: what files declare of it is not kept through loading.
        match model.input_shape(0) {
            Some(shape) if !fits(&shape, &[1, 3, side, side]) => Err(Unusable::Input(described(&shape))),
            _ => Ok(Self { model, input, output }),
        }
    }

    /// Runs the network on [`INPUT_LENGTH`] samples (NCHW, normalised); answers [`OUTPUT_LENGTH`], the first output.
    ///
    /// # Errors
    /// When the file fails only now, such as by shapes that do not fit each other.
    pub fn run(&self, input: &[f32]) -> Result<Vec<f32>, Unusable> {
        let side = SIDE as usize;
        let failed = |error: &dyn std::error::Error| Unusable::Run(error.to_string());
        let input = ValueView::from_shape([1, 3, side, side], input).map_err(|error| failed(&error))?;
        let inputs = vec![(self.input, input.into())];
        let [output]: [Value; 1] = self.model.run_n(inputs, [self.output], None).map_err(|error| failed(&error))?;
        let (shape, samples) = output.into_shape_vec::<f32, 4>().map_err(|error| failed(&error))?;
        if shape == [1, 1, side, side] {
            Ok(samples)
        } else {
            Err(Unusable::Output(described(&shape.map(Dimension::Fixed))))
        }
    }
}

/// Whether a declared shape allows this one.
fn fits(declared: &[Dimension], wanted: &[usize]) -> bool {
    declared.len() == wanted.len()
        && declared.iter().zip(wanted).all(|(declared, wanted)| match declared {
            Dimension::Fixed(size) => size == wanted,
            Dimension::Symbolic(_) => true,
        })
}

/// A shape for people: `1 × 3 × 1024 × 1024`.
fn described(shape: &[Dimension]) -> String {
    let sizes = shape.iter().map(|dimension| match dimension {
        Dimension::Fixed(size) => size.to_string(),
        Dimension::Symbolic(name) => name.clone(),
    });
    sizes.collect::<Vec<_>>().join(" × ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::codecs::{self, DecodeRequest};
    use crate::image::{Pixels, Representation};

    const BUILT_IN: &[u8] = include_bytes!("u2netp/u2netp.onnx");

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
            auto_orient: false,
        };
        let image = codecs::decode(&bytes, &header, &request, name).unwrap().image;
        let Pixels::Rgb(samples) = &image.pixels else { panic!("{name} is no RGB picture") };
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

    #[test]
    fn masks_of_three_photographs_equal_those_of_onnxruntime() {
        let inputs = std::fs::read_to_string(data().join("network/inputs.json")).unwrap();
        let inputs: BTreeMap<String, String> = serde_json::from_str(&inputs).unwrap();
        assert_eq!(inputs.len(), 3);
        let network = Inference::load(BUILT_IN.to_vec()).unwrap();
        for (name, digest) in inputs {
            let rgb = sampled(&name);
            let own: String = Sha256::digest(&rgb).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(own, digest, "{name} is decoded otherwise than by the golden's script");
            let mask = network.run(&normalised(&rgb)).unwrap();
            let differences = mask.iter().zip(golden(&name)).map(|(own, golden)| (own - golden).abs());
            let largest = differences.fold(0.0, f32::max);
            println!("{name}: at most {largest}");
            assert!(largest <= 1e-3, "{name} differs by {largest}");
        }
    }

    #[test]
    fn a_file_that_is_no_network_is_refused_with_what_is_wrong() {
        for file in [&b"no network at all"[..], b"", &BUILT_IN[..BUILT_IN.len() / 2]] {
            assert!(matches!(Inference::load(file.to_vec()), Err(Unusable::File(_))), "{} bytes", file.len());
        }
    }

    #[test]
    fn a_network_for_another_size_is_refused_by_its_input() {
        // The input's dimensions as protobuf writes them: `dim { dim_value: 3 } dim { dim_value: 320 } …`.
        let declared = [0x0a, 2, 0x08, 3, 0x0a, 3, 0x08, 0xc0, 0x02, 0x0a, 3, 0x08, 0xc0, 0x02];
        let mut file = BUILT_IN.to_vec();
        let at = file.windows(declared.len()).position(|bytes| bytes == declared).unwrap();
        (file[at + 8], file[at + 13]) = (0x01, 0x01);
        let refused = Inference::load(file).map(|_| ()).unwrap_err();
        assert_eq!(refused, Unusable::Input("1 × 3 × 192 × 192".to_owned()));
    }
}
