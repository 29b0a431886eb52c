//! URLs that pictures may be sent to. Only the plainest form is accepted, in which every reader of URLs sees the same server:
//! what the user agrees to and what the browser connects to must not differ.

/// A URL with `https:`, or with `http:` of this device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    origin: String,
    /// The path and the query.
    path: String,
}

impl Address {
    /// Reads an absolute URL.
    ///
    /// # Errors
    /// Why it is not accepted, to follow "it".
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && !br#"\"<>^`{|}"#.contains(&byte)) {
            return Err("contains characters that must be percent-encoded".to_owned());
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let scheme = scheme.to_ascii_lowercase();
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (server, path) = rest.split_at(end);
        let (host, port) = server.split_once(':').map_or((server, None), |(host, port)| (host, Some(port)));
        let host = host.to_ascii_lowercase();
        let usual = match scheme.as_str() {
            "https" => 443,
            "http" if is_this_device(&host) => 80,
            "http" => return Err("is not encrypted; only this device may be addressed by http".to_owned()),
            _ => return Err("does not begin with https://".to_owned()),
        };
        if !is_host(&host) {
            return Err("names no server".to_owned());
        }
        if path.contains('#') {
            return Err("has a fragment, which is never sent".to_owned());
        }
        let port = match port {
            None => usual,
            Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                digits.parse::<u16>().map_err(|_| "has no valid port".to_owned())?
            }
            Some(_) => return Err("has no valid port".to_owned()),
        };
        let mut origin = scheme + "://" + &host;
        if port != usual {
            origin = origin + ":" + &port.to_string();
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self { origin, path: slash.to_owned() + path })
    }

    /// The server, as browsers write an origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// All of it.
    pub fn url(&self) -> String {
        self.origin.clone() + &self.path
    }

    /// What a link in an answer of this address leads to: an absolute URL, or a path on the same server.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn link(&self, text: &str) -> Result<Self, String> {
        match text.starts_with('/') && !text.starts_with("//") {
            true => Self::parse(&(self.origin.clone() + text)),
            false => Self::parse(text),
        }
    }
}

/// Whether a host is this device, under the names that the page's policy knows.
fn is_this_device(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1")
}

/// Whether a host is a name or an IPv4 address as it is usually written.
fn is_host(host: &str) -> bool {
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    // Where the last part begins with a digit, browsers read a number in one of several forms.
    let is_number = labels.last().is_some_and(|last| last.starts_with(|first: char| first.is_ascii_digit()));
    let is_octet = |label: &&str| label.parse::<u16>().is_ok_and(|octet| octet < 256 && octet.to_string() == **label);
    labels.iter().all(is_label)
        && (!is_number || labels.len() == 4 && labels.iter().all(is_octet) && !host.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

        /// By the crate `url`, which follows the standard that browsers follow. What it cannot read no browser connects to.
        #[test]
        fn what_is_accepted_is_the_same_server_for_a_browser(
            text in "(https?|HTTPS)(:/{0,3}|://)(([a-zA-Z0-9%_-]{1,3}|xn--[a-z]{2}|localhost|127|0x7f|[0-9]{1,3})[.@:/\\\\?#\t]?){1,5}"
        ) {
            if let Ok(address) = Address::parse(&text) {
                for text in [text, address.url()] {
                    let Ok(read) = url::Url::parse(&text) else { continue };
                    prop_assert_eq!(read.origin().ascii_serialization(), address.origin());
                    prop_assert_eq!((read.username(), read.password()), ("", None));
                }
            }
        }
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, origin, url) in [
            ("https://api.example/cut", "https://api.example", "https://api.example/cut"),
            ("HTTPS://API.Example:443", "https://api.example", "https://api.example/"),
            ("https://api.example:8443?a=1", "https://api.example:8443", "https://api.example:8443/?a=1"),
            ("https://10.0.0.7/x", "https://10.0.0.7", "https://10.0.0.7/x"),
            ("http://localhost:3000/cut", "http://localhost:3000", "http://localhost:3000/cut"),
            ("http://127.0.0.1:080/", "http://127.0.0.1", "http://127.0.0.1/"),
            ("https://a_b.example/%7Ename", "https://a_b.example", "https://a_b.example/%7Ename"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!((address.origin(), address.url().as_str()), (origin, url), "{text}");
        }
    }

    /// Each is a URL that some reader takes for another server, or that would be sent in the clear.
    #[test]
    fn what_could_be_another_server_is_refused() {
        for text in [
            "",
            "api.example",
            "//api.example",
            "ftp://api.example",
            "javascript:alert(1)",
            "http://api.example/cut",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "http://0x7f.1/",
            "https://user@api.example/",
            "https://good.example@evil.example/",
            "https://good.example\\@evil.example/",
            "https://good.example\\evil",
            "https://good.exa\tmple/",
            "https://good.example /",
            "https://göod.example/",
            "https://%65vil.example/",
            "https://[::1]/",
            "https://0x7f.0.0.1/",
            "https://127.1/",
            "https://010.0.0.1/",
            "https://1.2.3.256/",
            "https://evil.0x7f000001/",
            "https:///path",
            "https://.example/",
            "https://a..example/",
            "https://api.example:/",
            "https://api.example:99999/",
            "https://api.example:80:90/",
            "https://api.example/#part",
            "https://api.example/{jobId}",
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_link_is_absolute_or_a_path_on_the_same_server() {
        let at = Address::parse("https://api.example:8443/submit?x=1").unwrap();
        let link = |text: &str| at.link(text).map(|address| address.url());
        assert_eq!(link("/jobs/7"), Ok("https://api.example:8443/jobs/7".to_owned()));
        assert_eq!(link("https://files.example/7.png"), Ok("https://files.example/7.png".to_owned()));
        assert!(link("//evil.example/").is_err());
        assert!(link("jobs/7").is_err());
        assert!(link("").is_err());
    }
}
