//! Files as the world sends them: what can be read is, and what can not is told with the cure.
use crate::support::{Answer, Organization, Service, run, service};
use crate::{CSV, NDJSON, XLSX, counts, import, places, sending, total};
use std::io::Write;

const HEAD: &str = "code,name\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn what_spreadsheets_write_is_read() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let files: [(&str, Vec<u8>); 8] = [
            ("a byte-order mark", b"\xEF\xBB\xBFcode,name\nA,Alpha\n".to_vec()),
            ("semicolons", b"code;name\nB;\"Be;ta\"\n".to_vec()),
            ("tabs", b"code\tname\nC\tGamma\n".to_vec()),
            ("carriage returns", b"code,name\rD,Delta\r".to_vec()),
            ("both", b"code,name\r\nE,Epsilon\r\n".to_vec()),
            ("blank lines and cells", b"code,name,,\n\nF,Zeta,,\n,,,\n".to_vec()),
            ("no line end", b"Code,Name\nG,Eta".to_vec()),
            ("a defused formula", b"code,name\nH,'=1+2\n".to_vec()),
        ];
        for (what, file) in files {
            let done = sending(&owner, "departments", "", CSV, file).send().await.is(200);
            assert_eq!(counts(&done), [1, 0, 0, 0], "{what}");
        }
        let formula = owner.get("/v1/departments?code=H").await.is(200);
        assert_eq!(formula["data"][0]["name"], "=1+2");
        let packed = sending(&owner, "departments", "", CSV, gzip(b"code,name\nI,Iota\n"))
            .header("content-encoding", "gzip");
        assert_eq!(counts(&packed.send().await.is(200)), [1, 0, 0, 0]);
    });
}

#[track_caller]
fn told(answer: Answer, code: &str, words: &str) {
    let problem = answer.is_problem(422, "invalid-input");
    let first = &problem["errors"][0];
    assert_eq!(first["code"], code, "{problem:#}");
    assert!(first["detail"].as_str().unwrap().contains(words), "{problem:#}");
}

#[test]
fn what_can_not_be_read_is_told_with_the_cure() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let send = async |file: &[u8]| sending(&owner, "departments", "", CSV, file).send().await;
        let utf_16: Vec<u8> = std::iter::once(0xFEFF)
            .chain("code,name\nA,Ä\n".encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        told(send(&utf_16).await, "not-utf-8", "CSV UTF-8");
        told(send(&utf_16[2..]).await, "not-utf-8", "CSV UTF-8");
        told(send(b"code,name\nA,Pop\nB,Ion\xE3\n").await, "not-utf-8", "Line 3");
        told(send(b"code,name\nA,Pop\nB,\"Ion\nC,Dan\n").await, "quote-left-open", "row 3");
        let endless = format!("code,name\nA,\"{}", "endless ".repeat(100_000));
        told(send(endless.as_bytes()).await, "quote-left-open", "row 2");
        told(
            send(format!("code,name\nA,{}\n", "x".repeat(300_000)).as_bytes()).await,
            "row-too-long",
            "Row 2",
        );
        told(send(b"").await, "empty-file", "names the columns");
        told(send(b"\xEF\xBB\xBF").await, "empty-file", "names the columns");
        told(send(HEAD.as_bytes()).await, "empty-file", "no rows");
        let wide = (0..10_000).map(|column| format!("c{column}")).collect::<Vec<_>>().join(",");
        told(send(format!("{wide}\n").as_bytes()).await, "too-many-columns", "10000 columns");
        let problem = send(b"code,Code,nick,,name\nA,A,x,y,Alpha\n").await.is_problem(422, "invalid-input");
        assert_eq!(
            places(&problem),
            ["/1/Code repeated", "/1/nick unknown-column", "/1/ no-name"],
            "{problem:#}"
        );
        let problem = send(b"code\nA\n").await.is_problem(422, "invalid-input");
        assert_eq!(places(&problem), ["/1/name required"]);
        let both = import(
            &owner,
            "employees",
            "",
            "employee_number,given_name,family_name,hired_on,department_id,department_code\n",
        )
        .await;
        assert_eq!(places(&both.is_problem(422, "invalid-input")), ["/1/department_code repeated"]);
        for bad in ["a\0b", "a\u{7}b", "a\u{202E}b", "  a"] {
            let problem =
                send(format!("code,name\nA,{bad}\n").as_bytes()).await.is_problem(422, "invalid-input");
            assert!(
                ["/2/name", "/1/"].iter().any(|place| places(&problem)[0].starts_with(place))
                    || places(&problem)[0].ends_with("not-utf-8"),
                "{problem:#}"
            );
        }
        let problem = send(b"code,name,parent_code\nA,Alpha,\0\n").await;
        assert!([422].contains(&problem.status), "{}", problem.text);
        for kind in
            ["application/json", "text/plain", "application/vnd.ms-excel", "multipart/form-data; boundary=x"]
        {
            sending(&owner, "departments", "", kind, "code,name\nA,Alpha\n")
                .send()
                .await
                .is_problem(415, "unsupported-media-type");
        }
        for query in ["mode=replace", "on_error=ignore", "mapping=x", "nonsense=1"] {
            import(&owner, "departments", query, "code,name\nA,Alpha\n")
                .await
                .is_problem(422, "invalid-input");
        }
        let deep = format!("{{\"code\": {}{}}}\n", "[".repeat(2000), "]".repeat(2000));
        let problem =
            sending(&owner, "departments", "", NDJSON, deep).send().await.is_problem(422, "invalid-input");
        assert_eq!(places(&problem), ["/1 not-json"]);
        assert_eq!(total(&owner, "departments").await, 0);
    });
}

#[test]
fn of_very_many_faults_the_first_are_told_and_the_rest_counted() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let rows: Vec<String> = (0..500).map(|row| format!("bad code {row},Name\n")).collect();
        let rows = rows.concat();
        let problem = import(&owner, "departments", "", &format!("{HEAD}{rows}"))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 100);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("500 rows break a rule") && detail.contains("first 100 of 500"), "{detail}");
    });
}

/// A zip with these parts.
fn zipped(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in parts {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn bombs_meet_a_limit_before_memory_does() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let (base, _, mut child) = Service::spawn(&service().url, &["--workers", "1"]);
        import(&owner, "departments", "", "code,name\nA,Alpha\n").await.is(200);
        let before = resident_kib(child.id());
        let spaces = vec![b' '; 130 << 20];
        let bombs = [
            ("gzip in csv", CSV, Some("gzip"), gzip(&spaces[..20 << 20]), 422),
            ("a large sheet", XLSX, None, zipped(&[("xl/worksheets/sheet1.xml", spaces.clone())]), 413),
            (
                "large texts",
                XLSX,
                None,
                zipped(&[("xl/sharedStrings.xml", spaces[..30 << 20].to_vec())]),
                413,
            ),
            (
                "many parts",
                XLSX,
                None,
                zipped(
                    &(0..1500)
                        .map(|part| (Box::leak(format!("p{part}").into_boxed_str()) as &str, vec![]))
                        .collect::<Vec<_>>(),
                ),
                413,
            ),
        ];
        drop(spaces);
        for (what, kind, packing, bomb, status) in bombs {
            let request = sending(&owner, "departments", "", kind, bomb).to(&base);
            let request = match packing {
                Some(packing) => request.header("content-encoding", packing),
                None => request,
            };
            let answer = request.send().await;
            assert_eq!(answer.status, status, "{what}: {}", answer.text);
        }
        let grown = resident_kib(child.id()).saturating_sub(before);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(grown < 64 << 10, "the service grew by {grown} KiB");
    });
}

#[test]
fn what_is_no_workbook_is_refused_and_entities_reach_nothing() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let send = async |file: Vec<u8>| sending(&owner, "departments", "", XLSX, file).send().await;
        for file in [
            b"".to_vec(),
            b"code,name".to_vec(),
            zipped(&[("a.txt", b"hello".to_vec())]),
            zipped(&[("xl/workbook.xml", b"<workbook".to_vec())]),
        ] {
            send(file).await.is_problem(400, "malformed-request");
        }
        let mut cut = crate::workbooks::workbook("<row><c t=\"inlineStr\"><is><t>code</t></is></c></row>");
        cut.truncate(cut.len() / 2);
        send(cut).await.is_problem(400, "malformed-request");
        let entity = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>";
        let sheet = format!(
            "<?xml version=\"1.0\"?>{entity}<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData><row><c t=\"inlineStr\"><is><t>&e;</t></is></c></row></sheetData></worksheet>"
        );
        let problem = send(crate::workbooks::workbook_of(&sheet)).await.is_problem(422, "invalid-input");
        assert_eq!(problem["errors"][0]["code"], "document-type");
    });
}
