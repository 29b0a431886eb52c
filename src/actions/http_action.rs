//! `http-action`: whatever a server of the user's choice makes of a picture.

use serde_json::{Map, Value};

use super::checks::Condition;
use super::{Action, Category, Context, IMAGE_IN, IMAGE_OUT, Operation, Role, Stop, only};
use crate::codecs::{self, DecodeRequest, Decoded, EncodeRequest, Format};
use crate::color::ColorSpace;
use crate::error::{ErrorCategory, Failure, Phase, Warning};
use crate::image::convert::{convert, drop_alpha, has_transparency};
use crate::image::depth::narrowed;
use crate::image::recolor::recolor;
use crate::image::{Image, Pixels, Representation, Representations};
use crate::submission::{self, Address, Submission, message, servers};

crate::choices! {
    /// The form of the request.
    pub enum Body {
        /// JSON, as the published API's custom actions have it.
        Json = "json",
        /// The picture's file.
        File = "file",
    }
}

crate::choices! {
    /// The format in which pictures are sent.
    pub enum SentFormat {
        /// Without loss.
        Png = "png",
        /// Smaller, without transparency.
        Jpeg = "jpeg",
    }
}

crate::choices! {
    /// What becomes of a picture without transparency.
    pub enum Alpha {
        /// It stays without.
        Keep = "keep",
        /// It may become transparent.
        Add = "add",
    }
}

crate::parameters! {
    /// Parameters of `http-action`.
    pub struct HttpAction {
        /// The URL that each picture is posted to, with https. Without one, nothing is sent and pictures stay as they are.
        submit_endpoint: String = String::new(), as "submitEndpoint", label "Submit URL";
        /// The URL at which a job's status is, if the server does not say so itself. `{jobId}` stands for the job's id; without it,
        /// `?jobId=` is added.
        status_endpoint: String = String::new(), as "statusEndpoint", label "Status URL";
        /// A server from which results may be fetched besides these two, such as `https://files.example`.
        result_origin: String = String::new(), as "resultOrigin", label "Result server";
        /// The request: with `json` as the published API's custom actions send it, with the picture as a `data:` URL and these
        /// parameters; with `file` the picture's file alone.
        body: Body = Body::Json, label "Request";
        /// The format in which pictures are sent. JPEG has no transparency: what is transparent becomes white.
        format: SentFormat = SentFormat::Png;
        /// JPEG quality.
        quality: u32 = 90, range 1.0..=100.0, shown if Condition::Is("format", &["jpeg"]);
        /// What the server is told besides the picture, an object. It is part of the workflow, so it is no place for secrets.
        parameters: Map<String, Value> = Map::new(), shown if Condition::Is("body", &["json"]);
        /// Whether the server may make a picture without transparency transparent: with `keep` it stays without, with `add` the
        /// format must have transparency.
        alpha: Alpha = Alpha::Keep, label "Transparency";
        /// Time before a job's status is asked for; the pauses grow while it is not finished.
        poll_interval_ms: u32 = 3000, as "pollIntervalMs", range 250.0..=60000.0, unit "ms", label "Ask again after";
        /// Time for everything: sending, waiting, retries and the result.
        timeout_ms: u32 = 120_000, as "timeoutMs", range 1000.0..=600000.0, unit "ms", label "Time limit";
        /// How often a request is sent again that failed for the moment.
        retries: u32 = 4, range 0.0..=10.0;
    }
}

/// The entry of `http-action`.
pub const ACTION: Action = Action {
    action_type: submission::ACTION_TYPE,
    version: "1.0.0",
    name: "HTTP action",
    description: "Sends each picture to a server of your choice and goes on with the picture that it returns. Nothing is sent before you have allowed that server on this device. Pictures are sent upright, in sRGB, with 8 bits a sample, without metadata and without their names. Warns if no server is named (`no_server`), and if the server's picture loses its transparency (`transparency_lost`).",
    category: Category::Logic,
    role: Role::Transform,
    inputs: &[IMAGE_IN],
    outputs: &[IMAGE_OUT],
    fields: HttpAction::FIELDS,
    rules: &[],
    adds_alpha: Condition::Is("alpha", &["add"]),
    related: &["custom", "remove-background", "still"],
    usage: "For a service that you run or trust: use http-action with \"submitEndpoint\": \"https://api.example/submit\" and \"parameters\": { \"strength\": 2 }. docs/http-action.md describes what the server must answer.",
    icon: "M7 18.5a4 4 0 0 1-.5-8 5.5 5.5 0 0 1 10.6-1.2A4.3 4.3 0 0 1 17.5 18M12 20v-7.5M9 15l3-3 3 3",
};

/// What a server's picture is called in messages.
const NAME: &str = "The server's picture";

impl HttpAction {
    /// What a picture of this representation becomes.
    fn produced(&self, input: Representation) -> Representation {
        match self.alpha {
            Alpha::Keep => input,
            Alpha::Add => Representation::Rgba.as_deep_as(input),
        }
    }

    /// Where pictures are sent to; `None` if no server is named.
    fn server(&self) -> Result<Option<Address>, Failure> {
        let text = self.submit_endpoint.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let wrong =
            |why| Failure::execute(format!("\"submitEndpoint\" is \"{text}\", but it {why}."), "Give an https URL.");
        Address::parse(text).map(Some).map_err(wrong)
    }

    /// The servers that the parameters name.
    fn origins(&self) -> Vec<String> {
        let given = [&self.submit_endpoint, &self.status_endpoint, &self.result_origin];
        let given = submission::URLS.into_iter().map(str::to_owned).zip(given.map(|text| text.as_str().into()));
        let all = servers(&given.collect());
        all.into_iter().filter_map(|(_, address)| Some(address.ok()?.origin().to_owned())).collect()
    }

    /// What is sent of a picture.
    fn submission(&self, submit: Address, image: Image) -> Result<Submission, Failure> {
        let format = match self.format {
            SentFormat::Png => Format::Png,
            SentFormat::Jpeg => Format::Jpeg,
        };
        let request = EncodeRequest { quality: self.quality as u8, lossless: true, ..EncodeRequest::new(format) };
        let file = codecs::encode(recolor(image, &ColorSpace::SRGB), &request, None)?;
        let status = self.status_endpoint.trim();
        let (content_type, body) = match self.body {
            Body::File => (format.media_type(), file.bytes),
            Body::Json => {
                let body = message::body(&file.bytes, format.media_type(), format.extension(), &self.parameters);
                (message::JSON, body)
            }
        };
        Ok(Submission {
            submit,
            status: (!status.is_empty()).then(|| status.to_owned()),
            origins: self.origins(),
            content_type,
            body,
            poll_interval_ms: self.poll_interval_ms,
            timeout_ms: self.timeout_ms,
            retries: self.retries,
        })
    }

    /// The picture in a file that the server returned: in sRGB, and as the plan expects it.
    fn received(&self, file: &[u8], before: Representation, context: &Context<'_>) -> Result<Image, Failure> {
        let header = codecs::probe(file, NAME).map_err(unusable)?;
        let request = DecodeRequest { auto_orient: true, ..DecodeRequest::whole(&header) };
        let Decoded { image, warnings, .. } =
            codecs::decode_by(file, &header, &request, context.decoders(), NAME).map_err(unusable)?;
        warnings.into_iter().for_each(|warning| context.warn(warning));
        let image = narrowed(image);
        let whole = Representation::interleaved(false, image.has_alpha());
        let image = recolor(convert(image, whole), &ColorSpace::SRGB);
        let produced = self.produced(before);
        if produced.has_alpha() || !image.has_alpha() {
            return Ok(convert(image, produced));
        }
        if has_transparency(&image) {
            let message = "The server's picture is transparent in places, which is lost.";
            context.warn(Warning::new("transparency_lost", message, "Set \"alpha\" to \"add\"."));
        }
        let pixels = match &image.pixels {
            Pixels::Rgba(samples) => Pixels::Rgb(drop_alpha(samples)),
            _ => return Ok(image),
        };
        Ok(image.with(image.size, pixels))
    }
}

/// Why a file that the server returned is no picture to go on with.
fn unusable(failure: Failure) -> Failure {
    let hint = "The server must return a picture that Pixelmill reads, of usual size.";
    Failure::new(ErrorCategory::DownstreamError, Phase::Execute, failure.message, hint)
}

impl Operation for HttpAction {
    /// What is sent has 8 bits a sample.
    fn accepts(&self) -> Representations {
        if self.submits() { Representations::INTERLEAVED } else { Representations::INTERLEAVED.and_deep() }
    }

    fn produces(&self, _: usize, input: Representation) -> Representation {
        self.produced(input)
    }

    /// A server may return a picture of any size.
    fn finds_size(&self) -> bool {
        self.submits()
    }

    fn submits(&self) -> bool {
        !self.submit_endpoint.trim().is_empty()
    }

    /// Stops the run if the host has not got the server's answer yet.
    fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
        let image = only(inputs)?;
        let before = image.representation();
        let Some(server) = self.server()? else {
            let message = "No server is named, so this picture stays as it is.";
            context.warn(Warning::new("no_server", message, "Give \"submitEndpoint\", or remove the step."));
            return Ok(vec![convert(image, self.produced(before))]);
        };
        match context.returned() {
            Some(file) => Ok(vec![self.received(file, before, context)?]),
            None => Err(Stop::NeedsServer(Box::new(self.submission(server, image)?))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::color::ColorSpace;
    use crate::image::Size;

    const SERVER: &str = "https://api.example/submit";

    fn read(raw: Value) -> HttpAction {
        HttpAction::read(raw.as_object().unwrap()).unwrap()
    }

    fn red() -> Image {
        Image::new(Size::new(2, 1), Pixels::Rgb(vec![255, 0, 0, 10, 20, 30]))
    }

    fn sent(action: &HttpAction, image: Image) -> Submission {
        match action.run(vec![Some(image)], &Context::default()) {
            Err(Stop::NeedsServer(submission)) => *submission,
            other => panic!("{other:?}"),
        }
    }

    fn returned(action: &HttpAction, file: &[u8]) -> Result<(Image, Vec<Warning>), Stop> {
        let context = Context::default().with_returned(Some(file));
        let made = action.run(vec![Some(red())], &context)?.remove(0);
        Ok((made, context.into_warnings()))
    }

    fn png(image: Image) -> Vec<u8> {
        codecs::encode(image, &EncodeRequest::new(Format::Png), None).unwrap().bytes
    }

    /// What a PNG file shows, by another decoder.
    fn shown(file: &[u8]) -> (u32, u32, Vec<u8>) {
        let picture = png::Decoder::new(std::io::Cursor::new(file)).read_info();
        let mut picture = picture.unwrap();
        let mut samples = vec![0; picture.output_buffer_size().unwrap()];
        let info = picture.next_frame(&mut samples).unwrap();
        (info.width, info.height, samples)
    }

    #[test]
    fn without_a_server_pictures_stay_as_they_are() {
        let context = Context::default();
        let made = read(json!({ "submitEndpoint": "  " })).run(vec![Some(red())], &context).unwrap();
        assert_eq!(made, [red()]);
        assert_eq!(context.into_warnings()[0].code, "no_server");
    }

    #[test]
    fn a_picture_is_sent_as_a_file_or_in_json() {
        let file = sent(&read(json!({ "submitEndpoint": SERVER, "body": "file" })), red());
        assert_eq!((file.submit.url().as_str(), file.content_type), (SERVER, "image/png"));
        assert_eq!(shown(&file.body), (2, 1, vec![255, 0, 0, 10, 20, 30]));
        let raw = json!({ "submitEndpoint": SERVER, "format": "jpeg", "parameters": { "strength": 2 } });
        let sent = sent(&read(raw), red());
        let body: Value = serde_json::from_slice(&sent.body).unwrap();
        assert_eq!((sent.content_type, &body["parameters"]), ("application/json", &json!({ "strength": 2 })));
        assert!(body["inputs"][0]["url"].as_str().unwrap().starts_with("data:image/jpeg;base64,/9j/"), "{body}");
        assert_eq!((sent.timeout_ms, sent.poll_interval_ms, sent.retries), (120_000, 3_000, 4));
    }

    #[test]
    fn wide_colours_are_sent_in_srgb_and_without_a_profile() {
        let wide =
            Image { space: ColorSpace::display_p3(), ..Image::new(Size::new(1, 1), Pixels::Rgb(vec![100, 150, 100])) };
        let sent = sent(&read(json!({ "submitEndpoint": SERVER, "body": "file" })), wide);
        assert!(!sent.body.windows(4).any(|name| name == b"iCCP"));
        let (.., samples) = shown(&sent.body);
        // A green of Display P3 is a stronger one in sRGB.
        assert!(samples[0] < 95 && samples[1] > 150, "{samples:?}");
    }

    #[test]
    fn all_servers_that_are_named_may_be_spoken_to() {
        let raw = json!({ "submitEndpoint": SERVER, "statusEndpoint": "https://jobs.example/{jobId}", "resultOrigin": "https://files.example" });
        let sent = sent(&read(raw), red());
        assert_eq!(sent.origins, ["https://api.example", "https://jobs.example", "https://files.example"]);
        assert_eq!(sent.status.as_deref(), Some("https://jobs.example/{jobId}"));
    }

    #[test]
    fn the_servers_picture_takes_the_place_of_the_one_that_was_sent() {
        let larger = Image::new(Size::new(1, 3), Pixels::Rgb(vec![1, 2, 3, 4, 5, 6, 7, 8, 9]));
        let action = read(json!({ "submitEndpoint": SERVER }));
        assert_eq!(returned(&action, &png(larger.clone())), Ok((larger, Vec::new())));
        let gray = Image::new(Size::new(1, 1), Pixels::Gray(vec![7]));
        assert_eq!(returned(&action, &png(gray)).unwrap().0.pixels, Pixels::Rgb(vec![7; 3]));
    }

    #[test]
    fn transparency_comes_only_where_it_is_wanted() {
        let clear = || png(Image::new(Size::new(1, 1), Pixels::Rgba(vec![9, 8, 7, 60])));
        let (kept, warnings) = returned(&read(json!({ "submitEndpoint": SERVER })), &clear()).unwrap();
        assert_eq!((kept.pixels, warnings[0].code.as_str()), (Pixels::Rgb(vec![9, 8, 7]), "transparency_lost"));
        let action = read(json!({ "submitEndpoint": SERVER, "alpha": "add" }));
        let (added, warnings) = returned(&action, &clear()).unwrap();
        assert_eq!((added.pixels, warnings), (Pixels::Rgba(vec![9, 8, 7, 60]), Vec::new()));
    }

    #[test]
    fn what_is_no_usable_picture_is_the_servers_fault() {
        let action = read(json!({ "submitEndpoint": SERVER }));
        let mut cut = png(red());
        cut.truncate(40);
        let huge = {
            // A header of 60,000 × 60,000 pixels, with the checksum that another program computes for it.
            let mut header = b"IHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0".to_vec();
            let checksum = crc32fast::hash(&header).to_be_bytes();
            header.extend(checksum);
            [&b"\x89PNG\r\n\x1a\n\0\0\0\r"[..], &header].concat()
        };
        for file in [&b"<html>"[..], &cut, &huge] {
            let Err(Stop::Failed(failure)) = returned(&action, file) else { panic!("it was used") };
            assert_eq!(failure.category, ErrorCategory::DownstreamError, "{failure:?}");
        }
    }

    #[test]
    fn a_url_that_is_not_accepted_fails_before_anything_is_sent() {
        let action = read(json!({ "submitEndpoint": "http://api.example/" }));
        let Err(Stop::Failed(failure)) = action.run(vec![Some(red())], &Context::default()) else {
            panic!("it was sent")
        };
        assert_eq!(failure.category, ErrorCategory::ValidationError);
    }
}
