//! The wire format of protocol buffers, as far as ONNX files need it: a message is a sequence of numbered fields, read
//! one by one from a slice, without recursion and without copies.

use super::Damage;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// An integer; negative ones as two's complement in 64 bits.
    Integer(u64),
    /// Four bytes, such as those of a float.
    Four([u8; 4]),
    /// Eight bytes.
    Eight([u8; 8]),
    /// Text, a message, or packed numbers.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Damage> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Damage::Field),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, Damage> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Damage::Text)
    }

    pub(super) fn integer(self) -> Result<i64, Damage> {
        match self {
            Self::Integer(value) => Ok(value.cast_signed()),
            _ => Err(Damage::Field),
        }
    }

    pub(super) fn float(self) -> Result<f32, Damage> {
        match self {
            Self::Four(bytes) => Ok(f32::from_le_bytes(bytes)),
            _ => Err(Damage::Field),
        }
    }

    /// Adds the integers of a repeated field; this is one of them or all of them packed.
    pub(super) fn integers(self, most: usize, all: &mut Vec<i64>) -> Result<(), Damage> {
        match self {
            Self::Bytes(mut bytes) => {
                while !bytes.is_empty() {
                    push(all, varint(&mut bytes)?.cast_signed(), most)?;
                }
                Ok(())
            }
            value => push(all, value.integer()?, most),
        }
    }
}

/// Adds one item to a list that may have at most `most`.
pub(super) fn push<T>(all: &mut Vec<T>, one: T, most: usize) -> Result<(), Damage> {
    if all.len() >= most {
        return Err(Damage::Crowded);
    }
    all.push(one);
    Ok(())
}

/// The fields of a message.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field's number and value.
    fn field(&mut self) -> Result<(u64, Value<'a>), Damage> {
        let key = varint(&mut self.rest)?;
        let value = match key & 7 {
            0 => Value::Integer(varint(&mut self.rest)?),
            1 => Value::Eight(*self.rest.split_off(..8).and_then(<[u8]>::as_array).ok_or(Damage::Cut)?),
            2 => {
                let length = usize::try_from(varint(&mut self.rest)?).map_err(|_| Damage::Cut)?;
                Value::Bytes(self.rest.split_off(..length).ok_or(Damage::Cut)?)
            }
            5 => Value::Four(*self.rest.split_off(..4).and_then(<[u8]>::as_array).ok_or(Damage::Cut)?),
            _ => return Err(Damage::Field),
        };
        Ok((key >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// An integer of one to ten bytes, seven bits in each.
pub(super) fn varint(bytes: &mut &[u8]) -> Result<u64, Damage> {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let byte = *bytes.split_off_first().ok_or(Damage::Cut)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Damage::Field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_read_as_the_encoding_guide_has_them() {
        // 150 in field 1, "testing" in field 2 (protobuf.dev, "Encoding"), 1.5 in field 3, −1 in field 16.
        let mut message = vec![0x08, 0x96, 0x01, 0x12, 7];
        message.extend(b"testing");
        message.extend([0x1d, 0, 0, 0xc0, 0x3f, 0x80, 0x01]);
        message.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
        let fields: Vec<_> = Fields::of(&message).map(Result::unwrap).collect();
        assert_eq!(fields.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3, 16]);
        assert_eq!(fields[0].1.integer(), Ok(150));
        assert_eq!(fields[1].1.text(), Ok("testing"));
        assert_eq!(fields[2].1.float(), Ok(1.5));
        assert_eq!(fields[3].1.integer(), Ok(-1));
    }

    #[test]
    fn what_is_cut_off_or_malformed_ends_the_message() {
        for (message, damage) in [
            (&[0x08][..], Damage::Cut),
            (&[0x12, 9, b'a'], Damage::Cut),
            (&[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], Damage::Cut),
            (&[0x1d, 0, 0], Damage::Cut),
            (&[0x0b], Damage::Field),
            (&[0xff; 11], Damage::Field),
        ] {
            assert_eq!(Fields::of(message).collect::<Vec<_>>(), [Err(damage)], "{message:x?}");
        }
    }

    #[test]
    fn repeated_integers_come_packed_or_one_by_one_and_are_counted() {
        let mut all = Vec::new();
        Value::Bytes(&[1, 0x96, 0x01]).integers(3, &mut all).unwrap();
        Value::Integer(7).integers(3, &mut all).unwrap();
        assert_eq!(all, [1, 150, 7]);
        assert_eq!(Value::Integer(8).integers(3, &mut all), Err(Damage::Crowded));
    }
}
