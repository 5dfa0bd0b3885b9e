//! The image and the compose file, read as a container engine would as far as that goes without one.
use crate::golden::file;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use yaml_serde::Value;

fn said(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_backoffice")).args(arguments).output().unwrap();
    assert!(output.status.success(), "backoffice {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The environment variables that `serve` reads.
fn variables() -> BTreeSet<String> {
    let help = said(&["serve", "--help"]);
    let names = help.split("[env: ").skip(1).map(|rest| rest.split(['=', ']']).next().unwrap().to_owned());
    let names: BTreeSet<String> = names.collect();
    assert!(names.contains("DATABASE_URL") && names.len() > 10, "{names:?}");
    names
}

/// The instructions of the Dockerfile, continued lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = fs::read_to_string(file("Dockerfile")).unwrap().replace("\\\n", " ");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()))
        .collect()
}

fn ignored() -> BTreeSet<String> {
    let text = fs::read_to_string(file(".dockerignore")).unwrap();
    text.lines()
        .map(|line| line.trim().trim_matches('/').to_owned())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// Whether the path gets into the image's build.
fn is_there(path: &Path) -> bool {
    let mut parents = path.ancestors().filter(|each| !each.as_os_str().is_empty());
    file(path.to_str().unwrap()).exists() && !parents.any(|each| ignored().contains(each.to_str().unwrap()))
}

#[test]
fn compose_sets_only_variables_that_exist_and_leads_to_its_own_database() {
    let compose: Value = yaml_serde::from_str(&fs::read_to_string(file("compose.yaml")).unwrap()).unwrap();
    let services = compose["services"].as_mapping().unwrap();
    assert!(services.len() >= 2);
    let service = &compose["services"]["backoffice"];
    let known = variables();
    for (name, value) in service["environment"].as_mapping().unwrap() {
        assert!(
            known.contains(name.as_str().unwrap()),
            "compose.yaml sets {name:?}, which backoffice does not read"
        );
        assert!(value.as_str().is_some_and(|value| !value.is_empty()), "{name:?}");
    }
    let url = service["environment"]["DATABASE_URL"].as_str().unwrap();
    let database = &compose["services"]["database"]["environment"];
    let (user, name) =
        (database["POSTGRES_USER"].as_str().unwrap(), database["POSTGRES_DB"].as_str().unwrap());
    assert!(
        url.starts_with(&format!("postgres://{user}:")) && url.ends_with(&format!("@database:5432/{name}")),
        "{url}"
    );
    let version: u32 = compose["services"]["database"]["image"]
        .as_str()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(version >= 15);
    let port = service["environment"]["BACKOFFICE_LISTEN"].as_str().unwrap().rsplit(':').next().unwrap();
    let published = service["ports"]
        .as_sequence()
        .unwrap()
        .iter()
        .any(|each| each.as_str().unwrap().ends_with(&format!(":{port}")));
    assert!(published, "nothing leads to port {port}");
    for (other, how) in service["depends_on"].as_mapping().unwrap() {
        let other = &compose["services"][other];
        assert!(
            how["condition"] != "service_healthy" || other["healthcheck"]["test"].is_sequence(),
            "it waits for a health that nobody checks"
        );
    }
    for volume in compose["services"]["database"]["volumes"].as_sequence().unwrap() {
        let name = volume.as_str().unwrap().split(':').next().unwrap();
        assert!(compose["volumes"].as_mapping().unwrap().contains_key(name), "{name} is no volume");
    }
}

#[test]
fn the_image_copies_starts_and_checks_what_exists() {
    let (lines, known) = (instructions(), variables());
    let commands = said(&["--help"]);
    let mut checked = false;
    for (word, rest) in &lines {
        match word.as_str() {
            "COPY" if rest.starts_with("--from=build") => {
                let source = rest.split_whitespace().nth(1).unwrap();
                let built: Vec<&str> = source.rsplit('/').take(3).collect();
                let [binary, profile, target] = built[..] else { panic!("{rest}") };
                assert_eq!((binary, target), ("backoffice", "target"));
                let makes = format!("--profile {profile}");
                assert!(
                    lines.iter().any(|(word, rest)| word == "RUN"
                        && rest.contains(&makes)
                        && rest.contains("--bin backoffice")),
                    "nothing builds {source}"
                );
                assert!(
                    fs::read_to_string(file("Cargo.toml")).unwrap().contains(&format!("[profile.{profile}]"))
                );
            }
            "COPY" => {
                let words: Vec<&str> = rest.split_whitespace().collect();
                for source in &words[..words.len() - 1] {
                    assert!(
                        is_there(Path::new(source)) || *source == ".",
                        "COPY {source}: there is no such thing to copy"
                    );
                }
            }
            "ENV" => {
                for pair in rest.split_whitespace() {
                    assert!(
                        known.contains(pair.split('=').next().unwrap()),
                        "ENV {pair}: backoffice does not read it"
                    );
                }
            }
            "USER" => assert!(!rest.starts_with("root") && !rest.starts_with('0'), "it runs as root"),
            "HEALTHCHECK" => {
                checked = true;
                let command = rest.split("CMD").nth(1).unwrap().replace(['[', ']', '"', ','], " ");
                let words: Vec<&str> = command.split_whitespace().collect();
                assert_eq!(words[0], "backoffice");
                assert!(
                    commands.lines().any(|line| line.trim().starts_with(words[1])),
                    "backoffice has no command {}",
                    words[1]
                );
            }
            "CMD" => {
                let command = rest.trim_matches(['[', ']', '"']);
                assert!(
                    commands.lines().any(|line| line.trim().starts_with(command)),
                    "backoffice has no command {command}"
                );
            }
            _ => {}
        }
    }
    assert!(checked, "nothing checks the health of the image");
    assert!(lines.iter().any(|(word, _)| word == "USER"), "it runs as root");
    for secret in ["target", ".git", ".env", "data"] {
        assert!(ignored().contains(secret), ".dockerignore lets {secret} into the image");
    }
}

/// Every Rust file of the program.
fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|end| end == "rs") {
            out.push(path);
        }
    }
}

#[test]
fn what_the_program_is_compiled_from_gets_into_the_image() {
    let mut files = Vec::new();
    sources(&file("src"), &mut files);
    let mut included = 0;
    for source in files {
        let text = fs::read_to_string(&source).unwrap();
        for (macro_name, from) in [
            ("include_str!(\"", source.parent().unwrap()),
            ("include_bytes!(\"", source.parent().unwrap()),
            ("embed_migrations!(\"", &file("")),
        ] {
            for rest in text.split(macro_name).skip(1) {
                let path = from.join(rest.split('"').next().unwrap());
                let path = path
                    .canonicalize()
                    .unwrap_or_else(|_| panic!("{} includes {}", source.display(), path.display()));
                let path = path.strip_prefix(file("").canonicalize().unwrap()).unwrap().to_owned();
                assert!(
                    is_there(&path),
                    "{} is compiled from {}, which .dockerignore keeps out of the image",
                    source.display(),
                    path.display()
                );
                included += 1;
            }
        }
    }
    assert!(included >= 2, "the migrations and the contract's description are included");
    let manifest = fs::read_to_string(file("Cargo.toml")).unwrap();
    let wanted = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .unwrap()
        .trim_matches('"')
        .to_owned();
    assert!(
        instructions()[0].1.starts_with(&format!("rust:{wanted}-")),
        "the image builds with {}",
        instructions()[0].1
    );
}

#[test]
fn the_health_check_says_what_the_service_says() {
    let listen = crate::support::service().base.trim_start_matches("http://").to_owned();
    let check = |listen: &str| {
        Command::new(env!("CARGO_BIN_EXE_backoffice"))
            .arg("healthcheck")
            .env("BACKOFFICE_LISTEN", listen)
            .output()
            .unwrap()
    };
    assert!(check(&listen).status.success());
    assert!(!check(&crate::support::free_address()).status.success());
    let help = said(&["--help"]);
    for command in
        ["serve", "migrate", "openapi", "demo", "create-organization", "rotate-keys", "healthcheck"]
    {
        assert!(help.contains(command), "{command}");
        assert!(said(&[command, "--help"]).lines().count() > 5, "{command} --help teaches");
    }
}

#[test]
fn a_wrong_setting_is_named() {
    for (variable, value) in [
        ("BACKOFFICE_LISTEN", "nowhere"),
        ("BACKOFFICE_METRICS_LISTEN", "1"),
        ("BACKOFFICE_CONNECTIONS", "0"),
        ("BACKOFFICE_WORKERS", "many"),
        ("BACKOFFICE_RATE_PER_SESSION", "0"),
        ("BACKOFFICE_STATEMENT_TIMEOUT", "-1"),
        ("BACKOFFICE_DRAIN_SECONDS", "9999"),
        ("BACKOFFICE_LOG_FORMAT", "xml"),
    ] {
        let refused = Command::new(env!("CARGO_BIN_EXE_backoffice"))
            .arg("serve")
            .env(variable, value)
            .env("DATABASE_URL", "postgres://localhost:1/x")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        let flag =
            format!("--{}", variable.trim_start_matches("BACKOFFICE_").to_lowercase().replace('_', "-"));
        assert!(
            !refused.status.success() && (told.contains(variable) || told.contains(&flag)),
            "{variable}={value}: {told}"
        );
        assert!(told.contains(value), "{told}");
    }
    let away = Command::new(env!("CARGO_BIN_EXE_backoffice"))
        .args(["serve"])
        .env("DATABASE_URL", "postgres://someone:hunter2@127.0.0.1:1/x")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&away.stderr).into_owned();
    assert!(!away.status.success() && !told.contains("hunter2"), "a password is in the message: {told}");
    assert!(told.contains("DATABASE_URL") || told.contains("database"), "{told}");
}
