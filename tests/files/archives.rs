//! Archives: told by what is in them, and refused where they would lead out of the folder they are unpacked in.
use crate::support::{Organization, run};
use crate::uploads::objects;

/// A ZIP archive of stored entries, as APPNOTE.TXT says.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    with_attributes(
        &entries.iter().map(|(name, bytes)| (*name, *bytes, 0, word(bytes.len()))).collect::<Vec<_>>(),
    )
}

fn word(number: usize) -> u32 {
    number.try_into().unwrap()
}

fn half(number: usize) -> u16 {
    number.try_into().unwrap()
}

/// The same with external attributes and a claimed size for each entry.
fn with_attributes(entries: &[(&str, &[u8], u32, u32)]) -> Vec<u8> {
    let (mut bytes, mut list) = (Vec::new(), Vec::new());
    for (name, content, attributes, unpacked) in entries {
        let at = word(bytes.len());
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        common.extend(word(content.len()).to_le_bytes());
        common.extend(unpacked.to_le_bytes());
        common.extend(half(name.len()).to_le_bytes());
        common.extend([0, 0]);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(name.as_bytes());
        bytes.extend(*content);
        list.extend(b"PK\x01\x02\x14\0");
        list.extend(&common);
        list.extend([0, 0, 0, 0, 0, 0]);
        list.extend(attributes.to_le_bytes());
        list.extend(at.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let (begins, length, count) = (word(bytes.len()), word(list.len()), half(entries.len()));
    bytes.extend(list);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(begins.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

#[test]
fn an_archive_is_told_by_what_is_in_it() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        for (name, entries, expected) in [
            ("a.zip", vec![("a.txt", &b"a"[..]), ("folder/b.txt", b"b")], "application/zip"),
            ("a.docx", vec![("[Content_Types].xml", b"<a/>"), ("word/document.xml", b"<a/>")], word),
            ("a", vec![("word/document.xml", b"<a/>")], word),
            (
                "a.odt",
                vec![("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"<a/>")],
                "application/vnd.oasis.opendocument.text",
            ),
            // What brings a program along can be kept as an archive and as nothing else.
            ("a.zip", vec![("word/document.xml", b"<a/>"), ("word/vbaProject.bin", b"a")], "application/zip"),
        ] {
            let made = caller.upload(&format!("name={name}"), zip(&entries)).await.is(201);
            assert_eq!(made["content_type"], expected, "{name}");
        }
        let disguised = caller
            .upload("name=a.docx", zip(&[("word/document.xml", b"<a/>"), ("word/vbaProject.bin", b"a")]))
            .await;
        assert_eq!(disguised.is_problem(422, "invalid-input")["errors"][0]["code"], "contradicts-content");
    });
}

#[test]
fn an_archive_that_leads_out_or_explodes_is_refused() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for name in [
            "../../etc/passwd",
            "a/../../b",
            "/etc/passwd",
            "..\\..\\windows",
            "C:\\windows",
            "\\\\host\\share",
            "a/..",
        ] {
            let refused = caller.upload("name=a.zip", zip(&[("good.txt", b"a"), (name, b"b")])).await;
            let problem = refused.is_problem(422, "invalid-input");
            assert_eq!(problem["errors"][0]["code"], "archive-leads-out", "{name}");
        }
        let link = with_attributes(&[("link", b"/etc/passwd", 0o120_777 << 16, 11)]);
        let problem = caller.upload("name=a.zip", link).await.is_problem(422, "invalid-input");
        assert_eq!(problem["errors"][0]["code"], "archive-leads-out");
        let bomb = with_attributes(&[("zeros", b"packed", 0, u32::MAX)]);
        let problem = caller.upload("name=a.zip", bomb).await.is_problem(422, "invalid-input");
        assert_eq!(problem["errors"][0]["code"], "archive-bomb");
        let good = zip(&[("a.txt", b"a")]);
        for (what, bytes) in [
            ("cut", good[..good.len() - 1].to_vec()),
            ("without its list", good[..40].to_vec()),
            ("with something behind it", [&good[..], b"!"].concat()),
            ("with something within", [&good[..good.len() - 22], b"!", &good[good.len() - 22..]].concat()),
        ] {
            let problem = caller.upload("name=a.zip", bytes).await.is_problem(422, "invalid-input");
            assert_eq!(problem["errors"][0]["code"], "broken-archive", "{what}");
        }
        // A name with two dots in it leads nowhere.
        caller.upload("name=a.zip", zip(&[("a..b/c..txt", b"a")])).await.is(201);
        assert_eq!(objects(caller.organization).len(), 1);
    });
}

#[test]
fn a_long_list_of_contents_is_read_from_the_store() {
    run(async {
        let caller = Organization::new().await.owner().await;
        // 3,000 entries are a list of some 200 kB: more than is kept of the end.
        let names: Vec<String> = (0..3000).map(|index| format!("folder/number-{index:05}.txt")).collect();
        let mut entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"a"[..])).collect();
        caller.upload("name=a.zip", zip(&entries)).await.is(201);
        entries.insert(0, ("../first", b"a"));
        let problem = caller.upload("name=a.zip", zip(&entries)).await.is_problem(422, "invalid-input");
        assert_eq!(problem["errors"][0]["code"], "archive-leads-out");
    });
}
