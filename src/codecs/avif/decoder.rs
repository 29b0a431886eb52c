//! AV1, by rav1d: linked into a program of its own and native builds only.

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::thread::panicking;

use rav1d::include::dav1d::data::Dav1dData;
use rav1d::include::dav1d::dav1d::{Dav1dContext, Dav1dSettings};
use rav1d::include::dav1d::headers::{DAV1D_PIXEL_LAYOUT_I400, DAV1D_PIXEL_LAYOUT_I420, DAV1D_PIXEL_LAYOUT_I422};
use rav1d::include::dav1d::picture::Dav1dPicture;
use rav1d::src::lib::{
    dav1d_close, dav1d_data_create, dav1d_data_unref, dav1d_default_settings, dav1d_get_picture, dav1d_open,
    dav1d_picture_unref, dav1d_send_data,
};

use super::Report;
use crate::codecs::MAX_PIXELS;
use crate::codecs::decoders::{Product, Series, Trouble};
use crate::error::Failure;

/// Decodes the first picture in a sequence of OBUs.
pub fn decode(data: &[u8]) -> Product {
    // Damaged data makes it panic at times, which ends a program of WebAssembly, but must not end others.
    let decoded = catch_unwind(|| Decoder::open()?.picture(data, false));
    Product::of(decoded.unwrap_or(Err(Trouble::Damaged)))
}

/// Begins a sequence of pictures, each of which may depend on those before it. All of them are given later.
pub fn begin(_: Vec<u8>) -> Box<dyn Series> {
    Box::new(Sequence(Some(Decoder::open())))
}

/// What decodes a sequence, unless it broke down.
struct Sequence(Option<Result<Decoder, Trouble>>);

impl Series for Sequence {
    fn next(&mut self, data: &[u8]) -> Result<Product, Failure> {
        let decoded = match self.0.take() {
            Some(Ok(mut decoder)) => {
                let decoded = catch_unwind(AssertUnwindSafe(|| decoder.picture(data, true)));
                match decoded {
                    Ok(decoded) => {
                        self.0 = Some(Ok(decoder));
                        decoded
                    }
                    Err(_) => {
                        // What a panic left is not touched again.
                        std::mem::forget(decoder);
                        Err(Trouble::Damaged)
                    }
                }
            }
            Some(Err(trouble)) => Err(trouble),
            None => Err(Trouble::Damaged),
        };
        Ok(Product::of(decoded))
    }
}

/// A decoder that is closed when it is dropped.
struct Decoder(Option<Dav1dContext>);

impl Decoder {
    fn open() -> Result<Self, Trouble> {
        let mut settings = MaybeUninit::<Dav1dSettings>::uninit();
        // SAFETY: the pointer is that of a place for settings, which the call fills.
        let mut settings = unsafe {
            dav1d_default_settings(NonNull::from(&mut settings).cast());
            settings.assume_init()
        };
        settings.n_threads = 1;
        settings.max_frame_delay = 1;
        settings.all_layers = 0;
        settings.frame_size_limit = MAX_PIXELS as u32;
        let mut context = None;
        // SAFETY: both point to values that live as long as the call, which reads settings and writes a context.
        let result = unsafe { dav1d_open(Some(NonNull::from(&mut context)), Some(NonNull::from(&mut settings))) };
        if result.0 == 0 { Ok(Self(context)) } else { Err(Trouble::Unsupported) }
    }

    /// The first picture in this data. If others follow, all of the data is taken, and further pictures in it are dropped.
    fn picture(&mut self, data: &[u8], others_follow: bool) -> Result<(Report, Vec<u8>), Trouble> {
        /// More than any picture of a still file takes.
        const MOST_CALLS: usize = 1000;
        if data.is_empty() {
            return Err(Trouble::Truncated);
        }
        let mut input = Input::new(data)?;
        let mut found = None;
        for _ in 0..MOST_CALLS {
            let is_sent = input.0.sz == 0;
            if !is_sent {
                // SAFETY: the context is open, and the data is that of `Input::new`, less what was taken before.
                let sent = unsafe { dav1d_send_data(self.0, Some(NonNull::from(&mut input.0))) };
                if sent.0 != 0 && sent.0 != AGAIN {
                    return Err(Trouble::Damaged);
                }
            }
            let mut picture = Output::default();
            // SAFETY: the context is open, and the picture has none yet.
            let result = unsafe { dav1d_get_picture(self.0, Some(NonNull::from(&mut picture.0))) };
            match result.0 {
                0 if !others_follow => return picture.read(),
                0 => {
                    found.get_or_insert(picture);
                }
                AGAIN if !is_sent => {}
                AGAIN => return found.ok_or(Trouble::Truncated)?.read(),
                _ => return Err(Trouble::Damaged),
            }
        }
        Err(Trouble::Damaged)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // What a panic left is not touched again.
        if !panicking() {
            // SAFETY: the context is open, or there is none.
            unsafe { dav1d_close(Some(NonNull::from(&mut self.0))) };
        }
    }
}

/// That it wants more, or must be asked again.
const AGAIN: i32 = -11;

/// Data of the decoder's own.
struct Input(Dav1dData);

impl Input {
    fn new(bytes: &[u8]) -> Result<Self, Trouble> {
        let mut data = Dav1dData::default();
        // SAFETY: the pointer is that of a place for data, which the call fills.
        let place = unsafe { dav1d_data_create(Some(NonNull::from(&mut data)), bytes.len()) };
        if place.is_null() {
            return Err(Trouble::Unsupported);
        }
        // SAFETY: the place has room for so many bytes, and is none of ours.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len()) };
        Ok(Self(data))
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        if !panicking() {
            // SAFETY: it is the decoder's data, or what is left of it.
            unsafe { dav1d_data_unref(Some(NonNull::from(&mut self.0))) };
        }
    }
}

/// A picture of the decoder's own.
#[derive(Default)]
struct Output(Dav1dPicture);

impl Output {
    /// The planes of a picture that was decoded.
    fn read(&self) -> Result<(Report, Vec<u8>), Trouble> {
        let picture = &self.0;
        let header = picture.seq_hdr.ok_or(Trouble::Damaged)?;
        // SAFETY: the decoder's header lives as long as its picture.
        let header = unsafe { header.as_ref() };
        let (width, height) = (picture.p.w as usize, picture.p.h as usize);
        let chroma = match picture.p.layout {
            DAV1D_PIXEL_LAYOUT_I400 => None,
            DAV1D_PIXEL_LAYOUT_I420 => Some([1, 1]),
            DAV1D_PIXEL_LAYOUT_I422 => Some([1, 0]),
            _ => Some([0, 0]),
        };
        let report = Report {
            width: width as u32,
            height: height as u32,
            chroma,
            bits: picture.p.bpc as u8,
            matrix: header.mtrx as u8,
            is_full: header.color_range != 0,
        };
        let mut planes = vec![(0, width, height)];
        if let Some([x, y]) = chroma {
            let (width, height) = (width.div_ceil(1 << x), height.div_ceil(1 << y));
            planes.extend([(1, width, height), (2, width, height)]);
        }
        let mut samples = Vec::with_capacity(planes.iter().map(|(_, width, height)| 2 * width * height).sum());
        for (plane, width, height) in planes {
            let place = picture.data[plane].ok_or(Trouble::Damaged)?.cast::<u8>();
            let stride = picture.stride[plane.min(1)];
            let length = if report.bits > 8 { 2 * width } else { width };
            for row in 0..height {
                // SAFETY: the picture has so many rows of so many bytes in this plane, at this distance.
                let row = unsafe { std::slice::from_raw_parts(place.offset(stride * row as isize).as_ptr(), length) };
                match report.bits > 8 {
                    true => samples.extend_from_slice(row),
                    false => samples.extend(row.iter().flat_map(|sample| [*sample, 0])),
                }
            }
        }
        Ok((report, samples))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !panicking() {
            // SAFETY: it is the decoder's picture, or none.
            unsafe { dav1d_picture_unref(Some(NonNull::from(&mut self.0))) };
        }
    }
}
