//! An ONNX file in memory: nodes, constants, inputs and outputs. Nothing is computed and no data is copied here; field
//! numbers are those of `onnx.proto`.

use std::collections::BTreeMap;

use super::protobuf::{Fields, Value, push};
use super::{Damage, Unusable};

/// Most nodes or constants in a file; U²-Net exported from PyTorch has 1,050 nodes.
const MOST_NODES: usize = 20_000;
/// Most inputs, outputs or attributes of a node, and numbers in an attribute.
const MOST_PARTS: usize = 256;
/// Most dimensions of a tensor.
const MOST_DIMENSIONS: usize = 8;

/// The supported data types, with ONNX's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Float,
    Half,
    Double,
    Int32,
    Int64,
}

impl Kind {
    /// The type with this number in `TensorProto.DataType`.
    pub(super) fn of(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Float),
            6 => Some(Self::Int32),
            7 => Some(Self::Int64),
            10 => Some(Self::Half),
            11 => Some(Self::Double),
            _ => None,
        }
    }

    /// Whether it is a floating-point type.
    pub(super) fn is_float(self) -> bool {
        matches!(self, Self::Float | Self::Half | Self::Double)
    }

    fn bytes(self) -> usize {
        match self {
            Self::Half => 2,
            Self::Float | Self::Int32 => 4,
            Self::Double | Self::Int64 => 8,
        }
    }
}

/// How a tensor's data is stored.
#[derive(Clone, Copy, Debug)]
enum Stored<'a> {
    /// As little-endian bytes.
    Plain(&'a [u8]),
    /// As protobuf's integers, packed.
    Integers(&'a [u8]),
}

/// A constant in a file, with its data still as stored.
#[derive(Clone, Debug)]
pub(super) struct Tensor<'a> {
    pub(super) name: &'a str,
    pub(super) sizes: Vec<usize>,
    kind: Kind,
    stored: Stored<'a>,
    length: usize,
}

impl<'a> Tensor<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Unusable> {
        let (mut name, mut sizes, mut number, mut stored) = ("", Vec::new(), 0, None);
        for field in Fields::of(message) {
            let (field, value) = field?;
            let numbers = match field {
                1 => {
                    value.integers(MOST_DIMENSIONS, &mut sizes)?;
                    continue;
                }
                2 => {
                    number = value.integer()?;
                    continue;
                }
                8 => {
                    name = value.text()?;
                    continue;
                }
                14 if value != Value::Integer(0) => return Err(Damage::External.into()),
                4 | 9 | 10 => Stored::Plain(value.bytes()?),
                5 | 7 => Stored::Integers(value.bytes()?),
                _ => continue,
            };
            if stored.replace(numbers).is_some() {
                return Err(Damage::Tensor.into());
            }
        }
        let kind =
            Kind::of(number).ok_or_else(|| Unusable::Numbers { tensor: super::shortened(name), kind: number })?;
        let sizes =
            sizes.into_iter().map(usize::try_from).collect::<Result<Vec<_>, _>>().map_err(|_| Damage::Tensor)?;
        let length = sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
        let length = length.ok_or(Damage::Tensor)?;
        let stored = stored.unwrap_or(Stored::Plain(&[]));
        let whole = match stored {
            Stored::Plain(bytes) => Some(bytes.len()) == length.checked_mul(kind.bytes()),
            // Each has a last byte, without the bit for "more".
            Stored::Integers(bytes) => bytes.iter().filter(|byte| **byte & 0x80 == 0).count() == length,
        };
        if !whole {
            return Err(Damage::Tensor.into());
        }
        Ok(Self { name, sizes, kind, stored, length })
    }

    /// How many numbers it has.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Whether its numbers are floating-point.
    pub(super) fn is_float(&self) -> bool {
        self.kind.is_float()
    }

    /// Its numbers as 32-bit floats.
    pub(super) fn floats(&self) -> Result<Vec<f32>, Damage> {
        match (self.stored, self.kind) {
            (Stored::Plain(bytes), Kind::Float) => {
                Ok(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
            }
            (Stored::Plain(bytes), Kind::Double) => {
                Ok(bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect())
            }
            (Stored::Plain(bytes), Kind::Half) => {
                Ok(bytes.as_chunks().0.iter().map(|bytes| from_half(u16::from_le_bytes(*bytes))).collect())
            }
            // Unless stored as bytes, 16-bit floats are the low bits of integers.
            (Stored::Integers(_), Kind::Half) => {
                let bits = self.integers()?.into_iter();
                bits.map(|bits| u16::try_from(bits).map(from_half).map_err(|_| Damage::Tensor)).collect()
            }
            _ => Ok(self.integers()?.into_iter().map(|value| value as f32).collect()),
        }
    }

    /// Its numbers as integers.
    pub(super) fn integers(&self) -> Result<Vec<i64>, Damage> {
        match (self.stored, self.kind) {
            (Stored::Plain(bytes), Kind::Int64) => {
                Ok(bytes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect())
            }
            (Stored::Plain(bytes), Kind::Int32) => {
                Ok(bytes.as_chunks().0.iter().map(|bytes| i64::from(i32::from_le_bytes(*bytes))).collect())
            }
            (Stored::Integers(bytes), _) => {
                let mut all = Vec::with_capacity(self.length);
                Value::Bytes(bytes).integers(self.length, &mut all)?;
                Ok(all)
            }
            _ => Err(Damage::Tensor),
        }
    }
}

/// A 16-bit float (IEEE 754 binary16) as a 32-bit one, exactly.
pub(super) fn from_half(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => (fraction as f32 * f32::from_bits(0x3380_0000)).to_bits(),
        31 => 0x7f80_0000 | fraction << 13,
        _ => (exponent + 112) << 23 | fraction << 13,
    };
    f32::from_bits(sign | magnitude)
}

/// The value of an attribute of a supported kind.
#[derive(Clone, Debug)]
pub(super) enum Attribute<'a> {
    Float(f32),
    Integer(i64),
    Text(&'a str),
    Integers(Vec<i64>),
    Tensor(Tensor<'a>),
    Other,
}

/// An operation.
#[derive(Clone, Debug, Default)]
pub(super) struct Node<'a> {
    pub(super) name: &'a str,
    pub(super) operator: &'a str,
    domain: &'a str,
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    attributes: BTreeMap<&'a str, Attribute<'a>>,
}

impl<'a> Node<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Unusable> {
        let mut node = Self::default();
        for field in Fields::of(message) {
            let (field, value) = field?;
            match field {
                1 => push(&mut node.inputs, value.text()?, MOST_PARTS)?,
                2 => push(&mut node.outputs, value.text()?, MOST_PARTS)?,
                3 => node.name = value.text()?,
                4 => node.operator = value.text()?,
                5 => {
                    let (name, attribute) = read_attribute(value.bytes()?)?;
                    if node.attributes.len() >= MOST_PARTS {
                        return Err(Damage::Crowded.into());
                    }
                    node.attributes.insert(name, attribute);
                }
                7 => node.domain = value.text()?,
                _ => {}
            }
        }
        Ok(node)
    }

    /// Whether it is one of ONNX's own operators.
    pub(super) fn is_standard(&self) -> bool {
        matches!(self.domain, "" | "ai.onnx")
    }

    /// Its display name: its own name, or that of its output.
    pub(super) fn title(&self) -> &'a str {
        if self.name.is_empty() { self.outputs.first().copied().unwrap_or_default() } else { self.name }
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes.get(name)
    }
}

fn read_attribute(message: &[u8]) -> Result<(&str, Attribute<'_>), Unusable> {
    let (mut name, mut attribute, mut integers) = ("", Attribute::Other, Vec::new());
    for field in Fields::of(message) {
        let (field, value) = field?;
        match field {
            1 => name = value.text()?,
            2 => attribute = Attribute::Float(value.float()?),
            3 => attribute = Attribute::Integer(value.integer()?),
            // Any bytes are allowed here; invalid text matches nothing that is known.
            4 => attribute = std::str::from_utf8(value.bytes()?).map_or(Attribute::Other, Attribute::Text),
            5 => attribute = Attribute::Tensor(Tensor::read(value.bytes()?)?),
            8 => value.integers(MOST_PARTS, &mut integers)?,
            // The declared type, which distinguishes an empty list from nothing.
            20 if value == Value::Integer(7) => attribute = Attribute::Integers(Vec::new()),
            _ => {}
        }
    }
    Ok((name, if integers.is_empty() { attribute } else { Attribute::Integers(integers) }))
}

/// A dimension of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dimension<'a> {
    Fixed(i64),
    /// Any size, with its name in the file.
    Named(&'a str),
}

/// The declaration of the graph's input or output.
#[derive(Clone, Debug)]
pub(super) struct Port<'a> {
    pub(super) name: &'a str,
    /// `None` if the file declares none.
    pub(super) shape: Option<Vec<Dimension<'a>>>,
}

impl<'a> Port<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Damage> {
        let mut port = Self { name: "", shape: None };
        for field in Fields::of(message) {
            match field? {
                (1, value) => port.name = value.text()?,
                (2, value) => {
                    // TypeProto, its tensor_type, and that one's shape.
                    let tensor = last(value.bytes()?, 1)?;
                    let shape = tensor.map(|tensor| last(tensor, 2)).transpose()?.flatten();
                    port.shape = shape.map(dimensions).transpose()?;
                }
                _ => {}
            }
        }
        Ok(port)
    }
}

/// The message in a field that is expected once.
fn last(message: &[u8], number: u64) -> Result<Option<&[u8]>, Damage> {
    let mut found = None;
    for field in Fields::of(message) {
        let (field, value) = field?;
        if field == number {
            found = Some(value.bytes()?);
        }
    }
    Ok(found)
}

fn dimensions(message: &[u8]) -> Result<Vec<Dimension<'_>>, Damage> {
    let mut all = Vec::new();
    for field in Fields::of(message) {
        let (1, value) = field? else { continue };
        let mut dimension = Dimension::Named("?");
        for field in Fields::of(value.bytes()?) {
            match field? {
                (1, value) => dimension = Dimension::Fixed(value.integer()?),
                (2, value) => dimension = Dimension::Named(value.text()?),
                _ => {}
            }
        }
        push(&mut all, dimension, MOST_DIMENSIONS)?;
    }
    Ok(all)
}

/// The contents of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) constants: BTreeMap<&'a str, Tensor<'a>>,
    /// Without those that have a constant as default.
    pub(super) inputs: Vec<Port<'a>>,
    pub(super) outputs: Vec<Port<'a>>,
}

impl<'a> Graph<'a> {
    /// Reads a file.
    pub(super) fn read(file: &'a [u8]) -> Result<Self, Unusable> {
        let message = last(file, 7)?.ok_or(Damage::NoGraph)?;
        let mut graph = Self::default();
        for field in Fields::of(message) {
            let (field, value) = field?;
            match field {
                1 => push(&mut graph.nodes, Node::read(value.bytes()?)?, MOST_NODES)?,
                5 => {
                    if graph.constants.len() >= MOST_NODES {
                        return Err(Damage::Crowded.into());
                    }
                    let tensor = Tensor::read(value.bytes()?)?;
                    graph.constants.insert(tensor.name, tensor);
                }
                11 => push(&mut graph.inputs, Port::read(value.bytes()?)?, MOST_NODES)?,
                12 => push(&mut graph.outputs, Port::read(value.bytes()?)?, MOST_NODES)?,
                _ => {}
            }
        }
        graph.inputs.retain(|port| !graph.constants.contains_key(port.name));
        Ok(graph)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_become_the_floats_that_they_are() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x8000, -0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
        ] {
            assert_eq!(from_half(bits).to_bits(), f32::to_bits(value), "{bits:04x}");
        }
        assert!(from_half(0x7e00).is_nan());
    }

    /// A field with bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    }

    #[test]
    fn numbers_are_read_however_they_lie() {
        let sizes = [0x08, 2];
        let floats = [1.5_f32.to_le_bytes(), (-2.0_f32).to_le_bytes()].concat();
        for (numbers, kind) in
            [(field(9, &floats), 1), (field(4, &floats), 1), (field(9, &[0x00, 0x3e, 0x00, 0xc0]), 10)]
        {
            let message = [&sizes[..], &[0x10, kind], &numbers].concat();
            assert_eq!(Tensor::read(&message).unwrap().floats(), Ok(vec![1.5, -2.0]));
        }
        let halves = [&sizes[..], &[0x10, 10], &field(5, &[0x80, 0x7c, 0x80, 0x80, 0x03])].concat();
        assert_eq!(Tensor::read(&halves).unwrap().floats(), Ok(vec![1.5, -2.0]));
        let integers = [&sizes[..], &[0x10, 7], &field(7, &[5, 0xac, 0x02])].concat();
        assert_eq!(Tensor::read(&integers).unwrap().integers(), Ok(vec![5, 300]));
    }

    #[test]
    fn a_constant_with_too_few_or_too_many_numbers_or_in_another_file_is_refused() {
        for message in [
            [&[0x08, 3, 0x10, 1][..], &field(9, &[0; 8])].concat(),
            [&[0x08, 2, 0x10, 7][..], &field(7, &[5, 0x80])].concat(),
            // 2⁶³ times 4 numbers.
            [&[0x08, 4, 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0x10, 1][..], &field(9, &[])]
                .concat(),
            [&[0x08, 1, 0x10, 1, 0x70, 1][..], &field(9, &[0; 4])].concat(),
        ] {
            assert!(matches!(Tensor::read(&message), Err(Unusable::File(_))), "{message:x?}");
        }
        let text = [0x08, 1, 0x10, 8];
        assert_eq!(Tensor::read(&text).unwrap_err(), Unusable::Numbers { tensor: String::new(), kind: 8 });
    }
}
