//! Running other programs, and reporting what is being done and how long it took. Nothing here knows the project.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The result of every step: a value, or a message for the terminal.
pub type Outcome<T = ()> = Result<T, String>;

/// Prints one line about the current step.
pub fn say(message: &str) {
    println!("  · {message}");
}

/// Announces a step, runs it, and prints its time; a failure names the step.
pub fn step<T>(name: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    println!("\n▸ {name}");
    let start = Instant::now();
    let outcome = work();
    let time = seconds(start.elapsed());
    match &outcome {
        Ok(_) => println!("  ✓ {name}: {time}"),
        Err(_) => println!("  ✗ {name}: {time}"),
    }
    outcome.map_err(|message| format!("{name}: {message}"))
}

/// A duration, formatted for people.
pub fn seconds(duration: Duration) -> String {
    let total = duration.as_secs_f64();
    if total < 60.0 {
        format!("{total:.1} s")
    } else {
        format!("{} min {:02} s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}

/// A command that runs in `directory`.
pub fn command(program: impl AsRef<OsStr>, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory);
    command
}

/// Runs a command with this terminal's output; any failure is an error that names it.
pub fn run(command: &mut Command) -> Outcome {
    let name = describe(command);
    let status = command.status().map_err(|error| format!("cannot start {name}: {error}"))?;
    ended(&name, status)
}

fn ended(name: &str, status: ExitStatus) -> Outcome {
    if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}")) }
}

/// The same with a time limit, after which it is killed.
pub fn run_within(limit: Duration, command: &mut Command) -> Outcome {
    let name = describe(command);
    let start = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
    loop {
        match child.try_wait().map_err(|error| format!("cannot wait for {name}: {error}"))? {
            Some(status) => return ended(&name, status),
            None if start.elapsed() < limit => thread::sleep(Duration::from_millis(50)),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{name} did not end within {}", seconds(limit)));
            }
        }
    }
}

/// Runs a command and returns its standard output; its error output becomes part of the error.
pub fn read(command: &mut Command) -> Outcome<String> {
    let name = describe(command);
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot start {name}: {error}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(format!("{name} ended with {}\n{complaint}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a command starts and succeeds; its output is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut text = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    if text.chars().count() > 200 {
        text = text.chars().take(200).chain("…".chars()).collect();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_named_in_the_error() {
        let error = read(command("git", Path::new(".")).args(["no-such-command"])).unwrap_err();
        assert!(error.starts_with("git no-such-command"), "{error}");
    }

    #[test]
    fn a_failing_step_is_named_in_the_error() {
        assert_eq!(step::<()>("walk", || Err("fell".into())), Err("walk: fell".into()));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_does_not_end_is_killed_and_named() {
        let error = run_within(Duration::from_millis(100), command("sleep", Path::new(".")).arg("60")).unwrap_err();
        assert!(error.starts_with("sleep 60 did not end"), "{error}");
        assert_eq!(run_within(Duration::from_secs(60), &mut command("true", Path::new("."))), Ok(()));
    }

    #[test]
    fn times_are_given_in_seconds_and_from_a_minute_on_in_minutes() {
        assert_eq!(seconds(Duration::from_millis(1250)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 05 s");
    }
}
