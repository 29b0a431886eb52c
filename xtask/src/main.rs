//! `cargo xtask …`: sets up, builds, serves, checks and measures Pixelmill. This file only parses the command line;
//! each command is a module. It uses the standard library only, so that it compiles quickly on a fresh machine.

mod bench;
mod build;
#[path = "../../build_id.rs"]
mod build_id;
mod check;
mod element;
mod glue;
mod new_action;
mod package;
mod project;
mod serve;
mod setup;
mod shell;
mod split;
mod torture;

use std::process::ExitCode;

use project::Project;
use shell::Outcome;

const USAGE: &str = "\
cargo xtask <command>

  setup                 download and build what the other commands need (they also do it themselves)
  build                 build the release page into dist/
  serve [options]       build it and serve it, on this machine only
      --port <number>     port to listen on (default: 8080 or the next free port; 0: any)
      --base </path/>     serve it under a path, as some static hosts do
      --no-build          serve dist/ as it is
      --folder <path>     serve another folder, as it is
      --max-age <seconds> how long browsers may cache files, as most hosts allow (default: they ask each time)
      --cors              let pages of other origins use it, as a host of the npm client does
      --while-stdin-open  stop when the standard input ends
  package               make the npm package of the client in target/package, with dist/ if it is built
  test [options]        every check and every test
      --quick             only the native checks
      --e2e [pattern]     only the build and the browser tests, in files whose names contain the pattern
  bench [options] [files…]
                        images per second compared with canvas, wasm-vips and sharp, over the given photographs or a generated one
                        of 12 MP; then the background model compared with onnxruntime-web
      --network           only the background model
      --kernels           instead: JPEG and resizing alone, with bytes and PSNR, beside wasm-vips, jSquash, canvas and sharp
      --formats [files…]  instead: reading and writing each format, in the same way; or reading these files
      --actions           instead: what each action costs per megapixel, beside wasm-vips, photon and canvas where they have the same
      --cutouts <folder> [results]
                          instead: how well subjects are cut out of NAME.png whose opacity is NAME_gt.png; saves the cut-outs
      --images <number>   how many images per run (default: 72)
      --kind <kind>       deep: PNG files of 3 MP with 16 bits a sample; profiled: photographs in Display P3, written in sRGB
      --no-build          measure dist/ as it is
  new-action <name>     the files of a new action, ready to be filled in
  torture [options] [scenarios…]
                        crashes, kills, full storage, damaged files, thousands of images: a table of what must hold and what was
                        measured
      --seed <number>     replay a run (default: a new seed, which is printed)
      --short             short form, as in the tests
      --size <name>=<number>
                          another size, such as images=200, in every scenario that uses it
      --seeds <folder>    files to mutate, instead of the repository's own
      --verbose           log every fault
      --no-build          torture dist/ as it is
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nxtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Outcome {
    let Some((command, options)) = arguments.split_first() else {
        return Err(format!("which command?\n\n{USAGE}"));
    };
    match command.as_str() {
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        "setup" => {
            reject_all(options)?;
            setup::everything(&Project::locate()?)
        }
        "build" => {
            reject_all(options)?;
            build::release(&Project::locate()?)
        }
        "package" => {
            reject_all(options)?;
            package::run(&Project::locate()?)
        }
        "serve" => {
            let options = serve::Options::parse(options)?;
            serve::run(&Project::locate()?, &options)
        }
        "test" => {
            let scope = check::Scope::parse(options)?;
            check::run(&Project::locate()?, &scope)
        }
        "bench" => {
            let options = bench::Options::parse(options)?;
            bench::run(&Project::locate()?, &options)
        }
        "new-action" => match options {
            [name] => new_action::run(&Project::locate()?, name),
            _ => Err("new-action takes the name of the action, such as soft-light".to_owned()),
        },
        "torture" => torture::run(&Project::locate()?, &torture::Options::parse(options)),
        unknown => Err(format!("there is no command {unknown}\n\n{USAGE}")),
    }
}

fn reject_all(options: &[String]) -> Outcome {
    match options.first() {
        None => Ok(()),
        Some(option) => Err(format!("{option} is not an option here\n\n{USAGE}")),
    }
}
