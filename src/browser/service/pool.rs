//! Workers on the service's side: how they are started, their handshake, their death.
//!
//! Everything a worker needs is fetched once, when the service starts; starting another worker needs no request. The
//! scheduler decides how many there are and what they run.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, MessageChannel, MessageEvent, MessagePort};

use super::super::environment::{FileError, OwnFiles, random};
use super::super::interop::{Listener, both, describe, from_js, spawn, to_js};
use super::super::{locks, program};
use super::memory;
use super::modules::ModuleDownloads;
use crate::archive::pictures::Contents;
use crate::batch::scheduler::Death;
use crate::compact::SortedMap;
use crate::names::Names;
use crate::protocol::{BUILD_ID, FromWorker, Previewed, StoreAnswer, ToWorker, UPDATED, VERSION};
use crate::service::FromService;
use crate::store::MemoryStore;

/// Time for a worker to report that its script has started, in milliseconds; normally that takes a few hundredths of
/// that.
const ALIVE_MS: u32 = 3_000;
/// Time for a worker to start, whatever it waits for, in milliseconds.
const START_MS: u32 = 60_000;

/// Receives what a worker reports.
type Tell = Rc<dyn Fn(FromPool)>;

/// What every worker is made from.
pub(super) struct Program {
    /// The name of the database.
    database: String,
    /// Whether a worker came from another build than the service.
    pub(super) outdated: Cell<bool>,
    code: program::Program,
    libwebp: JsValue,
    /// Provides workers with the programs that a plan needs.
    pub(super) modules: Rc<ModuleDownloads>,
    /// Provides workers with all stored data, if there is no other storage.
    pub(super) memory: OnceCell<MemoryStore<Blob>>,
    /// Consecutive workers that did not report in time.
    late: Cell<u32>,
    /// The workers that were asked for, by name: how to tell that one failed.
    asked: RefCell<SortedMap<String, Tell>>,
}

impl Program {
    /// Fetches and compiles everything. Without libwebp, or the scripts of libaom and libjxl, it continues: then only WebP, AVIF or lossy JPEG XL cannot be
    /// written.
    ///
    /// # Errors
    /// When the worker's own files cannot be fetched or compiled.
    pub(super) async fn fetch(files: OwnFiles, names: &Names) -> Result<Self, FileError> {
        let libwebp = RefCell::new(JsValue::UNDEFINED);
        let loader = async {
            let (loader, module) = (program::text(&files, "libwebp.js"), program::compiled(&files, "libwebp.wasm"));
            let (loader, module) = both(loader, module).await;
            let loader = match loader.and_then(|loader| Ok((loader, module?))) {
                Ok((loader, module)) => {
                    *libwebp.borrow_mut() = module;
                    loader
                }
                Err(FileError::Updated) => return Err(FileError::Updated),
                Err(error) => {
                    web_sys::console::warn_1(&format!("WebP cannot be written: {error}").into());
                    String::new()
                }
            };
            // The worker's own program, which is fetched meanwhile, takes longer.
            let (avif, jxl) = both(program::text(&files, "libavif.js"), program::text(&files, "libjxl.js")).await;
            Ok(loader + &avif.unwrap_or_default() + &jxl.unwrap_or_default())
        };
        let code = program::Program::fetch(&files, "worker.js", "worker_bg.wasm", loader).await?;
        let libwebp = libwebp.into_inner();
        let modules = ModuleDownloads::new(files, names);
        let (memory, late, outdated, asked) = Default::default();
        Ok(Self { database: names.database(), outdated, code, libwebp, modules, memory, late, asked })
    }

    /// A worker could not be started, or its script threw.
    pub(super) fn failed(&self, name: &str, message: String) {
        let tell = self.asked.borrow().get(name).cloned();
        if let Some(tell) = tell {
            tell(FromPool::Died(Death::Vanished, message));
        }
    }
}

/// What a worker reports.
#[derive(Debug)]
pub(super) enum FromPool {
    /// It is ready for work.
    Ready,
    /// It waits for the code of another program, perhaps for a download.
    Waits,
    /// A report on its work.
    Report(FromWorker),
    /// The archive that was requested.
    Archive(Blob),
    /// A file that was probed, in the form in which it is to be stored.
    Probed(Blob),
    /// What a ZIP contains, with its pictures as a list of `File`.
    Unpacked(Contents, Array),
    /// A preview, with its files as a list of Blobs.
    Previewed(Previewed, Array),
    /// It is gone or useless; drop its handle. Reported once.
    Died(Death, String),
}

/// A worker; stopped when dropped.
pub(super) struct Handle {
    name: String,
    port: MessagePort,
    program: Rc<Program>,
    _listeners: [Listener; 2],
    _patience: Option<Timeout>,
    _start: Timeout,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.program.asked.borrow_mut().remove(&self.name);
        self.port.close();
        super::post(&FromService::StopWorker { name: std::mem::take(&mut self.name) });
    }
}

impl Handle {
    /// Starts a worker; `tell` receives everything that it reports.
    ///
    /// # Errors
    /// A sentence, when the browser does not start a worker.
    pub(super) fn spawn(program: &Rc<Program>, tell: impl Fn(FromPool) + 'static) -> Result<Self, String> {
        Self::spawn_boxed(program, Box::new(tell))
    }

    fn spawn_boxed(program: &Rc<Program>, tell: Box<dyn Fn(FromPool)>) -> Result<Self, String> {
        // When a worker ends for any reason, the lock with its name becomes free at once; no event reports it.
        let life = format!("pixelmill-worker:{:08x}{:08x}", random(), random());
        let port = ask_for_worker(&program.code, &life).map_err(|error| describe(&error))?;
        let alive = Rc::new(Cell::new(false));
        let dead = Rc::new(Cell::new(false));
        let started = Rc::new(Cell::new(false));
        let tell: Tell = Rc::new(move |message: FromPool| {
            if !dead.get() {
                dead.set(matches!(message, FromPool::Died(..)));
                tell(message);
            }
        });
        let messages = {
            let (program, own, tell, alive) = (program.clone(), port.clone(), tell.clone(), alive.clone());
            let (started, life) = (started.clone(), life.clone());
            Listener::new(&port, "message", move |event| {
                let data: Array = event.unchecked_into::<MessageEvent>().data().unchecked_into();
                let vanished = |why: String| FromPool::Died(Death::Vanished, why);
                tell(match from_js::<FromWorker>(&data.get(0)) {
                    Ok(FromWorker::Alive) => {
                        alive.set(true);
                        program.late.set(0);
                        let tell = tell.clone();
                        locks::outlive(&life, move || tell(vanished("it is gone".into())));
                        return;
                    }
                    Ok(FromWorker::Ready { version, build_id }) if version == VERSION && build_id == BUILD_ID => {
                        let from_memory = program.memory.get().is_some();
                        let start = ToWorker::Start { database: program.database.clone(), from_memory };
                        post(&own, &start, &program.libwebp);
                        return;
                    }
                    Ok(FromWorker::Ready { .. }) => {
                        program.outdated.set(true);
                        vanished(UPDATED.to_owned())
                    }
                    Ok(FromWorker::Started) => {
                        started.set(true);
                        FromPool::Ready
                    }
                    Ok(FromWorker::Ask { ticket, request }) => {
                        let Some(memory) = program.memory.get().cloned() else { return };
                        let (own, attachment) = (own.clone(), data.get(1));
                        spawn(async move {
                            let (answer, content) = memory::answer(&memory, request, &attachment)
                                .await
                                .unwrap_or_else(|error| (StoreAnswer::Failed(error.to_string()), JsValue::UNDEFINED));
                            post(&own, &ToWorker::Stored { ticket, answer }, &content);
                        });
                        return;
                    }
                    Ok(FromWorker::NeedsModule { module }) => {
                        let (modules, own) = (program.modules.clone(), own.clone());
                        spawn(async move {
                            let (failure, given) = match modules.get(module).await {
                                Ok(given) => (None, given.into()),
                                Err(failure) => (Some(failure), JsValue::UNDEFINED),
                            };
                            post(&own, &ToWorker::Module { failure }, &given);
                        });
                        FromPool::Waits
                    }
                    Ok(FromWorker::Unable { message }) => vanished(message),
                    Ok(FromWorker::Panicked { message }) => FromPool::Died(Death::Panic(message.clone()), message),
                    Ok(FromWorker::Crashed { message, exhausted: true }) => FromPool::Died(Death::OutOfMemory, message),
                    Ok(FromWorker::Crashed { message, exhausted: false }) if is_exhaustion(&message) => {
                        FromPool::Died(Death::OutOfMemory, message)
                    }
                    Ok(FromWorker::Crashed { message, .. }) => FromPool::Died(Death::Panic(message.clone()), message),
                    Ok(FromWorker::Exported { failure: None }) => FromPool::Archive(data.get(1).unchecked_into()),
                    Ok(FromWorker::FileProbed { failure: None, .. }) if data.get(1).is_object() => {
                        FromPool::Probed(data.get(1).unchecked_into())
                    }
                    Ok(FromWorker::Unpacked { result: Ok(contents) }) => {
                        FromPool::Unpacked(contents, data.get(1).unchecked_into())
                    }
                    Ok(FromWorker::Previewed { previewed }) => {
                        FromPool::Previewed(previewed, data.get(1).unchecked_into())
                    }
                    Ok(report) => FromPool::Report(report),
                    Err(error) => vanished(error),
                });
            })
        };
        let unreadable = {
            let tell = tell.clone();
            Listener::new(&port, "messageerror", move |_| {
                tell(FromPool::Died(Death::Vanished, "a message could not be read".to_owned()));
            })
        };
        port.start();
        program.asked.borrow_mut().insert(life.clone(), tell.clone());
        // One that dies before it holds its lock dies unnoticed. A slow device gets more time with each worker that was
        // given up.
        let patience = locks::are_there().then(|| {
            let (program, tell) = (program.clone(), tell.clone());
            Timeout::new(ALIVE_MS << program.late.get().min(5), move || {
                if !alive.get() {
                    program.late.set(program.late.get() + 1);
                    tell(FromPool::Died(Death::Vanished, "it did not report that it is alive".into()));
                }
            })
        });
        let start = Timeout::new(START_MS, move || {
            if !started.get() {
                tell(FromPool::Died(Death::Vanished, "it did not start".into()));
            }
        });
        let (program, listeners) = (program.clone(), [messages, unreadable]);
        Ok(Self { name: life, port, program, _listeners: listeners, _patience: patience, _start: start })
    }

    /// Sends it work; only after [`FromPool::Ready`].
    pub(super) fn send(&self, message: &ToWorker, attachment: &JsValue) {
        post(&self.port, message, attachment);
    }

    /// The same with contents that were read ahead; the worker then owns those that are an `ArrayBuffer`.
    pub(super) fn send_over(&self, message: &ToWorker, contents: Option<Array>) {
        let contents = contents.unwrap_or_default();
        let buffers = contents.filter(&mut |content, _, _| content.is_object());
        let posted = to_js(message)
            .and_then(|message| self.port.post_message_with_transferable(&Array::of2(&message, &contents), &buffers));
        if let Err(error) = posted {
            web_sys::console::error_1(&error);
        }
    }
}

/// Asks the page for a worker that runs a program, and returns the port to it.
fn ask_for_worker(program: &program::Program, name: &str) -> Result<MessagePort, JsValue> {
    let channel = MessageChannel::new()?;
    let port = channel.port1();
    // Waits in the port until the worker's script listens.
    port.post_message(&program.module)?;
    let message = FromService::StartWorker { name: name.to_owned(), script: program.script_url.clone() };
    super::post_port(&message, &channel.port2())?;
    Ok(port)
}

/// Whether a thrown message is the browser's way of saying that there is not enough memory.
fn is_exhaustion(message: &str) -> bool {
    ["allocation failed", "out of memory", "Out of memory", "could not allocate"]
        .iter()
        .any(|part| message.contains(part))
}

fn post(port: &MessagePort, message: &ToWorker, attachment: &JsValue) {
    let posted = to_js(message).and_then(|message| port.post_message(&Array::of2(&message, attachment)));
    if let Err(error) = posted {
        web_sys::console::error_1(&error);
    }
}
