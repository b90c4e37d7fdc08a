//! The whole house in a process of its own, with its doors open on loopback: everybody here has a
//! real web socket to it. What the house costs is read from that process; what its visitors cost
//! is not, though they share the machine's cores.

mod visit;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use tokio::io::AsyncBufReadExt as _;

use super::base::{Place, open};
use super::figures::{Figures, Process, ms};
use super::load::{Load, People, Run, since};
use super::world;
use crate::channels::web::WEB;
use crate::clock::System;
use crate::server::{self, Serving};
use crate::web::Settings;

/// A house in another process.
pub(super) struct Server {
    place: Place,
    child: Child,
    at: SocketAddr,
    told: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Server {
    /// Starts it over this database.
    pub(super) async fn start(place: Place) -> anyhow::Result<Server> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", "--house"]);
        match (place.file(), place.url()) {
            (_, Some(url)) => command.arg(url),
            (file, None) => command.arg(file.context("no database")?),
        };
        command.env("RUST_LOG", "warn").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("starting the house")?;
        let put = child.stdin.take().context("its input")?;
        let mut said = BufReader::new(child.stdout.take().context("its output")?);
        let mut line = String::new();
        tokio::task::block_in_place(|| said.read_line(&mut line))?;
        let port = line.trim().parse().context("the house did not start")?;
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(Server { place, child, at, told: Mutex::new((put, said)) })
    }

    /// Lets the house know these people.
    fn meet(&self, people: &People) -> anyhow::Result<()> {
        let all: Vec<_> = people.all().collect();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (put, said) = &mut *told;
        let mut line = String::new();
        tokio::task::block_in_place(|| {
            writeln!(put, "{}", all.join(" "))?;
            said.read_line(&mut line)
        })?;
        ensure!(line.trim() == "met", "the house meets nobody: {line}");
        Ok(())
    }

    /// Plays a load through sockets.
    pub(super) async fn load(&self, load: &Load) -> anyhow::Result<Figures> {
        let people = People::new(load.users);
        self.meet(&people)?;
        let adjusters = visit::enter(self.at, people.adjusters().into_iter().collect()).await?;
        let workers = visit::enter(self.at, people.workers.clone()).await?;
        let house = Process::Its(self.child.id());
        house.forget_peak();
        let look = || [house.spent(), self.place.spent()];
        // Adjusters tap whenever a card comes: only the workers' six of seven have their moments.
        let pace = load.pace.map(|it| it * 6.0 / 7.0);
        let run = Run::begin(&Load { pace, ..*load });
        let then = look();
        let mut visits = Vec::new();
        for page in adjusters {
            visits.push(tokio::spawn(page.decide(run.clone())));
        }
        for page in workers {
            visits.push(tokio::spawn(page.ask(run.clone())));
        }
        let (turns, lasted) = run.over().await;
        let [spent, database] = since(then, look());
        let mut took = Vec::new();
        for visit in visits {
            took.extend(visit.await.context("a visitor fell over")??);
        }
        let memory_mb = house.memory_mb().map(|it| it.0);
        let database_cpu_ms = database.map(|it| ms(&it) / turns.max(1) as f64);
        Ok(Figures { memory_mb, database_cpu_ms, ..Figures::of(turns, lasted, took, spent) })
    }

    /// Lets it finish what it has in hand.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        let mut child = self.child;
        drop(self.told);
        let ended =
            tokio::task::block_in_place(|| child.wait()).context("waiting for the house")?;
        ensure!(ended.success(), "the house ended with {ended}");
        Ok(())
    }
}

/// What the other process does: serves until nobody holds its input any more. A line of it names
/// people whom the house should know.
pub async fn serve(database: &str) -> anyhow::Result<()> {
    let url = database.contains("://").then_some(database);
    let store = open(Some(Path::new(database)), url).await?;
    let house = world::house(store, Arc::new(System), None).await?;
    let listener = server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    println!("{}", listener.local_addr()?.port());
    let settings = Settings { says_max: NonZeroU32::MAX, ..Settings::demo() };
    let serving = Serving { settings, flows: Vec::new(), ..Serving::demo(listener, None) };
    let met = house.clone();
    tokio::spawn(async move {
        let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            for id in line.split_whitespace() {
                if let Err(error) = met.store.know(&world::person(id, WEB)).await {
                    eprintln!("{id} is not known: {error}");
                }
            }
            println!("met");
        }
        met.stopping.cancel();
    });
    server::run(house, serving).await
}
