//! What was printed, read back by somebody else's reader.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
use lopdf::Document;
use paper::{Align, Column, Kind, Numerals, Paper, Row, Setup, Table, Width};

fn setup(title: &str) -> Setup {
    Setup {
        title: title.to_owned(),
        language: "ro",
        numerals: Numerals::ROMANIAN,
        landscape: false,
        footer: vec!["Atelier Țăndărică SRL".into(), "RO18547290".into()],
    }
}

fn invoice() -> Vec<u8> {
    let mut paper = Paper::new(setup("Factură INV-2026-000042"));
    paper.title("Factură INV-2026-000042");
    paper.side_by_side(&[
        ("Furnizor", "Atelier Țăndărică SRL\nStr. Lungă 1, Brașov\nRO18547290"),
        ("Client", "Împăratul & Fiii SA\nCalea Victoriei 100, București"),
    ]);
    paper.facts(&[("Data".into(), "2026-03-31".into()), ("Scadență".into(), "2026-04-30".into())]);
    paper.heading("Linii");
    let number = |plain: &str| Numerals::ROMANIAN.write(plain);
    paper.table(&Table {
        columns: vec![
            Column::new("Articol", Width::Share(1), Align::Left),
            Column::new("Cantitate", Width::Fit, Align::Decimal),
            Column::new("Preț €", Width::Fit, Align::Decimal),
            Column::new("Valoare €", Width::Fit, Align::Decimal),
        ],
        rows: vec![
            Row::plain(["Scaun de lemn, cu spătar înalt și tapițerie de in, livrat și montat la etajul al treilea fără lift".into(), number("12"), number("100.00"), number("1200.00")]),
            Row::plain(["Vopsea".into(), number("0.125"), number("80.00"), number("10.00")]),
            Row::new(Kind::Subtotal, 0, ["Bază".into(), String::new(), String::new(), number("1210.00")]),
            Row::total(["Total de plată".into(), String::new(), String::new(), number("1439.90")]),
        ],
    });
    paper.note("Plata în 30 de zile. „Mulțumim!”");
    paper.finish()
}

fn text(pdf: &[u8]) -> Vec<String> {
    let document = Document::load_mem(pdf).unwrap();
    document.get_pages().keys().map(|page| document.extract_text(&[*page]).unwrap()).collect()
}

#[test]
fn every_letter_is_read_back() {
    let pdf = invoice();
    let pages = text(&pdf);
    assert_eq!(pages.len(), 1);
    for wanted in [
        "Factură INV-2026-000042",
        "Împăratul & Fiii SA",
        "Brașov",
        "Țăndărică",
        "Preț €",
        "1.439,90",
        "0,125",
        "„Mulțumim!”",
        "1 / 1",
        "RO18547290",
    ] {
        assert!(pages[0].contains(wanted), "{wanted} is not in {}", pages[0]);
    }
    // Two fonts, the letters of which are a small part of them.
    assert!(pdf.len() < 60_000, "{} bytes", pdf.len());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(invoice(), invoice());
}

#[test]
fn letters_that_the_font_lacks_can_still_be_copied() {
    let mut paper = Paper::new(setup("日本"));
    paper.text("日本 السلام a\u{a0}b");
    let pages = text(&paper.finish());
    assert!(pages[0].contains("日本 السلام a\u{a0}b"), "{}", pages[0]);
}

fn journal() -> Vec<u8> {
    let mut paper = Paper::new(setup("Registru jurnal"));
    let mut rows: Vec<Row> = (0..5500)
        .map(|row| {
            Row::plain([
                format!("E-{row:06}"),
                format!("Cheltuieli de protocol {row}"),
                Numerals::ROMANIAN.write(&format!("{row}.50")),
            ])
        })
        .collect();
    rows.push(Row::total(["Total", "", "15.127.250,00"]));
    paper.table(&Table {
        columns: vec![
            Column::new("Număr", Width::Fit, Align::Left),
            Column::new("Explicație", Width::Share(1), Align::Left),
            Column::new("Sumă", Width::Fit, Align::Decimal),
        ],
        rows,
    });
    paper.finish()
}

#[test]
fn a_table_goes_on_over_a_hundred_pages() {
    let began = std::time::Instant::now();
    let pdf = journal();
    let took = began.elapsed();
    let pages = text(&pdf);
    assert!(pages.len() >= 100, "{} pages", pages.len());
    for (index, page) in pages.iter().enumerate() {
        assert!(page.contains("Explicație"), "the header stands on page {}", index + 1);
        assert!(
            page.contains(&format!("{} / {}", index + 1, pages.len())),
            "page {} tells its number",
            index + 1
        );
    }
    assert!(pages[0].contains("E-000000") && pages.last().unwrap().contains("15.127.250,00"));
    // A total stays with the last of what it sums up.
    assert!(pages.last().unwrap().contains("E-005499"));
    let rows: usize = pages.iter().map(|page| page.matches("E-00").count()).sum();
    assert_eq!(rows, 5500);
    println!("{} pages, {} kB in {took:?}", pages.len(), pdf.len() / 1000);
}

#[test]
fn what_is_higher_than_a_page_goes_on_on_the_next() {
    let mut paper = Paper::new(setup("Lung"));
    let words: Vec<String> = (0..3000).map(|word| format!("cuvânt{word}")).collect();
    let columns = vec![
        Column::new("Text", Width::Share(1), Align::Left),
        Column::new("Sumă", Width::Fit, Align::Decimal),
    ];
    paper.table(&Table {
        columns,
        rows: vec![Row::plain([words.join(" "), "1,00".into()]), Row::total(["Total", "1,00"])],
    });
    paper.text(&words.join(" "));
    let pages = text(&paper.finish());
    assert!(pages.len() > 2);
    let whole = pages.join(" ");
    assert_eq!(whole.matches("cuvânt2999").count(), 2);
    assert_eq!(whole.matches("cuvânt1500").count(), 2);
}

#[test]
fn columns_that_are_too_many_are_set_smaller_and_stay_on_the_page() {
    let mut setup = setup("Lunar");
    setup.landscape = true;
    let mut paper = Paper::new(setup);
    let mut columns = vec![Column::new("Cont", Width::Share(1), Align::Left)];
    columns.extend((1..=13).map(|month| Column::new(format!("2026-{month:02}"), Width::Fit, Align::Decimal)));
    let figures = (1..=13).map(|_| "1.234.567,89".to_owned());
    paper.table(&Table {
        columns,
        rows: vec![Row::plain(["Venituri".to_owned()].into_iter().chain(figures))],
    });
    let pages = text(&paper.finish());
    assert_eq!(pages[0].matches("1.234.567,89").count(), 13, "{}", pages[0]);
}

/// `cargo test -p paper --test read_back -- --ignored` writes pages to look at.
#[test]
#[ignore = "writes a file for the eye"]
fn a_page_to_look_at() {
    std::fs::write(std::env::temp_dir().join("invoice.pdf"), invoice()).unwrap();
    std::fs::write(std::env::temp_dir().join("journal.pdf"), journal()).unwrap();
}
