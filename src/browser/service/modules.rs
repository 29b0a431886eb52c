//! Programs that workers start when a plan needs them, each with the file that it works with: the inference code and the
//! built-in model, what sets text and its fonts, the decoders of some formats, the encoders of AVIF and JPEG XL. They are fetched from the page's
//! own folder when a worker first needs them, checked, kept in Cache Storage, and passed to every worker from here.
//!
//! Once they are cached, the page no longer needs its server for them. Without Cache Storage (outside a secure context)
//! they are kept for as long as the page lives.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Blob, Cache, CacheStorage, ReadableStreamDefaultReader, RequestCache, RequestInit, Response,
};

use super::super::environment::{FileError, OwnFiles, buffer_of, now};
use super::super::hash::digest;
use super::super::interop::{describe, from_js, property, settled, to_js};
use crate::codecs::{LIBAVIF, LIBJXL};
use crate::compact::SortedMap;
use crate::error::{ErrorCategory, Failure, Phase};
use crate::lettering::{EMOJI_FONT, FONT};
use crate::names::Names;
use crate::network::{BUILT_IN, BuiltIn};
use crate::protocol::Module;
use crate::service::DownloadProgress;

/// A download that receives nothing for this long is aborted: 60 s.
const STALL_MS: u32 = 60_000;
/// Time between two reports of progress.
const PROGRESS_MS: f64 = 100.0;

/// A file in the page's own folder.
#[derive(Clone, Copy, Debug)]
struct Part {
    file: &'static str,
    /// Its expected length and hash; unknown in a page that was not built by `cargo xtask build`.
    expected: Option<(u64, &'static str)>,
}

/// A program, by what the build says of it: they are built before the page.
const fn code(file: &'static str, bytes: Option<&str>, digest: Option<&'static str>) -> Part {
    let expected = match (bytes, digest) {
        (Some(bytes), Some(digest)) => match u64::from_str_radix(bytes, 10) {
            Ok(bytes) => Some((bytes, digest)),
            Err(_) => None,
        },
        _ => None,
    };
    Part { file, expected }
}

/// The inference code.
const NETWORK: Part =
    code("network.wasm", option_env!("PIXELMILL_NETWORK_BYTES"), option_env!("PIXELMILL_NETWORK_SHA256"));
/// What sets text.
const LETTERING: Part =
    code("lettering.wasm", option_env!("PIXELMILL_LETTERING_BYTES"), option_env!("PIXELMILL_LETTERING_SHA256"));
/// The decoder of JPEG XL.
const JXL: Part = code("jxl.wasm", option_env!("PIXELMILL_JXL_BYTES"), option_env!("PIXELMILL_JXL_SHA256"));
/// The decoder of AV1.
const AV1: Part = code("av1.wasm", option_env!("PIXELMILL_AV1_BYTES"), option_env!("PIXELMILL_AV1_SHA256"));
/// The decoder of HEVC.
const HEVC: Part = code("hevc.wasm", option_env!("PIXELMILL_HEVC_BYTES"), option_env!("PIXELMILL_HEVC_SHA256"));
/// What draws SVG.
const SVG: Part = code("svg.wasm", option_env!("PIXELMILL_SVG_BYTES"), option_env!("PIXELMILL_SVG_SHA256"));

const fn file(known: &BuiltIn) -> Part {
    Part { file: known.file, expected: Some((known.bytes, known.sha256)) }
}

impl Part {
    /// Whether workers receive it compiled.
    fn is_code(self) -> bool {
        self.file.ends_with(".wasm")
    }
}

/// The code of a program, and the file that it comes with if that is wanted; or a file alone.
fn parts(module: Module) -> (Part, Option<Part>) {
    match module {
        Module::Network => (NETWORK, None),
        Module::NetworkWithModel => (NETWORK, Some(file(&BUILT_IN))),
        Module::Lettering => (LETTERING, Some(file(&FONT))),
        Module::Jxl => (JXL, None),
        Module::Av1 => (AV1, None),
        Module::Hevc => (HEVC, None),
        Module::Svg => (SVG, None),
        Module::Libavif => (file(&LIBAVIF), None),
        Module::Libjxl => (file(&LIBJXL), None),
        Module::Font => (file(&FONT), None),
        Module::Emoji => (file(&EMOJI_FONT), None),
    }
}

/// Receives the progress of downloads; `None` when none is in progress.
type OnProgress = Rc<dyn Fn(Option<DownloadProgress>)>;

/// The programs and their files.
pub(super) struct ModuleDownloads {
    files: OwnFiles,
    cache_name: String,
    /// By file: its promise, pending or fulfilled; removed when it fails, so that the next request retries.
    promised: RefCell<SortedMap<&'static str, Promise>>,
    loading: RefCell<SortedMap<&'static str, DownloadProgress>>,
    reported: Cell<f64>,
    on_progress: RefCell<Option<OnProgress>>,
}

impl ModuleDownloads {
    /// Fetches nothing yet.
    pub(super) fn new(files: OwnFiles, names: &Names) -> Rc<Self> {
        let (promised, loading, reported, on_progress) = Default::default();
        Rc::new(Self { files, cache_name: names.cache(), promised, loading, reported, on_progress })
    }

    /// Calls `callback` with the progress of the downloads a few times a second, and with `None` when they have ended.
    pub(super) fn on_progress(&self, callback: impl Fn(Option<DownloadProgress>) + 'static) {
        *self.on_progress.borrow_mut() = Some(Rc::new(callback));
    }

    /// A program's compiled code and, if wanted, its file, as a worker receives them: [module, Blob]; of a file alone [Blob].
    ///
    /// # Errors
    /// Why they are not available; a later call tries again.
    pub(super) async fn get(self: &Rc<Self>, module: Module) -> Result<Array, Failure> {
        let (code, file) = parts(module);
        let Some(file) = file else { return Ok(Array::of1(&self.kept(code).await?)) };
        // Both start before either is awaited, and both are listened to: an unhandled rejection is an error.
        let _listened_to = JsFuture::from(self.promise(file));
        let (code, file) = (self.kept(code).await, self.kept(file).await);
        Ok(Array::of2(&code?, &file?))
    }

    async fn kept(self: &Rc<Self>, part: Part) -> Result<JsValue, Failure> {
        let promise = self.promise(part);
        settled(promise.clone()).await.map_err(|error| {
            self.promised.borrow_mut().retain(|_, kept| JsValue::from(kept.clone()) != JsValue::from(promise.clone()));
            from_js(&error).unwrap_or_else(|_| not_compiled(&describe(&error)))
        })
    }

    fn promise(self: &Rc<Self>, part: Part) -> Promise {
        let mut promised = self.promised.borrow_mut();
        let make = || {
            let own = self.clone();
            wasm_bindgen_futures::future_to_promise(async move {
                let blob = own.file(part).await.map_err(|failure| to_js(&failure).unwrap_or_else(|error| error))?;
                if !part.is_code() {
                    return Ok(blob.into());
                }
                let bytes = buffer_of(&blob).await.map_err(|error| JsValue::from_str(&error))?;
                super::super::program::compile(&bytes).await
            })
        };
        promised.entry(part.file).or_insert_with(make).clone()
    }

    /// A file from Cache Storage, or else from the server.
    async fn file(&self, part: Part) -> Result<Blob, Failure> {
        let cache = FileCache::open(&self.cache_name, self.files.base_url()).await;
        if let (Some(cache), Some(expected)) = (&cache, part.expected)
            && let Some(blob) = cache.find(part).await
            && is(&blob, expected).await
        {
            return Ok(blob);
        }
        self.report(part, Some(DownloadProgress { loaded: 0, total: part.expected.map_or(0, |(bytes, _)| bytes) }));
        let fetched = self.fetched(part).await;
        self.report(part, None);
        let blob = fetched.map_err(|error| match error {
            FileError::Updated => updated(part),
            FileError::Failed(_, error) => not_fetched(part, &error),
        })?;
        if let Some(expected) = part.expected {
            if !is(&blob, expected).await {
                return Err(damaged(part, expected.0));
            }
            if let Some(cache) = cache {
                cache.keep(part, &blob).await;
            }
        }
        Ok(blob)
    }

    async fn fetched(&self, part: Part) -> Result<Blob, FileError> {
        let failed = |error: JsValue| FileError::Failed(part.file, describe(&error));
        let abort = AbortController::new().map_err(failed)?;
        let stalled = || {
            let abort = abort.clone();
            Timeout::new(STALL_MS, move || abort.abort())
        };
        let mut timer = stalled();
        let options = RequestInit::new();
        // It is cached here; the browser's own cache would only hold it twice.
        options.set_cache(RequestCache::NoStore);
        options.set_signal(Some(&abort.signal()));
        let response = self.files.fetch(part.file, &options).await?;
        let stream = response.body().ok_or_else(|| FileError::Failed(part.file, "the answer is empty".to_owned()))?;
        let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
        let (parts, mut loaded) = (Array::new(), 0);
        loop {
            let read = settled(reader.read()).await.map_err(failed)?;
            if property(&read, "done").is_truthy() {
                break;
            }
            let piece: Uint8Array = property(&read, "value").unchecked_into();
            loaded += u64::from(piece.byte_length());
            parts.push(&piece);
            drop(timer);
            timer = stalled();
            let total = part.expected.map_or(0, |(bytes, _)| bytes).max(loaded);
            self.report(part, Some(DownloadProgress { loaded, total }));
        }
        drop(timer);
        Blob::new_with_u8_array_sequence(&parts).map_err(failed)
    }

    /// Reports the progress of all downloads that take long: those of programs and the files that come with them.
    fn report(&self, part: Part, loading: Option<DownloadProgress>) {
        if ![NETWORK.file, BUILT_IN.file].contains(&part.file) {
            return;
        }
        let sum = {
            let mut all = self.loading.borrow_mut();
            match loading {
                Some(loading) => all.insert(part.file, loading),
                None => all.remove(part.file),
            };
            let add = |sum: DownloadProgress, one: &DownloadProgress| DownloadProgress {
                loaded: sum.loaded + one.loaded,
                total: sum.total + one.total,
            };
            (!all.is_empty()).then(|| all.values().fold(DownloadProgress::default(), add))
        };
        let whole = sum.is_none_or(|sum| sum.loaded == 0 || sum.loaded == sum.total);
        if !whole && now() < self.reported.get() + PROGRESS_MS {
            return;
        }
        self.reported.set(now());
        let on_progress = self.on_progress.borrow().clone();
        if let Some(on_progress) = on_progress {
            on_progress(sum);
        }
    }
}

/// Whether programs and the files that come with them have been downloaded and are cached.
pub(super) async fn are_downloaded(names: &Names, base_url: &str, modules: &[Module]) -> bool {
    let Some(cache) = FileCache::open(&names.cache(), base_url).await else { return false };
    for module in modules {
        let (code, file) = parts(*module);
        for part in std::iter::once(code).chain(file) {
            if cache.find(part).await.is_none() {
                return false;
            }
        }
    }
    true
}

/// Whether a file is the expected one. Outside a secure context, where the browser computes no digest, by length only.
async fn is(blob: &Blob, (bytes, expected): (u64, &str)) -> bool {
    if blob.size() as u64 != bytes {
        return false;
    }
    match buffer_of(blob).await {
        Ok(buffer) => digest(&buffer).await.is_none_or(|found| found == expected),
        Err(_) => false,
    }
}

/// This installation's cache in Cache Storage. Failures here are harmless: the file is fetched again.
struct FileCache {
    cache: Cache,
    base_url: String,
}

impl FileCache {
    async fn open(name: &str, base_url: &str) -> Option<Self> {
        let storage = property(&js_sys::global(), "caches").dyn_into::<CacheStorage>().ok()?;
        let cache = settled(storage.open(name)).await.ok()?;
        Some(Self { cache: cache.unchecked_into(), base_url: base_url.to_owned() })
    }

    /// The URL under which a file is cached; each version has its own.
    fn key(&self, part: Part) -> String {
        let version = part.expected.map_or("", |(_, digest)| digest);
        format!("{}{}?{version}", self.base_url, part.file)
    }

    async fn find(&self, part: Part) -> Option<Blob> {
        let found = settled(self.cache.match_with_str(&self.key(part))).await.ok()?;
        let response = found.dyn_into::<Response>().ok()?;
        settled(response.blob().ok()?).await.ok()?.dyn_into().ok()
    }

    async fn keep(&self, part: Part, blob: &Blob) {
        let Ok(response) = Response::new_with_opt_blob(Some(blob)) else { return };
        if let Err(error) = settled(self.cache.put_with_str(&self.key(part), &response)).await {
            web_sys::console::warn_2(&"A file could not be cached:".into(), &error);
            return;
        }
        let Ok(keys) = settled(self.cache.keys()).await else { return };
        let current = [
            NETWORK,
            LETTERING,
            JXL,
            AV1,
            HEVC,
            SVG,
            file(&LIBAVIF),
            file(&LIBJXL),
            file(&BUILT_IN),
            file(&FONT),
            file(&EMOJI_FONT),
        ]
        .map(|part| self.key(part));
        for request in keys.unchecked_into::<Array>().iter() {
            if property(&request, "url").as_string().is_none_or(|url| !current.contains(&url)) {
                let _old = settled(self.cache.delete_with_request(&request.unchecked_into())).await;
            }
        }
    }
}

fn updated(part: Part) -> Failure {
    Failure::new(
        ErrorCategory::DownstreamError,
        Phase::Setup,
        format!(
            "{} is no longer on the server as this page needs it: the page was updated while it was open.",
            part.file
        ),
        "Reload the page, then retry it.",
    )
}

fn not_fetched(part: Part, error: &str) -> Failure {
    Failure::new(
        ErrorCategory::DownstreamError,
        Phase::Setup,
        format!("{} could not be loaded from this page's server: {error}.", part.file),
        "Check the connection and retry it; once loaded, the file stays in this browser.",
    )
}

fn damaged(part: Part, bytes: u64) -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!(
            "{} is damaged: what the server sent is not the file of {bytes} bytes that this page needs.",
            part.file
        ),
        "Retry it later. If the page was updated meanwhile, reload it.",
    )
}

fn not_compiled(error: &str) -> Failure {
    Failure::new(
        ErrorCategory::SystemError,
        Phase::Setup,
        format!("Code cannot be compiled here: {error}."),
        "Update the browser: it needs WebAssembly with SIMD.",
    )
}
