//! Starts a cluster in the folder given, says where it is, and holds it until it is killed or its input ends.

use std::env;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use cluster::{Cluster, Settings};

fn main() -> ExitCode {
    let data_dir = env::args_os().nth(1).map_or_else(cluster::default_data_dir, PathBuf::from);
    let bin_dir = env::var_os("BACKOFFICE_PG_BINDIR").map(PathBuf::from);
    match Cluster::start(Settings { data_dir, bin_dir, parameters: Vec::new() }) {
        Ok(cluster) => {
            println!("{} {}", cluster.pid(), cluster.url("postgres"));
            io::stdin().lines().last();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
