//! Answers of web services.

use crate::template::Filler;

const SHAPES: [&str; 12] = [
    "json.user",
    "json.issue",
    "json.product",
    "json.reading",
    "json.geo",
    "json.order",
    "json.search",
    "json.commit",
    "json.media",
    "json.schema",
    "json.rpc",
    "json.rpc",
];

/// A list of items of one shape as a service sends it (compact, indented, or one item a line), or one message.
pub(crate) fn document(filler: &mut Filler) -> String {
    let shape = *filler.rng().pick(&SHAPES);
    if shape == "json.rpc" {
        return filler.entry(shape);
    }
    let count = filler.rng().between(1, 7);
    let items: Vec<_> = (0..count).map(|_| filler.entry(shape)).collect();
    let list = items.join(",");
    match filler.rng().below(6) {
        0 => items.join("\n"),
        1 => indented(&items[0]),
        2 => format!("[{list}]"),
        3 => indented(&filler.fill(&format!(
            "{{\"page\":«#n 1 9»,\"per_page\":«#n 10 100»,\"total\":«#n 100 9000»,\"items\":[{list}],\"next\":\"/v2/«place_slug»?after=«#id 16»\"}}"
        ))),
        4 => indented(&format!("[{list}]")),
        _ => filler.fill(&format!("{{\"ok\":true,\"data\":[{list}],\"meta\":{{\"request_id\":\"«#uuid»\",\"took_ms\":«#n 1 400»}}}}")),
    }
}

/// The same JSON with an indent of two, as `JSON.stringify(value, null, 2)` writes it.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    let mut rest = json.chars().peekable();
    while let Some(c) = rest.next() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                if matches!(rest.peek(), Some('}' | ']')) {
                    continue;
                }
                depth += 1;
                line(&mut out, depth);
            }
            '}' | ']' => {
                if !out.ends_with(['{', '[']) {
                    depth -= 1;
                    line(&mut out, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                in_string = c == '"';
                out.push(c);
            }
        }
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn only_space_is_added() {
        let json = r#"{"a":[1,{"b":"x,\"{:y}\\"}],"c":[],"d":{}}"#;
        let expected = "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x,\\\"{:y}\\\\\"\n    }\n  ],\n  \"c\": [],\n  \"d\": {}\n}";
        assert_eq!(indented(json), expected);
    }
}
