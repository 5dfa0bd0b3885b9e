//! Printed pages: A4 with headings, text, addresses side by side, facts and tables that go on over many pages, as PDF. It
//! knows no business.
//!
//! Text can be searched and copied, in every language that Liberation Sans has letters for (Latin, Greek and Cyrillic ones);
//! of others an empty box is drawn, and the text is still there. Letters follow each other from left to right as they are:
//! scripts that join or turn them are not set. The same input gives the same bytes: nothing reads a clock.
mod file;
mod font;
mod numerals;
mod table;

pub use numerals::Numerals;
pub use table::{Align, Carried, Column, Kind, Row, Table, Width};

use file::{Drawing, File, Ink};
use font::{Length, POINT, Weight};

/// A4, in thousandths of a point.
const SHORT: Length = 595_276;
const LONG: Length = 841_890;
const MARGIN: Length = 51 * POINT;
const BODY: Length = 9 * POINT;
const SMALL: Length = 7 * POINT;
/// What a line takes, in hundredths of its size.
const LEADING: Length = 130;
/// Between things that stand side by side.
const GUTTER: Length = 18 * POINT;

/// What holds for all pages.
#[derive(Clone, Debug)]
pub struct Setup {
    /// What the document is called: in the window, and above each page but the first.
    pub title: String,
    /// The language of its text (BCP 47): `en`, `ro`.
    pub language: &'static str,
    /// How its numbers are written, by which decimals are put beneath each other.
    pub numerals: Numerals,
    /// Whether pages lie on their longer side.
    pub landscape: bool,
    /// What stands at the foot of each page, left of its number.
    pub footer: Vec<String>,
}

/// A label and what it stands for: `Due date`, `2026-04-30`.
pub type Fact = (String, String);

/// A document that is being written, from the top of its first page on. What is full is turned.
///
/// ```
/// use paper::{Align, Column, Numerals, Paper, Row, Setup, Table, Width};
/// let setup = Setup { title: "Invoice INV-1".into(), language: "en", numerals: Numerals::ENGLISH, landscape: false, footer: vec![] };
/// let mut paper = Paper::new(setup);
/// paper.title("Invoice INV-1");
/// paper.side_by_side(&[("Seller", "Atelier SRL\nStr. Lungă 1"), ("Buyer", "Ion Țiriac\nStr. Scurtă 2")]);
/// paper.table(&Table {
///     columns: vec![Column::new("Item", Width::Share(1), Align::Left), Column::new("Amount", Width::Fit, Align::Decimal)],
///     rows: vec![Row::plain(["Chairs", "1,200.00"]), Row::total(["Total", "1,200.00"])],
/// });
/// assert!(paper.finish().starts_with(b"%PDF-1.7"));
/// ```
pub struct Paper {
    setup: Setup,
    file: File,
    drawing: Drawing,
    /// How far below the upper edge the next thing begins.
    y: Length,
}

impl Paper {
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let (width, height) = if setup.landscape { (LONG, SHORT) } else { (SHORT, LONG) };
        Self { setup, file: File::new(width, height), drawing: Drawing::new(), y: MARGIN }
    }

    /// The name of the document, large.
    pub fn title(&mut self, text: &str) {
        self.flow((Weight::Bold, 16 * POINT, Ink::Black), text);
        self.space(8);
    }

    /// What the next part is called. It doesn't stand alone at the foot of a page.
    pub fn heading(&mut self, text: &str) {
        self.space(8);
        self.keep(60 * POINT);
        self.flow((Weight::Bold, 11 * POINT, Ink::Black), text);
        self.space(3);
    }

    /// Text, in lines as long as the page is wide; lines that it has of its own are kept.
    pub fn text(&mut self, text: &str) {
        self.flow((Weight::Regular, BODY, Ink::Black), text);
        self.space(4);
    }

    /// Text that is there to be looked up, small.
    pub fn note(&mut self, text: &str) {
        self.flow((Weight::Regular, SMALL, Ink::Grey), text);
        self.space(3);
    }

    /// Empty space of so many points; none at the top of a page.
    pub fn space(&mut self, points: u16) {
        if self.y > MARGIN {
            self.y += Length::from(points) * POINT;
        }
    }

    /// Blocks of the same width side by side, each a label and its lines: addresses.
    pub fn side_by_side(&mut self, blocks: &[(&str, &str)]) {
        let count = Length::try_from(blocks.len()).unwrap_or(1).max(1);
        let width = (self.inner() - GUTTER * (count - 1)) / count;
        let cells: Vec<Vec<(Style, String)>> = blocks
            .iter()
            .map(|(label, lines)| {
                let label = self.broken((Weight::Regular, SMALL, Ink::Grey), label, width);
                let lines = self.broken((Weight::Regular, BODY, Ink::Black), lines, width);
                label.into_iter().chain(lines).collect()
            })
            .collect();
        for line in 0..cells.iter().map(Vec::len).max().unwrap_or_default() {
            self.keep(leading(BODY));
            let mut x = MARGIN;
            for cell in &cells {
                if let Some((style, text)) = cell.get(line) {
                    self.write(*style, x, text);
                }
                x += width + GUTTER;
            }
            self.y += leading(BODY);
        }
        self.space(8);
    }

    /// Labels and what they stand for, beneath each other.
    pub fn facts(&mut self, facts: &[Fact]) {
        let (label, value) = ((Weight::Regular, BODY, Ink::Grey), (Weight::Regular, BODY, Ink::Black));
        let widest = facts.iter().map(|(name, _)| self.file.font(label.0).width(name, BODY)).max();
        let indent = (widest.unwrap_or_default() + GUTTER).min(self.inner() / 2);
        let width = self.inner() - indent;
        for (name, text) in facts {
            let names = self.broken(label, name, indent - GUTTER);
            let values = self.broken(value, text, width);
            for line in 0..names.len().max(values.len()) {
                self.keep(leading(BODY));
                for (x, lines) in [(MARGIN, &names), (MARGIN + indent, &values)] {
                    if let Some((style, text)) = lines.get(line) {
                        self.write(*style, x, text);
                    }
                }
                self.y += leading(BODY);
            }
        }
        self.space(6);
    }

    /// A table; its header stands on each page that it goes on to.
    pub fn table(&mut self, table: &Table) {
        table::draw(self, table, None);
        self.space(8);
    }

    /// The same, with what the rows come to so far at the foot of each page and at the head of the next.
    pub fn table_with_sums(&mut self, table: &Table, carried: &Carried) {
        table::draw(self, table, Some(carried));
        self.space(8);
    }

    /// The document, with the number of each page and of all.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.turn();
        let Self { setup, file, .. } = self;
        let pages = file.pages();
        file.finish(&setup.title, setup.language, |file, index| {
            let mut drawing = Drawing::new();
            let style = (Weight::Regular, SMALL, Ink::Grey);
            let foot = file.height - MARGIN;
            let number = format!("{} / {pages}", index + 1);
            let right = file.width - MARGIN - file.font(style.0).width(&number, SMALL);
            file.rule(&mut drawing, Ink::Faint, MARGIN, file.width - MARGIN, foot - leading(SMALL));
            for (line, text) in (0..).zip(&setup.footer) {
                file.text(&mut drawing, style, MARGIN, foot + leading(SMALL) * line, text);
            }
            file.text(&mut drawing, style, right, foot, &number);
            if index > 0 {
                file.text(&mut drawing, style, MARGIN, MARGIN - leading(SMALL), &setup.title);
            }
            drawing
        })
    }

    fn flow(&mut self, style: Style, text: &str) {
        for (style, line) in self.broken(style, text, self.inner()) {
            self.keep(leading(style.1));
            self.write(style, MARGIN, &line);
            self.y += leading(style.1);
        }
    }

    fn broken(&mut self, style: Style, text: &str, width: Length) -> Vec<(Style, String)> {
        let lines = self.file.font(style.0).lines(text, style.1, width);
        lines.into_iter().map(|line| (style, line)).collect()
    }

    /// Writes a line of text whose upper edge is where the next thing begins.
    fn write(&mut self, style: Style, x: Length, text: &str) {
        self.file.text(&mut self.drawing, style, x, self.y + style.1, text);
    }

    /// Where a page ends for what is written on it.
    fn bottom(&self) -> Length {
        self.file.height - MARGIN - leading(SMALL) * 2
    }

    /// How wide a page is for what is written on it.
    fn inner(&self) -> Length {
        self.file.width - MARGIN * 2
    }

    /// Turns the page where so much doesn't fit any more; answers whether it did.
    fn keep(&mut self, height: Length) -> bool {
        let is_full = !self.has_room(height);
        if is_full {
            self.turn();
        }
        is_full
    }

    /// Whether so much fits below what is written, or nothing is written yet.
    fn has_room(&self, height: Length) -> bool {
        self.y + height <= self.bottom() || self.y <= MARGIN
    }

    fn turn(&mut self) {
        let drawn = std::mem::replace(&mut self.drawing, Drawing::new());
        self.file.page(drawn);
        self.y = MARGIN;
    }
}

/// Weight, size, ink.
type Style = (Weight, Length, Ink);

fn leading(size: Length) -> Length {
    size * LEADING / 100
}
