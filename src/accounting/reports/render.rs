//! A report in the form that was asked for: JSON, CSV, XLSX, or paper.
use crate::report::{Report, ReportCell, ReportColumn, ReportRow, ReportRowKind};
use actix_web::HttpRequest;
use actix_web::http::{StatusCode, header};
use paper::{Align, Column, Kind, Numerals, Paper, Row, Setup, Table, Width};
use platform::api::OperationDoc;
use platform::export::{self, Cell, Format, Sheet};
use platform::may::Grants;
use platform::prelude::*;

const PDF: &str = "application/pdf";
/// Columns from which on a page lies on its longer side.
const WIDE: usize = 8;

/// The form that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Json,
    File(Format),
    Paper,
}

impl Form {
    /// What `Accept` asks for, where it is a file: the first of those that it names.
    pub fn accepted(http: &HttpRequest) -> Self {
        let accept =
            http.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        let types = accept.split(',').filter_map(|each| each.split(';').next());
        let mut files = types.filter_map(|each| match each.trim() {
            PDF => Some(Self::Paper),
            export::CSV => Some(Self::File(Format::Csv)),
            export::XLSX => Some(Self::File(Format::Xlsx)),
            _ => None,
        });
        files.next().unwrap_or(Self::Json)
    }
}

impl Outcome for Report {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        Ok(Answer::new(StatusCode::OK, serde_json::to_vec(self).map_err(Problem::internal)?))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<Self>("200", "The report");
        for media_type in [export::CSV, export::XLSX, PDF] {
            doc.answers_with("200", media_type, "");
        }
    }
}

/// A report that has a shape of its own as JSON, and that of all others as a file.
pub struct OfItsOwn<T>(T);

impl<T: Serialize + ToSchema + 'static> Outcome for OfItsOwn<T> {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        Ok(Answer::new(StatusCode::OK, serde_json::to_vec(&self.0).map_err(Problem::internal)?))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<T>("200", "The report");
        for media_type in [export::CSV, export::XLSX, PDF] {
            doc.answers_with("200", media_type, "");
        }
    }
}

impl<T: Serialize + ToSchema + 'static> OfItsOwn<T> {
    /// The report in this form: as a file, what `report` makes of it.
    pub fn reply(of: T, form: Form, report: impl FnOnce(&T) -> Report) -> Reply<Self> {
        let file = if form == Form::Json { None } else { report(&of).file(form)? };
        match file {
            Some(file) => Ok(file),
            None => Self(of).answer(&Grants::default()),
        }
    }
}

impl Report {
    /// The report in this form.
    pub fn reply(&self, form: Form) -> Reply<Self> {
        match self.file(form)? {
            Some(file) => Ok(file),
            None => self.answer(&Grants::default()),
        }
    }

    /// The report as a file; none where JSON is asked for.
    fn file<T>(&self, form: Form) -> Result<Option<Answer<T>>> {
        let (content_type, bytes, ending) = match form {
            Form::Json => return Ok(None),
            Form::File(format) => {
                let mut sheet = self.sheet(format)?;
                write_rows(&mut sheet, &self.columns, &self.rows)?;
                (format.content_type(), sheet.end()?.to_vec(), format.ending())
            }
            Form::Paper => (PDF, self.paper(), "pdf"),
        };
        let answer = Answer::of_type(StatusCode::OK, content_type, bytes);
        Ok(Some(answer.with(header::CONTENT_DISPOSITION, &self.attachment(ending))))
    }

    /// What a file of it is called.
    pub fn attachment(&self, ending: &str) -> String {
        let name = self.kind.as_str().replace('_', "-");
        format!("attachment; filename=\"{name}-{}.{ending}\"", self.ends_on)
    }

    /// A file with its columns: those that people read, then what tells programs where a row belongs and where the lines of
    /// each amount are.
    pub fn sheet(&self, format: Format) -> Result<Sheet> {
        let keys = self.columns.iter().map(|column| column.key.clone());
        let amounts = self.columns.iter().filter(|column| column.is_amount());
        let lines = amounts.map(|column| format!("{}_lines", column.key));
        let columns = keys.chain(["kind".into(), "level".into()]).chain(lines).collect();
        Sheet::begin(format, &self.title, columns)
    }

    fn paper(&self) -> Vec<u8> {
        let title = match self.starts_on {
            Some(starts_on) => format!("{}, {starts_on} to {}", self.title, self.ends_on),
            None => format!("{} as of {}", self.title, self.ends_on),
        };
        let mut paper = Paper::new(Setup {
            title: title.clone(),
            language: "en",
            numerals: Numerals::ENGLISH,
            landscape: self.columns.len() >= WIDE,
            footer: vec![self.organization.clone()],
        });
        paper.title(&title);
        let mut facts = vec![
            ("Organization".to_owned(), self.organization.clone()),
            ("Currency".to_owned(), self.currency.clone()),
        ];
        facts.extend(self.parameters.iter().map(|each| (label(&each.parameter), each.value.clone())));
        paper.facts(&facts);
        // An account is told in one column, `4111 Customers`, so that its depth shows.
        let is_coded =
            self.columns.len() > 1 && self.columns[0].key == "code" && self.columns[1].key == "account";
        let columns = self.columns.iter().skip(usize::from(is_coded)).map(on_paper).collect();
        let rows = self.rows.iter().map(|row| row_on_paper(row, &self.columns, is_coded)).collect();
        paper.table(&Table { columns, rows });
        paper.finish()
    }
}

/// The rows, into a file that has the report's columns.
pub fn write_rows(sheet: &mut Sheet, columns: &[ReportColumn], rows: &[ReportRow]) -> Result<()> {
    for row in rows {
        let values = row.cells.iter().zip(columns).map(|(cell, column)| in_file(cell, column));
        let place = [Cell::Text(row.kind.as_str().into()), Cell::Figure(row.level.into())];
        let amounts = row.cells.iter().zip(columns).filter(|(_, column)| column.is_amount());
        let lines = amounts.map(|(cell, _)| cell.lines.clone().map_or(Cell::Empty, Cell::Text));
        sheet.cells(&values.chain(place).chain(lines).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// What a parameter is called on paper: `Department id`.
fn label(parameter: &str) -> String {
    let words = parameter.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn in_file(cell: &ReportCell, column: &ReportColumn) -> Cell {
    match &cell.value {
        None => Cell::Empty,
        Some(text) => match (column.is_amount(), text.parse()) {
            (true, Ok(figure)) => Cell::Figure(figure),
            _ => Cell::Text(text.clone()),
        },
    }
}

fn on_paper(column: &ReportColumn) -> Column {
    // What is long, beside codes and numbers.
    let is_long = matches!(column.key.as_str(), "account" | "description" | "party" | "asset");
    let width = if is_long { Width::Share(1) } else { Width::Fit };
    let align = if column.is_amount() { Align::Decimal } else { Align::Left };
    Column::new(&column.title, width, align)
}

fn row_on_paper(row: &ReportRow, columns: &[ReportColumn], is_coded: bool) -> Row {
    let mut cells: Vec<String> = row
        .cells
        .iter()
        .zip(columns)
        .map(|(cell, column)| {
            let text = cell.value.as_deref().unwrap_or_default();
            if column.is_amount() { Numerals::ENGLISH.write(text) } else { text.to_owned() }
        })
        .collect();
    if is_coded && cells.len() > 1 {
        let code = cells.remove(0);
        if !code.is_empty() {
            cells[0].insert_str(0, &format!("{code} "));
        }
    }
    let kind = match row.kind {
        ReportRowKind::Group => Kind::Group,
        ReportRowKind::Line => Kind::Plain,
        ReportRowKind::Subtotal => Kind::Subtotal,
        ReportRowKind::Total => Kind::Total,
    };
    Row::new(kind, row.level, cells)
}
