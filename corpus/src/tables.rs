//! Tables and settings.

use crate::template::Filler;

const SHAPES: [&str; 10] = [
    "csv.people",
    "csv.sales",
    "csv.readings",
    "md.plants",
    "md.machines",
    "md.fixtures",
    "tsv.words",
    "box.stock",
    "ini.settings",
    "bib.entry",
];

/// One table, with a sentence before it where people write one.
pub(crate) fn document(filler: &mut Filler) -> String {
    let shape = *filler.rng().pick(&SHAPES);
    let table = filler.entry(shape);
    if shape.starts_with("md.") && filler.rng().one_in(2) {
        let before = filler.entry("sentence");
        return format!("{before}\n\n{table}");
    }
    table
}
