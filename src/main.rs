//! The command line: everything that can be done with the program from a shell.
mod archives;
mod demo;
mod installation;
mod serve;
mod settings;
mod work;

use clap::Parser;
use installation::Installation;
use settings::{Command, CommandLine, Settings};
use std::process::ExitCode;

/// What a command came to: what it was asked for, or a sentence for the person at the terminal.
type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let CommandLine { settings, command } =
        CommandLine::try_parse().unwrap_or_else(|error| settings::refuse(&error));
    settings::start_logging(&settings);
    match run(&settings, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("backoffice: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(settings: &Settings, command: Command) -> Done {
    if let Some(file) = &settings.ca_file {
        let told = |error: String| format!("{} (BACKOFFICE_CA_FILE): {error}", file.display());
        let pem = std::fs::read(file).map_err(|error| told(error.to_string()))?;
        platform::tls::trust(&pem).map_err(told)?;
    }
    match command {
        Command::Openapi { yaml } => {
            let contract = serve::contract();
            println!(
                "{}",
                if yaml { serve::as_yaml(&contract)? } else { serde_json::to_string_pretty(&contract)? }
            );
            Ok(())
        }
        Command::ImportOrganization(what) => {
            let installation = Installation::open(settings)?;
            let storage = settings.filing()?.storage;
            installation
                .as_owner(async |connection| archives::import(connection, &storage, &what.file).await)?;
            installation.close()
        }
        Command::VerifyEvents(what) => archives::verify(&what),
        Command::Healthcheck(server) => serve::check_health(&server),
        Command::Migrate => Installation::open(settings)?.close(),
        Command::RotateKeys => {
            let installation = Installation::open(settings)?;
            installation.as_owner(async |connection| Ok(identity::keys::rotate(connection).await?))?;
            println!(
                "A new key signs from now on; the old ones verify until their last tokens have run out."
            );
            installation.close()
        }
        Command::CreateOrganization(new) => {
            let installation = Installation::open(settings)?;
            let id = installation.run(settings, async |database| {
                let owner = identity::organizations::Owner {
                    email: new.owner_email.clone(),
                    name: new.owner_name.clone(),
                    password: new.owner_password.clone(),
                };
                Ok(identity::organizations::create(&database, &new.name, &new.slug, owner).await?)
            })?;
            println!("Organization {} ({}) is there, and {} owns it.", new.slug, id, new.owner_email);
            installation.close()
        }
        Command::Demo(demo) => {
            let installation = Installation::open(settings)?;
            installation.run(settings, async |database| demo::load(&database, &demo).await.map(drop))?;
            installation.close()
        }
        Command::Work(jobs) => {
            let installation = Installation::open(settings)?;
            work::run(settings, &jobs, &installation)?;
            installation.close()
        }
        Command::Serve(server) => {
            let installation = Installation::open(settings)?;
            let password = if server.demo {
                installation
                    .run(settings, async |database| demo::load(&database, &server.demo_settings).await)?
            } else {
                None
            };
            serve::run(
                settings,
                &server,
                &installation,
                password.filter(|_| server.demo_settings.demo_books),
            )?;
            installation.close()
        }
    }
}
