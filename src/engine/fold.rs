//! Conditions: what is known of the picture that reaches one, and the plan that is left once some are decided. What files
//! say about themselves is enough for most of them: what they leave out is then no part of the plan, which chooses as if the
//! conditions and the branches that are not taken were not in the workflow. Where pixels decide a size that a
//! condition asks for, the run decides ([`Branches`]).

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use super::graph::{Graph, GraphNode, GraphOutput};
use super::plan::Plan;
use super::run::{Source, sha256_of};
use crate::actions::context::About;
use crate::actions::sequence::Moment;
use crate::codecs::{self, Decoders, FrameReader, Header, Metadata};
use crate::expression::{Expression, Fact, Value};
use crate::image::{Representation, Size};

/// What the conditions of a plan have decided.
#[derive(Clone)]
pub(super) struct Branches {
    /// For each node that is a condition: the output port by which the picture goes on, once that is decided.
    taken: Vec<Option<usize>>,
    /// For each node, whether a result still may need it.
    live: Vec<bool>,
    /// The condition that was decided last.
    last: Option<usize>,
}

impl Branches {
    /// Nothing is decided yet.
    pub(super) fn open(graph: &Graph) -> Self {
        Self { taken: vec![None; graph.nodes.len()], live: vec![true; graph.nodes.len()], last: None }
    }

    /// By which port a condition leads its picture on, once that is decided.
    pub(super) fn taken(&self, node: usize) -> Option<usize> {
        self.taken[node]
    }

    /// The condition that has left nothing to do, if one has.
    pub(super) fn dead_end<'a>(&self, graph: &'a Graph) -> Option<&'a str> {
        let last = self.last.filter(|_| !graph.outputs.iter().any(|output| self.reaches(output)))?;
        Some(&graph.nodes[last].action_id)
    }

    /// Whether a result still may need a node.
    pub(super) fn needs(&self, node: usize) -> bool {
        self.live[node]
    }

    /// Whether a picture still may reach an output.
    pub(super) fn reaches(&self, output: &GraphOutput) -> bool {
        self.live[output.node] && self.leads(output.node, output.port)
    }

    /// Whether a picture still may leave a node by a port.
    fn leads(&self, node: usize, port: usize) -> bool {
        self.taken[node].is_none_or(|taken| taken == port)
    }

    /// Decides a condition, and what is not needed any more.
    pub(super) fn decide(&mut self, graph: &Graph, node: usize, holds: bool) {
        (self.taken[node], self.last) = (Some(if holds { 0 } else { 1 }), Some(node));
        // Forwards: what gets no picture at one of its inputs does not run.
        let mut gets: Vec<bool> = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            let mut inputs = node.inputs.iter().flatten();
            gets.push(inputs.all(|&(before, port)| gets[before] && self.leads(before, port)));
        }
        // Backwards: what leads to nothing that runs need not run either.
        self.live = vec![false; graph.nodes.len()];
        for output in &graph.outputs {
            self.live[output.node] |= gets[output.node] && self.leads(output.node, output.port);
        }
        for index in (0..graph.nodes.len()).rev().filter(|index| gets[*index]) {
            if self.live[index] {
                graph.nodes[index].inputs.iter().flatten().for_each(|(before, _)| self.live[*before] = true);
            }
        }
    }
}

/// What is known of the pictures of an execution before it runs. Files are read no further than a condition asks.
pub(super) struct Known<'a> {
    plan: &'a Plan,
    files: Vec<Option<Source<'a>>>,
    headers: Vec<OnceCell<Option<Header>>>,
    metadata: OnceCell<Metadata>,
    /// Those of the host, if it has loaded any.
    decoders: Option<&'a dyn Decoders>,
}

impl<'a> Known<'a> {
    pub(super) fn of(plan: &'a Plan, files: Vec<Option<Source<'a>>>, decoders: Option<&'a dyn Decoders>) -> Self {
        let headers = files.iter().map(|_| OnceCell::new()).collect();
        Self { plan, files, headers, metadata: OnceCell::new(), decoders }
    }

    /// Whether a condition holds; `size` is that of its picture, if the run has made it. `None` if that is not known yet,
    /// or if something fails, which the run then says.
    pub(super) fn holds(&self, node: usize, condition: &Expression, size: Option<Size>) -> Option<bool> {
        let primary = self.files[self.plan.graph.primary];
        let hash = || sha256_of(primary);
        let about = About { hash: &hash, ..self.plan.about(primary) };
        condition.holds(&|fact| self.tell(node, fact, size), &|placeholder| about.value(placeholder))
    }

    fn tell(&self, node: usize, fact: Fact, size: Option<Size>) -> Option<Value> {
        let primary = self.plan.graph.primary;
        let file = || self.files[primary];
        let size = || size.or_else(|| self.size(node));
        let text = |text: Option<String>| Value::Text(text.unwrap_or_default());
        Some(match fact {
            Fact::Width => Value::Number(f64::from(size()?.width)),
            Fact::Height => Value::Number(f64::from(size()?.height)),
            Fact::Ratio => {
                let size = size()?;
                Value::Number(f64::from(size.width) / f64::from(size.height))
            }
            Fact::Megapixels => Value::Number(size()?.pixels() as f64 / 1e6),
            Fact::Alpha => Value::Flag(self.has_alpha(node)?),
            Fact::Frames => Value::Number(self.frames(node)? as f64),
            Fact::Format => Value::Text(self.header(primary)?.format.name().to_owned()),
            Fact::Name => Value::Text(file()?.name.to_owned()),
            Fact::Bytes => Value::Number(file()?.bytes.len() as f64),
            Fact::Camera => text(self.metadata()?.camera()),
            Fact::Date => text(self.metadata()?.day()),
            Fact::Index => Value::Number(f64::from(self.plan.index)),
            Fact::Count => Value::Number(f64::from(self.plan.run.count)),
        })
    }

    fn header(&self, source: usize) -> Option<&Header> {
        let probe = || self.files[source].and_then(|file| codecs::probe(file.bytes, file.name).ok());
        self.headers[source].get_or_init(probe).as_ref()
    }

    fn metadata(&self) -> Option<&Metadata> {
        let primary = self.plan.graph.primary;
        let (file, header) = (self.files[primary]?, self.header(primary)?);
        Some(self.metadata.get_or_init(|| Metadata::of(file.bytes, header.format)))
    }

    /// The input of a node's picture, and the nodes from there to its first input, each with its output port.
    fn path(&self, node: usize) -> Option<(usize, Vec<(usize, usize)>)> {
        let nodes = &self.plan.graph.nodes;
        let mut path = Vec::new();
        let mut before = nodes[node].inputs.first().copied().flatten()?;
        loop {
            if let Some(source) = nodes[before.0].source {
                path.reverse();
                return Some((source, path));
            }
            path.push(before);
            before = nodes[before.0].inputs.first().copied().flatten()?;
        }
    }

    /// The size of the picture that reaches a node, unless pixels decide it.
    fn size(&self, node: usize) -> Option<Size> {
        let (source, path) = self.path(node)?;
        let upright = self.header(source)?.upright(self.plan.graph.sources[source].auto_orient);
        path.into_iter().try_fold(upright, |size, (node, _)| {
            let operation = self.plan.operations[node].as_ref().filter(|operation| !operation.finds_size())?;
            operation.output_size(size).ok()
        })
    }

    /// Whether the picture that reaches a node has an alpha channel by what it is made of, even if it is in another
    /// representation because that is cheaper.
    fn has_alpha(&self, node: usize) -> Option<bool> {
        let (source, path) = self.path(node)?;
        let of_file = if self.header(source)?.alpha { Representation::Rgba } else { Representation::Rgb };
        let picture = path.into_iter().try_fold(of_file, |picture, (node, port)| {
            let operation = self.plan.operations[node].as_ref()?;
            let taken = [picture, Representation::Rgb]
                .into_iter()
                .find(|one| picture.converts_to(*one) && operation.accepts().contains(*one));
            Some(operation.produces(port, taken.unwrap_or(Representation::Rgba)))
        })?;
        Some(picture.has_alpha())
    }

    /// How many frames the picture that reaches a node has. Only those of the primary input are run.
    fn frames(&self, node: usize) -> Option<usize> {
        let (source, path) = self.path(node)?;
        let header = self.header(source)?;
        let Some(animation) = header.animation.filter(|_| source == self.plan.graph.primary) else { return Some(1) };
        let operations = path.iter().filter_map(|(node, _)| self.plan.operations[*node].as_ref());
        let mut sequences = operations.filter_map(|operation| operation.sequence()).peekable();
        if let (None, Some(frames)) = (sequences.peek(), animation.frames) {
            return Some(frames as usize);
        }
        // Which frames are left depends on how long each is shown. A decoder that is not loaded yet is when the picture runs.
        let file = self.files[source]?;
        let mut reader = FrameReader::new(file.bytes, header, false, self.decoders, file.name).ok()??;
        let mut moments = Vec::new();
        while let Some(frame) = reader.next_frame().ok()? {
            moments.push(Moment { frame: moments.len(), delay: frame.delay });
        }
        // With none left, the run fails and says so.
        sequences
            .try_fold(moments, |moments, sequence| Some(sequence.shown(&moments)).filter(|left| !left.is_empty()))
            .map(|moments| moments.len())
    }
}

impl Graph {
    /// The same with its conditions first, each after what it needs, so that what they leave out has not run.
    pub(super) fn with_conditions_first(mut self) -> Self {
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut is_placed = vec![false; self.nodes.len()];
        for condition in (0..self.nodes.len()).filter(|index| self.nodes[*index].action.is_condition()) {
            let mut needed = vec![false; condition + 1];
            needed[condition] = true;
            for index in (0..=condition).rev().filter(|index| !is_placed[*index]) {
                if needed[index] {
                    self.nodes[index].inputs.iter().flatten().for_each(|(before, _)| needed[*before] = true);
                }
            }
            let new: Vec<usize> = (0..=condition).filter(|index| needed[*index] && !is_placed[*index]).collect();
            new.iter().for_each(|index| is_placed[*index] = true);
            order.extend(new);
        }
        order.extend((0..self.nodes.len()).filter(|index| !is_placed[*index]));
        let mut places = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, index)| places[*index] = place);
        let mut nodes: Vec<Option<GraphNode>> = std::mem::take(&mut self.nodes).into_iter().map(Some).collect();
        self.nodes = order.into_iter().filter_map(|index| nodes[index].take()).collect();
        let inputs = self.nodes.iter_mut().flat_map(|node| node.inputs.iter_mut().flatten());
        inputs.for_each(|(before, _)| *before = places[*before]);
        self.outputs.iter_mut().for_each(|output| output.node = places[output.node]);
        self
    }
}

impl Plan {
    /// What a node leads its picture on by, if it is a condition.
    pub(super) fn condition(&self, node: usize) -> Option<&Expression> {
        self.operations[node].as_ref()?.condition()
    }

    /// Whether the run has to decide something.
    pub(super) fn has_conditions(&self) -> bool {
        (0..self.operations.len()).any(|node| self.condition(node).is_some())
    }

    /// The plan for these files, which are in the order of `InputAsset::inputs`: without the conditions that what is known
    /// of them decides, and without what those leave out. It is what [`run`](Self::run) runs, so that a host that asks it
    /// learns what these pictures need.
    pub fn decided(&self, sources: &[Source<'_>]) -> Cow<'_, Self> {
        let mut branches = Branches::open(&self.graph);
        let mut known = None;
        for node in 0..self.graph.nodes.len() {
            let Some(condition) = self.condition(node).filter(|_| branches.needs(node)) else { continue };
            let known = known.get_or_insert_with(|| Known::of(self, self.given(sources), None));
            if let Some(holds) = known.holds(node, condition, None) {
                branches.decide(&self.graph, node, holds);
            }
        }
        let is_any = branches.taken.iter().any(Option::is_some);
        if is_any { Cow::Owned(self.without(&branches)) } else { Cow::Borrowed(self) }
    }

    /// Whether it uses the picture at a place of `InputAsset::inputs`.
    pub fn uses_input(&self, position: usize) -> bool {
        let source = self.graph.source_order().nth(position);
        source.is_some_and(|source| source == self.graph.primary || self.graph.reads(source))
    }

    /// The plan that is left of this one: what follows a condition that is decided follows the node before it.
    fn without(&self, branches: &Branches) -> Self {
        let graph = &self.graph;
        // Past conditions that are decided.
        let origin = |mut end: (usize, usize)| {
            while branches.taken[end.0].is_some()
                && let Some(before) = graph.nodes[end.0].inputs.first().copied().flatten()
            {
                end = before;
            }
            end
        };
        let mut places = vec![0; graph.nodes.len()];
        let (mut nodes, mut operations, mut passed) = (Vec::<GraphNode>::new(), Vec::new(), Vec::new());
        for (index, node) in graph.nodes.iter().enumerate().filter(|(index, _)| branches.live[*index]) {
            if branches.taken[index].is_some() {
                passed.push((node.action_id.clone(), places[origin((index, 0)).0]));
                continue;
            }
            places[index] = nodes.len();
            let mut node = node.clone();
            for end in node.inputs.iter_mut().flatten() {
                let (before, port) = origin(*end);
                *end = (places[before], port);
            }
            nodes.push(node);
            operations.push(self.operations[index].clone());
        }
        let reached = graph.outputs.iter().filter(|output| branches.reaches(output));
        let outputs = reached.map(|output| {
            let (node, port) = origin((output.node, output.port));
            GraphOutput { node: places[node], port, ..output.clone() }
        });
        let (outputs, dead_end) = (outputs.collect(), branches.dead_end(graph).map(str::to_owned));
        let (sources, primary) = (Arc::clone(&graph.sources), graph.primary);
        let rows = None;
        let graph = Graph { nodes, sources, primary, outputs, passed, dead_end, rows, params: graph.params.clone() };
        Self { graph: Arc::new(graph), operations, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::actions::{Context, Role, Stop, catalog, prepare};
    use crate::codecs::{EncodeRequest, Format};
    use crate::engine::plan::Choice;
    use crate::engine::{Produced, Services};
    use crate::image::convert::convert;
    use crate::image::{Image, Pixels};
    use crate::workflow::check;

    fn file(size: Size, format: Format, alpha: bool) -> Vec<u8> {
        let pixels = size.pixels() as usize;
        let pixels = if alpha { Pixels::Rgba(vec![90; 4 * pixels]) } else { Pixels::Rgb(vec![90; 3 * pixels]) };
        codecs::encode(Image::new(size, pixels), &EncodeRequest::new(format), None).unwrap().bytes
    }

    fn action(id: &str, kind: &str, parameters: Json) -> Json {
        json!({ "actionId": id, "actionType": kind, "parameters": parameters })
    }

    /// The inputs `photos` and `other`, these actions, and edges such as `size.then>small` and `other>mark.overlay`.
    fn plan(actions: &[Json], edges: &str) -> Plan {
        let image = json!({ "images": [{ "name": "a.jpg", "sourceUrl": "asset:1" }] });
        let mut all = vec![action("photos", "input-images", image.clone()), action("other", "input-images", image)];
        all.extend_from_slice(actions);
        let port = |end: &str, usual: &str| {
            let (id, port) = end.split_once('.').unwrap_or((end, usual));
            (id.to_owned(), port.to_owned())
        };
        let edges = edges.split_whitespace().map(|edge| {
            let (from, to) = edge.split_once('>').unwrap();
            let ((source, output), (target, input)) = (port(from, "outputs"), port(to, "input-images"));
            json!({ "connectionSource": source, "sourcePort": output, "connectionTarget": target, "targetPort": input })
        });
        let document = json!({ "metadata": {}, "actions": all, "connections": edges.collect::<Json>() });
        let (workflow, found) = check(&document);
        Plan::build(&workflow).unwrap_or_else(|_| panic!("{found:#?}"))
    }

    fn sources(file: &[u8]) -> [Source<'_>; 2] {
        [Source { name: "a.jpg", folder: "", bytes: file.into() }; 2]
    }

    fn choice(plan: &Plan, size: Size) -> Choice {
        let header = codecs::probe(&file(Size::new(8, 8), Format::Jpeg, false), "a.jpg").unwrap().with_size(size);
        plan.choose(&vec![Some(header); plan.graph.sources.len()]).unwrap()
    }

    /// The ids of nodes and outputs.
    fn ids(plan: &Plan) -> (Vec<&str>, Vec<&str>) {
        let nodes = plan.graph.nodes.iter().map(|node| node.action_id.as_str());
        (nodes.collect(), plan.graph.outputs.iter().map(|output| output.action_id.as_str()).collect())
    }

    #[test]
    fn what_is_decided_is_planned_as_if_nothing_else_were_there() {
        let steps = [
            action("small", "resize", json!({ "width": 900 })),
            action("sharp", "sharpen", json!({})),
            action("save", "output", json!({ "format": "jpeg", "quality": 80 })),
        ];
        // The other branch would need RGB, the whole picture and another input.
        let others = [
            action("square", "condition", json!({ "when": "width == height" })),
            action("mark", "watermark", json!({})),
            action("png", "output", json!({ "format": "png" })),
        ];
        let small = file(Size::new(8, 8), Format::Jpeg, false);
        for (with, without, streams) in [
            ("photos>square square.then>small small>save", "photos>small small>save", true),
            ("photos>square square.then>small small>sharp sharp>save", "photos>small small>sharp sharp>save", true),
            ("photos>small small>square square.then>save", "photos>small small>save", true),
            ("photos>square square.then>sharp sharp>save", "photos>sharp sharp>save", false),
        ] {
            let all = format!("{with} square.else>mark other>mark.overlay mark>png");
            let unused = |edges: &str| {
                let used = |step: &&Json| edges.contains(step["actionId"].as_str().unwrap());
                steps.iter().filter(used).cloned().collect::<Vec<_>>()
            };
            let branched = plan(&[unused(with), others.to_vec()].concat(), &all);
            let plain = plan(&unused(without), without);
            let sources = sources(&small);
            let folded = branched.decided(&sources);
            assert_eq!(ids(&folded), ids(&plain), "{with}");
            // As a photograph of twelve megapixels.
            let [one, other] = [&*folded, &plain].map(|plan| choice(plan, Size::new(4000, 3000)));
            assert_eq!((&one.sizes, &one.inputs, &one.decode), (&other.sizes, &other.inputs, &other.decode), "{with}");
            assert_eq!((&one.chroma, &one.waits), (&other.chroma, &other.waits), "{with}");
            let decode = one.decode[&0];
            assert_eq!((decode.representation, decode.scaling.is_some()), (Representation::Ycc, streams), "{with}");
            let whole = Size::new(4000, 3000);
            assert_eq!(decode.at_least, if streams { Size::new(2000, 1500) } else { whole }, "{with}");
            assert!(folded.uses_input(0) && !folded.uses_input(1) && branched.uses_input(1));
        }
    }

    #[test]
    fn only_what_is_reached_is_left() {
        let workflow = plan(
            &[
                action("wide", "condition", json!({ "when": "width >= 100" })),
                action("kind", "condition", json!({ "when": "format == 'jpeg'" })),
                action("flip", "flip", json!({})),
                action("mark", "watermark", json!({})),
                action("a", "output", json!({})),
                action("b", "output", json!({})),
                action("c", "output", json!({})),
                action("d", "output", json!({})),
            ],
            "photos>wide wide.then>flip flip>a wide.else>kind kind.then>b kind.else>c other>mark flip>mark.overlay mark>d",
        );
        let left = |width: u32, format: Format| {
            let file = file(Size::new(width, 8), format, false);
            let sources = sources(&file);
            let folded = workflow.decided(&sources);
            let (nodes, outputs) = ids(&folded);
            (nodes.join(" "), outputs.join(" "), folded.graph.dead_end.clone())
        };
        let told = |nodes: &str, outputs: &str| (nodes.to_owned(), outputs.to_owned(), None);
        assert_eq!(left(100, Format::Png), told("photos flip other mark", "a d"));
        assert_eq!(left(99, Format::Jpeg), told("photos", "b"));
        assert_eq!(left(99, Format::Png), told("photos", "c"));

        let sieve = plan(
            &[
                action("wide", "condition", json!({ "when": "width >= 100" })),
                action("kind", "condition", json!({ "when": "format == 'jpeg'" })),
                action("a", "output", json!({})),
            ],
            "photos>wide wide.then>kind kind.then>a",
        );
        let end = |width: u32, format: Format| {
            let file = file(Size::new(width, 8), format, false);
            let folded = sieve.decided(&sources(&file)).into_owned();
            (folded.graph.nodes.len(), folded.graph.dead_end.clone())
        };
        assert_eq!(end(100, Format::Jpeg), (1, None));
        assert_eq!(end(100, Format::Png), (0, Some("kind".to_owned())));
        assert_eq!(end(99, Format::Png), (0, Some("wide".to_owned())));
    }

    #[test]
    fn a_plan_without_conditions_is_itself() {
        let plan = plan(&[action("save", "output", json!({}))], "photos>save");
        let file = file(Size::new(8, 8), Format::Jpeg, false);
        assert!(matches!(plan.decided(&sources(&file)), Cow::Borrowed(_)));
    }

    #[test]
    fn alpha_is_what_steps_before_make_of_it() {
        let takes = |alpha: bool, step: &str, parameters: Json| {
            let steps = [
                action("it", step, parameters),
                action("clear", "condition", json!({ "when": "alpha" })),
                action("yes", "output", json!({})),
                action("no", "output", json!({})),
            ];
            let plan = plan(&steps, "photos>it it>clear clear.then>yes clear.else>no");
            let file = file(Size::new(8, 8), Format::Png, alpha);
            let folded = plan.decided(&sources(&file)).into_owned();
            folded.graph.outputs[0].action_id.clone()
        };
        assert_eq!([false, true].map(|alpha| takes(alpha, "flip", json!({}))), ["no", "yes"]);
        assert_eq!([false, true].map(|alpha| takes(alpha, "round-corners", json!({}))), ["yes", "yes"]);
        let pad = |color: &str| json!({ "width": 20, "height": 20, "color": color });
        assert_eq!([false, true].map(|alpha| takes(alpha, "pad", pad("#00000080"))), ["yes", "yes"]);
        assert_eq!([false, true].map(|alpha| takes(alpha, "pad", pad("#000000"))), ["no", "yes"]);
        let replaced = json!({ "mode": "replace", "method": "flat-backdrop" });
        assert_eq!([false, true].map(|alpha| takes(alpha, "remove-background", replaced.clone())), ["no", "no"]);
    }

    #[test]
    fn an_action_says_whether_pixels_decide_the_size_of_its_results() {
        // A dark box, a little tilted, in front of white.
        let size = Size::new(240, 160);
        let is_box = |x: f64, y: f64| (x - 120.0 + 0.06 * y).abs() < 60.0 && (y - 80.0 - 0.06 * x).abs() < 50.0;
        let pixels = (0..size.pixels() as usize).flat_map(|i| {
            let (x, y) = ((i % 240) as f64, (i / 240) as f64);
            if is_box(x, y) { [60, 90, 40] } else { [255; 3] }
        });
        let image = Image::new(size, Pixels::Rgb(pixels.collect()));
        let mut found = Vec::new();
        for action in catalog().iter().filter(|action| action.role == Role::Transform) {
            let raw = [json!({}), json!({ "trim": true }), json!({ "ratio": "1:1" }), json!({ "width": 100 })];
            let mut raw = raw.into_iter().filter_map(|raw| raw.as_object().cloned());
            let known = |name: &String| action.fields.iter().any(|field| field.name == name);
            let is_able = |raw: &serde_json::Map<String, Json>| {
                raw.keys().all(known)
                    && action.check(raw).is_empty()
                    && (action.action_type != "remove-background" || !raw.is_empty())
            };
            let Some(raw) = raw.find(is_able) else { continue };
            let operation = prepare(action.action_type, &raw).unwrap();
            let taken =
                [Representation::Rgb, Representation::Rgba].into_iter().find(|one| operation.accepts().contains(*one));
            let picture = || Some(convert(image.clone(), taken.unwrap()));
            let inputs = action.inputs.iter().map(|_| picture()).collect();
            let results = match operation.run(inputs, &Context::default()) {
                Ok(results) => results,
                Err(Stop::Failed(_) | Stop::NeedsModel(_) | Stop::NeedsServer(_) | Stop::NeedsEmoji) => continue,
            };
            let is_other = results[0].size != operation.output_size(size).unwrap();
            assert!(!is_other || operation.finds_size(), "{}", action.action_type);
            if operation.finds_size() {
                found.push(action.action_type);
                assert!(is_other, "{}", action.action_type);
            }
        }
        assert_eq!(found, ["subject-crop", "trim", "straighten", "remove-background"]);
    }

    /// A graph of still actions and conditions, each of which works on anything before it.
    fn any_graph() -> impl Strategy<Value = (Vec<Json>, String)> {
        let kinds = ["flip", "invert", "watermark", "width > 10", "height == 6", "not alpha", "output"];
        let node = (prop::sample::select(kinds.to_vec()), any::<prop::sample::Index>(), any::<prop::sample::Index>());
        prop::collection::vec(node, 2..12).prop_map(|nodes| {
            let (mut actions, mut edges) = (Vec::new(), String::new());
            let mut before = vec!["photos".to_owned(), "other".to_owned()];
            for (at, (kind, first, second)) in nodes.into_iter().enumerate() {
                let id = format!("n{at}");
                edges.push_str(&format!(" {}>{id}", first.get(&before)));
                match kind {
                    "watermark" => edges.push_str(&format!(" {}>{id}.overlay", second.get(&before))),
                    "flip" | "invert" | "output" => {}
                    _ => before.extend(["then", "else"].map(|port| format!("{id}.{port}"))),
                }
                let parameters = if kind == "output" { json!({ "format": "png" }) } else { json!({}) };
                actions.push(match kind {
                    "flip" | "invert" | "watermark" | "output" => action(&id, kind, parameters),
                    when => action(&id, "condition", json!({ "when": when })),
                });
                if ["flip", "invert", "watermark"].contains(&kind) {
                    before.push(id);
                }
            }
            actions.push(action("last", "output", json!({ "format": "png" })));
            edges.push_str(&format!(" {}>last", before[before.len() - 1]));
            (actions, edges)
        })
    }

    proptest! {
        #[test]
        fn plan_and_run_decide_alike((actions, edges) in any_graph()) {
            let plan = plan(&actions, &edges);
            let files = [Size::new(12, 5), Size::new(9, 6)].map(|size| file(size, Format::Png, size.width == 9));
            let asset = plan.graph.input_asset(0);
            let sources: Vec<_> = asset.inputs.iter().map(|input| {
                let bytes = &files[usize::from(input.action_id == "other")];
                Source { name: "a.png", folder: "", bytes: bytes.into() }
            }).collect();
            let told = |produced: Produced| {
                let outputs = produced.outputs.into_iter().map(|one| (one.action_id, one.encoded.bytes));
                let warnings = produced.warnings.into_iter().map(|warning| (warning.code, warning.action_id));
                let thumbnails = [produced.input_thumbnail, produced.output_thumbnail].map(|one| one.map(|one| one.bytes));
                (outputs.collect::<Vec<_>>(), warnings.collect::<Vec<_>>(), thumbnails)
            };
            let decided = plan.run(0, &sources, Services::default()).unwrap();
            let given = plan.files(&sources).unwrap();
            let headers = plan.headers(&given).unwrap();
            let undecided = plan.run_with(0, given, headers, None, Services::default()).unwrap();
            prop_assert_eq!(told(decided), told(undecided));
        }
    }
}
