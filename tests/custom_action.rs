//! Custom actions, run by an interpreter instead of a browser: the example in `docs/`, built as its page says, and modules that
//! do not keep to the interface.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, also in its helpers")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use pixelmill::actions::{Context, prepare};
use pixelmill::codecs::{self, EncodeRequest, Format};
use pixelmill::custom::module::{MAX_BYTES, limited};
use pixelmill::custom::{CustomAction, CustomSource, Function, Guest, Spec, call};
use pixelmill::engine::{Produced, Services, Source};
use pixelmill::error::{ErrorCategory, Failure};
use pixelmill::image::{Deep, Image, Pixels, Representation, Size};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wasmi::{Engine, Instance, Linker, Memory, Module, Store, Val};

#[path = "shared/graphs.rs"]
mod graphs;

use graphs::{action, plan};

/// A module and what it says of itself.
struct Interpreted {
    module: Module,
    spec: Spec,
    sha256: String,
}

impl Interpreted {
    /// As a host adds a file.
    fn add(file: &[u8]) -> Result<Self, String> {
        let module = Module::new(&Engine::default(), limited(file)?).map_err(|error| error.to_string())?;
        let spec = call::describe(&mut *start(&module)?)?.1;
        let sha256 = Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { module, spec, sha256 })
    }
}

impl CustomAction for Interpreted {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn sha256(&self) -> &str {
        &self.sha256
    }

    fn start(&self) -> Result<Box<dyn Guest>, String> {
        start(&self.module)
    }
}

/// One module, by every name.
struct Only(Interpreted);

impl CustomSource for Only {
    fn get(&self, _: &str) -> Result<&dyn CustomAction, Failure> {
        Ok(&self.0)
    }
}

struct Running {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

fn start(module: &Module) -> Result<Box<dyn Guest>, String> {
    let mut store = Store::new(module.engine(), ());
    let started = Linker::new(module.engine()).instantiate_and_start(&mut store, module);
    let instance = started.map_err(|error| error.to_string())?;
    let memory = instance.get_memory(&store, "memory").unwrap();
    Ok(Box::new(Running { store, instance, memory }))
}

impl Guest for Running {
    fn call(&mut self, function: Function, arguments: &[u32]) -> Result<u32, String> {
        let exported = self.instance.get_func(&self.store, function.word()).unwrap();
        let arguments: Vec<_> = arguments.iter().map(|argument| Val::I32(*argument as i32)).collect();
        let mut results = [Val::I32(0)];
        exported.call(&mut self.store, &arguments, &mut results).map_err(|error| error.to_string())?;
        results[0].i32().map(|result| result as u32).ok_or_else(|| "no i32".to_owned())
    }

    fn memory(&self) -> u64 {
        self.memory.data_size(&self.store) as u64
    }

    fn read(&self, place: u32, bytes: &mut [u8]) {
        self.memory.read(&self.store, place as usize, bytes).unwrap();
    }

    fn write(&mut self, place: u32, bytes: &[u8]) {
        self.memory.write(&mut self.store, place as usize, bytes).unwrap();
    }
}

/// The example's module, built as a user builds it: without this project's settings for the compiler.
fn example() -> &'static [u8] {
    static BUILT: OnceLock<Vec<u8>> = OnceLock::new();
    BUILT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let target: PathBuf = root.join("target/custom-action");
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--offline", "--target", "wasm32-unknown-unknown", "--target-dir"])
            .arg(&target)
            .current_dir(root.join("docs/custom-action"))
            .env_remove("CARGO_BUILD_TARGET")
            .env("CARGO_ENCODED_RUSTFLAGS", "")
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        std::fs::read(target.join("wasm32-unknown-unknown/release/scan_lines.wasm")).unwrap()
    })
}

/// What the action makes of a picture.
fn made(file: &[u8], image: Image, parameters: Value) -> Result<Image, Failure> {
    let source = Only(Interpreted::add(file).unwrap());
    let mut raw = parameters.as_object().unwrap().clone();
    raw.insert("action".to_owned(), json!("mine"));
    let context = Context::default().with_customs(Some(&source));
    let results = prepare("custom", &raw).unwrap().run(vec![Some(image)], &context);
    results.map(|mut results| results.remove(0)).map_err(|stop| stop.into_failure())
}

fn bytes(count: u32) -> Vec<u8> {
    (0..count).map(|at| (at * 89 + 7) as u8).collect()
}

fn deep(count: u32) -> Vec<u16> {
    (0..count).map(|at| (at * 40_503 + 901) as u16).collect()
}

fn rgb(size: Size) -> Image {
    Image::new(size, Pixels::Rgb(bytes(size.width * size.height * 3)))
}

/// A sample of a dark line, by whole numbers: `strength` in thousandths.
fn darkened(sample: u64, strength: u64) -> u64 {
    (sample * (1000 - strength) * 2 + 1000) / 2000
}

#[test]
fn the_example_darkens_every_nth_line() {
    let size = Size::new(5, 11);
    let settings = json!({ "settings": { "period": 3, "strength": 0.25 } });
    let is_dark = |at: usize, channels: usize| at / (5 * channels) % 3 == 2;
    let Pixels::Rgb(after) = made(example(), rgb(size), settings.clone()).unwrap().pixels else { panic!("RGB") };
    for (at, (before, after)) in bytes(165).into_iter().zip(after).enumerate() {
        let expected = if is_dark(at, 3) { darkened(before.into(), 250) } else { before.into() };
        assert_eq!(u64::from(after), expected, "{at}");
    }

    let translucent = Image::new(size, Pixels::Rgba(bytes(220)));
    let Pixels::Rgba(after) = made(example(), translucent, settings.clone()).unwrap().pixels else { panic!("RGBA") };
    for (at, (before, after)) in bytes(220).into_iter().zip(after).enumerate() {
        let is_changed = is_dark(at, 4) && at % 4 != 3;
        let expected = if is_changed { darkened(before.into(), 250) } else { before.into() };
        assert_eq!(u64::from(after), expected, "{at}");
    }

    let of_16_bits = Image::new(size, Pixels::Deep(Deep::Rgb(deep(165))));
    let Pixels::Deep(Deep::Rgb(after)) = made(example(), of_16_bits, settings).unwrap().pixels else { panic!("deep") };
    for (at, (before, after)) in deep(165).into_iter().zip(after).enumerate() {
        let expected = if is_dark(at, 3) { darkened(before.into(), 250) } else { before.into() };
        assert_eq!(u64::from(after), expected, "{at}");
    }
}

#[test]
fn the_example_has_the_defaults_of_its_description() {
    let size = Size::new(1, 8);
    let Pixels::Rgb(after) = made(example(), rgb(size), json!({})).unwrap().pixels else { panic!("RGB") };
    let changed: Vec<_> = bytes(24).into_iter().zip(after).map(|(before, after)| before != after).collect();
    assert_eq!(changed, (0..24).map(|at| at / 3 % 4 == 3).collect::<Vec<_>>());
}

#[test]
fn settings_are_checked_by_what_the_module_says() {
    for (settings, message, hint) in [
        (
            json!({ "period": 65 }),
            "The custom action \"mine\" needs \"period\" from 2 to 64 px, not 65.",
            "The nearest valid value is 64.",
        ),
        (
            json!({ "period": 2.5 }),
            "The custom action \"mine\" cannot use 2.5 as \"period\".",
            "Give a whole number from 2 to 64 px.",
        ),
        (
            json!({ "strength": "much" }),
            "The custom action \"mine\" cannot use \"much\" as \"strength\".",
            "Give a number from 0 to 1.",
        ),
        (json!({ "colour": 1 }), "The custom action \"mine\" has no setting \"colour\".", "Use period, strength."),
    ] {
        let failure = made(example(), rgb(Size::new(2, 2)), json!({ "settings": settings })).unwrap_err();
        assert_eq!((failure.message.as_str(), failure.hint.as_str()), (message, hint));
        assert_eq!(failure.category, ErrorCategory::ValidationError);
    }
    assert!(made(example(), rgb(Size::new(2, 2)), json!({ "settings": { "period": null } })).is_ok());
}

fn run(actions: &[Value], edges: &str, source: &Only, file: &[u8]) -> Produced {
    let sources = [Source { name: "a.jpg", folder: "", bytes: file.into() }; 2];
    let services = Services { customs: Some(source), ..Services::default() };
    let produced = plan(actions, edges).run(0, &sources, services);
    produced.unwrap_or_else(|stop| panic!("{:?}", stop.into_failure()))
}

#[test]
fn a_jpeg_stays_a_jpeg_unless_it_may_become_transparent() {
    let file = codecs::encode(rgb(Size::new(16, 16)), &EncodeRequest::new(Format::Jpeg), None).unwrap().bytes;
    let source = Only(Interpreted::add(example()).unwrap());
    for (alpha, format) in [("keep", Format::Jpeg), ("add", Format::Png)] {
        let custom = action("lines", "custom", json!({ "action": "scan-lines", "alpha": alpha }));
        let produced = run(&[custom, action("save", "output", json!({}))], "photos>lines lines>save", &source, &file);
        assert_eq!(produced.outputs[0].format, format, "{alpha}");
    }
}

/// A module in the text format, with some of its parts replaced.
fn module(parts: &[(&str, &str)]) -> Vec<u8> {
    let part = |name: &str, usual: &str| {
        parts.iter().find(|(replaced, _)| *replaced == name).map_or(usual, |(_, part)| part).to_owned()
    };
    let description = part("description", r#"{"name":"Mine","version":"1"}"#);
    let length: String = (description.len() as u32).to_le_bytes().iter().map(|byte| format!("\\{byte:02x}")).collect();
    let text = format!(
        r#"(module {imports} {memory}
        (global $free (mut i32) (i32.const 131072))
        (global $count (mut i32) (i32.const 0))
        (data (i32.const 64) "{length}{text}")
        (func (export "pixelmill_abi") {abi})
        (func (export "pixelmill_describe") {describe})
        (func (export "pixelmill_allocate") (param $bytes i32) (result i32) {allocate})
        (func (export "pixelmill_run")
            (param $width i32) (param $height i32) (param $depth i32) (param $pixels i32) (param $settings i32) (param $length i32)
            (result i32) {run}))"#,
        imports = part("imports", ""),
        memory = part("memory", r#"(memory (export "memory") 8)"#),
        text = description.replace('"', "\\22"),
        abi = part("abi", "(result i32) (i32.const 1)"),
        describe = part("describe", "(result i32) (i32.const 64)"),
        allocate =
            part("allocate", "(global.get $free) (global.set $free (i32.add (global.get $free) (local.get $bytes)))"),
        run = part("run", &returned("0", "(local.get $width)", "(local.get $height)", "(local.get $pixels)")),
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The code that returns four words.
fn returned(status: &str, one: &str, two: &str, three: &str) -> String {
    let status = format!("(i32.const {status})");
    let stores = [status.as_str(), one, two, three].into_iter().zip([16, 20, 24, 28]);
    let stores: String = stores.map(|(word, place)| format!("(i32.store (i32.const {place}) {word})")).collect();
    format!("{stores} (i32.const 16)")
}

fn refusal(parts: &[(&str, &str)]) -> String {
    Interpreted::add(&module(parts)).err().unwrap_or_else(|| panic!("{parts:?} was accepted"))
}

#[test]
fn a_module_that_cannot_be_used_is_refused_with_the_reason() {
    for (part, content, expected) in [
        (
            "imports",
            r#"(import "env" "now" (func (result i64)))"#,
            "It imports \"now\" from \"env\"; a custom action must not import anything.",
        ),
        ("memory", "(memory 8)", "It exports no memory \"memory\"."),
        (
            "memory",
            r#"(memory (export "memory") 20000)"#,
            "It begins with 1250 MiB of memory; at most 1024 are available.",
        ),
        ("memory", r#"(memory (export "memory") 8 9 shared)"#, "Its memory is shared"),
        ("memory", r#"(memory (export "memory") 8) (memory 1)"#, "It has 2 memories instead of one."),
        ("abi", "(result i32) (i32.const 2)", "It is made for version 2 of the interface; this is version 1."),
        ("abi", "(result i64) (i64.const 1)", "\"pixelmill_abi\" does not take 0 i32 and return one i32."),
        ("abi", "(param i32) (result i32) (i32.const 1)", "\"pixelmill_abi\" does not take 0 i32"),
        ("describe", "(result i32) (unreachable)", "It broke down in \"pixelmill_describe\": "),
        ("describe", "(result i32) (i32.const -4)", "It named 4 bytes at 4294967292, which are not all within"),
        ("describe", "(result i32) (i32.const 524286)", "It named 4 bytes at 524286, which are not all within"),
        // Its bytes are letters: a huge length.
        ("describe", "(result i32) (i32.const 68)", "at most 65536 are read"),
        ("description", "{", "Its description is not valid JSON: "),
        ("description", "[]", "Its description is not an object."),
        ("description", r#"{"version":"1"}"#, "Its description has no \"name\"."),
        ("description", r#"{"name":"a","version":1}"#, "has a \"version\" that is not a text of 1 to 60 characters."),
    ] {
        let found = refusal(&[(part, content)]);
        assert!(found.contains(expected), "{part} {content}: {found}");
    }
    for (what, file) in [("empty", &b""[..]), ("other", b"\x7fELF\x02\x01\x01\0"), ("cut", &example()[..500])] {
        assert_eq!(limited(file).unwrap_err(), "It is not a readable WebAssembly module.", "{what}");
    }
    assert_eq!(limited(&vec![0; MAX_BYTES + 1]).unwrap_err(), "It has 32 MiB; at most 32 can be used.");
    let without = wat::parse_str(r#"(module (memory (export "memory") 1))"#).unwrap();
    assert_eq!(limited(&without).unwrap_err(), "It exports no function \"pixelmill_abi\".");
}

#[test]
fn no_change_of_a_module_breaks_its_reader() {
    let module = module(&[]);
    for length in 0..module.len() {
        let _read_or_refused = limited(&module[..length]);
    }
    for at in 0..module.len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut changed = module.clone();
            changed[at] = byte;
            let _read_or_refused = Interpreted::add(&changed);
        }
    }
}

#[test]
fn a_description_is_refused_where_it_is_wrong() {
    let described = |parameter: &str| {
        let text = format!(r#"{{"name":"a","version":"1","parameters":[{parameter}]}}"#);
        refusal(&[("description", &text)])
    };
    for (parameter, expected) in [
        (r#"{}"#, "One of its parameters has no \"name\"."),
        (r#"{"name":"a b"}"#, "The parameter name \"a b\" is not made of letters, digits, - and _."),
        (r#"{"name":"a","type":"float","default":1}"#, "Its parameter \"a\" has none of the types number, integer"),
        (r#"{"name":"a","type":"number"}"#, "Its parameter \"a\" has no \"default\"."),
        (
            r#"{"name":"a","type":"number","default":2,"range":[0,1]}"#,
            "The default of parameter \"a\" is not possible: The nearest valid value is 1.",
        ),
        (r#"{"name":"a","type":"number","default":2,"range":[3,1]}"#, "has a \"range\" that is not two numbers"),
        (r#"{"name":"a","type":"choice","default":"b"}"#, "has no \"values\", a list of texts."),
        (
            r#"{"name":"a","type":"choice","default":"b","values":["c","d"]}"#,
            "The default of parameter \"a\" is not possible: Give one of c, d.",
        ),
        (
            r#"{"name":"a","type":"text","default":""},{"name":"a","type":"boolean","default":true}"#,
            "It has two parameters \"a\".",
        ),
    ] {
        let found = described(parameter);
        assert!(found.contains(expected), "{parameter}: {found}");
    }
    let depths = refusal(&[("description", r#"{"name":"a","version":"1","depths":[16]}"#)]);
    assert_eq!(depths, "Its \"depths\" are neither [8] nor [8, 16].");
}

#[test]
fn what_a_module_returns_is_checked() {
    let whole = |status: &str, one: &str, two: &str, three: &str| returned(status, one, two, three);
    let (width, height, pixels) = ("(local.get $width)", "(local.get $height)", "(local.get $pixels)");
    for (part, content, expected) in [
        ("run", "(unreachable)".to_owned(), "It broke down in \"pixelmill_run\": "),
        (
            "run",
            "(i32.const 524280)".to_owned(),
            "It named 16 bytes at 524280, which are not all within its memory of 524288",
        ),
        ("run", "(i32.const -1)".to_owned(), "It named 16 bytes at 4294967295"),
        ("run", whole("0", width, height, "(i32.const 524284)"), "It named 64 bytes at 524284"),
        (
            "run",
            whole("0", "(i32.const -1)", "(i32.const -1)", pixels),
            "although its description does not say that it resizes",
        ),
        ("run", whole("0", "(i32.const 0)", height, pixels), "It returned a picture of 0 × 4 pixels."),
        ("run", whole("7", width, height, pixels), "It returned the status 7, which is neither 0 nor 1."),
        ("run", whole("1", "(i32.const -8)", "(i32.const 900)", "(i32.const 0)"), "It named 900 bytes at 4294967288"),
        ("allocate", "(i32.const 0)".to_owned(), "It has no memory for 64 bytes."),
        ("allocate", "(i32.const 524287)".to_owned(), "It named 64 bytes at 524287"),
        ("allocate", "(local.get $bytes) (call 2)".to_owned(), "It broke down in \"pixelmill_allocate\": "),
    ] {
        let failure = made(&module(&[(part, &content)]), rgb(Size::new(4, 4)), json!({})).unwrap_err();
        assert!(failure.message.starts_with("The custom action \"mine\" failed: It "), "{}", failure.message);
        assert!(failure.message.contains(expected), "{content}: {}", failure.message);
        assert_eq!(failure.category, ErrorCategory::SystemError);
    }
}

#[test]
fn a_huge_picture_is_refused_before_it_is_copied() {
    let resizes = ("description", r#"{"name":"a","version":"1","resizes":true}"#);
    let huge = returned("0", "(i32.const -1)", "(i32.const -1)", "(local.get $pixels)");
    let failure = made(&module(&[resizes, ("run", &huge)]), rgb(Size::new(4, 4)), json!({})).unwrap_err();
    assert!(failure.message.contains("not all within its memory"), "{}", failure.message);
}

#[test]
fn a_module_says_itself_why_it_failed() {
    let run = returned("1", "(i32.const 48)", "(i32.const 10)", "(i32.const 0)");
    let data = ("imports", r#"(data (i32.const 48) "too\01 bright and more")"#);
    let failure = made(&module(&[data, ("run", &run)]), rgb(Size::new(1, 1)), json!({})).unwrap_err();
    assert_eq!(failure.message, "The custom action \"mine\" failed: too  brigh");
    assert_eq!(failure.category, ErrorCategory::ValidationError);
}

#[test]
fn a_picture_leaves_nothing_behind_for_the_next_one() {
    let count = "(global.set $count (i32.add (global.get $count) (i32.const 1)))
        (i32.store8 (local.get $pixels) (global.get $count))";
    let run = format!("{count} {}", returned("0", "(local.get $width)", "(local.get $height)", "(local.get $pixels)"));
    let source = Only(Interpreted::add(&module(&[("run", &run)])).unwrap());
    let context = Context::default().with_customs(Some(&source));
    let operation = prepare("custom", json!({ "action": "mine" }).as_object().unwrap()).unwrap();
    for _ in 0..3 {
        let made = operation.run(vec![Some(rgb(Size::new(1, 1)))], &context).unwrap().remove(0);
        assert_eq!(made.pixels, Pixels::Rgb(vec![1, bytes(3)[1], bytes(3)[2]]));
    }
}

#[test]
fn memory_grows_to_the_limit_and_no_further() {
    // 8 pages at first; 16,384 are 1 GiB.
    for (memory, pages, grown) in [("8", 16_376, true), ("8", 16_377, false), ("8 9", 1, true), ("8 9", 2, false)] {
        let memory = format!(r#"(memory (export "memory") {memory})"#);
        let text = ("imports", r#"(data (i32.const 48) "full")"#);
        let same = returned("0", "(local.get $width)", "(local.get $height)", "(local.get $pixels)");
        let full = returned("1", "(i32.const 48)", "(i32.const 4)", "(i32.const 0)");
        let run = format!(
            "(if (result i32) (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then {full}) (else {same}))"
        );
        let made = made(&module(&[("memory", &memory), text, ("run", &run)]), rgb(Size::new(1, 1)), json!({}));
        assert_eq!(made.is_ok(), grown, "{memory} {pages}");
        if let Err(failure) = made {
            assert_eq!(failure.message, "The custom action \"mine\" failed: full");
        }
    }
}

/// A module for 8 bits that inverts the first pixel, so that it is seen that the picture went through it.
#[test]
fn a_module_for_8_bits_gets_a_copy_of_8_and_its_result_has_16_again() {
    let invert = "(i32.store (local.get $pixels) (i32.xor (i32.load (local.get $pixels)) (i32.const 0xffffff)))
        (if (i32.ne (local.get $depth) (i32.const 8)) (then (unreachable)))";
    let same = returned("0", "(local.get $width)", "(local.get $height)", "(local.get $pixels)");
    let file = module(&[("run", &format!("{invert} {same}"))]);
    let samples = vec![0, 0x8080, 0xffff, 0x1010, 0x2020, 0x3030];
    let image = Image::new(Size::new(2, 1), Pixels::Deep(Deep::Rgb(samples)));
    let made = made(&file, image, json!({})).unwrap();
    assert_eq!(made.pixels, Pixels::Deep(Deep::Rgb(vec![0xffff, 0x7f7f, 0, 0x1010, 0x2020, 0x3030])));
}

#[test]
fn a_result_may_have_another_size_if_the_description_says_so() {
    let half = returned(
        "0",
        "(i32.shr_u (local.get $width) (i32.const 1))",
        "(i32.shr_u (local.get $height) (i32.const 1))",
        "(local.get $pixels)",
    );
    let resizes = ("description", r#"{"name":"a","version":"1","resizes":true}"#);
    let file = module(&[resizes, ("run", &half)]);
    let image = made(&file, rgb(Size::new(6, 4)), json!({})).unwrap();
    assert_eq!((image.size, image.representation()), (Size::new(3, 2), Representation::Rgb));

    // What follows works on the size that there is, and conditions ask for it.
    let source = Only(Interpreted::add(&file).unwrap());
    let png = codecs::encode(rgb(Size::new(60, 40)), &EncodeRequest::new(Format::Png), None).unwrap().bytes;
    let actions = [
        action("half", "custom", json!({ "action": "half" })),
        action("small", "condition", json!({ "when": "width == 30" })),
        action("pad", "pad", json!({ "width": 50 })),
        action("save", "output", json!({})),
        action("large", "output", json!({})),
    ];
    let edges = "photos>half half>small small.then>pad pad>save small.else>large";
    let produced = run(&actions, edges, &source, &png);
    let sizes: Vec<_> = produced.outputs.iter().map(|output| (output.action_id.as_str(), output.size)).collect();
    assert_eq!(sizes, [("save", Size::new(50, 20))]);
}

#[test]
fn without_an_action_a_picture_stays_and_a_warning_says_so() {
    for (alpha, expected) in [("keep", Representation::Rgb), ("add", Representation::Rgba)] {
        let context = Context::default();
        let operation = prepare("custom", json!({ "alpha": alpha }).as_object().unwrap()).unwrap();
        let made = operation.run(vec![Some(rgb(Size::new(2, 2)))], &context).unwrap().remove(0);
        assert_eq!((made.size, made.representation()), (Size::new(2, 2), expected));
        assert_eq!(context.into_warnings()[0].code, "no_custom_action");
    }
}

fn guide() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/reference/guides/custom-actions.txt");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_page_in_docs_is_the_guide_of_the_reference() {
    let heading = |line: &str| match line.strip_prefix('#').and_then(|line| line.split_once(" {#")) {
        Some((heading, _)) => heading.to_owned(),
        None => line.to_owned(),
    };
    let text: String = guide().lines().map(|line| heading(line) + "\n").collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/custom-actions.md");
    if std::env::var_os("PIXELMILL_WRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap();
    assert!(stored == text, "it is out of date: PIXELMILL_WRITE=1 cargo test --test custom_action writes it");
}

#[test]
fn what_the_guide_shows_is_accepted() {
    let guide = guide();
    let mut shown = guide.split("```json\n").skip(1).map(|part| part.split("\n```").next().unwrap());
    let [step, described] =
        [shown.next(), shown.next()].map(|json| serde_json::from_str::<Value>(json.unwrap()).unwrap());
    assert!(prepare("custom", step["parameters"].as_object().unwrap()).is_ok());
    assert_eq!(Spec::read(&described).unwrap().settings[0].name, "period");
    let settings = step["parameters"]["settings"].as_object().unwrap();
    let passed = Interpreted::add(example()).unwrap().spec.settings(settings).unwrap();
    assert_eq!(Some(passed.as_str()), shown.next());
}

#[test]
fn an_output_names_the_modules_on_the_way_to_it_and_no_other() {
    let custom = |id: &str, name: &str| action(id, "custom", json!({ "action": name }));
    let actions = [
        custom("first", "one"),
        custom("second", "two"),
        custom("aside", "three"),
        action("wide", "condition", json!({ "when": "width > height" })),
        action("save", "output", json!({})),
        action("half", "output", json!({})),
        action("plain", "output", json!({})),
        action("last", "output", json!({})),
    ];
    let edges = "photos>first first>wide wide.then>second second>save first>half photos>plain photos>aside aside>last";
    let source = Only(Interpreted::add(example()).unwrap());
    let png = codecs::encode(rgb(Size::new(9, 4)), &EncodeRequest::new(Format::Png), None).unwrap().bytes;
    let produced = run(&actions, edges, &source, &png);
    let sha256: String = Sha256::digest(example()).iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = [("save", vec!["one", "two"]), ("half", vec!["one"]), ("plain", vec![]), ("last", vec!["three"])];
    assert_eq!(produced.outputs.len(), 4);
    for (output, (action_id, names)) in produced.outputs.iter().zip(expected) {
        assert_eq!(output.action_id, action_id);
        let modules: Vec<_> = output.modules.iter().map(|(name, hash)| (name.as_str(), hash.as_str())).collect();
        assert_eq!(modules, names.into_iter().map(|name| (name, sha256.as_str())).collect::<Vec<_>>());
    }
}

/// It names a module of the user's, which is the one of `docs/` here.
#[test]
fn the_example_of_the_reference_runs() {
    let text = include_str!("../src/actions/examples/custom.json");
    let mut document: Value = serde_json::from_str(text).unwrap();
    let image = json!([{ "name": "a.jpg", "sourceUrl": "asset:1" }]);
    document["actions"][0]["parameters"]["images"] = image;
    let (workflow, found) = pixelmill::workflow::check(&document);
    let plan = pixelmill::engine::Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"));
    let source = Only(Interpreted::add(example()).unwrap());
    let file = codecs::encode(rgb(Size::new(20, 12)), &EncodeRequest::new(Format::Jpeg), None).unwrap().bytes;
    let services = Services { customs: Some(&source), ..Services::default() };
    let produced = plan.run(0, &[Source { name: "a.jpg", folder: "", bytes: (&file).into() }], services).unwrap();
    assert_eq!(produced.outputs[0].name, "a-custom.jpg");
    assert_eq!(produced.outputs[0].modules.len(), 1);
}
