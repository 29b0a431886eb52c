//! A small server for `dist/`, reachable only from this machine. It behaves like any static host, and sends the page's
//! Content-Security-Policy with every file, because a worker follows the policy of its own response.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::build;
use crate::project::Project;
use crate::shell::Outcome;

const FIRST_PORT: u16 = 8080;
const LONGEST_REQUEST_LINE: u64 = 16 * 1024;
const LONGEST_HEADER: usize = 200;

/// The command-line options.
#[derive(Debug, PartialEq)]
pub struct Options {
    port: Option<u16>,
    base: String,
    build: bool,
    folder: Option<PathBuf>,
    max_age: Option<u32>,
    while_input_open: bool,
    any_origin: bool,
}

impl Options {
    /// Reads the command's options.
    pub fn parse(options: &[String]) -> Outcome<Self> {
        let mut parsed = Self {
            port: None,
            base: "/".into(),
            build: true,
            folder: None,
            max_age: None,
            while_input_open: false,
            any_origin: false,
        };
        let mut rest = options.iter();
        while let Some(option) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{option} needs a value"));
            match option.as_str() {
                "--port" => {
                    let text = value()?;
                    parsed.port = Some(text.parse().map_err(|_| format!("{text} is not a port number"))?);
                }
                "--base" => parsed.base = format!("/{}/", value()?.trim_matches('/')).replace("//", "/"),
                "--max-age" => {
                    let text = value()?;
                    parsed.max_age = Some(text.parse().map_err(|_| format!("{text} is not a number of seconds"))?);
                }
                "--folder" => (parsed.folder, parsed.build) = (Some(PathBuf::from(value()?)), false),
                "--no-build" => parsed.build = false,
                "--cors" => parsed.any_origin = true,
                "--while-stdin-open" => parsed.while_input_open = true,
                unknown => return Err(format!("serve has no option {unknown}")),
            }
        }
        Ok(parsed)
    }
}

/// Builds the page unless told not to, and serves it until the program is stopped.
pub fn run(project: &Project, options: &Options) -> Outcome {
    if options.build {
        build::release(project)?;
    }
    let listener = listen(options.port)?;
    let site = Arc::new(Site::open(options.folder.as_deref().unwrap_or(&project.dist()), options)?);
    let port = listener.local_addr().map_err(|error| format!("the server has no address: {error}"))?.port();
    println!("\nPixelmill is at http://127.0.0.1:{port}{} (Ctrl-C ends it)", site.base);
    if options.while_input_open {
        thread::spawn(|| {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            std::process::exit(0);
        });
    }
    for connection in listener.incoming().flatten() {
        let site = Arc::clone(&site);
        thread::spawn(move || site.converse(&connection));
    }
    Ok(())
}

/// The page's storage belongs to its port, so the same port is used each time if it is free.
fn listen(port: Option<u16>) -> Outcome<TcpListener> {
    let candidates = match port {
        Some(port) => port..=port,
        None => FIRST_PORT..=FIRST_PORT + 20,
    };
    let mut last = String::new();
    for port in candidates {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = format!("cannot listen on port {port}: {error}"),
        }
    }
    Err(last)
}

/// A folder under a base path, with the policy that its page declares.
struct Site {
    folder: PathBuf,
    base: String,
    policy: String,
    /// The `Cache-Control` of responses.
    cache_control: String,
    /// Whether pages of other origins may read the files, as a client in them does.
    any_origin: bool,
}

/// A response.
enum Answer {
    File { mime_type: &'static str, bytes: Vec<u8> },
    Redirect(String),
    NotFound,
    NotAllowed,
}

impl Site {
    fn open(folder: &Path, options: &Options) -> Outcome<Self> {
        let page = fs::read_to_string(folder.join("index.html"))
            .map_err(|error| format!("dist/ has no page ({error}): run `cargo xtask build` first"))?;
        let policy = declared_policy(&page).ok_or("the page declares no Content-Security-Policy")?;
        let cache_control =
            options.max_age.map_or_else(|| "no-cache".to_owned(), |seconds| format!("max-age={seconds}"));
        Ok(Self {
            folder: folder.to_path_buf(),
            base: options.base.clone(),
            policy,
            cache_control,
            any_origin: options.any_origin,
        })
    }

    /// Answers the requests of one connection until it ends; a client that disconnects is not an error.
    fn converse(&self, connection: &TcpStream) {
        let _ = connection.set_read_timeout(Some(Duration::from_secs(60)));
        let _ = connection.set_nodelay(true);
        let mut reader = BufReader::new(connection);
        while let Ok(Some((method, target))) = read_request(&mut reader) {
            let answer = if method == "GET" || method == "HEAD" { self.answer(&target) } else { Answer::NotAllowed };
            if self.send(connection, &answer, method == "HEAD").is_err() {
                return;
            }
        }
    }

    fn answer(&self, target: &str) -> Answer {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let Some(relative) = path.strip_prefix(&self.base) else {
            return if format!("{path}/") == self.base {
                Answer::Redirect(self.base.clone())
            } else {
                Answer::NotFound
            };
        };
        let Some(file) = locate(&self.folder, relative) else { return Answer::NotFound };
        match fs::read(&file) {
            Ok(bytes) => Answer::File { mime_type: mime_type(&file), bytes },
            Err(_) => Answer::NotFound,
        }
    }

    fn send(&self, mut connection: &TcpStream, answer: &Answer, head_only: bool) -> io::Result<()> {
        let (status, mime_type, location, body): (_, _, _, &[u8]) = match answer {
            Answer::File { mime_type, bytes } => ("200 OK", *mime_type, None, bytes),
            Answer::Redirect(to) => ("308 Permanent Redirect", "text/plain; charset=utf-8", Some(to), b""),
            Answer::NotFound => ("404 Not Found", "text/plain; charset=utf-8", None, b"There is nothing here.\n"),
            Answer::NotAllowed => {
                ("405 Method Not Allowed", "text/plain; charset=utf-8", None, b"Only GET and HEAD.\n")
            }
        };
        let mut head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {mime_type}\r\nContent-Length: {}\r\nCache-Control: {}\r\nX-Content-Type-Options: nosniff\r\nContent-Security-Policy: {}\r\n",
            body.len(),
            self.cache_control,
            self.policy
        );
        if self.any_origin {
            head.push_str("Access-Control-Allow-Origin: *\r\n");
        }
        if let Some(to) = location {
            head.push_str(&format!("Location: {to}\r\n"));
        }
        head.push_str("\r\n");
        connection.write_all(head.as_bytes())?;
        if !head_only {
            connection.write_all(body)?;
        }
        connection.flush()
    }
}

/// Method and target of the next request; `None` when there is none.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<(String, String)>> {
    let mut first = String::new();
    if reader.by_ref().take(LONGEST_REQUEST_LINE).read_line(&mut first)? == 0 {
        return Ok(None);
    }
    for _ in 0..LONGEST_HEADER {
        let mut header = String::new();
        if reader.by_ref().take(LONGEST_REQUEST_LINE).read_line(&mut header)? == 0 || header.trim_end().is_empty() {
            break;
        }
    }
    let mut words = first.split_whitespace();
    match (words.next(), words.next()) {
        (Some(method), Some(target)) => Ok(Some((method.to_owned(), target.to_owned()))),
        _ => Ok(None),
    }
}

/// The file for a path below the base; `None` for a path that leaves the folder.
fn locate(folder: &Path, relative: &str) -> Option<PathBuf> {
    let decoded = percent_decoded(relative)?;
    let mut file = folder.to_path_buf();
    for part in decoded.split('/').filter(|part| !part.is_empty()) {
        if part.starts_with('.') || part.contains(['\\', ':', '\0']) {
            return None;
        }
        file.push(part);
    }
    if decoded.is_empty() || decoded.ends_with('/') {
        file.push("index.html");
    }
    file.is_file().then_some(file)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

fn mime_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// The content of the page's `<meta http-equiv="Content-Security-Policy">`, on one line.
fn declared_policy(page: &str) -> Option<String> {
    let element = page.split("<meta").skip(1).find(|element| {
        element.split('>').next().is_some_and(|inside| inside.contains("\"Content-Security-Policy\""))
    })?;
    let content = element.split("content=\"").nth(1)?.split('"').next()?;
    Some(content.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Outcome<Options> {
        Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_base_path_is_taken_with_or_without_its_slashes() {
        for text in ["--base some/path", "--base /some/path", "--base /some/path/"] {
            assert_eq!(options(text).map(|options| options.base), Ok("/some/path/".to_owned()));
        }
        assert_eq!(options("--base /").map(|options| options.base), Ok("/".to_owned()));
    }

    #[test]
    fn a_port_that_is_no_number_is_refused() {
        assert!(options("--port eighty").is_err());
        assert!(options("--port").is_err());
        assert!(options("--max-age soon").is_err());
        assert_eq!(
            options("--port 9000 --no-build").map(|options| (options.port, options.build)),
            Ok((Some(9000), false))
        );
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(locate(folder, "Cargo.toml"), Some(folder.join("Cargo.toml")));
        assert_eq!(locate(folder, "src/main%2Ers"), Some(folder.join("src/main.rs")));
        for path in
            ["../Cargo.toml", "src/../../Cargo.toml", "%2e%2e/Cargo.toml", "..%2fCargo.toml", "%00", "%zz", "src"]
        {
            assert_eq!(locate(folder, path), None, "{path}");
        }
    }

    #[test]
    fn the_policy_is_read_from_the_projects_own_page() {
        let policy = declared_policy(include_str!("../../index.html")).expect("a policy");
        assert!(policy.starts_with("default-src 'self'; script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
        assert!(policy.contains("worker-src 'self' blob:"), "{policy}");
        assert_eq!(declared_policy("<meta charset=\"utf-8\">"), None);
    }

    #[test]
    fn a_request_is_its_method_and_its_target() {
        let mut requests = io::Cursor::new("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\n\r\n");
        assert_eq!(read_request(&mut requests).expect("first"), Some(("GET".into(), "/a?b".into())));
        assert_eq!(read_request(&mut requests).expect("second"), Some(("HEAD".into(), "/".into())));
        assert_eq!(read_request(&mut requests).expect("end"), None);
    }
}
