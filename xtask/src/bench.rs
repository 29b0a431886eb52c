//! `cargo xtask bench`: images per second of the whole product compared with other libraries, and a model's mask
//! compared with onnxruntime-web's; or the quality of cut-outs. The measurements are in `tests/e2e/bench.mjs`,
//! `bench-network.mjs`, `bench-kernels.mjs` and `bench-cutouts.mjs`.

use crate::build;
use crate::check;
use crate::project::Project;
use crate::setup;
use crate::shell::{self, Outcome, command, step};

/// The command-line options.
#[derive(Debug, Default, PartialEq)]
pub struct Options {
    build: bool,
    network_only: bool,
    /// Codecs and resizing alone.
    kernels_only: bool,
    /// Actions alone.
    actions_only: bool,
    /// For `bench-cutouts.mjs` only: the folder with photographs and opacities, and the folder for results.
    cutouts: Option<Vec<String>>,
    passed_on: Vec<String>,
}

impl Options {
    /// Reads the command's options; all but its own are passed to the script that measures images.
    pub fn parse(options: &[String]) -> Outcome<Self> {
        let mut parsed = Self { build: true, ..Self::default() };
        let mut options = options.iter().peekable();
        while let Some(option) = options.next() {
            match option.as_str() {
                "--no-build" => parsed.build = false,
                "--network" => parsed.network_only = true,
                "--kernels" => parsed.kernels_only = true,
                "--actions" => parsed.actions_only = true,
                "--cutouts" => {
                    let folders = std::iter::from_fn(|| options.next_if(|option| !option.starts_with("--")));
                    parsed.cutouts = Some(folders.cloned().collect());
                }
                other => parsed.passed_on.push(other.to_owned()),
            }
        }
        if parsed.cutouts.as_ref().is_some_and(Vec::is_empty) {
            return Err("--cutouts needs the folder with NAME.png and NAME_gt.png".to_owned());
        }
        let is_more = parsed.network_only || parsed.cutouts.is_some() || !parsed.passed_on.is_empty();
        if (parsed.kernels_only && (is_more || parsed.actions_only)) || (parsed.actions_only && is_more) {
            return Err("--kernels and --actions stand alone".to_owned());
        }
        if parsed.network_only && !parsed.passed_on.is_empty() {
            return Err(format!("--network measures no images and does not accept {}", parsed.passed_on.join(" ")));
        }
        Ok(parsed)
    }
}

fn run_script(project: &Project, name: &str, options: &[String]) -> Outcome {
    let script = project.end_to_end().join(name);
    let directory = std::env::current_dir().map_err(|error| format!("cannot determine the current folder: {error}"))?;
    shell::run(check::with_browser(project, &mut command("node", &directory))?.arg(script).args(options))
}

/// Builds the page unless told not to, and measures it.
pub fn run(project: &Project, options: &Options) -> Outcome {
    let needs_no_page = options.kernels_only || options.actions_only;
    if options.build && !needs_no_page {
        build::release(project)?;
    }
    if setup::node(project)?.is_none() {
        return Err("the benchmark needs Node.js".to_owned());
    }
    if needs_no_page {
        let kernels = step("kernels", || build::kernels(project))?;
        let what = if options.actions_only { "benchmark of actions" } else { "benchmark of codecs and resizing" };
        return step(what, || {
            let script = project.end_to_end().join("bench-kernels.mjs");
            let mut node = command("node", &project.root);
            let node = check::with_browser(project, &mut node)?.env("PIXELMILL_KERNELS", kernels).arg(script);
            shell::run(node.args(options.actions_only.then_some("--actions")))
        });
    }
    if let Some(folders) = &options.cutouts {
        return step("quality of cut-outs", || run_script(project, "bench-cutouts.mjs", folders));
    }
    if !options.network_only {
        step("benchmark of images", || run_script(project, "bench.mjs", &options.passed_on))?;
    }
    step("benchmark of the model", || run_script(project, "bench-network.mjs", &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_images_are_passed_on_and_refused_where_none_are_measured() {
        let parse = |text: &str| Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let passed_on = vec!["--images".to_owned(), "8".to_owned(), "a.jpg".to_owned()];
        assert_eq!(parse("--images 8 --no-build a.jpg"), Ok(Options { build: false, passed_on, ..Options::default() }));
        assert!(parse("--kernels").is_ok_and(|options| options.kernels_only) && parse("--kernels a.jpg").is_err());
        assert!(parse("--actions").is_ok_and(|options| options.actions_only) && parse("--actions --kernels").is_err());
        assert!(parse("--network --no-build").is_ok_and(|options| options.network_only));
        assert!(parse("--network a.jpg").is_err());
        let cutouts = Some(vec!["photos".to_owned(), "results".to_owned()]);
        assert_eq!(parse("--cutouts photos results --no-build").map(|options| options.cutouts), Ok(cutouts));
        assert!(parse("--cutouts").is_err());
    }
}
