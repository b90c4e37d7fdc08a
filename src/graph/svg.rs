//! The picture as SVG, in the reader's light or dark.

use mendline_engine::core::Program;

use super::layout::{Layout, lay_out};
use super::{Edge, Look, Node, picture};

const WIDTH: usize = 250;
const GAP_X: usize = 56;
const GAP_Y: usize = 46;
const LINE: usize = 17;
const PAD: usize = 12;
/// Characters that fit on one line of a box at 13 pixels.
const CHARS_MAX: usize = 33;
/// Lines of one text before it is cut; the whole stands in the box's title.
const LINES_MAX: usize = 4;

const STYLE: &str = "\
svg{font:13px system-ui,sans-serif;background:#fbfaf7}\
text{fill:#22242a}.h{font-weight:600}.l{font-size:12px;fill:#4d5058}\
rect{fill:#fff;stroke:#b9bcc4;stroke-width:1.2}\
.ask rect{fill:#eaf1fb;stroke:#4a78b5}.decide rect{fill:#fdf2dc;stroke:#b98018;stroke-width:2}\
.say rect{fill:#f3f3f0;stroke:#c9c9c2}.person rect{fill:#f6ebf7;stroke:#93589b}\
.good rect{fill:#e4f4e6;stroke:#3d8b4a}.end rect{fill:#ececec;stroke:#8a8a8a}\
path{fill:none;stroke:#8b8f99;stroke-width:1.3}.a{fill:#8b8f99;stroke:none}\
.b{fill:#fbfaf7;stroke:none}\
@media(prefers-color-scheme:dark){svg{background:#1b1d22}text{fill:#e8e8e6}.l{fill:#b6b9c1}\
rect{fill:#26292f;stroke:#5b606b}.ask rect{fill:#1f3049;stroke:#6d9bdb}\
.decide rect{fill:#40320f;stroke:#dba73e}.say rect{fill:#24262b;stroke:#4a4d55}\
.person rect{fill:#38233b;stroke:#b97fc1}.good rect{fill:#1d3a23;stroke:#5fb06c}\
.end rect{fill:#2b2c2f;stroke:#7a7a7a}.b{fill:#1b1d22}}";

/// Draws a flow.
pub fn svg(program: &Program) -> String {
    let (nodes, edges) = picture(program);
    let layout = lay_out(&nodes, &edges);
    let boxes: Vec<_> = nodes.iter().map(|it| (it, lines_of(it))).collect();
    let tops = tops(&boxes, &layout);
    let width = layout.columns * (WIDTH + GAP_X) + GAP_X;
    let height = tops.last().copied().unwrap_or(GAP_Y);
    let title = escape(&program.flow.replace('_', " "));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"The flow {title}\">\n\
         <style>{STYLE}</style>\n<defs><marker id=\"t\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" \
         markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path class=\"a\" d=\"M0 0 8 4 0 8z\"/>\
         </marker></defs>\n"
    );
    let place = |pc: usize| {
        let (row, column) = layout.at[&pc];
        (GAP_X + column * (WIDTH + GAP_X), tops[row])
    };
    let height_of = |pc: usize| {
        boxes.iter().find(|(it, _)| it.pc == pc).map_or(0, |(_, lines)| box_height(lines))
    };
    for edge in &edges {
        out += &arrow(
            edge,
            place(edge.from),
            height_of(edge.from),
            place(edge.to),
            height_of(edge.to),
        );
    }
    for (node, lines) in &boxes {
        out += &draw(node, lines, place(node.pc));
    }
    out + "</svg>\n"
}

/// The top of each row, and after the last one the height of the whole.
fn tops(boxes: &[(&Node, Vec<String>)], layout: &Layout) -> Vec<usize> {
    let rows = layout.at.values().map(|(row, _)| row + 1).max().unwrap_or(0);
    let mut tops = vec![GAP_Y / 2];
    for row in 0..rows {
        let inside = boxes.iter().filter(|(it, _)| layout.at[&it.pc].0 == row);
        let tallest = inside.map(|(_, lines)| box_height(lines)).max().unwrap_or(0);
        tops.push(tops[row] + tallest + GAP_Y);
    }
    tops
}

fn box_height(lines: &[String]) -> usize {
    2 * PAD + LINE * (1 + lines.len())
}

fn lines_of(node: &Node) -> Vec<String> {
    node.body.iter().flat_map(|it| wrap(it)).collect()
}

fn wrap(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= CHARS_MAX => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > LINES_MAX {
        lines.truncate(LINES_MAX);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

fn draw(node: &Node, lines: &[String], (x, y): (usize, usize)) -> String {
    let class = match node.look {
        Look::Ask => "ask",
        Look::Decide => "decide",
        Look::Say => "say",
        Look::Do => "do",
        Look::Person => "person",
        Look::Good => "good",
        Look::End => "end",
    };
    let round = if matches!(node.look, Look::Good | Look::End) { 18 } else { 6 };
    let height = box_height(lines);
    let whole = escape(&node.body.join("\n"));
    let mut out = format!(
        "<g class=\"{class}\"><title>{whole}</title><rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" \
         height=\"{height}\" rx=\"{round}\"/><text class=\"h\" x=\"{}\" y=\"{}\">{}</text>",
        x + PAD,
        y + PAD + LINE - 4,
        escape(&node.head)
    );
    for (index, line) in lines.iter().enumerate() {
        let (x, y) = (x + PAD, y + PAD + LINE * (index + 2) - 4);
        out += &format!("<text x=\"{x}\" y=\"{y}\">{}</text>", escape(line));
    }
    out + "</g>\n"
}

/// Down from the middle, across between the rows, down to the middle. Back up: along the left.
fn arrow(
    edge: &Edge,
    (x, y): (usize, usize),
    height: usize,
    (to_x, to_y): (usize, usize),
    to_height: usize,
) -> String {
    let (from_x, from_y) = (x + WIDTH / 2, y + height);
    let path = if to_y > y {
        let middle = if to_x == x { from_y } else { to_y - GAP_Y / 2 };
        format!("M{from_x} {from_y}V{middle}H{}V{}", to_x + WIDTH / 2, to_y - 2)
    } else {
        let side = to_x + WIDTH;
        let lane = side + GAP_X / 2;
        let aim = to_y + to_height / 2;
        format!("M{x} {}H{}V{aim}H{}", y + height / 2, lane.min(x.saturating_sub(10)), side + 2)
    };
    let mut out = format!("<path d=\"{path}\" marker-end=\"url(#t)\"/>\n");
    if !edge.label.is_empty() {
        let label = escape(&edge.label);
        let (lx, ly) = if to_y > y && to_x == x {
            (from_x + 6, from_y + 16)
        } else if to_y > y {
            (to_x + WIDTH / 2 + 6, to_y - 8)
        } else {
            (x.saturating_sub(GAP_X - 4), y + height / 2 - 6)
        };
        out += &format!("<text class=\"l\" x=\"{lx}\" y=\"{ly}\">{label}</text>\n");
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
