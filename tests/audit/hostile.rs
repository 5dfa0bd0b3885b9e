//! Archives that were damaged or made to do harm: each is refused in words, and nothing of it is there afterwards.
use crate::archive::{Company, unpacked};
use crate::place::{Place, backoffice, connect, refusal, said};
use crate::support::{files_of, run, service};
use crate::tampering::file;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

type Entries = Vec<(String, Vec<u8>)>;

/// The entries of an archive in its order.
fn entries(archive: &Path) -> Entries {
    let mut all: Entries = unpacked(archive).into_iter().collect();
    let order = |name: &str| match name {
        "archive.json" => 0,
        "manifest.json" => 3,
        _ if name.starts_with("tables/") => 1,
        _ => 2,
    };
    all.sort_by_key(|(name, _)| (order(name), name.clone()));
    all
}

fn packed(name: &str, entries: &Entries) -> PathBuf {
    let path = file(name, "");
    let mut tar =
        tar::Builder::new(GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::best()));
    for (name, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        // As bytes: the library would refuse the names that are tried here.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_mode(0o600);
        header.set_cksum();
        tar.append(&header, &content[..]).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
    path
}

/// The entries with one document or table changed.
fn changed(entries: &Entries, name: &str, change: impl Fn(String) -> String) -> Entries {
    let mut all = entries.clone();
    let entry = all.iter_mut().find(|(each, _)| each == name).unwrap();
    entry.1 = change(String::from_utf8(entry.1.clone()).unwrap()).into_bytes();
    all
}

/// The same, and a manifest that says so.
fn consistent(entries: &Entries, table: &str, change: impl Fn(String) -> String) -> Entries {
    let name = format!("tables/{table}/000001.ndjson");
    let all = changed(entries, &name, change);
    let content = &all.iter().find(|(each, _)| *each == name).unwrap().1;
    let hash: Vec<String> = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    let (rows, bytes) = (content.split(|byte| *byte == b'\n').count() - 1, content.len());
    changed(&all, "manifest.json", |manifest| {
        let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
        let part =
            manifest["tables"].as_array_mut().unwrap().iter_mut().find(|part| part["name"] == table).unwrap();
        (part["sha256"], part["rows"], part["bytes"]) = (json!(hash.concat()), json!(rows), json!(bytes));
        manifest.to_string()
    })
}

/// How many files are in the folder and below.
fn kept_files(folder: &Path) -> usize {
    let below = std::fs::read_dir(folder).into_iter().flatten().flatten();
    below.map(|entry| if entry.path().is_dir() { kept_files(&entry.path()) } else { 1 }).sum()
}

#[test]
#[expect(clippy::too_many_lines, reason = "the cases are one table")]
fn nothing_remains_of_an_archive_that_is_not_as_it_was_made() {
    run(async {
        let company = Company::new("hostile").await;
        company.live().await;
        let good = company.export("hostile.tar.gz").await;
        let bytes = std::fs::read(&good).unwrap();
        let whole = entries(&good);
        // A database of its own that stays empty.
        service().cluster().create_database("hostile_to").unwrap();
        let url = service().cluster().url("hostile_to");
        said(&backoffice(&url, &["migrate"]));
        let client = connect(&url).await;
        let state = async || -> (i64, i64, i64, i64) {
            let query = "select (select count(*) from organization_slugs) + (select count(*) from logins) + (select count(*) from events),
                (select count(*) from pg_constraint where contype = 'f' and condeferrable),
                (select count(*) from pg_trigger where not tgisinternal and tgenabled <> 'O'), (select count(*) from user_organizations)";
            let row = client.query_one(query, &[]).await.unwrap();
            (row.get(0), row.get(1), row.get(2), row.get(3))
        };
        let empty = state().await;
        assert_eq!((empty.0, empty.2, empty.3), (0, 0, 0));

        let mut cases: Vec<(&str, PathBuf, &str)> = Vec::new();
        let raw = |name: &str, bytes: &[u8]| {
            let path = file(name, "");
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let middle = bytes.len() / 2;
        // Some bits say the same either way, such as how far back in a row of blanks the next blanks are copied from.
        let unpacked = |packed: &[u8]| {
            let mut all = Vec::new();
            flate2::read::GzDecoder::new(packed).read_to_end(&mut all).map(|_| all).unwrap_or_default()
        };
        let original = unpacked(&bytes);
        let flipped = (middle..).map(|place| {
            let mut flipped = bytes.clone();
            flipped[place] ^= 0x10;
            flipped
        });
        let flipped = flipped.into_iter().find(|flipped| unpacked(flipped) != original).unwrap();
        cases.push(("a bit is another", raw("flipped", &flipped), ""));
        cases.push(("it is cut off", raw("cut", &bytes[..bytes.len() - 100]), ""));
        cases.push(("it is cut off in the middle", raw("half", &bytes[..middle]), ""));
        cases.push(("it is nothing", raw("nothing", b""), ""));
        cases.push(("it is something else", raw("else", b"PK\x03\x04 something else"), ""));
        let mut pack = |what: &'static str, entries: &Entries, why: &'static str| {
            cases.push((what, packed(&format!("hostile-{}", what.replace(' ', "-")), entries), why));
        };
        let with = |name: &str, content: &[u8]| {
            let mut all = whole.clone();
            all.insert(1, (name.to_owned(), content.to_vec()));
            all
        };
        for (what, name) in [
            ("a name leads up", "../../../../tmp/backoffice-slipped"),
            ("a name leads to the root", "/tmp/backoffice-slipped"),
            ("a name is of a table with a quote", "tables/a\"; drop table logins/000001.ndjson"),
        ] {
            pack(what, &with(name, b"x"), "is nothing that an archive holds");
        }
        pack(
            "a table is none of these",
            &with("tables/zzz/000001.ndjson", b"{}\n"),
            "is not where an archive has it",
        );
        pack(
            "a table is the key of all",
            &with("tables/signing_keys/000001.ndjson", b"{}\n"),
            "is not where an archive has it",
        );
        pack(
            "a part comes twice",
            &{
                let mut all = whole.clone();
                let twice =
                    all.iter().find(|(name, _)| name.starts_with("tables/departments/")).unwrap().clone();
                let place = all.iter().position(|each| *each == twice).unwrap();
                all.insert(place, twice);
                all
            },
            "is not where an archive has it",
        );
        pack(
            "a part is missing",
            &whole.iter().filter(|(name, _)| !name.starts_with("tables/employees/")).cloned().collect(),
            "rows of employees are not those",
        );
        pack(
            "there is no manifest",
            &whole.iter().filter(|(name, _)| name != "manifest.json").cloned().collect(),
            "it ends before `manifest.json`",
        );
        pack(
            "there is no head",
            &whole.iter().filter(|(name, _)| name != "archive.json").cloned().collect(),
            "does not begin with `archive.json`",
        );
        pack(
            "a row is another",
            &changed(&whole, "tables/employees/000001.ndjson", |rows| rows.replace("Ana", "Eva")),
            "rows of employees are not those",
        );
        let head = |change: fn(&mut Value)| {
            changed(&whole, "archive.json", |head| {
                let mut head: Value = serde_json::from_str(&head).unwrap();
                change(&mut head);
                head.to_string()
            })
        };
        pack(
            "the schema is newer",
            &head(|head| head["schema"] = json!("99999999999999")),
            "was made at the migration 99999999999999",
        );
        pack("the format is newer", &head(|head| head["format"] = json!(2)), "has the format 2");
        pack(
            "a column is one that is not there",
            &head(|head| head["tables"][0]["columns"][0] = json!("x\" y")),
            "its tables are not those",
        );
        pack(
            "a table is left out",
            &head(|head| drop(head["tables"].as_array_mut().unwrap().pop())),
            "its tables are not those",
        );
        pack(
            "it names another organization",
            &head(|head| head["organization"]["id"] = json!("01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")),
            "are not the organization's",
        );
        // Made to fit throughout, as only somebody does who means harm.
        let other = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f";
        let id = company.id.to_string();
        pack(
            "a row is of another organization",
            &consistent(&whole, "departments", |rows| rows.replacen(&id, other, 1)),
            "rows of departments are not the organization's",
        );
        pack(
            "a row refers to nothing",
            &consistent(&whole, "employees", |rows| {
                let mut lines: Vec<Value> =
                    rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
                lines[0]["department_id"] = json!(other);
                lines.iter().map(|line| format!("{line}\n")).collect::<Vec<_>>().concat()
            }),
            "do not fit together",
        );
        pack(
            "a row breaks a rule",
            &consistent(&whole, "employees", |rows| rows.replace("\"pending\"", "\"ghost\"")),
            "do not fit in",
        );
        pack(
            "a line is no JSON",
            &consistent(&whole, "employees", |rows| format!("{rows}}}{{\n")),
            "do not fit in",
        );
        pack(
            "a row comes twice",
            &consistent(&whole, "departments", |rows| format!("{rows}{}\n", rows.lines().next().unwrap())),
            "do not fit in",
        );
        pack(
            "it has a file that no row speaks of",
            &{
                let mut all = whole.clone();
                all.insert(all.len() - 1, (format!("files/{other}"), b"x".to_vec()));
                all
            },
            "",
        );
        pack(
            "a file is another",
            &{
                let mut all = whole.clone();
                let file = all
                    .iter_mut()
                    .find(|(name, content)| name.starts_with("files/") && content.len() < 100)
                    .unwrap();
                file.1[0] ^= 1;
                all
            },
            "is not the one that was exported",
        );
        pack(
            "a file is missing",
            &{
                let mut all = whole.clone();
                all.remove(all.iter().position(|(name, _)| name.starts_with("files/")).unwrap());
                all
            },
            "files are there",
        );
        // A hundred times a hundred megabytes of nothing.
        let bomb = {
            let path = file("bomb", "");
            let mut gzip = GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::best());
            let mut header = tar::Header::new_ustar();
            header.set_path("archive.json").unwrap();
            header.set_size(200 << 20);
            header.set_cksum();
            gzip.write_all(header.as_bytes()).unwrap();
            for _ in 0..200 {
                gzip.write_all(&vec![b' '; 1 << 20]).unwrap();
            }
            gzip.finish().unwrap();
            path
        };
        cases.push(("it unpacks to far more than it is", bomb, "larger than any part"));
        // In parts that are each no larger than a part may be.
        let bomb = {
            let mut all = whole.clone();
            let place = all.iter().position(|(name, _)| name == "tables/departments/000001.ndjson").unwrap();
            for number in 2..=4 {
                all.insert(
                    place + number - 1,
                    (format!("tables/departments/{number:06}.ndjson"), vec![b' '; 50 << 20]),
                );
            }
            packed("bomb-in-parts", &all)
        };
        let told = refusal(&backoffice("", &["verify-events", bomb.to_str().unwrap()]));
        assert!(told.contains("packed better than any organization is"), "{told}");
        cases.push(("its parts unpack to far more than they are", bomb, ""));

        for (what, path, why) in cases {
            let imported = backoffice(&url, &["import-organization", path.to_str().unwrap()]);
            assert!(!imported.status.success(), "{what}: {imported:?}");
            let told = refusal(&imported);
            assert!(told.contains(why) && told.contains("Nothing was imported."), "{what}: {told}");
            assert!(!told.contains("panicked"), "{what}: {told}");
            assert_eq!(state().await, empty, "{what}");
            assert_eq!(kept_files(&files_of(&url)), 0, "{what}");
        }
        assert!(!Path::new("/tmp/backoffice-slipped").exists());
        assert!(refusal(&backoffice(&url, &["import-organization", "/nowhere"])).contains("/nowhere"));

        // As it was made it comes in, once.
        said(&backoffice(&url, &["import-organization", packed("as it was made", &whole).to_str().unwrap()]));
        assert_eq!(
            (state().await.1, state().await.2),
            (empty.1, empty.2),
            "keys and triggers are as they were"
        );
        let again = refusal(&backoffice(&url, &["import-organization", good.to_str().unwrap()]));
        assert!(again.contains("the organization `hostile` is here already"), "{again}");
    });
}

#[test]
fn an_archive_is_for_an_empty_installation() {
    run(async {
        let company = Company::new("full").await;
        let archive = company.export("full.tar.gz").await;
        let other = Place::start("full_already");
        let made = backoffice(
            &other.url,
            &[
                "create-organization",
                "--name",
                "Other",
                "--slug",
                "other",
                "--owner-name",
                "O",
                "--owner-email",
                "o@other.example",
                "--owner-password",
                "a password of theirs",
            ],
        );
        said(&made);
        let told = refusal(&backoffice(&other.url, &["import-organization", archive.to_str().unwrap()]));
        assert!(told.contains("`other` is here already"), "{told}");
    });
}
