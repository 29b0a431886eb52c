//! Importing files into the store, in a worker: reads and hashes each, stores them in portions, and reports each
//! portion once it is durable. Nothing is refused: an empty or damaged file is an asset too. On request it also reports
//! what the headers say.

use std::collections::VecDeque;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsCast;
use web_sys::{Blob, BlobPropertyBag, File};

use super::super::environment::{blob_of_buffer, buffer_of, now};
use super::super::hash::{Hasher, sha256};
use super::super::interop::{Receiver, describe, handover, spawn};
use super::pieces::{LargeFile, is_read_in_pieces};
use super::report;
use crate::checksum;
use crate::codecs::{self, Bytes};
use crate::file_name::may_be_read_in_pieces;
use crate::protocol::{FromWorker, ImportStop, StopReason};
use crate::selection::HeaderCheck;
use crate::store::{AssetStore, NewAsset, StoreError};

/// Files of one transaction.
const PORTION_FILES: usize = 32;
/// A portion is stored once it has this many bytes, however few its files.
const PORTION_BYTES: u64 = 64 << 20;

/// Files that are read, hashed and checked ahead of those that are being stored. Most of that time is spent waiting
/// for the browser.
const AHEAD_FILES: usize = 8;
/// And their bytes, unless it is a single file.
const AHEAD_BYTES: f64 = 64e6;

/// Largest file whose header is read if that takes the whole file, which has to fit in this worker's memory.
const LARGEST_CHECKED: u64 = 256 << 20;

/// Largest file that is in memory as a whole if its header is not read.
const LARGEST_WHOLE: u64 = 64 << 20;
/// Bytes of a larger one that are read at a time.
const PIECE_BYTES: f64 = 4e6;

/// A file of a portion, and what its header says.
#[derive(Clone)]
struct Arrived {
    asset: NewAsset<Blob>,
    header: Option<HeaderCheck>,
}

/// What is stored of a file.
#[derive(Clone, Copy)]
enum Content {
    /// The file itself. The browser copies it on its own, without passing its bytes through this worker once more, which
    /// takes a third less time for small files. The transaction fails if the file has changed since it was read.
    File,
    /// A copy of the bytes that were read, for a file that changes or disappears before it is stored.
    Copy,
}

/// Files that are being read, in order.
struct Ahead {
    files: std::vec::IntoIter<Blob>,
    check: bool,
    reading: VecDeque<(f64, Receiver<Result<Arrived, ImportStop>>)>,
    bytes: f64,
}

impl Ahead {
    /// Starts reading as many files as may be read ahead.
    fn fill(&mut self) {
        while self.reading.len() < AHEAD_FILES {
            let Some(size) = self.files.as_slice().first().map(Blob::size) else { return };
            if !self.reading.is_empty() && self.bytes + size > AHEAD_BYTES {
                return;
            }
            let Some(file) = self.files.next() else { return };
            let (arrived, receiver) = handover();
            let check = self.check;
            spawn(async move { arrived.send(read(&file, check, Content::File).await) });
            self.reading.push_back((size, receiver));
            self.bytes += size;
        }
    }

    /// The next file, once it is read; nothing after the last one.
    async fn next(&mut self) -> Option<Result<Arrived, ImportStop>> {
        self.fill();
        let (size, receiver) = self.reading.pop_front()?;
        let arrived = receiver.await;
        self.bytes -= size;
        self.fill();
        Some(arrived.unwrap_or_else(|| Err(ImportStop::general("the reading of a file broke off"))))
    }
}

/// Reads a file: its content, hash and header.
async fn read(file: &Blob, check: bool, content: Content) -> Result<Arrived, ImportStop> {
    let name = file.dyn_ref::<File>().map(File::name).unwrap_or_default();
    let in_pieces = may_be_read_in_pieces(&name, file.size() as u64);
    if file.size() > if check && !in_pieces { LARGEST_CHECKED } else { LARGEST_WHOLE } as f64 {
        let header = (check && in_pieces).then(|| LargeFile { name: name.clone(), content: file.clone() });
        let mut arrived = read_in_pieces(file, name, content).await?;
        arrived.header = header.and_then(|file| check_in_pieces(&file));
        return Ok(arrived);
    }
    let buffer = buffer_of(file).await.map_err(|error| unreadable(&name, &error))?;
    let asset_id = sha256(&buffer).await;
    let size = u64::from(buffer.byte_length());
    let content = match content {
        Content::File => file.clone(),
        Content::Copy => blob_of_buffer(&buffer, &file.type_()).map_err(ImportStop::general)?,
    };
    let bytes = Uint8Array::new(&buffer).to_vec();
    let header = check.then(|| check_header((&bytes).into()));
    let checksum = Some(checksum::of(&bytes));
    Ok(Arrived { asset: NewAsset { asset_id, name, mime_type: file.type_(), bytes: size, checksum, content }, header })
}

/// The same for a file that is too large to be in memory as a whole, without its header.
async fn read_in_pieces(file: &Blob, name: String, content: Content) -> Result<Arrived, ImportStop> {
    let size = file.size();
    let (pieces, mut hasher, mut checksum) = (Array::new(), Hasher::default(), checksum::Hasher::default());
    let mut from = 0.0;
    while from < size {
        let to = (from + PIECE_BYTES).min(size);
        let piece = file.slice_with_f64_and_f64(from, to).map_err(|error| unreadable(&name, &describe(&error)))?;
        let buffer = buffer_of(&piece).await.map_err(|error| unreadable(&name, &error))?;
        hasher.update(&buffer);
        checksum.update(&Uint8Array::new(&buffer).to_vec());
        if matches!(content, Content::Copy) {
            // The browser moves large Blobs to the disk.
            let piece = blob_of_buffer(&buffer, "").map_err(ImportStop::general)?;
            pieces.push(&piece);
        }
        from = to;
    }
    let content = match content {
        Content::File => file.clone(),
        Content::Copy => {
            let options = BlobPropertyBag::new();
            options.set_type(&file.type_());
            let joined = Blob::new_with_blob_sequence_and_options(&pieces, &options);
            joined.map_err(|error| ImportStop::general(describe(&error)))?
        }
    };
    let asset = NewAsset {
        asset_id: hasher.finish(),
        name,
        mime_type: file.type_(),
        bytes: content.size() as u64,
        checksum: Some(checksum.finish()),
        content,
    };
    Ok(Arrived { asset, header: None })
}

fn unreadable(name: &str, error: &str) -> ImportStop {
    ImportStop { message: format!("\"{name}\" could not be read: {error}"), reason: StopReason::Unreadable }
}

/// Stores files in order and reports along the way; with `check` also what their headers say.
///
/// # Errors
/// At the first file that cannot be read or does not fit into the storage; what was reported before is stored.
pub(super) async fn run(
    database: &impl AssetStore<Content = Blob>,
    ticket: u32,
    files: Vec<Blob>,
    check: bool,
) -> Result<(), ImportStop> {
    let mut ahead = Ahead { files: files.into_iter(), check, reading: VecDeque::new(), bytes: 0.0 };
    let (mut portion, mut bytes) = (Vec::new(), 0);
    while let Some(arrived) = ahead.next().await {
        match arrived {
            Ok(arrived) => {
                bytes += arrived.asset.bytes;
                portion.push(arrived);
            }
            Err(stop) => {
                store(database, ticket, portion).await?;
                return Err(stop);
            }
        }
        if portion.len() >= PORTION_FILES || bytes >= PORTION_BYTES {
            store(database, ticket, std::mem::take(&mut portion)).await?;
            bytes = 0;
        }
    }
    store(database, ticket, portion).await
}

/// What the header of a large file says, unless that takes the whole of a file that is too large.
fn check_in_pieces(file: &LargeFile) -> Option<HeaderCheck> {
    let pieces = file.pieces();
    let bytes = pieces.bytes();
    (bytes.len() <= LARGEST_CHECKED || is_read_in_pieces(&bytes.head(codecs::HEAD))).then(|| check_header(bytes))
}

/// What the header of a file says.
fn check_header(bytes: Bytes<'_>) -> HeaderCheck {
    match codecs::check(bytes) {
        Ok(header) => {
            let size = if header.orientation >= 5 { header.size.transposed() } else { header.size };
            HeaderCheck::Picture { format: header.format.name().to_owned(), width: size.width, height: size.height }
        }
        Err(why) => HeaderCheck::Unreadable(why),
    }
}

/// Stores a portion, or as many of its first files as fit. Files that have changed since they were read are read again.
async fn store(
    database: &impl AssetStore<Content = Blob>,
    ticket: u32,
    portion: Vec<Arrived>,
) -> Result<(), ImportStop> {
    match put(database, ticket, portion.clone()).await {
        Ok(()) => return Ok(()),
        // Some of them may fit.
        Err(StoreError::Quota(_)) if portion.len() > 1 => {}
        // One of them may have changed, which the browser does not say.
        Err(StoreError::Failed(_)) => {}
        Err(error) => return Err(error.into()),
    }
    for file in portion {
        let (source, check) = (file.asset.content.clone(), file.header.is_some());
        match put(database, ticket, vec![file]).await {
            Err(StoreError::Failed(_)) => {
                let copied = read(&source, check, Content::Copy).await?;
                put(database, ticket, vec![copied]).await?;
            }
            result => result?,
        }
    }
    Ok(())
}

impl From<StoreError> for ImportStop {
    fn from(error: StoreError) -> Self {
        let reason = if matches!(error, StoreError::Quota(_)) { StopReason::NoRoom } else { StopReason::General };
        Self { message: error.to_string(), reason }
    }
}

async fn put(database: &impl AssetStore<Content = Blob>, ticket: u32, portion: Vec<Arrived>) -> Result<(), StoreError> {
    if portion.is_empty() {
        return Ok(());
    }
    let now = now();
    let (files, headers): (Vec<_>, Vec<_>) =
        portion.into_iter().map(|Arrived { asset, header }| (asset, header)).unzip();
    let assets = files.iter().map(|file| file.clone().into_parts(true, now).0).collect();
    database.put_assets(files, now).await?;
    report(&FromWorker::Imported { ticket, assets, headers });
    Ok(())
}
