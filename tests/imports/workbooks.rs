//! XLSX: cells as spreadsheets hold them.
use crate::support::{Organization, run};
use crate::{XLSX, all, counts, places, sending};
use serde_json::json;
use std::io::Write;

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

/// A workbook whose one sheet has these rows.
pub fn workbook(rows: &str) -> Vec<u8> {
    workbook_of(&format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>"))
}

/// A workbook with this sheet; style 1 is a day.
pub fn workbook_of(sheet: &str) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let parts = [
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned(),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{office}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" Type=\"{office}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                "<styleSheet xmlns=\"{MAIN}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            ),
        ),
        ("xl/worksheets/sheet1.xml", sheet.to_owned()),
    ];
    for (name, content) in parts {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn text(cell: &str) -> String {
    format!("<c t=\"inlineStr\"><is><t>{cell}</t></is></c>")
}

#[test]
fn days_numbers_and_truths_of_a_workbook_are_what_they_look_like() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let head: String =
            ["employee_number", "given_name", "family_name", "phone", "hired_on"].map(text).concat();
        // 2026-03-02 is day 46,083 of a spreadsheet: styled as a day, left as a number, written as text.
        let rows = format!(
            "<row r=\"1\">{head}</row>\
             <row r=\"2\"><c><v>42</v></c>{}{}<c/><c s=\"1\"><v>46083</v></c></row>\
             <row r=\"5\">{}{}{}{}<c><v>46083</v></c></row>\
             <row r=\"6\">{}{}{}{}{}</row>",
            text("Ana"),
            text("Pop"),
            text("E-5"),
            text("'=Bogdan"),
            text("Rusu"),
            text(""),
            text("E-6"),
            text("Carla"),
            text("Stan"),
            text("+40 21 555 0100"),
            text("2026-03-02"),
        );
        let done = sending(&owner, "employees", "", XLSX, workbook(&rows)).send().await.is(200);
        assert_eq!(counts(&done), [3, 0, 0, 0], "{done:#}");
        let notice = &done["notices"][0];
        assert_eq!((&notice["line"], &notice["column"]), (&json!(2), &json!("employee_number")), "{done:#}");
        assert!(notice["detail"].as_str().unwrap().contains("zeros in front"));
        let people = all(&owner, "employees").await;
        assert!(people.iter().all(|row| row["hired_on"] == "2026-03-02"), "{people:#?}");
        let numbers: Vec<_> = people.iter().map(|row| row["employee_number"].as_str().unwrap()).collect();
        assert_eq!(numbers, ["42", "E-5", "E-6"]);
        assert_eq!(people[1]["given_name"], "=Bogdan");
    });
}

#[test]
fn faults_of_a_workbook_name_its_rows_as_they_are_numbered() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let head: String = ["title", "department_code", "approved_headcount"].map(text).concat();
        let rows = format!(
            "<row r=\"1\">{head}</row><row r=\"4\">{}{}<c><v>2.5</v></c></row><row r=\"9\">{}{}<c t=\"b\"><v>1</v></c></row>",
            text("Clerk"),
            text("NONE"),
            text("Guard"),
            text("NONE"),
        );
        let problem = sending(&owner, "positions", "", XLSX, workbook(&rows))
            .send()
            .await
            .is_problem(422, "invalid-input");
        let places = places(&problem);
        assert!(
            places.contains(&"/4/department_code unknown-reference".to_owned())
                && places.contains(&"/9/department_code unknown-reference".to_owned()),
            "{places:?}"
        );
    });
}
