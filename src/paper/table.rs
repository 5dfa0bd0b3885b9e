//! Tables: widths by what is in them, decimals beneath each other, totals that don't stand alone.
use crate::file::Ink;
use crate::font::{Length, POINT, Weight};
use crate::{MARGIN, Paper, leading};

/// Rows under headings.
#[derive(Clone, Debug)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    pub heading: String,
    pub width: Width,
    pub align: Align,
}

/// How wide a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// As wide as the widest of what is in it.
    Fit,
    /// So many parts of what the others leave.
    Share(u8),
}

/// Where the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
    /// Right, their decimal points beneath each other.
    Decimal,
}

/// A row of a table.
#[derive(Clone, Debug)]
pub struct Row {
    pub cells: Vec<String>,
    pub kind: Kind,
    /// How many steps the first cell is moved in.
    pub indent: u8,
}

/// What a row is among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    /// The name of what follows; it stays with that.
    Group,
    /// The sum of some rows; it stays with the last of them.
    Subtotal,
    /// The sum of all of them.
    Total,
}

impl Column {
    pub fn new(heading: impl Into<String>, width: Width, align: Align) -> Self {
        Self { heading: heading.into(), width, align }
    }
}

impl Row {
    pub fn new<T: Into<String>>(kind: Kind, indent: u8, cells: impl IntoIterator<Item = T>) -> Self {
        Self { cells: cells.into_iter().map(Into::into).collect(), kind, indent }
    }
    pub fn plain<T: Into<String>>(cells: impl IntoIterator<Item = T>) -> Self {
        Self::new(Kind::Plain, 0, cells)
    }
    pub fn total<T: Into<String>>(cells: impl IntoIterator<Item = T>) -> Self {
        Self::new(Kind::Total, 0, cells)
    }

    fn weight(&self) -> Weight {
        if self.kind == Kind::Plain { Weight::Regular } else { Weight::Bold }
    }
}

/// Sums that are carried from page to page, where a table goes on over several.
#[derive(Clone, Debug)]
pub struct Carried {
    /// What the sum is called at the foot of a page, and at the head of the next.
    pub forward: String,
    pub brought: String,
    /// The columns of these words and of the sum.
    pub words: usize,
    pub sum: usize,
    /// For each row, what those before it come to. Rows that have none are not summed.
    pub sums: Vec<String>,
}

impl Carried {
    /// The row that stands before this one, where a page ends between the two.
    fn row(&self, table: &Table, before: usize, words: &str) -> Option<Row> {
        let sum = self.sums.get(before).filter(|_| before > 0)?;
        let cell = |column: usize| {
            if column == self.words {
                words
            } else if column == self.sum {
                sum
            } else {
                ""
            }
        };
        Some(Row::new(Kind::Subtotal, 0, (0..table.columns.len()).map(cell)))
    }
}

/// Sizes of letters that are tried until the columns fit on the page.
const SIZES: [Length; 4] = [8 * POINT, 7 * POINT, 6 * POINT, 5 * POINT];
/// The least that a share of the rest is given.
const LEAST_SHARE: Length = 90 * POINT;
/// Between two columns.
const GAP: Length = 11 * POINT;
const INDENT: Length = 9 * POINT;
/// Above and below the text of a row.
const PADDING: Length = POINT + POINT / 2;

/// Rows that are kept on one page at the most.
const MOST_TOGETHER: usize = 50;

/// How the table is set: sizes and places of its columns.
struct Layout {
    size: Length,
    places: Vec<Place>,
}

/// A column on the page.
struct Place {
    x: Length,
    width: Length,
    /// What the widest decimals take, with the point.
    decimals: Length,
}

/// A row in lines.
struct Lines {
    cells: Vec<Vec<String>>,
    count: usize,
}

pub(crate) fn draw(paper: &mut Paper, table: &Table, carried: Option<&Carried>) {
    let layout = lay_out(paper, table);
    let headings = Row::new(Kind::Group, 0, table.columns.iter().map(|column| column.heading.clone()));
    let header = broken(paper, table, &layout, &headings);
    let rows: Vec<Lines> = table.rows.iter().map(|row| broken(paper, table, &layout, row)).collect();
    let height = |lines: &Lines| leading(layout.size) * count(lines.count) + PADDING * 2;
    let together = |first: usize| -> Length {
        let followers = table.rows[first..].windows(2).take(MOST_TOGETHER).take_while(|pair| {
            pair[0].kind == Kind::Group || matches!(pair[1].kind, Kind::Subtotal | Kind::Total)
        });
        rows[first..].iter().take(followers.count() + 1).map(height).sum()
    };

    let least = rows.first().map_or(0, |_| together(0).min(paper.file.height / 2));
    paper.keep(height(&header) + least);
    draw_header(paper, table, &layout, &headings, &header);
    let foot = carried.map_or(0, |_| leading(layout.size) + PADDING * 2);
    for (index, (row, lines)) in table.rows.iter().zip(&rows).enumerate() {
        let body = paper.bottom() - MARGIN - height(&header) - foot * 2;
        let needed = together(index);
        let needed = if needed <= body { needed } else { height(lines).min(body) };
        if !paper.has_room(needed + foot) {
            let carry = |paper: &mut Paper, words: fn(&Carried) -> &str| {
                let Some(row) = carried.and_then(|sums| sums.row(table, index, words(sums))) else { return };
                let lines = broken(paper, table, &layout, &row);
                draw_row(paper, table, &layout, &row, &lines, &headings, &header);
            };
            carry(paper, |sums| &sums.forward);
            paper.turn();
            draw_header(paper, table, &layout, &headings, &header);
            carry(paper, |sums| &sums.brought);
        }
        draw_row(paper, table, &layout, row, lines, &headings, &header);
    }
}

fn lay_out(paper: &mut Paper, table: &Table) -> Layout {
    let gaps = GAP * count(table.columns.len().saturating_sub(1));
    let room = paper.inner() - gaps;
    let shares: Length = table.columns.iter().map(share).sum();
    let mut best = (SIZES[0], Vec::new());
    for size in SIZES {
        let widths = natural(paper, table, size);
        let fitted: Length = widths
            .iter()
            .zip(&table.columns)
            .filter(|(_, column)| share(column) == 0)
            .map(|(width, _)| width.0)
            .sum();
        best = (size, widths);
        if fitted + LEAST_SHARE * shares.min(1) <= room {
            break;
        }
    }
    let (size, mut widths) = best;
    let fitted: Length = widths
        .iter()
        .zip(&table.columns)
        .filter(|(_, column)| share(column) == 0)
        .map(|(width, _)| width.0)
        .sum();
    let for_fitted = room - LEAST_SHARE.min(room / 3) * shares.min(1);
    for (width, column) in widths.iter_mut().zip(&table.columns) {
        let share = share(column);
        if share > 0 {
            width.0 = (room - fitted.min(for_fitted)) * share / shares;
        } else if fitted > for_fitted {
            width.0 = width.0 * for_fitted / fitted;
        }
    }
    let mut x = MARGIN;
    let places = widths.into_iter().map(|(width, decimals)| {
        x += width + GAP;
        Place { x: x - width - GAP, width, decimals }
    });
    Layout { size, places: places.collect() }
}

fn share(column: &Column) -> Length {
    match column.width {
        Width::Fit => 0,
        Width::Share(parts) => parts.max(1).into(),
    }
}

/// How wide each column would be, and what its decimals take.
fn natural(paper: &mut Paper, table: &Table, size: Length) -> Vec<(Length, Length)> {
    let point = paper.setup.numerals.point;
    let mut widths = Vec::with_capacity(table.columns.len());
    for (index, column) in table.columns.iter().enumerate() {
        // A heading may go over two lines, but no word of it.
        let bold = paper.file.font(Weight::Bold);
        let longest = column.heading.split(' ').map(|word| bold.width(word, size)).max().unwrap_or_default();
        let (mut whole, mut decimals) = (longest.max(bold.width(&column.heading, size) * 6 / 10), 0);
        let heading = whole;
        for row in &table.rows {
            let Some(cell) = row.cells.get(index) else { continue };
            let font = paper.file.font(row.weight());
            let (before, after) = split(cell, column.align, point);
            decimals = decimals.max(font.width(after, size));
            let indent = if index == 0 { INDENT * Length::from(row.indent) } else { 0 };
            whole = whole.max(font.width(before, size) + indent);
        }
        let width = if column.align == Align::Decimal { heading.max(whole + decimals) } else { whole };
        widths.push((width, decimals));
    }
    widths
}

/// What stands before the decimal point, and the rest.
fn split(cell: &str, align: Align, point: char) -> (&str, &str) {
    match cell.rfind(point) {
        Some(place) if align == Align::Decimal => cell.split_at(place),
        _ => (cell, ""),
    }
}

fn broken(paper: &mut Paper, table: &Table, layout: &Layout, row: &Row) -> Lines {
    let mut cells = Vec::with_capacity(table.columns.len());
    for (index, place) in layout.places.iter().enumerate() {
        let text = row.cells.get(index).map_or("", String::as_str);
        let indent = if index == 0 { INDENT * Length::from(row.indent) } else { 0 };
        let width = (place.width - indent).max(layout.size);
        cells.push(paper.file.font(row.weight()).lines(text, layout.size, width));
    }
    let count = cells.iter().map(Vec::len).max().unwrap_or_default().max(1);
    Lines { cells, count }
}

fn draw_header(paper: &mut Paper, table: &Table, layout: &Layout, headings: &Row, header: &Lines) {
    paper.y += PADDING;
    for line in 0..header.count {
        // Headings stand on the line below them.
        draw_line(paper, table, layout, headings, header, line, true);
    }
    paper.y += PADDING;
    rule(paper, Ink::Black, 0);
}

fn draw_row(
    paper: &mut Paper,
    table: &Table,
    layout: &Layout,
    row: &Row,
    lines: &Lines,
    headings: &Row,
    header: &Lines,
) {
    if matches!(row.kind, Kind::Subtotal | Kind::Total) {
        rule(paper, Ink::Black, 0);
    }
    paper.y += PADDING;
    for line in 0..lines.count {
        // A row that is higher than a page goes on on the next one.
        if line > 0 && paper.keep(leading(layout.size)) {
            draw_header(paper, table, layout, headings, header);
        }
        draw_line(paper, table, layout, row, lines, line, false);
    }
    paper.y += PADDING;
    match row.kind {
        Kind::Plain => rule(paper, Ink::Faint, 0),
        Kind::Total => {
            rule(paper, Ink::Black, 0);
            rule(paper, Ink::Black, 3 * POINT / 2);
        }
        Kind::Group | Kind::Subtotal => {}
    }
}

fn draw_line(
    paper: &mut Paper,
    table: &Table,
    layout: &Layout,
    row: &Row,
    lines: &Lines,
    line: usize,
    at_foot: bool,
) {
    let style = (row.weight(), layout.size, Ink::Black);
    let point = paper.setup.numerals.point;
    for (index, (column, place)) in table.columns.iter().zip(&layout.places).enumerate() {
        let cell = &lines.cells[index];
        let above = if at_foot { lines.count - cell.len() } else { 0 };
        let Some(text) = line.checked_sub(above).and_then(|line| cell.get(line)) else { continue };
        let font = paper.file.font(style.0);
        let right = place.x + place.width;
        let x = match column.align {
            Align::Left if index == 0 => place.x + INDENT * Length::from(row.indent),
            Align::Left => place.x,
            Align::Decimal if !at_foot => {
                let (before, _) = split(text, column.align, point);
                right - place.decimals - font.width(before, layout.size)
            }
            Align::Right | Align::Decimal => right - font.width(text, layout.size),
        };
        paper.write(style, x, text);
    }
    paper.y += leading(layout.size);
}

fn rule(paper: &mut Paper, ink: Ink, below: Length) {
    let (from, to) = (MARGIN, paper.file.width - MARGIN);
    paper.file.rule(&mut paper.drawing, ink, from, to, paper.y + below);
}

fn count(of: usize) -> Length {
    Length::try_from(of).unwrap_or(Length::MAX / 1_000_000)
}
