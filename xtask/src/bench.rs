//! `cargo xtask bench`: images per second of the whole product compared with other libraries, and a model's mask
//! compared with onnxruntime-web's; or the quality of cut-outs; or formats, actions, or JPEG and resizing alone. The measurements are in
//! `tests/e2e/bench*.mjs`.

use crate::build;
use crate::check;
use crate::project::Project;
use crate::setup;
use crate::shell::{self, Outcome, command, step};

/// What is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum What {
    /// The whole product, and the model.
    #[default]
    Product,
    /// The model.
    Network,
    /// The quality of cut-outs: the folder with photographs and opacities, and the folder for results.
    Cutouts,
    /// JPEG and resizing alone.
    Kernels,
    /// Reading and writing each format alone, or reading files.
    Formats,
    /// Each action alone.
    Actions,
}

impl What {
    /// What its option is, its script, and what it is called while it runs.
    const fn facts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Product => ("", "bench.mjs", "benchmark of images"),
            Self::Network => ("--network", "bench-network.mjs", "benchmark of the model"),
            Self::Cutouts => ("--cutouts", "bench-cutouts.mjs", "quality of cut-outs"),
            Self::Kernels => ("--kernels", "bench-kernels.mjs", "benchmark of JPEG and resizing"),
            Self::Formats => ("--formats", "bench-formats.mjs", "benchmark of formats"),
            Self::Actions => ("--actions", "bench-actions.mjs", "benchmark of actions"),
        }
    }

    /// Whether it needs no page but a program of the kernels.
    const fn is_alone(self) -> bool {
        matches!(self, Self::Kernels | Self::Formats | Self::Actions)
    }

    const fn takes_options(self) -> bool {
        matches!(self, Self::Product | Self::Cutouts | Self::Formats)
    }

    const ALL: [Self; 6] = [Self::Product, Self::Network, Self::Cutouts, Self::Kernels, Self::Formats, Self::Actions];
}

/// The command-line options.
#[derive(Debug, PartialEq)]
pub struct Options {
    build: bool,
    what: What,
    passed_on: Vec<String>,
}

impl Options {
    /// Reads the command's options; all but its own are passed to the script.
    pub fn parse(options: &[String]) -> Outcome<Self> {
        let mut parsed = Self { build: true, what: What::Product, passed_on: Vec::new() };
        for option in options {
            if option == "--no-build" {
                parsed.build = false;
            } else if let Some(what) = What::ALL.into_iter().find(|what| what.facts().0 == option) {
                if parsed.what != What::Product {
                    return Err(format!("{} and {option} stand alone", parsed.what.facts().0));
                }
                parsed.what = what;
            } else {
                parsed.passed_on.push(option.clone());
            }
        }
        let (option, ..) = parsed.what.facts();
        if parsed.what == What::Cutouts && parsed.passed_on.is_empty() {
            return Err("--cutouts needs the folder with NAME.png and NAME_gt.png".to_owned());
        }
        if !parsed.what.takes_options() && !parsed.passed_on.is_empty() {
            return Err(format!("{option} does not accept {}", parsed.passed_on.join(" ")));
        }
        Ok(parsed)
    }
}

/// Builds the page unless told not to, or the kernels, and measures.
pub fn run(project: &Project, options: &Options) -> Outcome {
    let what = options.what;
    if options.build && !what.is_alone() {
        build::release(project)?;
    }
    if setup::node(project)?.is_none() {
        return Err("the benchmark needs Node.js".to_owned());
    }
    let kernels = if what.is_alone() { Some(step("kernels", || build::kernels(project))?) } else { None };
    let measure = |what: What, options: &[String]| {
        let (_, script, name) = what.facts();
        let directory =
            std::env::current_dir().map_err(|error| format!("cannot determine the current folder: {error}"))?;
        step(name, || {
            let mut node = command("node", &directory);
            let node = check::with_browser(project, &mut node)?.arg(project.end_to_end().join(script)).args(options);
            shell::run(node.envs(kernels.iter().map(|kernels| ("PIXELMILL_KERNELS", kernels))))
        })
    };
    measure(what, &options.passed_on)?;
    if what == What::Product { measure(What::Network, &[]) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_passed_on_and_refused_where_none_are_known() {
        let parse = |text: &str| Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let is = |text: &str, build, what, passed_on: &[&str]| {
            let passed_on = passed_on.iter().map(|option| (*option).to_owned()).collect();
            assert_eq!(parse(text), Ok(Options { build, what, passed_on }), "{text}");
        };
        is("--images 8 --no-build a.jpg", false, What::Product, &["--images", "8", "a.jpg"]);
        is("", true, What::Product, &[]);
        is("--network --no-build", false, What::Network, &[]);
        is("--cutouts photos results --no-build", false, What::Cutouts, &["photos", "results"]);
        is("--kernels", true, What::Kernels, &[]);
        is("--formats a.heic", true, What::Formats, &["a.heic"]);
        is("--actions", true, What::Actions, &[]);
        for text in ["--network a.jpg", "--kernels a.jpg", "--actions --kernels", "--actions --images 8", "--cutouts"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
