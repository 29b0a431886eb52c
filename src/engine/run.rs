//! Running one image through the graph: decode what is needed, run each node once, free each picture after its last
//! consumer, encode the results. An animation runs frame by frame, so that a single frame is in memory at a time.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use super::fit;
use super::fold::{Branches, Known};
use super::graph::{GraphNode, GraphOutput, GraphSource, Named};
use super::inputs::InputSize;
use super::limits;
use super::plan::{Choice, DecodeChoice, Plan};
use super::sample::Sample;
use super::smallest::{self, Tried};
use super::steps::{Key, Notes, Pictures, Steps, Written};
use super::thumbnail::thumbnail;
use crate::actions::context::About;
use crate::actions::output::{ColorProfile, Output};
use crate::actions::sequence::Moment;
use crate::actions::{Area, Context, Stop};
use crate::codecs::{
    self, Animation, Bytes, Coding, DecodeRequest, Decoded, Decoders, EncodeRequest, Encoded, Encoder, Encoders, Facts,
    Format, Frame, FrameReader, FrameWriter, Header, Kept, Metadata, animate,
};
use crate::color::ColorSpace;
use crate::compact::SortedMap;
use crate::custom::CustomSource;
use crate::error::{Failure, Phase, Warning};
use crate::image::convert::{convert, has_transparency};
use crate::image::depth::{as_deep_as, narrowed};
use crate::image::recolor::{color_for, receptive, recolor};
use crate::image::resample::{ChromaUse, Filter, Reduced, Scaling, Window, resample_for};
use crate::image::similarity::Luma;
use crate::image::{Image, Representation, Size, Subsampling};
use crate::lettering::Typesetter;
use crate::lut::LutSource;
use crate::network::ModelSource;
use crate::user_file::FileKind;

/// One input file, in the order of `InputAsset::inputs`: the primary one first.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// File name, for messages and `{name}`.
    pub name: &'a str,
    /// The folder it came from, for `{folder}`; may be empty.
    pub folder: &'a str,
    /// File content: a slice, or [`Pieces`](codecs::Pieces) of a format that is read in them.
    pub bytes: Bytes<'a>,
}

/// The results of one image.
#[derive(Debug)]
pub struct Produced {
    /// The results in document order.
    pub outputs: Vec<ProducedOutput>,
    /// What was measured of the primary input.
    pub input_size: InputSize,
    /// At most 256 × 256 pixels of the primary input; none if [`Services::steps`] are kept.
    pub input_thumbnail: Option<Encoded>,
    /// At most 256 × 256 pixels of the first result; none if [`Services::steps`] are kept.
    pub output_thumbnail: Option<Encoded>,
    /// Warnings about the inputs and the results, in the order of the graph.
    pub warnings: Vec<Warning>,
    /// By `actionId`, where actions placed something on their pictures.
    pub placed: Vec<(String, Area)>,
    /// By `actionId`, thumbnails of what the actions give, and of what is written, if [`Services::thumbnails`] asks for them.
    pub thumbnails: Vec<(String, Rc<Encoded>)>,
}

/// What a host provides to a run besides bytes; nothing by default.
#[derive(Clone, Copy, Default)]
pub struct Services<'a> {
    /// The encoders that [`Plan::encoders`] names.
    pub encoders: Option<&'a dyn Encoders>,
    /// The salient-object models, if [`Plan::networks`] names any.
    pub networks: Option<&'a dyn ModelSource>,
    /// What sets text, if [`Plan::needs_typesetter`] names an action.
    pub typesetter: Option<&'a dyn Typesetter>,
    /// The LUTs, if [`Plan::user_files`] names any.
    pub luts: Option<&'a dyn LutSource>,
    /// The custom actions, if [`Plan::user_files`] names any.
    pub customs: Option<&'a dyn CustomSource>,
    /// The decoders of the inputs that need some ([`Format::coding`]); native builds have them all.
    pub decoders: Option<&'a dyn Decoders>,
    /// What servers have returned for the pictures of this run.
    pub returned: Option<&'a Returned>,
    /// Where results of nodes are kept for the next run: for previews, which need no thumbnails.
    pub steps: Option<&'a RefCell<Steps>>,
    /// Whether a thumbnail of each node is made, and no result is written.
    pub thumbnails: bool,
}

/// Files that servers have returned, by the node whose picture was sent. A host collects them while it runs a picture: each time
/// the run stops with [`Stop::NeedsServer`], it adds what is needed and runs the same plan again.
#[derive(Debug, Default)]
pub struct Returned {
    files: SortedMap<usize, Vec<u8>>,
    /// The node that stopped the last run.
    waiting: Cell<usize>,
}

impl Returned {
    /// Adds what the last run stopped for.
    pub fn add(&mut self, file: Vec<u8>) {
        self.files.insert(self.waiting.get(), file);
    }

    /// The `actionId` of what stopped the last run of a plan.
    pub fn awaited_by<'a>(&self, plan: &'a Plan) -> &'a str {
        plan.graph.nodes.get(self.waiting.get()).map_or("", |node| &node.action_id)
    }
}

/// One result.
#[derive(Debug)]
pub struct ProducedOutput {
    /// The action it comes from.
    pub action_id: String,
    /// Always `outputs` for now.
    pub port: &'static str,
    /// The name pattern's raw result.
    pub name: String,
    /// Size in pixels; for a sample, of what it stands for.
    pub size: Size,
    /// The format that it is written in; a sample's file is in another.
    pub format: Format,
    /// The file.
    pub encoded: Encoded,
    /// Whether it is no result, but a picture for an action that gathers those of all executions.
    pub is_staged: bool,
    /// The custom actions that had a part in it, each with the SHA-256 of its module.
    pub modules: SortedMap<String, String>,
}

impl Plan {
    /// The encoders that running these inputs needs, each once.
    pub fn encoders(&self, sources: &[Source<'_>]) -> Vec<Encoder> {
        let all = self.graph.outputs.iter().flat_map(|output| self.encoders_of(output, sources));
        let mut encoders: Vec<Encoder> = all.collect();
        encoders.sort_unstable();
        encoders.dedup();
        encoders
    }

    /// The encoders of the formats in which an output may write.
    fn encoders_of(&self, output: &GraphOutput, sources: &[Source<'_>]) -> impl Iterator<Item = Encoder> {
        let Output { format, smallest_of, lossless, .. } = &output.parameters;
        let (lossless, effort) = (*lossless, output.parameters.effort());
        let position = self.graph.source_order().position(|source| source == output.origin);
        let file = position.and_then(|position| sources.get(position)).filter(|_| format.depends_on_input());
        // What cannot be read fails anyway, whatever encoder is there.
        let input = file.and_then(|file| codecs::sniff(file.bytes)).unwrap_or(Format::Png);
        // Most formats are kept whether the file is animated or not.
        let header = file.filter(|_| input.coding().is_some()).and_then(|file| codecs::probe(file.bytes, "").ok());
        let written = format.written(input, self.gains_alpha(output), self.moves(output, header.as_ref()));
        let candidates = smallest_of.iter().map(|candidate| candidate.format());
        candidates.chain([written]).filter_map(move |format| format.encoder(lossless, effort))
    }

    /// How often these inputs are written by an encoder that takes longer than the number of pixels suggests.
    pub fn slow_writes(&self, sources: &[Source<'_>]) -> u32 {
        // Where the quality is searched, it takes a few attempts.
        const ATTEMPTS: u32 = 4;
        let writes = self.graph.outputs.iter().map(|output| {
            let is_slow = self.encoders_of(output, sources).any(Encoder::is_slow);
            let Output { smallest_of, max_bytes, .. } = &output.parameters;
            let is_searched = max_bytes.is_some() || !smallest_of.is_empty();
            u32::from(is_slow) * if is_searched { ATTEMPTS } else { 1 }
        });
        writes.sum()
    }

    /// The decoders that are needed to compare what is written with its picture.
    pub fn comparing(&self) -> impl Iterator<Item = Coding> {
        let outputs = self.graph.outputs.iter().map(|output| &output.parameters);
        outputs.flat_map(|output| {
            let formats = output.smallest_of.iter().map(|candidate| candidate.format());
            let is_lossy =
                |format: &Format| EncodeRequest { lossless: output.lossless, ..EncodeRequest::new(*format) }.is_lossy();
            formats.filter(is_lossy).filter_map(Format::coding)
        })
    }

    /// Runs the workflow on one image. Where conditions lead it to no output, it has no results, and a hint says so.
    ///
    /// `index` is the execution's `assetIndex`; `sources` are the files of `Graph::input_asset(index)`, in its order.
    ///
    /// # Errors
    /// The first failure, with the action it happened in; or the name of a model that must be loaded first.
    pub fn run(&self, index: u32, sources: &[Source<'_>], services: Services<'_>) -> Result<Produced, Stop> {
        let here = Self { index, ..self.clone() };
        let plan = here.decided(sources);
        let files = plan.files(sources)?;
        let headers = plan.headers(&files)?;
        plan.run_with(index, files, headers, None, services)
    }

    pub(super) fn run_with(
        &self,
        index: u32,
        files: Vec<Option<Source<'_>>>,
        headers: Vec<Option<Header>>,
        sample: Option<&Sample>,
        services: Services<'_>,
    ) -> Result<Produced, Stop> {
        let choice = self.choose(&headers)?;
        let animated = self.animated(&headers);
        let keys = match services.steps {
            // The frames of an animation would take too much room.
            Some(_) if animated.is_none() => self.keys(index, &choice),
            _ => vec![None; self.graph.nodes.len()],
        };
        Runner {
            plan: self,
            sample,
            index,
            files,
            headers,
            choice,
            services,
            keys,
            doubted: vec![false; self.graph.sources.len()],
            animated,
            frame: None,
            shown: None,
            constants: vec![None; self.graph.nodes.len()],
            input_thumbnail: None,
            output_thumbnail: None,
            thumbnail_of: None,
            warnings: Vec::new(),
            areas: vec![None; self.graph.nodes.len()],
            thumbnails: vec![None; self.graph.nodes.len()],
            branches: Branches::open(&self.graph),
        }
        .run()
    }

    /// The source whose frames are run one after another: the primary one, if it is animated, and a result of it can be or
    /// an action chooses frames.
    fn animated(&self, headers: &[Option<Header>]) -> Option<usize> {
        let source = self.graph.primary;
        let header = headers[source].as_ref().filter(|header| header.animation.is_some())?;
        let is_animated = |output: &GraphOutput| {
            output.origin == source && self.final_format(output, Some(header), header.alpha).is_animated()
        };
        let chooses_frames = self.operations.iter().flatten().any(|operation| operation.sequence().is_some());
        (chooses_frames || self.graph.outputs.iter().any(is_animated)).then_some(source)
    }

    /// What each node shows of an animation that shows `moments`; none for a node that is the same for all frames.
    fn shown(&self, source: usize, moments: &[Moment]) -> Result<Vec<Option<Vec<Moment>>>, Failure> {
        let mut of_nodes: Vec<Option<Vec<Moment>>> = Vec::with_capacity(self.graph.nodes.len());
        for (node, operation) in self.graph.nodes.iter().zip(&self.operations) {
            let mut before = node.inputs.iter().flatten().filter_map(|(before, _)| of_nodes[*before].as_ref());
            let first = before.next();
            if before.any(|other| Some(other) != first) {
                let message = "Frames that are shown at different times meet in this action.";
                let hint = "Choose frames before the paths part, or after they have met.";
                return Err(Failure::execute(message, hint).at(&node.action_id));
            }
            let sequence = operation.as_ref().and_then(|operation| operation.sequence());
            let shown = match (first, sequence) {
                _ if node.source == Some(source) => Some(moments.to_vec()),
                (Some(moments), Some(sequence)) => Some(sequence.shown(moments)),
                (moments, _) => moments.cloned(),
            };
            if shown.as_ref().is_some_and(Vec::is_empty) {
                let failure = Failure::execute("Nothing of the animation is left.", "Change the times of this action.");
                return Err(failure.at(&node.action_id));
            }
            let is_sent = operation.as_ref().is_some_and(|operation| operation.submits());
            if is_sent && shown.as_ref().is_some_and(|shown| shown.len() > 1) {
                let message = "Each frame of the animation would be sent to the server.";
                let hint = "Choose one with \"still\" before this action, or write a format without animation.";
                return Err(Failure::execute(message, hint).at(&node.action_id));
            }
            of_nodes.push(shown);
        }
        Ok(of_nodes)
    }

    /// Whether what its nodes show of an animation must be known before it runs.
    fn needs_moments(&self) -> bool {
        self.operations.iter().flatten().any(|operation| operation.sequence().is_some() || operation.submits())
    }

    /// The files in the order of the graph's sources, as far as they are given.
    pub(super) fn given<'a>(&self, sources: &[Source<'a>]) -> Vec<Option<Source<'a>>> {
        let mut files = vec![None; self.graph.sources.len()];
        for (position, source) in self.graph.source_order().enumerate() {
            files[source] = sources.get(position).copied();
        }
        files
    }

    /// The files in the order of the graph's sources, with all that are used.
    pub(super) fn files<'a>(&self, sources: &[Source<'a>]) -> Result<Vec<Option<Source<'a>>>, Failure> {
        let files = self.given(sources);
        match (0..files.len()).find(|source| files[*source].is_none() && self.graph.reads(*source)) {
            Some(missing) => {
                let id = &self.graph.sources[missing].action_id;
                Err(Failure::input(format!("\"{id}\" has no image."), "Add an image to it.").at(id))
            }
            None => Ok(files),
        }
    }
}

impl Sample {
    /// Runs the workflow on reduced copies, as [`Plan::run`] does on the files. Its results' files are for looking at: they are
    /// in JPEG or PNG, whatever format is asked for, with little compression.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn run(&self, index: u32, sources: &[Source<'_>], services: Services<'_>) -> Result<Produced, Stop> {
        self.plan.run_with(index, self.plan.files(sources)?, self.copies.clone(), Some(self), services)
    }
}

/// The SHA-256 of an input.
pub(super) fn sha256_of(file: Option<Source<'_>>) -> String {
    file.map_or_else(String::new, |file| crate::library::sha256_of_parts(file.bytes.parts()))
}

/// A picture that waits for its consumers.
struct Intermediate {
    image: Image,
    /// Consumers that have not received it yet.
    left: usize,
    /// What it stands for, when it was decoded smaller.
    reduced: Option<Reduced>,
}

/// A frame of the animation that is being run.
#[derive(Clone)]
struct Current {
    image: Image,
    delay: Duration,
    /// Its position in the file.
    position: usize,
}

impl Current {
    /// Whether it is the first one.
    fn is_first(&self) -> bool {
        self.position == 0
    }
}

/// The quality of a sample's JPEG: without visible traces, and with chroma at half size, which is the fastest to write.
const SAMPLE_QUALITY: u8 = 89;

/// Most bytes of frames that wait until the last one is known, because they are shown in the opposite order.
const MAX_WAITING: u64 = 512 << 20;

/// How a frame appears in a result.
#[derive(Clone, Copy)]
struct Shown {
    delay: Duration,
    /// Whether the result begins with it.
    is_start: bool,
    /// Whether it is all there is.
    is_alone: bool,
    /// Whether the result ends with the first frame of the file.
    is_reversed: bool,
}

/// What is being written.
enum Writing<'a> {
    /// Nothing yet.
    Waits,
    /// A still picture that is finished.
    Still(ProducedOutput),
    /// An animation: where its frames go, and what they have in common.
    Frames(Box<dyn FrameWriter + 'a>, Facts),
    /// An animation from its end: its frames in the order of the file, and where they will go.
    Reversed(Vec<Frame>, Box<dyn FrameWriter + 'a>, Facts),
}

struct Runner<'a> {
    plan: &'a Plan,
    /// If the pictures are reduced copies.
    sample: Option<&'a Sample>,
    index: u32,
    files: Vec<Option<Source<'a>>>,
    headers: Vec<Option<Header>>,
    choice: Choice,
    services: Services<'a>,
    /// For each node, under which key its results are kept, if they are.
    keys: Vec<Option<Key>>,
    /// For each source: whether decoding its file gave a doubt.
    doubted: Vec<bool>,
    /// The source whose frames are run one after another.
    animated: Option<usize>,
    frame: Option<Current>,
    /// For each node, what it shows of the animation; none for a node that is the same for all frames. `None` if no action
    /// chooses frames or sends one, so that all results show all of them.
    shown: Option<Vec<Option<Vec<Moment>>>>,
    /// For each node that is the same for all frames: its results, from the first frame on.
    constants: Vec<Option<Rc<Pictures>>>,
    input_thumbnail: Option<Encoded>,
    output_thumbnail: Option<Encoded>,
    /// The output whose thumbnail that is.
    thumbnail_of: Option<usize>,
    warnings: Vec<Warning>,
    /// For each node, where it placed something on its picture.
    areas: Vec<Option<Area>>,
    /// For each node, its thumbnail, if one is asked for.
    thumbnails: Vec<Option<Rc<Encoded>>>,
    /// What conditions have decided that the plan could not.
    branches: Branches,
}

/// What is left to do when the results of earlier runs are used.
struct Work {
    /// For each output, what was written before.
    written: Vec<Option<Rc<Written>>>,
    /// For each output, whether it is written already, or shows nothing of this frame.
    finished: Vec<bool>,
    /// For each node, what it made before.
    made: Vec<Option<Rc<Pictures>>>,
    /// For each node, whether somebody needs its pictures now.
    needed: Vec<bool>,
}

impl Work {
    /// Drops what conditions have left out.
    fn leave_out(&mut self, branches: &Branches, plan: &Plan) {
        for (index, needed) in self.needed.iter_mut().enumerate() {
            *needed &= branches.needs(index);
        }
        for (finished, output) in self.finished.iter_mut().zip(&plan.graph.outputs) {
            *finished |= !branches.reaches(output);
        }
    }

    /// How often the picture of an output port is used by nodes that run after the one at `done`.
    fn uses_after(&self, plan: &Plan, done: usize, node: usize, port: usize) -> usize {
        let runs = |index: usize| index > done && self.needed[index] && self.made[index].is_none();
        let consumers = plan.graph.nodes.iter().enumerate().filter(|(index, _)| runs(*index));
        consumers.flat_map(|(_, consumer)| consumer.inputs.iter().flatten()).filter(|end| **end == (node, port)).count()
    }

    /// How often the picture of an output port is used: by nodes that run, and by results that are written.
    fn uses(&self, plan: &Plan, node: usize, port: usize) -> usize {
        let is_open = |position: usize| self.written[position].is_none() && !self.finished[position];
        let outputs = plan.graph.outputs.iter().enumerate().filter(|(position, _)| is_open(*position));
        self.uses_after(plan, node, node, port)
            + outputs.filter(|(_, output)| (output.node, output.port) == (node, port)).count()
    }
}

/// What runs once for a picture are functions of their own: together in one, V8 would soon optimise all of it, which takes as long as two
/// pictures.
impl<'a> Runner<'a> {
    fn run(mut self) -> Result<Produced, Stop> {
        let graph = &self.plan.graph;
        let mut written: Vec<Writing<'a>> = graph.outputs.iter().map(|_| Writing::Waits).collect();
        match self.animated {
            Some(source) => self.frames(source, &mut written)?,
            None => self.pass(&mut written)?,
        }
        let unread = |file: &Option<Source<'_>>| file.and_then(|file| file.bytes.failure());
        if let Some((source, failure)) =
            self.files.iter().enumerate().find_map(|(source, file)| Some((source, unread(file)?)))
        {
            return Err(failure.at(&graph.sources[source].action_id).into());
        }
        let mut outputs = Vec::with_capacity(written.len());
        for (position, written) in written.into_iter().enumerate() {
            let writing = |failure| self.while_writing(position, failure);
            let (writer, facts) = match written {
                Writing::Waits => continue,
                Writing::Still(output) => {
                    outputs.push(output);
                    continue;
                }
                Writing::Frames(writer, facts) => (writer, facts),
                Writing::Reversed(frames, mut writer, facts) => {
                    frames.into_iter().rev().try_for_each(|frame| writer.add(frame)).map_err(writing)?;
                    (writer, facts)
                }
            };
            let encoded = writer.finish().map_err(writing)?;
            let said = self.metadata(&graph.outputs[position]);
            let encoded = codecs::with_metadata(encoded, &said, facts);
            let warnings = self.too_large(&graph.outputs[position], &encoded).into_iter().collect();
            let format = encoded.format;
            outputs.push(self.named(position, Written { size: facts.size, format, encoded, warnings })?);
        }
        let dead_end = graph.dead_end.as_deref().or_else(|| self.branches.dead_end(graph));
        if let Some(condition) = dead_end.filter(|_| !self.services.thumbnails) {
            let name = self.files[graph.primary].map_or("", |file| file.name);
            self.warnings.push(no_output(name).at(condition));
        }
        let primary = graph.primary;
        let header = self.file_header(primary);
        let size = header.map_or(Size::new(0, 0), |header| header.upright(graph.sources[primary].auto_orient));
        let bytes = self.files[primary].map_or(0, |file| file.bytes.len());
        if self.input_thumbnail.is_none() && self.services.steps.is_none() && self.sample.is_none() {
            // No result needed the primary picture: its thumbnail is still shown.
            self.input_thumbnail = Some(self.stray_thumbnail(primary)?);
        }
        Ok(Produced {
            outputs,
            input_size: InputSize { width: size.width, height: size.height, bytes },
            input_thumbnail: self.input_thumbnail,
            output_thumbnail: self.output_thumbnail,
            warnings: self.warnings,
            placed: (graph.nodes.iter().zip(&self.areas))
                .filter_map(|(node, area)| Some((node.action_id.clone(), (*area)?)))
                .collect(),
            thumbnails: graph.thumbnails(&self.thumbnails),
        })
    }

    /// Runs the graph once for every frame of an animation that a result shows, and for the first.
    #[inline(never)]
    fn frames(&mut self, source: usize, written: &mut [Writing<'a>]) -> Result<(), Stop> {
        let GraphSource { action_id: id, auto_orient, .. } = &self.plan.graph.sources[source];
        let (Some(file), Some(header)) = (self.files[source], self.headers[source].clone()) else { return Ok(()) };
        let open = || {
            let reader = FrameReader::new(file.bytes, &header, *auto_orient, self.services.decoders, file.name);
            reader.map_err(|failure| failure.at(id))
        };
        let Some(mut reader) = open()? else { return self.pass(written) };
        if self.plan.needs_moments()
            && let Some(mut reader) = open()?
        {
            let mut moments = Vec::new();
            while let Some(Frame { delay, .. }) = reader.next_frame().map_err(|failure| failure.at(id))? {
                moments.push(Moment { frame: moments.len(), delay });
            }
            self.shown = Some(self.plan.shown(source, &moments)?);
        }
        let mut position = 0;
        while let Some(Frame { image, delay }) = reader.next_frame().map_err(|failure| failure.at(id))? {
            self.frame = Some(Current { image, delay, position });
            if position > 0 && self.services.thumbnails {
                break;
            }
            let is_reached = |output: &usize| self.branches.reaches(&self.plan.graph.outputs[*output]);
            if !(0..written.len()).any(|output| is_reached(&output)) {
                break;
            }
            if position == 0 || (0..written.len()).filter(is_reached).any(|output| self.shows_frame(output)) {
                let said = self.warnings.len();
                self.pass(written)?;
                if position > 0 {
                    self.forget_repeated(said);
                }
            }
            position += 1;
        }
        let noticed = reader.warnings();
        self.doubted[source] |= noticed.iter().any(Warning::is_doubt);
        self.warnings.extend(noticed.into_iter().map(|warning| warning.at(id)));
        Ok(())
    }

    /// How the frame that is being run appears in a result; `None` if it does not, or if there is no animation.
    fn frame_in(&self, output: usize) -> Option<Shown> {
        let Current { delay, position, .. } = *self.frame.as_ref()?;
        let Some(shown) = &self.shown else {
            return Some(Shown { delay, is_start: position == 0, is_alone: false, is_reversed: false });
        };
        let moments = shown[self.plan.graph.outputs[output].node].as_ref()?;
        let (first, last) = (moments.first()?, moments.last()?);
        let moment = moments.iter().find(|moment| moment.frame == position)?;
        Some(Shown {
            delay: moment.delay,
            is_start: *moment == *first,
            is_alone: moments.len() == 1,
            is_reversed: first.frame > last.frame,
        })
    }

    /// Whether something is written to a result now.
    fn shows_frame(&self, output: usize) -> bool {
        let node = self.plan.graph.outputs[output].node;
        let is_constant = self.shown.as_ref().is_some_and(|shown| shown[node].is_none());
        // A result that only uses the animation is a still picture.
        let is_animated = self.animated == Some(self.plan.graph.outputs[output].origin);
        self.frame.is_none() || is_constant || self.frame_in(output).is_some_and(|shown| is_animated || shown.is_start)
    }

    /// Drops warnings from the one at `said` on that were said of an earlier frame.
    fn forget_repeated(&mut self, said: usize) {
        for warning in self.warnings.split_off(said) {
            let same = |other: &Warning| (&other.code, &other.action_id) == (&warning.code, &warning.action_id);
            if !self.warnings.iter().any(same) {
                self.warnings.push(warning);
            }
        }
    }

    /// Runs the graph once.
    fn pass(&mut self, written: &mut [Writing<'a>]) -> Result<(), Stop> {
        let graph = &self.plan.graph;
        let mut work = self.work(written);
        let mut intermediates: Vec<Vec<Option<Intermediate>>> = graph.nodes.iter().map(|_| Vec::new()).collect();
        for index in 0..graph.nodes.len() {
            let node = &graph.nodes[index];
            let said = self.warnings.len();
            let results = match (&work.made[index], &self.plan.operations[index], node.source) {
                _ if !work.needed[index] => Vec::new(),
                (Some(made), ..) => made.to_vec(),
                _ if self.plan.condition(index).is_some() => vec![self.branch(index, &mut work, &mut intermediates)?],
                (None, None, Some(source)) => vec![self.decode(index, source)?],
                (None, Some(_), _) => {
                    self.transform(index, &mut intermediates)?.into_iter().map(|image| (image, None)).collect()
                }
                (None, None, None) => Vec::new(),
            };
            let is_made = work.needed[index] && work.made[index].is_some();
            if is_made {
                self.repeat_notes(index);
            }
            if work.needed[index] && self.services.thumbnails && self.thumbnails[index].is_none() {
                self.add_thumbnail(index, &results, is_made)?;
            }
            if work.needed[index] && work.made[index].is_none() {
                self.keep(index, &results, said);
                if self.frame.as_ref().is_some_and(Current::is_first) && self.is_constant(index) {
                    self.constants[index] = Some(Rc::new(results.clone()));
                }
            } else if !is_made && self.branches.needs(index) {
                self.repeat_notes(index);
            }
            // The picture of a condition is that of one of its ports.
            let first = self.branches.taken(index).unwrap_or(0);
            intermediates[index].extend((0..first).map(|_| None));
            for (at, (image, reduced)) in results.into_iter().enumerate() {
                let port = first + at;
                let left = work.uses(self.plan, index, port);
                intermediates[index].push((left > 0).then_some(Intermediate { image, left, reduced }));
            }
            for (position, output) in graph.outputs.iter().enumerate() {
                if output.node != index || work.finished[position] {
                    continue;
                }
                if let Some(before) = &work.written[position] {
                    written[position] = Writing::Still(self.named(position, before.as_ref().clone())?);
                    continue;
                }
                let (image, _) = take(&mut intermediates[index], output.port, None)?;
                self.write(position, image, &mut written[position])?;
            }
        }
        Ok(())
    }

    /// Whether a node is the same for all frames of the animation, and one behind it is not.
    fn is_constant(&self, node: usize) -> bool {
        let nodes = &self.plan.graph.nodes;
        let mut varies = vec![false; nodes.len()];
        for (index, node) in nodes.iter().enumerate() {
            // The picture of a condition is not kept, but what leads to it is.
            varies[index] = node.source.is_some() && node.source == self.animated
                || self.plan.condition(index).is_some()
                || node.inputs.iter().flatten().any(|(before, _)| varies[*before]);
        }
        let reads = |(index, _): &(usize, &GraphNode)| varies[*index];
        let mut readers = nodes.iter().enumerate().filter(reads).flat_map(|(_, reader)| reader.inputs.iter().flatten());
        !varies[node] && readers.any(|(before, _)| *before == node)
    }

    /// What must run for a further frame: all that leads to an animation, except what is the same for all frames.
    fn work_for_frame(&self, finished: Vec<bool>) -> Work {
        let graph = &self.plan.graph;
        let mut needed = vec![false; graph.nodes.len()];
        for (output, _) in graph.outputs.iter().zip(&finished).filter(|(_, finished)| !**finished) {
            needed[output.node] = true;
        }
        for index in (0..graph.nodes.len()).rev() {
            if needed[index] && self.constants[index].is_none() {
                graph.nodes[index].inputs.iter().flatten().for_each(|(before, _)| needed[*before] = true);
            }
        }
        Work { written: vec![None; graph.outputs.len()], finished, made: self.constants.clone(), needed }
    }

    /// What must run, given what is written, and what is kept of earlier runs: everything if nothing is.
    #[inline(never)]
    fn work(&self, written: &[Writing<'_>]) -> Work {
        let graph = &self.plan.graph;
        let is_finished = |(position, written): (usize, &Writing<'_>)| {
            matches!(written, Writing::Still(_))
                || !self.shows_frame(position)
                || !self.branches.reaches(&graph.outputs[position])
        };
        let finished = written.iter().enumerate().map(|one| self.services.thumbnails || is_finished(one)).collect();
        if self.frame.as_ref().is_some_and(|frame| !frame.is_first()) {
            return self.work_for_frame(finished);
        }
        let mut work = Work {
            written: vec![None; graph.outputs.len()],
            finished,
            made: vec![None; graph.nodes.len()],
            needed: vec![self.services.steps.is_none(); graph.nodes.len()],
        };
        let Some(steps) = self.services.steps else { return work };
        let mut steps = steps.borrow_mut();
        steps.tidy();
        // What a node said is repeated even if it need not run; where that is forgotten, it runs.
        let notes = |steps: &Steps, index: usize| self.keys[index].and_then(|key| steps.notes(key)).cloned();
        let is_known = |steps: &Steps, index: usize| notes(steps, index).is_some();
        let is_done = |steps: &Steps, index: usize| {
            notes(steps, index).is_some_and(|notes| !self.services.thumbnails || notes.thumbnail.is_some())
        };
        for (position, output) in graph.outputs.iter().enumerate().filter(|_| !self.services.thumbnails) {
            if let Some(key) = self.output_key(output).filter(|_| is_known(&steps, output.node)) {
                work.written[position] = steps.written(key);
            }
            work.needed[output.node] |= work.written[position].is_none();
        }
        for index in (0..graph.nodes.len()).rev() {
            work.needed[index] |= !is_done(&steps, index);
            if !work.needed[index] {
                continue;
            }
            if let Some(key) = self.keys[index].filter(|_| is_known(&steps, index)) {
                work.made[index] = steps.pictures(key);
            }
            if work.made[index].is_none() {
                for (before, _) in graph.nodes[index].inputs.iter().flatten() {
                    work.needed[*before] = true;
                }
            }
        }
        work
    }

    fn output_key(&self, output: &GraphOutput) -> Option<Key> {
        self.plan.output_key(output, self.keys[output.node], self.headers[output.origin].as_ref())
    }

    /// Keeps what a node has made and what it has said, which begins with the warning `said`.
    fn keep(&self, index: usize, results: &Pictures, said: usize) {
        if let (Some(steps), Some(key)) = (self.services.steps, self.keys[index]) {
            let doubted = self.plan.graph.nodes[index].source.is_some_and(|source| self.doubted[source]);
            let mut steps = steps.borrow_mut();
            let (area, thumbnail) = (self.areas[index], self.thumbnails[index].clone());
            let notes = Notes { warnings: self.warnings[said..].to_vec(), doubted, area, thumbnail };
            steps.note(key, notes);
            steps.keep_pictures(key, results);
        }
    }

    /// Says once more what a node said that does not run again.
    fn repeat_notes(&mut self, index: usize) {
        if let (Some(steps), Some(key)) = (self.services.steps, self.keys[index])
            && let Some(Notes { warnings, doubted, area, thumbnail }) = steps.borrow().notes(key)
        {
            self.warnings.extend_from_slice(warnings);
            self.thumbnails[index].clone_from(thumbnail);
            self.areas[index] = *area;
            if let Some(source) = self.plan.graph.nodes[index].source {
                self.doubted[source] |= doubted;
            }
        }
    }

    /// Makes the thumbnail of what a node gives, and keeps it if the node itself is kept already.
    #[inline(never)]
    fn add_thumbnail(&mut self, index: usize, results: &Pictures, is_kept: bool) -> Result<(), Failure> {
        let Some((image, reduced)) = results.first() else { return Ok(()) };
        let full = reduced.map_or(image.size, |reduced| reduced.full);
        self.thumbnails[index] = Some(Rc::new(thumbnail(image, full)?));
        if let (true, Some(steps), Some(key)) = (is_kept, self.services.steps, self.keys[index]) {
            let mut steps = steps.borrow_mut();
            let notes = steps.notes(key).cloned().unwrap_or_default();
            steps.note(key, Notes { thumbnail: self.thumbnails[index].clone(), ..notes });
        }
        Ok(())
    }

    /// The header of a source's file.
    fn file_header(&self, source: usize) -> Option<&Header> {
        self.sample.map_or(&self.headers, |sample| &sample.files)[source].as_ref()
    }

    /// The reduced copy of a source's picture, in the first representation that its decoder gives.
    #[inline(never)]
    fn copy(&mut self, source: usize, of: &Sample) -> Result<Image, Failure> {
        let key = self.plan.copy_key(source, self.index);
        let kept = self.services.steps.zip(key).and_then(|(steps, key)| {
            let mut steps = steps.borrow_mut();
            let notes = steps.notes(key)?.clone();
            Some((steps.pictures(key)?.first()?.0.clone(), notes))
        });
        let id = &self.plan.graph.sources[source].action_id;
        if let Some((image, notes)) = kept {
            self.doubted[source] |= notes.doubted;
            self.warnings.extend(notes.warnings);
            return Ok(image);
        }
        let missing = || Failure::input(format!("\"{id}\" has no image."), "Add an image to it.").at(id);
        let file = self.files[source].ok_or_else(missing)?;
        let (header, copy) = of.files[source].as_ref().zip(of.copies[source].as_ref()).ok_or_else(missing)?;
        let auto_orient = self.plan.graph.sources[source].auto_orient;
        let request = DecodeRequest {
            representation: header.native.iter().next().unwrap_or(Representation::Rgba),
            at_least: copy.size,
            chroma_at_least: Subsampling::S420.chroma_size(copy.size),
            scaling: None,
            auto_orient,
        };
        let Decoded { image, reduced, warnings } =
            codecs::decode(file.bytes, header, &request, file.name).map_err(|failure| failure.at(id))?;
        let window = reduced.map_or(Window::all(image.size), |reduced| reduced.window);
        let image = resample_for(&image, window, copy.upright(auto_orient), Filter::Lanczos3, ChromaUse::Whole)?;
        let warnings: Vec<Warning> = warnings.into_iter().map(|warning| warning.at(id)).collect();
        let doubted = warnings.iter().any(Warning::is_doubt);
        self.doubted[source] |= doubted;
        if let (Some(steps), Some(key)) = (self.services.steps, key) {
            let mut steps = steps.borrow_mut();
            steps.note(key, Notes { warnings: warnings.clone(), doubted, ..Notes::default() });
            steps.keep_pictures(key, &vec![(image.clone(), None)]);
        }
        self.warnings.extend(warnings);
        Ok(image)
    }

    /// Decides a condition, once for all frames of an animation, and drops what it leaves out. It leads on its picture as it
    /// is.
    #[inline(never)]
    fn branch(
        &mut self,
        index: usize,
        work: &mut Work,
        intermediates: &mut [Vec<Option<Intermediate>>],
    ) -> Result<(Image, Option<Reduced>), Stop> {
        let graph = &self.plan.graph;
        let unconnected = || Failure::system("A condition was run without its input.", "Report this as a bug.");
        let (before, port) = graph.nodes[index].inputs.first().copied().flatten().ok_or_else(unconnected)?;
        let (image, reduced) = take(&mut intermediates[before], port, None)?;
        if self.branches.taken(index).is_none() {
            let size = reduced.map_or(image.size, |reduced| reduced.full);
            let known = Known::of(self.plan, self.files.clone(), self.services.decoders);
            let holds = self.plan.condition(index).and_then(|condition| known.holds(index, condition, Some(size)));
            let undecided = || Failure::execute("What the condition asks for is not known.", "Ask for something else.");
            let holds = holds.ok_or_else(|| undecided().at(&graph.nodes[index].action_id))?;
            self.branches.decide(graph, index, holds);
        }
        work.leave_out(&self.branches, self.plan);
        for (node, waiting) in intermediates.iter_mut().enumerate() {
            for (port, slot) in waiting.iter_mut().enumerate() {
                let left = work.uses_after(self.plan, index, node, port);
                match slot {
                    Some(waiting) if left > 0 => waiting.left = left,
                    _ => *slot = None,
                }
            }
        }
        Ok((image, reduced))
    }

    /// Whether a node would send a frame that nothing shows: the first is always run.
    fn leaves_frame(&self, node: usize) -> bool {
        let (Some(Current { position, .. }), Some(shown)) = (&self.frame, &self.shown) else { return false };
        let is_shown = |moments: &Vec<Moment>| moments.iter().any(|moment| moment.frame == *position);
        let submits = self.plan.operations[node].as_ref().is_some_and(|operation| operation.submits());
        submits && shown[node].as_ref().is_some_and(|moments| !is_shown(moments))
    }

    /// Runs a node's kernel on the pictures that wait for it.
    #[inline(never)]
    fn transform(&mut self, index: usize, intermediates: &mut [Vec<Option<Intermediate>>]) -> Result<Vec<Image>, Stop> {
        let node = &self.plan.graph.nodes[index];
        let Some(operation) = &self.plan.operations[index] else { return Ok(Vec::new()) };
        let mut inputs = Vec::with_capacity(node.inputs.len());
        let mut reduced = None;
        for (port, input) in node.inputs.iter().enumerate() {
            inputs.push(match (input, self.choice.inputs[index][port]) {
                (Some((before, output)), Some(representation)) => {
                    let (image, stands_for) = take(&mut intermediates[*before], *output, Some(representation))?;
                    if port == 0 {
                        reduced = stands_for;
                        let full = stands_for.map_or(image.size, |reduced| reduced.full);
                        // Smaller than planned, because pixels decided, or not known to run: the limits that depend on
                        // it have not been checked yet.
                        if full != self.choice.sizes[*before] || self.choice.waits[index] {
                            let size = operation.output_size(full);
                            size.and_then(limits::check).map_err(|failure| failure.at(&node.action_id))?;
                        }
                    }
                    // What joins the first picture gets its depth.
                    let first: Option<&Image> = inputs.first().and_then(Option::as_ref);
                    Some(match first.map(Image::representation) {
                        Some(first) => as_deep_as(image, first),
                        None => image,
                    })
                }
                _ => None,
            });
        }
        if self.leaves_frame(index) {
            let given = inputs.into_iter().flatten().take(1);
            return Ok(given
                .map(|image| {
                    let to = operation.produces(0, image.representation());
                    convert(image, to)
                })
                .collect());
        }
        let wanted: Vec<bool> =
            (0..node.action.outputs.len()).map(|port| self.plan.graph.uses(index, port) > 0).collect();
        let file = self.files[self.plan.graph.primary];
        let said = OnceCell::new();
        let said = || said.get_or_init(|| self.primary_metadata());
        let (day, camera, hash) = (|| said().day(), || said().camera(), || sha256_of(file));
        let about = About { index: self.index, day: &day, camera: &camera, hash: &hash, ..self.plan.about(file) };
        let context = Context::new(self.services.networks, &wanted)
            .with_typesetter(self.services.typesetter)
            .with_luts(self.services.luts)
            .with_customs(self.services.customs)
            .with_decoders(self.services.decoders)
            .with_returned(self.services.returned.and_then(|returned| returned.files.get(&index)).map(Vec::as_slice))
            .with_chroma(self.choice.chroma[index])
            .about(about);
        let results = match reduced {
            Some(reduced) => operation.run_reduced(inputs, reduced, &context),
            None => operation.run(inputs, &context),
        }
        .map_err(|stop| self.stopped(index, stop))?;
        let (area, warnings) = (context.area(), context.into_warnings());
        self.areas[index] = area;
        self.warnings.extend(warnings.into_iter().map(|warning| warning.at(&node.action_id)));
        Ok(results)
    }

    /// Why the kernel of a node ended the run, with its place.
    fn stopped(&self, index: usize, stop: Stop) -> Stop {
        match (&stop, self.services.returned) {
            (Stop::NeedsServer(_), Some(returned)) => returned.waiting.set(index),
            // The host sends nothing.
            (Stop::NeedsServer(_), None) => {
                return Stop::Failed(stop.into_failure()).at(&self.plan.graph.nodes[index].action_id);
            }
            _ => {}
        }
        stop.at(&self.plan.graph.nodes[index].action_id)
    }

    #[inline(never)]
    fn decode(&mut self, node: usize, source: usize) -> Result<(Image, Option<Reduced>), Failure> {
        if let Some(sample) = self.sample {
            let copy = self.copy(source, sample)?;
            return Ok((convert(copy, self.choice.decode[&node].representation), None));
        }
        let id = &self.plan.graph.sources[source].action_id;
        let missing = || Failure::input(format!("\"{id}\" has no image."), "Add an image to it.").at(id);
        let file = self.files[source].ok_or_else(missing)?;
        let header = self.headers[source].as_ref().ok_or_else(missing)?;
        let DecodeChoice { representation, at_least, chroma_at_least, scaling } = self.choice.decode[&node];
        let auto_orient = self.plan.graph.sources[source].auto_orient;
        let has_thumbnail = source != self.plan.graph.primary || self.services.steps.is_some();
        if let Some(Current { image, .. }) = self.frame.as_ref().filter(|_| self.animated == Some(source)) {
            let image = convert(image.clone(), representation);
            if !has_thumbnail && self.input_thumbnail.is_none() {
                self.input_thumbnail = Some(thumbnail(&image, image.size)?);
            }
            return Ok((image, None));
        }
        let stored = |size: Size| if auto_orient && header.orientation >= 5 { size.transposed() } else { size };
        let request = DecodeRequest {
            representation,
            at_least: stored(at_least),
            chroma_at_least: stored(chroma_at_least),
            scaling: scaling.map(|scaling| Scaling { size: stored(scaling.size), ..scaling }),
            auto_orient,
        };
        let Decoded { image, reduced, warnings } =
            codecs::decode_by(file.bytes, header, &request, self.services.decoders, file.name)
                .map_err(|failure| failure.at(id))?;
        self.doubted[source] |= warnings.iter().any(Warning::is_doubt);
        self.warnings.extend(warnings.into_iter().map(|warning| warning.at(id)));
        if let Some(animation) = header.animation {
            self.warnings.push(first_frame_only(file.name, animation).at(id));
        }
        if !has_thumbnail && self.input_thumbnail.is_none() {
            self.input_thumbnail = Some(thumbnail(&image, header.upright(auto_orient))?);
        }
        Ok((image, reduced))
    }

    #[inline(never)]
    fn stray_thumbnail(&mut self, source: usize) -> Result<Encoded, Failure> {
        let id = &self.plan.graph.sources[source].action_id;
        let missing = || Failure::input(format!("\"{id}\" has no image."), "Add an image to it.").at(id);
        let file = self.files[source].ok_or_else(missing)?;
        let header = self.headers[source].as_ref().ok_or_else(missing)?;
        let representation = header.native.iter().next().unwrap_or(Representation::Rgba);
        let (at_least, chroma_at_least) = (Size::new(256, 256), Size::new(128, 128));
        let request = DecodeRequest { representation, at_least, chroma_at_least, scaling: None, auto_orient: true };
        // What is wrong with a file that no result is made of needs no warning.
        let decoded = codecs::decode_by(file.bytes, header, &request, self.services.decoders, file.name)
            .map_err(|failure| failure.at(id))?;
        thumbnail(&decoded.image, header.upright(true))
    }

    /// Writes a picture, or adds a frame to an animation.
    #[inline(never)]
    fn write(&mut self, position: usize, image: Image, written: &mut Writing<'a>) -> Result<(), Failure> {
        let output = &self.plan.graph.outputs[position];
        let shown = self.frame_in(position).filter(|_| self.animated == Some(output.origin));
        if self.is_first(position) && shown.is_none_or(|shown| shown.is_start) && self.services.steps.is_none() {
            self.output_thumbnail = Some(thumbnail(&image, image.size)?);
            self.thumbnail_of = Some(position);
        }
        let format = self.format_of(output, &image);
        let is_still = shown.is_none_or(|shown| shown.is_alone);
        if self.sample.is_none() && !output.parameters.smallest_of.is_empty() && is_still {
            return self.write_smallest(position, image, written);
        }
        let (image, request) = self.prepared(output, image, format);
        if let Some(sample) = self.sample {
            return self.write_sample(position, image, &request, sample.sizes[output.node], written);
        }
        let (size, is_srgb) = (image.size, image.space.is_srgb());
        let facts = Facts { size, is_srgb, resolution: request.resolution };
        let animation = self.headers[output.origin].as_ref().and_then(|header| header.animation);
        let (Some(Shown { delay, is_start, is_alone, is_reversed }), Some(animation)) = (shown, animation) else {
            return self.write_still(position, image, &request, written);
        };
        if is_alone {
            return self.write_still(position, image, &request, written);
        }
        if let Writing::Waits = written {
            match animate(&request, animation.plays, self.services.encoders) {
                Some(writer) if is_reversed => *written = Writing::Reversed(Vec::new(), writer, facts),
                Some(writer) => *written = Writing::Frames(writer, facts),
                // Its first frame comes last.
                None if !is_start => return Ok(()),
                None => {
                    if let Some(file) = self.files[output.origin] {
                        self.warnings.push(first_frame_only(file.name, animation).at(&output.action_id));
                    }
                    return self.write_still(position, image, &request, written);
                }
            }
        }
        match written {
            Writing::Frames(writer, _) => {
                writer.add(Frame { image, delay }).map_err(|failure| self.while_writing(position, failure))
            }
            Writing::Reversed(frames, ..) => {
                let image = if request.writes_deep() { image } else { narrowed(image) };
                frames.push(Frame { image, delay });
                let bytes: u64 = frames.iter().map(|frame| frame.image.bytes()).sum();
                if bytes > MAX_WAITING { Err(self.while_writing(position, too_long_to_reverse())) } else { Ok(()) }
            }
            Writing::Waits | Writing::Still(_) => Ok(()),
        }
    }

    /// Whether an output is the first in document order that is reached, as far as that is known.
    fn is_first(&self, position: usize) -> bool {
        let mut earlier = self.plan.graph.outputs[..position].iter();
        let is_open = |output: &GraphOutput| self.branches.reaches(output);
        // What an earlier one writes later takes its place.
        !earlier.any(is_open) || self.thumbnail_of.is_none() && self.plan.has_conditions()
    }

    /// A failure of writing.
    fn while_writing(&self, position: usize, mut failure: Failure) -> Failure {
        failure.phase = Phase::Execute;
        failure.at(&self.plan.graph.outputs[position].action_id)
    }

    /// The format that a picture is written in.
    fn format_of(&self, output: &GraphOutput, image: &Image) -> Format {
        let alpha = image.has_alpha();
        self.plan.final_format(output, self.headers[output.origin].as_ref(), alpha)
    }

    /// The picture in the colour space in which it is written in a format, and how it is written.
    fn prepared(&self, output: &GraphOutput, image: Image, format: Format) -> (Image, EncodeRequest) {
        let parameters = &output.parameters;
        let alpha = image.has_alpha();
        let mut image = in_space(image, parameters.color_profile, format);
        if alpha && format == Format::Jpeg {
            image = receptive(image);
        }
        let request = EncodeRequest {
            format,
            quality: output.quality(),
            lossless: parameters.lossless,
            background: color_for(&image, parameters.background.rgb()),
            progressive: parameters.progressive,
            chroma: parameters.subsampling.chroma(),
            effort: parameters.effort(),
            palette: parameters.palette(),
            keeps_depth: parameters.keeps_depth(),
            resolution: parameters.stated_resolution(),
        };
        (image, request)
    }

    /// Writes the result of a reduced copy, which stands for one of `full` size, for looking at it.
    #[inline(never)]
    fn write_sample(
        &mut self,
        position: usize,
        image: Image,
        request: &EncodeRequest,
        full: Size,
        written: &mut Writing<'a>,
    ) -> Result<(), Failure> {
        let is_opaque = request.format == Format::Jpeg || !image.has_alpha();
        let format = if is_opaque { Format::Jpeg } else { Format::Png };
        let plain = EncodeRequest {
            quality: SAMPLE_QUALITY,
            background: request.background,
            effort: Some(1),
            ..EncodeRequest::new(format)
        };
        let encoded = codecs::encode(image, &plain, None).map_err(|failure| self.while_writing(position, failure))?;
        let result = Written { size: full, format: request.format, encoded, warnings: Vec::new() };
        if let (Some(steps), Some(key)) = (self.services.steps, self.output_key(&self.plan.graph.outputs[position])) {
            steps.borrow_mut().keep_written(key, &result);
        }
        *written = Writing::Still(self.named(position, result)?);
        Ok(())
    }

    fn write_still(
        &mut self,
        position: usize,
        image: Image,
        request: &EncodeRequest,
        written: &mut Writing<'a>,
    ) -> Result<(), Failure> {
        let output = &self.plan.graph.outputs[position];
        let said = self.metadata(output);
        let (size, again) = (image.size, output.parameters.max_bytes.map(|_| image.clone()));
        let encoded = self.encoded(position, image, request, &said)?;
        let result = Written { size, format: request.format, encoded, warnings: Vec::new() };
        self.finish_still(position, again, request, result, &said, written)
    }

    /// Ends the writing of a still picture: keeps within a size, and keeps the original, if that is wanted. `again` is the picture,
    /// if there is a limit.
    #[inline(never)]
    fn finish_still(
        &mut self,
        position: usize,
        again: Option<Image>,
        request: &EncodeRequest,
        mut result: Written,
        said: &Metadata,
        written: &mut Writing<'a>,
    ) -> Result<(), Failure> {
        let output = &self.plan.graph.outputs[position];
        let most = output.parameters.max_bytes.map(u64::from);
        let is_too_large = |file: &Encoded| most.is_some_and(|most| file.bytes.len() as u64 > most);
        let size = result.size;
        let mut original = self.original(output, size, &result.encoded, said);
        // An original that is small enough is better than a result of lower quality.
        if let (Some(image), Some(most)) = (again, most)
            && is_too_large(&result.encoded)
            && original.as_ref().is_none_or(|(_, original)| is_too_large(original))
        {
            let warnings = std::mem::take(&mut result.warnings);
            result = self.fitted(position, &image, request, most, result, said)?;
            result.warnings.splice(..0, warnings);
            original =
                original.filter(|(_, file)| result.size == size && file.bytes.len() <= result.encoded.bytes.len());
        }
        if let Some((source, original)) = original {
            if self.thumbnail_of == Some(position) && source == self.plan.graph.primary {
                self.output_thumbnail.clone_from(&self.input_thumbnail);
            }
            let kept = Warning::hint(
                "original_kept",
                "The result would be larger than the original file, so the original was kept, with the metadata that a result would have.",
                "Turn \"keepOriginalIfSmaller\" off to write every picture again.",
            );
            result.encoded = original;
            // If a limit was not kept, that is still said.
            result.warnings.retain(Warning::is_doubt);
            result.warnings.push(kept.at(&output.action_id));
        }
        if let (Some(steps), Some(key)) = (self.services.steps, self.output_key(output)) {
            steps.borrow_mut().keep_written(key, &result);
        }
        *written = Writing::Still(self.named(position, result)?);
        Ok(())
    }

    /// Writes a picture in each of the formats that may make the smallest file, and keeps the smallest that is similar enough.
    #[inline(never)]
    fn write_smallest(&mut self, position: usize, image: Image, written: &mut Writing<'a>) -> Result<(), Failure> {
        let output = &self.plan.graph.outputs[position];
        let (parameters, said) = (&output.parameters, self.metadata(output));
        let has_alpha = has_transparency(&image);
        let mut formats: Vec<Format> = parameters.smallest_of.iter().map(|one| one.format()).collect();
        if has_alpha && formats.len() > 1 {
            formats.retain(|format| *format != Format::Jpeg);
        }
        let luma = Luma::of(&image);
        let (mut tried, mut failed) = (Vec::new(), None);
        for format in formats {
            let (image, request) = self.prepared(output, image.clone(), format);
            let best = smallest::at_least(parameters.similarity, &request, |quality| {
                let request = EncodeRequest { quality, ..request.clone() };
                let encoded = self.encoded(position, image.clone(), &request, &said)?;
                let similarity = smallest::similarity_of(&luma, &encoded, &request, self.services.decoders)?;
                Ok(Tried { encoded, quality, similarity })
            });
            match best {
                Ok(best) => tried.push((request, best)),
                // Not every format can have every picture.
                Err(failure) => failed = failed.or(Some(failure)),
            }
        }
        let Some(chosen) = smallest::choice(parameters.similarity, tried.iter().map(|(_, one)| one)) else {
            let nothing = || Failure::execute("\"smallestOf\" has no format.", "Give at least one.");
            return Err(failed.unwrap_or_else(nothing));
        };
        let note = smallest::note(parameters.similarity, &tried, chosen).at(&output.action_id);
        let (request, Tried { encoded, quality, .. }) = tried.swap_remove(chosen);
        let request = EncodeRequest { quality, ..request };
        let again = parameters.max_bytes.map(|_| self.prepared(output, image.clone(), request.format).0);
        let result = Written { size: image.size, format: request.format, encoded, warnings: vec![note] };
        self.finish_still(position, again, &request, result, &said, written)
    }

    /// A picture as a file that says this about it.
    fn encoded(
        &self,
        position: usize,
        image: Image,
        request: &EncodeRequest,
        said: &Metadata,
    ) -> Result<Encoded, Failure> {
        let (size, is_srgb) = (image.size, image.space.is_srgb());
        let facts = Facts { size, is_srgb, resolution: request.resolution };
        let encoded = codecs::encode(image, request, self.services.encoders);
        let encoded = encoded.map_err(|failure| self.while_writing(position, failure))?;
        Ok(codecs::with_metadata(encoded, said, facts))
    }

    /// A result of at most `most` bytes, or the smallest there is; `first` is the one that is too large.
    #[inline(never)]
    fn fitted(
        &self,
        position: usize,
        image: &Image,
        request: &EncodeRequest,
        most: u64,
        first: Written,
        said: &Metadata,
    ) -> Result<Written, Failure> {
        let output = &self.plan.graph.outputs[position];
        let (is_lossy, shrinks) = (request.is_lossy(), output.parameters.shrink_to_fit);
        let wanted = fit::Wanted { most, quality: request.quality, is_lossy, shrinks };
        let (attempt, mut result) = fit::fit(wanted, first, |attempt| {
            let (size, request) =
                (attempt.size(image.size), EncodeRequest { quality: attempt.quality, ..request.clone() });
            let image = shrunk(image, size, request.chroma.halves(request.format, request.quality))?;
            let encoded = self.encoded(position, image, &request, said)?;
            Ok(Written { size, format: request.format, encoded, warnings: Vec::new() })
        })?;
        let note = fit::note(&wanted, (attempt, &result), image.size);
        result.warnings.extend(note.map(|note| note.at(&output.action_id)));
        Ok(result)
    }

    /// A result with its name.
    #[inline(never)]
    fn named(&mut self, position: usize, written: Written) -> Result<ProducedOutput, Failure> {
        let output = &self.plan.graph.outputs[position];
        let Written { size, format, encoded, warnings } = written;
        self.warnings.extend(warnings);
        let (missing, metadata) = (Cell::new(None), OnceCell::new());
        let said = || metadata.get_or_init(|| self.primary_metadata());
        let (day, camera) = (|| said().day(), || said().camera());
        let about = self.plan.about(self.files[self.plan.graph.primary]);
        let about = About { index: self.index, day: &day, camera: &camera, ..about };
        let input = about.name;
        let name = output.name(&Named {
            about,
            extension: format.extension(),
            size: (size.width, size.height),
            hash: &|| crate::library::sha256(&encoded.bytes),
            missing: &|placeholder| {
                missing.set(Some(placeholder.noun()));
                String::new()
            },
        });
        if let Some(missing) = missing.get() {
            let message = format!("\"{input}\" does not say {missing}, so that part of the name is empty.");
            let hint = "Use {name} or {index} in the name pattern to tell such pictures apart.";
            self.warnings.push(Warning::hint("name_incomplete", message, hint).at(&output.action_id));
        }
        let name = name.map_err(|unknown| {
            Failure::execute(format!("\"{{{unknown}}}\" is not a placeholder."), "Fix the name pattern.")
                .at(&output.action_id)
        })?;
        let (action_id, is_staged, modules) = (output.action_id.clone(), output.is_staged, self.modules(output.node));
        Ok(ProducedOutput { action_id, port: "outputs", name, size, format, encoded, is_staged, modules })
    }

    /// The custom actions that had a part in the picture of a node, each with the SHA-256 of its module.
    fn modules(&self, node: usize) -> SortedMap<String, String> {
        let Some(customs) = self.services.customs else { return SortedMap::new() };
        let names = self.plan.user_files_of(node, FileKind::Action).into_iter();
        let found = names.filter_map(|name| Some((name.to_owned(), customs.get(name).ok()?.sha256().to_owned())));
        found.collect()
    }
}

fn too_long_to_reverse() -> Failure {
    Failure::execute(
        format!("The frames of an animation from its end need more than {} MiB.", MAX_WAITING >> 20),
        "Make the animation smaller or shorter before it is reversed.",
    )
}

impl Runner<'_> {
    /// What the file of the primary input says about its picture.
    fn primary_metadata(&self) -> Metadata {
        let primary = self.files[self.plan.graph.primary].zip(self.headers[self.plan.graph.primary].as_ref());
        primary.map(|(file, header)| Metadata::of(file.bytes, header.format)).unwrap_or_default()
    }

    /// What an output says about its picture.
    fn metadata(&self, output: &GraphOutput) -> Metadata {
        let policy = output.parameters.policy();
        let source = self.files[output.origin].zip(self.headers[output.origin].as_ref());
        let source = source.filter(|_| policy.kept != Kept::Nothing);
        source.map(|(file, header)| Metadata::of(file.bytes, header.format)).unwrap_or_default().by(&policy)
    }

    /// A warning about an animation that is larger than its output allows: it is not fitted, because all of its frames would
    /// have to be written again.
    fn too_large(&self, output: &GraphOutput, animation: &Encoded) -> Option<Warning> {
        let (bytes, most) = (animation.bytes.len() as u64, u64::from(output.parameters.max_bytes?));
        let hint = "Only still pictures are fitted: lower \"quality\", or make the animation smaller or shorter.";
        (bytes > most).then(|| fit::over(bytes, most, hint).at(&output.action_id))
    }

    /// The original file with its source, if it shows the same as the result, says the same about it, and is no larger.
    fn original(
        &self,
        output: &GraphOutput,
        size: Size,
        result: &Encoded,
        said: &Metadata,
    ) -> Option<(usize, Encoded)> {
        // What an original states of its resolution is not looked at.
        if !output.parameters.keep_original_if_smaller || output.parameters.resolution.is_some() {
            return None;
        }
        let source = self.plan.shows(output, &self.choice.sizes)?;
        let (file, header) = (self.files[source]?, self.headers[source].as_ref()?);
        if self.doubted[source] || header.format != result.format || header.size != size {
            return None;
        }
        let has_profile = header.space.icc().is_some();
        let is_in_space = match output.parameters.color_profile {
            ColorProfile::Keep => true,
            ColorProfile::Srgb => header.space.is_srgb() && has_profile,
            ColorProfile::None => header.space.is_srgb() && !has_profile,
        };
        if !is_in_space {
            return None;
        }
        let original = codecs::without_metadata(file.bytes, header)?;
        let original =
            codecs::with_metadata(original, said, Facts { size, is_srgb: header.space.is_srgb(), resolution: None });
        (original.bytes.len() <= result.bytes.len()).then_some((source, original))
    }
}

/// A hint that a picture takes no branch that leads to an output.
fn no_output(name: &str) -> Warning {
    Warning::hint(
        "no_output",
        format!("No output: no branch that \"{name}\" takes leads to one."),
        "To save such pictures too, connect the other port of the condition.",
    )
}

/// A hint that a result is not animated although its input is.
fn first_frame_only(name: &str, animation: Animation) -> Warning {
    Warning::hint(
        "first_frame_only",
        match animation.frames {
            Some(frames) => format!("\"{name}\" is animated: only the first of its {frames} frames was used."),
            None => format!("\"{name}\" is animated: only its first frame was used."),
        },
        "Choose GIF, WebP or PNG as the format if the result should be animated.",
    )
}

/// The picture at this size. Planes stay planes only if their chroma is halved afterwards: in a result that keeps it whole,
/// colours that RGB does not have would show.
fn shrunk(image: &Image, size: Size, halves: bool) -> Result<Image, Failure> {
    if size == image.size {
        return Ok(image.clone());
    }
    let (window, filter) = (Window::all(image.size), Filter::Lanczos3);
    if halves || image.representation() != Representation::Ycc {
        return resample_for(image, window, size, filter, ChromaUse::Halved);
    }
    resample_for(&convert(image.clone(), Representation::Rgb), window, size, filter, ChromaUse::Whole)
}

/// The picture in the colour space in which it is written in this format.
fn in_space(image: Image, profile: ColorProfile, format: Format) -> Image {
    if profile == ColorProfile::Keep {
        return image;
    }
    let mut image = recolor(image, &ColorSpace::SRGB);
    if profile == ColorProfile::None {
        image.space = ColorSpace::SRGB;
        return image;
    }
    // WebP has no gray, nor profiles for it.
    if image.representation().is_gray() && format == Format::Webp {
        image = convert(image, Representation::Rgb);
    }
    image.space = ColorSpace::srgb_with_profile(image.representation().is_gray());
    image
}

/// Takes the picture of an output port for one consumer, in the representation it wants (or as it is): the last one
/// gets the buffer itself.
fn take(
    intermediates: &mut [Option<Intermediate>],
    port: usize,
    representation: Option<Representation>,
) -> Result<(Image, Option<Reduced>), Failure> {
    let gone = || Failure::system("A picture was freed before its last use.", "Report this as a bug.");
    let slot = intermediates.get_mut(port).ok_or_else(gone)?;
    let waiting = slot.as_mut().ok_or_else(gone)?;
    waiting.left -= 1;
    let reduced = waiting.reduced;
    let image = if waiting.left == 0 { slot.take().ok_or_else(gone)?.image } else { waiting.image.clone() };
    let representation = representation.unwrap_or(image.representation());
    Ok((convert(image, representation), reduced))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, Weak};

    use serde_json::{Value, json};

    use super::*;
    use crate::actions::Operation;
    use crate::image::{Representations, Size};
    use crate::workflow::check;

    /// What happened to one node: the representation of its first input, once per run.
    type Log = Arc<Mutex<Vec<(String, Representation)>>>;

    /// Wraps a kernel and records its inputs.
    struct Watched {
        id: String,
        inner: Arc<dyn Operation>,
        log: Log,
        /// Pictures seen so far, by their profile: alive while any picture of theirs is held.
        held: Arc<Mutex<Vec<Weak<[u8]>>>>,
        alive: Arc<Mutex<Vec<usize>>>,
    }

    impl Operation for Watched {
        fn accepts(&self) -> Representations {
            self.inner.accepts()
        }
        fn produces(&self, output: usize, input: Representation) -> Representation {
            self.inner.produces(output, input)
        }
        fn output_size(&self, input: Size) -> Result<Size, Failure> {
            self.inner.output_size(input)
        }
        fn scales_to(&self, input: Size) -> Option<(Size, Filter)> {
            self.inner.scales_to(input)
        }
        fn mixes(&self) -> bool {
            self.inner.mixes()
        }
        fn keeps_chroma_grid(&self) -> bool {
            self.inner.keeps_chroma_grid()
        }
        fn run_reduced(
            &self,
            inputs: Vec<Option<Image>>,
            reduced: Reduced,
            context: &Context<'_>,
        ) -> Result<Vec<Image>, Stop> {
            self.note(&inputs);
            self.mark(self.inner.run_reduced(inputs, reduced, context)?)
        }
        fn run(&self, inputs: Vec<Option<Image>>, context: &Context<'_>) -> Result<Vec<Image>, Stop> {
            self.note(&inputs);
            self.mark(self.inner.run(inputs, context)?)
        }
    }

    impl Watched {
        fn note(&self, inputs: &[Option<Image>]) {
            let first = inputs[0].as_ref().expect("connected").representation();
            self.log.lock().expect("no panic").push((self.id.clone(), first));
        }

        fn mark(&self, mut results: Vec<Image>) -> Result<Vec<Image>, Stop> {
            // A profile of its own marks each result, so that its lifetime can be observed.
            let space = ColorSpace::adobe_rgb();
            let mark = Arc::clone(space.icc().expect("has a profile"));
            let mut held = self.held.lock().expect("no panic");
            self.alive.lock().expect("no panic").push(held.iter().filter(|mark| mark.strong_count() > 0).count());
            held.push(Arc::downgrade(&mark));
            for result in &mut results {
                result.space = space.clone();
            }
            Ok(results)
        }
    }

    fn watched(document: Value) -> (Plan, Log, Arc<Mutex<Vec<usize>>>) {
        let (workflow, found) = check(&document);
        let mut plan = Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"));
        let (log, held, alive) = (Log::default(), Arc::default(), Arc::default());
        for (index, slot) in plan.operations.iter_mut().enumerate() {
            if let Some(inner) = slot.take() {
                let id = plan.graph.nodes[index].action_id.clone();
                *slot = Some(Arc::new(Watched {
                    id,
                    inner,
                    log: Arc::clone(&log),
                    held: Arc::clone(&held),
                    alive: Arc::clone(&alive),
                }));
            }
        }
        (plan, log, alive)
    }

    fn action(id: &str, kind: &str, parameters: Value) -> Value {
        json!({ "actionId": id, "actionType": kind, "parameters": parameters })
    }

    fn document(actions: Vec<Value>, edges: &[(&str, &str)]) -> Value {
        let connections: Vec<Value> = edges
            .iter()
            .map(|(source, target)| {
                let (target, port) = target.split_once('.').unwrap_or((target, "input-images"));
                json!({ "connectionSource": source, "sourcePort": "outputs", "connectionTarget": target, "targetPort": port })
            })
            .collect();
        json!({ "metadata": {}, "actions": actions, "connections": connections })
    }

    fn input(id: &str) -> Value {
        action(id, "input-images", json!({ "images": [{ "name": "a.png", "sourceUrl": "asset:1" }] }))
    }

    fn png(width: u32, height: u32, alpha: bool) -> Vec<u8> {
        let channels = if alpha { 4 } else { 3 };
        let data: Vec<u8> = (0..width * height * channels).map(|i| (i * 7 % 256) as u8).collect();
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(if alpha { png::ColorType::Rgba } else { png::ColorType::Rgb });
        encoder.write_header().and_then(|mut writer| writer.write_image_data(&data)).expect("written");
        file
    }

    fn jpeg(width: usize, height: usize) -> Vec<u8> {
        let rgb: Vec<u8> = (0..width * height).flat_map(|i| [(i % width) as u8, (i / width) as u8, 90]).collect();
        let (format, sampling) = (libjpeg_turbo_rs::PixelFormat::Rgb, libjpeg_turbo_rs::Subsampling::S420);
        libjpeg_turbo_rs::compress(&rgb, width, height, format, 90, sampling).expect("written")
    }

    fn run(plan: &Plan, bytes: &[u8], name: &str) -> Produced {
        let sources: Vec<_> =
            plan.graph.sources.iter().map(|_| Source { name, folder: "", bytes: bytes.into() }).collect();
        plan.run(0, &sources, Services::default()).unwrap_or_else(|failure| panic!("{failure:?}"))
    }

    #[test]
    fn a_node_runs_once_however_many_consume_it_and_outputs_come_in_document_order() {
        let (plan, log, _) = watched(document(
            vec![
                input("in"),
                action("shared", "flip", json!({})),
                action("one", "flip", json!({})),
                action("two", "flip", json!({ "direction": "vertical" })),
                action("save-b", "output", json!({ "name": "{name}-b-{index}.{ext}" })),
                action("save-a", "output", json!({ "name": "{name}-{width}x{height}.{ext}", "format": "jpeg" })),
            ],
            &[("in", "shared"), ("shared", "one"), ("shared", "two"), ("two", "save-b"), ("one", "save-a")],
        ));
        let produced = run(&plan, &png(9, 5, false), "photo.v2.png");
        let mut ran: Vec<_> = log.lock().expect("no panic").iter().map(|(id, _)| id.clone()).collect();
        ran.sort();
        assert_eq!(ran, ["one", "shared", "two"]);
        let names: Vec<_> = produced.outputs.iter().map(|output| output.name.as_str()).collect();
        assert_eq!(names, ["photo.v2-b-0.png", "photo.v2-9x5.jpg"]);
        assert_eq!(produced.input_size.width, 9);
    }

    #[test]
    fn a_picture_is_freed_after_its_last_consumer() {
        let ids: Vec<String> = (0..6).map(|i| format!("flip-{i}")).collect();
        let mut actions = vec![input("in")];
        actions.extend(ids.iter().map(|id| action(id, "flip", json!({}))));
        let mut edges = vec![("in", ids[0].as_str())];
        edges.extend(ids.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str())));
        let (plan, _, alive) = watched(document(actions, &edges));
        run(&plan, &png(4, 4, false), "a.png");
        // Flip works on its input's own buffer: no earlier picture may be alive when the next result is there.
        let alive = alive.lock().expect("no panic").clone();
        assert_eq!(alive.len(), 6);
        assert!(alive.iter().all(|count| *count <= 1), "{alive:?}");
    }

    #[test]
    fn a_jpeg_that_is_resized_sharpened_and_saved_as_jpeg_stays_planar() {
        let (plan, log, _) = watched(document(
            vec![
                input("in"),
                action("resize", "resize", json!({ "width": 40 })),
                action("sharpen", "sharpen", json!({})),
                action("save", "output", json!({})),
            ],
            &[("in", "resize"), ("resize", "sharpen"), ("sharpen", "save")],
        ));
        let produced = run(&plan, &jpeg(64, 48), "a.jpg");
        let ran: Vec<_> = log.lock().expect("no panic").iter().map(|(_, seen)| *seen).collect();
        assert_eq!(ran, [Representation::Ycc, Representation::Ycc]);
        assert_eq!(produced.outputs[0].encoded.format, Format::Jpeg);
        assert_eq!(produced.outputs[0].size, Size::new(40, 30));
    }

    /// The profile of the picture is Adobe RGB.
    #[test]
    fn a_jpeg_is_scaled_on_planes_before_its_colours_are_converted() {
        let bytes = include_bytes!("../../tests/data/color/adobe-rgb.jpg");
        for profile in ["keep", "srgb", "none"] {
            let (plan, log, _) = watched(document(
                vec![
                    input("in"),
                    action("resize", "resize", json!({ "width": 10 })),
                    action("save", "output", json!({ "colorProfile": profile })),
                ],
                &[("in", "resize"), ("resize", "save")],
            ));
            run(&plan, bytes, "a.jpg");
            assert_eq!(log.lock().expect("no panic")[0].1, Representation::Ycc, "{profile}");
        }
    }

    #[test]
    fn a_jpeg_for_a_png_is_decoded_to_rgb_once() {
        let (plan, log, _) = watched(document(
            vec![input("in"), action("flip", "flip", json!({})), action("save", "output", json!({ "format": "png" }))],
            &[("in", "flip"), ("flip", "save")],
        ));
        run(&plan, &jpeg(64, 48), "a.jpg");
        assert_eq!(log.lock().expect("no panic")[0].1, Representation::Rgb);
    }

    #[test]
    fn alpha_survives_to_the_output_and_auto_turns_a_jpeg_that_got_alpha_into_png() {
        let padded = document(
            vec![input("in"), action("pad", "pad", json!({ "width": 80, "height": 80, "color": "#00000000" }))],
            &[("in", "pad")],
        );
        let (plan, _, _) = watched(padded);
        let produced = run(&plan, &jpeg(64, 48), "a.jpg");
        assert_eq!(produced.outputs[0].encoded.format, Format::Png);
        assert_eq!(produced.outputs[0].name, "a.png");
        let (flip, log, _) = watched(document(vec![input("in"), action("flip", "flip", json!({}))], &[("in", "flip")]));
        run(&flip, &png(5, 4, true), "a.png");
        assert_eq!(log.lock().expect("no panic")[0].1, Representation::Rgba);
    }

    #[test]
    fn a_failure_names_its_action() {
        let (plan, _, _) = watched(document(
            vec![input("in"), action("cut", "crop", json!({ "x": 500, "y": 0, "width": 5, "height": 5 }))],
            &[("in", "cut")],
        ));
        let file = png(5, 4, false);
        let source = Source { name: "a.png", folder: "", bytes: (&file).into() };
        let failure = plan.run(0, &[source], Services::default()).expect_err("outside the picture").into_failure();
        assert_eq!(failure.action_id.as_deref(), Some("cut"));
        let damaged = Source { name: "b.png", folder: "", bytes: b"not a picture".into() };
        let failure = plan.run(0, &[damaged], Services::default()).expect_err("no picture").into_failure();
        assert_eq!((failure.action_id.as_deref(), failure.phase), (Some("in"), Phase::Validation));
        assert!(failure.message.contains("b.png") && !failure.hint.is_empty(), "{failure:?}");
    }

    #[test]
    fn a_result_above_the_limits_is_refused_before_it_is_made() {
        let (plan, log, _) = watched(document(
            vec![input("in"), action("big", "pad", json!({ "width": 60_000, "height": 60_000 }))],
            &[("in", "big")],
        ));
        let failure = plan
            .run(0, &[Source { name: "a.png", folder: "", bytes: (&png(5, 4, false)).into() }], Services::default())
            .expect_err("too large")
            .into_failure();
        assert!(failure.message.contains("60000 × 60000"), "{}", failure.message);
        assert!(log.lock().expect("no panic").is_empty());
    }

    #[test]
    fn an_overlay_comes_from_its_own_input_and_the_name_from_the_primary_one() {
        let (plan, _, _) = watched(document(
            vec![
                input("logo"),
                action("photos", "input-images", json!({ "images": [{ "name": "p.jpg", "sourceUrl": "asset:2" }] })),
                action("mark", "watermark", json!({})),
            ],
            &[("logo", "mark.overlay"), ("photos", "mark")],
        ));
        let (photo, logo) = (jpeg(64, 48), png(8, 8, true));
        let sources = [
            Source { name: "p.jpg", folder: "", bytes: (&photo).into() },
            Source { name: "logo.png", folder: "", bytes: (&logo).into() },
        ];
        let produced = plan.run(3, &sources, Services::default()).unwrap_or_else(|failure| panic!("{failure:?}"));
        assert_eq!(produced.outputs[0].name, "p.jpg");
        assert_eq!((produced.input_size.width, produced.input_size.bytes), (64, photo.len() as u64));
    }

    #[test]
    fn a_camera_raw_file_becomes_jpeg_or_what_is_asked_for() {
        let (plan, ..) = watched(document(
            vec![
                input("in"),
                action("sharper", "sharpen", json!({})),
                action("save-a", "output", json!({})),
                action("save-b", "output", json!({ "format": "tiff", "name": "{name}-b.{ext}" })),
            ],
            &[("in", "sharper"), ("sharper", "save-a"), ("sharper", "save-b")],
        ));
        let bytes = include_bytes!("../../tests/data/codecs/preview.dng");
        let sources = [Source { name: "a.dng", folder: "", bytes: bytes.into() }];
        assert_eq!(plan.encoders(&sources), []);
        let produced = run(&plan, bytes, "a.dng");
        let written = |index: usize| {
            let output: &ProducedOutput = &produced.outputs[index];
            (output.name.as_str(), codecs::sniff(&output.encoded.bytes), output.size)
        };
        assert_eq!(written(0), ("a.jpg", Some(Format::Jpeg), Size::new(27, 40)));
        assert_eq!(written(1), ("a-b.tif", Some(Format::Tiff), Size::new(27, 40)));
        let codes: Vec<_> = produced.warnings.iter().map(|warning| warning.code.as_str()).collect();
        assert_eq!(codes, ["camera_preview"]);
    }

    #[test]
    fn thumbnails_fit_into_256_pixels() {
        let (plan, _, _) = watched(document(
            vec![input("in"), action("resize", "resize", json!({ "width": 300 }))],
            &[("in", "resize")],
        ));
        let produced = run(&plan, &jpeg(640, 320), "a.jpg");
        let header =
            codecs::probe(&produced.input_thumbnail.expect("a thumbnail").bytes, "thumbnail").expect("a picture");
        assert_eq!(header.size, Size::new(256, 128));
        assert!(produced.output_thumbnail.is_some());
    }

    /// What the decoder of a JPEG file of 1200 × 800 pixels is told to scale it to.
    fn scaled_on_the_way(actions: Vec<Value>, edges: &[(&str, &str)], bytes: &[u8]) -> Option<Size> {
        let (plan, ..) = watched(document(actions, edges));
        let headers: Vec<_> = plan.graph.sources.iter().map(|_| codecs::probe(bytes, "a.jpg").ok()).collect();
        let choice = plan.choose(&headers).expect("a choice");
        choice.decode.values().next().and_then(|decode| decode.scaling).map(|scaling| scaling.size)
    }

    #[test]
    fn a_decoder_scales_where_that_is_all_that_becomes_of_the_picture() {
        let bytes = jpeg(1200, 800);
        let resized = |parameters: Value, output: Value| {
            let actions = vec![input("in"), action("small", "resize", parameters), action("save", "output", output)];
            scaled_on_the_way(actions, &[("in", "small"), ("small", "save")], &bytes)
        };
        let plain = || json!({});
        assert_eq!(resized(json!({ "width": 600 }), plain()), Some(Size::new(600, 400)));
        assert_eq!(resized(json!({ "mode": "long-side", "width": 900 }), plain()), Some(Size::new(900, 600)));
        assert_eq!(resized(json!({ "mode": "percent", "percent": 25 }), plain()), Some(Size::new(300, 200)));
        assert_eq!(
            resized(json!({ "mode": "exact", "width": 300, "height": 700 }), plain()),
            Some(Size::new(300, 700))
        );
        assert_eq!(resized(json!({ "mode": "fill", "width": 600, "height": 400 }), plain()), Some(Size::new(600, 400)));
        // Nothing to do, or more than that.
        assert_eq!(resized(json!({ "width": 1300 }), plain()), None);
        assert_eq!(resized(json!({ "mode": "fill", "width": 300, "height": 300 }), plain()), None);
        assert_eq!(resized(json!({ "width": 1300, "enlarge": true }), plain()), None);
        // Too small for the picture's own thumbnail.
        assert_eq!(resized(json!({ "width": 200 }), plain()), None);
        assert_eq!(resized(json!({ "mode": "exact", "width": 200, "height": 800 }), plain()), None);
        // Not on planes.
        assert_eq!(resized(json!({ "width": 600 }), json!({ "format": "png" })), None);
        assert_eq!(resized(json!({ "width": 600, "filter": "nearest" }), plain()), None);
        // Used otherwise as well.
        let twice = vec![
            input("in"),
            action("small", "resize", json!({ "width": 600 })),
            action("smaller", "resize", json!({ "width": 300 })),
        ];
        assert_eq!(scaled_on_the_way(twice, &[("in", "small"), ("in", "smaller")], &bytes), None);
        let first =
            vec![input("in"), action("flip", "flip", json!({})), action("small", "resize", json!({ "width": 600 }))];
        assert_eq!(scaled_on_the_way(first, &[("in", "flip"), ("flip", "small")], &bytes), None);
    }

    #[test]
    fn the_thumbnail_of_a_picture_that_is_distorted_on_the_way_is_not() {
        let (plan, _, _) = watched(document(
            vec![input("in"), action("resize", "resize", json!({ "mode": "exact", "width": 300, "height": 700 }))],
            &[("in", "resize")],
        ));
        let produced = run(&plan, &jpeg(1200, 800), "a.jpg");
        let size = |bytes: &[u8]| codecs::probe(bytes, "thumbnail").expect("a picture").size;
        assert_eq!(produced.outputs[0].size, Size::new(300, 700));
        assert_eq!(size(&produced.input_thumbnail.expect("a thumbnail").bytes), Size::new(256, 171));
        assert_eq!(size(&produced.output_thumbnail.expect("a thumbnail").bytes), Size::new(110, 256));
    }

    #[test]
    fn how_small_a_picture_is_decoded_depends_on_what_becomes_of_its_chroma() {
        // Only the header counts.
        let mut bytes = jpeg(64, 48);
        let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("a frame");
        bytes[frame + 5..frame + 9].copy_from_slice(&[3000_u16.to_be_bytes(), 4000_u16.to_be_bytes()].concat());
        let header = codecs::probe(&bytes, "a.jpg").expect("a header");
        assert_eq!(header.size, Size::new(4000, 3000));
        let least = |width: u32, quality: u32| {
            let (plan, ..) = watched(document(
                vec![
                    input("in"),
                    action("small", "resize", json!({ "width": width })),
                    action("save", "output", json!({ "quality": quality })),
                ],
                &[("in", "small"), ("small", "save")],
            ));
            let choice = plan.choose(&[Some(header.clone())]).expect("a choice");
            let decode = choice.decode.values().next().expect("a source");
            (decode.at_least, decode.chroma_at_least)
        };
        let sizes = |luma: (u32, u32), chroma: (u32, u32)| (Size::new(luma.0, luma.1), Size::new(chroma.0, chroma.1));
        let full = sizes((4000, 3000), (4000, 3000));
        // Shrunk by 2.5, 6 and 14.
        assert_eq!(least(1601, 80), full);
        assert_eq!(least(1600, 80), sizes((2000, 1500), (1000, 750)));
        assert_eq!(least(667, 80), sizes((2000, 1500), (417, 312)));
        assert_eq!(least(666, 80), sizes((1000, 750), (499, 375)));
        assert_eq!(least(285, 80), sizes((500, 375), (250, 187)));
        // By 4, 12 and 32, and chroma as often as luma.
        assert_eq!(least(1001, 95), full);
        assert_eq!(least(1000, 95), sizes((2000, 1500), (2000, 1500)));
        assert_eq!(least(333, 95), sizes((1000, 750), (999, 750)));
        assert_eq!(least(124, 95), sizes((500, 375), (496, 372)));
    }

    #[test]
    fn after_an_edit_only_what_depends_on_it_runs_again() {
        let steps = RefCell::new(Steps::new(1 << 24));
        let bytes = png(40, 30, false);
        let document = |blur: f64, flip: &str, quality: u32, address: &str| {
            let images = json!([{ "name": "a.png", "sourceUrl": address }]);
            let actions = vec![
                action("in", "input-images", json!({ "images": images })),
                action("soft", "gaussian-blur", json!({ "sigma": blur })),
                action("turned", "flip", json!({ "direction": flip })),
                action("gray", "grayscale", json!({})),
                action("one", "output", json!({ "format": "jpeg", "quality": quality })),
                action("two", "output", json!({ "format": "png", "name": "{name}-two.{ext}" })),
            ];
            let edges = [("in", "soft"), ("soft", "turned"), ("turned", "one"), ("soft", "gray"), ("gray", "two")];
            document(actions, &edges)
        };
        // What ran, after a check that the results are those of a run without anything kept.
        let ran = |document: Value| -> Vec<String> {
            let (plan, log, _) = watched(document);
            let source = [Source { name: "a.png", folder: "", bytes: (&bytes).into() }];
            let results = |services: Services<'_>| {
                let produced = plan.run(0, &source, services).unwrap_or_else(|failure| panic!("{failure:?}"));
                let outputs = produced.outputs.into_iter().map(|one| (one.name, one.size, one.encoded.bytes));
                outputs.collect::<Vec<_>>()
            };
            let kept = results(Services { steps: Some(&steps), ..Services::default() });
            let ran = log.lock().expect("no panic").iter().map(|(id, _)| id.clone()).collect();
            assert_eq!(kept, results(Services::default()));
            ran
        };
        let sorted = |document: Value| {
            let mut ran = ran(document);
            ran.sort();
            ran
        };
        assert_eq!(sorted(document(2.0, "horizontal", 80, "asset:1")), ["gray", "soft", "turned"]);
        assert_eq!(ran(document(2.0, "horizontal", 80, "asset:1")), [""; 0], "nothing has changed");
        assert_eq!(ran(document(2.0, "vertical", 80, "asset:1")), ["turned"]);
        assert_eq!(ran(document(2.0, "vertical", 40, "asset:1")), [""; 0], "only written again");
        assert_eq!(sorted(document(3.0, "vertical", 40, "asset:1")), ["gray", "soft", "turned"]);
        assert_eq!(ran(document(2.0, "horizontal", 80, "asset:1")), [""; 0], "an edit is undone");
        assert_eq!(ran(document(2.0, "horizontal", 80, "asset:2")).len(), 3, "another picture");
        let changing = "https://pictures.example/a.png";
        assert_eq!(ran(document(2.0, "horizontal", 80, changing)).len(), 3);
        assert_eq!(ran(document(2.0, "horizontal", 80, changing)).len(), 3, "what an address leads to may change");
        steps.replace(Steps::new(100));
        assert_eq!(ran(document(2.0, "horizontal", 80, "asset:1")).len(), 3);
        assert_eq!(ran(document(2.0, "horizontal", 80, "asset:1")).len(), 3, "there is no room to keep anything");
    }

    #[test]
    fn what_nodes_noticed_is_said_again_though_they_do_not_run() {
        let bytes = include_bytes!("../../tests/data/field/gif-animated.gif").as_slice();
        let steps = RefCell::new(Steps::new(1 << 24));
        let warnings = |name: &str, quality: u32, turn: &str| {
            let images = json!([{ "name": name, "sourceUrl": "asset:1" }]);
            let (plan, ..) = watched(document(
                vec![
                    action("in", "input-images", json!({ "images": images })),
                    action("turned", "flip", json!({ "direction": turn })),
                    action("save", "output", json!({ "format": "jpeg", "quality": quality })),
                ],
                &[("in", "turned"), ("turned", "save")],
            ));
            let source = [Source { name, folder: "", bytes: bytes.into() }];
            let produced = plan.run(0, &source, Services { steps: Some(&steps), ..Services::default() });
            produced.unwrap_or_else(|failure| panic!("{failure:?}")).warnings
        };
        let first = warnings("a.gif", 80, "horizontal");
        assert_eq!(first.len(), 1, "{first:?}");
        assert_eq!(warnings("a.gif", 80, "horizontal"), first);
        assert_eq!(warnings("a.gif", 70, "horizontal"), first);
        assert_eq!(warnings("a.gif", 70, "vertical"), first);
        let other = warnings("copy.gif", 70, "vertical");
        assert!(other[0].message.contains("copy.gif"), "{other:?}");
    }
}
