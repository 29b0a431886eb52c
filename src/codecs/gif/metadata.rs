//! Metadata in an application extension: XMP, which stands there as it is, as if it were lengths and blocks.

use crate::codecs::metadata::{Blocks, metadata};
use crate::codecs::reader::Reader;
use crate::codecs::{Bytes, Problem};

/// After a packet: every number from 1 and 255 down to 0, so that a reader of blocks finds the end wherever it comes from,
/// and the end.
const TRAILER: u64 = 258;

/// The blocks of a file, up to the first part that is broken.
pub(in crate::codecs) fn blocks(bytes: Bytes<'_>) -> Blocks<'_> {
    let mut xmp = None;
    let _ends_early = find(bytes, &mut xmp);
    Blocks { xmp: xmp.map(metadata), ..Blocks::default() }
}

fn find<'a>(bytes: Bytes<'a>, xmp: &mut Option<Bytes<'a>>) -> Result<(), Problem> {
    let mut reader = Reader(bytes);
    reader.take(10)?;
    let flags = reader.byte()?;
    reader.take(2)?;
    reader.color_table(flags)?;
    while xmp.is_none() {
        let mut is_xmp = false;
        match reader.byte()? {
            0x21 => {
                if reader.byte()? == 0xff && reader.0.starts_with(b"\x0bXMP DataXMP") {
                    reader.take(12)?;
                    is_xmp = true;
                }
            }
            0x2c => {
                reader.take(8)?;
                let flags = reader.byte()?;
                reader.color_table(flags)?;
                reader.byte()?;
            }
            _ => return Ok(()),
        }
        let start = reader.0;
        while reader.data()?.is_some() {}
        if is_xmp {
            *xmp = start.get(0, (start.len() - reader.0.len()).saturating_sub(TRAILER));
        }
    }
    Ok(())
}
