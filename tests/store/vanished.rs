//! The database's machine vanishes: no byte comes from it any more, and no word that it is gone.
//! Every call ends as "away" after a limit, nothing is lost or doubled, and when it is back so is
//! everything.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mendline::store::postgres::PostgresStore;
use mendline::store::{Store, StoreError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::postgres::Base;
use crate::support::*;

/// Nobody waits longer for an answer than this: a call's limit, and a place in the line before it.
const LIMIT: Duration = Duration::from_secs(25);

/// Stands between a store and its database, and can swallow what they say to each other.
struct Road {
    database: PathBuf,
    /// Whoever came while this was another number is on a road that leads nowhere any more.
    age: AtomicU32,
    /// Whether new travellers get nowhere either.
    gone: AtomicBool,
    /// Words after which it vanishes: what is said in them arrives, and the answer does not.
    last_words: Mutex<Option<&'static str>>,
    swallowed: Notify,
}

impl Road {
    /// The road, and the address of the database by way of it.
    async fn to(base: &Base) -> (Arc<Road>, String) {
        let folder = base.url.split("host=").nth(1).unwrap().split('&').next().unwrap();
        let road = Arc::new(Road {
            database: PathBuf::from(folder).join(".s.PGSQL.5432"),
            age: AtomicU32::new(0),
            gone: AtomicBool::new(false),
            last_words: Mutex::new(None),
            swallowed: Notify::new(),
        });
        let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = door.local_addr().unwrap().port();
        let here = road.clone();
        tokio::spawn(async move {
            while let Ok((traveller, _)) = door.accept().await {
                tokio::spawn(here.clone().travel(traveller));
            }
        });
        (road, format!("postgres://mendline@127.0.0.1:{port}/{}?sslmode=disable", base.name))
    }

    fn vanishes(&self) {
        self.gone.store(true, Ordering::SeqCst);
        self.age.fetch_add(1, Ordering::SeqCst);
    }

    fn is_back(&self) {
        self.gone.store(false, Ordering::SeqCst);
    }

    async fn travel(self: Arc<Road>, traveller: TcpStream) {
        let born = self.age.load(Ordering::SeqCst);
        let (mut hers, mut to_her) = traveller.into_split();
        let (mut its, mut to_it) = UnixStream::connect(&self.database).await.unwrap().into_split();
        let road = self.clone();
        let back = tokio::spawn(async move {
            let mut bytes = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = its.read(&mut bytes).await {
                if road.is_open(born) && to_her.write_all(&bytes[..read]).await.is_err() {
                    return;
                }
            }
            // The other end must not learn that this one has gone.
            if !road.is_open(born) {
                std::future::pending::<()>().await;
            }
        });
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = hers.read(&mut bytes).await {
            let sent = &bytes[..read];
            if !self.is_open(born) {
                continue;
            }
            if self.are_last_words(sent) {
                self.vanishes();
                to_it.write_all(sent).await.unwrap();
                self.swallowed.notify_one();
                continue;
            }
            to_it.write_all(sent).await.unwrap();
        }
        back.abort();
    }

    fn are_last_words(&self, sent: &[u8]) -> bool {
        let mut words = self.last_words.lock().unwrap();
        let said = words.is_some_and(|it| sent.windows(it.len()).any(|sent| sent == it.as_bytes()));
        said && words.take().is_some()
    }

    /// Asks, loses the machine as soon as these words have arrived there, and waits on a clock that
    /// goes on by itself.
    async fn loses<T>(
        &self,
        words: &'static str,
        asking: impl Future<Output = Result<T, StoreError>>,
    ) {
        *self.last_words.lock().unwrap() = Some(words);
        let losing = async {
            self.swallowed.notified().await;
            tokio::time::pause();
        };
        tokio::join!(away(words, asking), losing);
        self.is_back();
        tokio::time::resume();
    }

    fn is_open(&self, born: u32) -> bool {
        !self.gone.load(Ordering::SeqCst) && self.age.load(Ordering::SeqCst) == born
    }
}

/// What a call answers while nothing comes back, on a clock that goes on by itself.
async fn away<T>(what: &str, asking: impl Future<Output = Result<T, StoreError>>) {
    let began = Instant::now();
    let answered = tokio::time::timeout(LIMIT, asking).await;
    let Ok(answered) = answered else { panic!("{what} hangs") };
    let away = matches!(answered, Err(StoreError::Away(_)));
    assert!(away, "{what}: {:?}", answered.err());
    assert!(began.elapsed() < LIMIT, "{what}");
}

#[tokio::test]
async fn while_its_machine_has_vanished_every_call_is_away_and_afterwards_none_is() {
    let Some(base) = Base::new().await else { return };
    let (road, url) = Road::to(&base).await;
    let store = PostgresStore::open(&url, vault()).await.unwrap();
    said(&store, "c1", vec![to(ANA, 0, 0, message("worker", "hello"))]).await;
    store.person(ACME, ANA).await.unwrap();

    road.vanishes();
    tokio::time::pause();
    let (care, health, shared) = (store.care(), store.health(), store.shared());
    away("accept", store.accept(&arrival(ACME, ANA, "1", "are you there?"))).await;
    away("person", store.person(ACME, ANA)).await;
    away("conversation", store.conversation(ACME, "c1")).await;
    away("lease", store.lease_outbox(NOW, LEASE_MS, 9)).await;
    away("claim", store.claim(NOW, LEASE_MS, 9, 9)).await;
    away("pauses", care.pauses()).await;
    away("writes", health.takes_writes()).await;
    away("stuck", health.stuck(9)).await;
    away("clock", health.clock()).await;
    away("hold", shared.take_hold("poll", "me", NOW, LEASE_MS)).await;
    let many = (0..9).map(|_| away("several readers", store.messages(ACME, "c1")));
    futures::future::join_all(many).await;

    road.is_back();
    tokio::time::resume();
    let began = std::time::Instant::now();
    let back = async || {
        store.accept(&arrival(ACME, ANA, "1", "are you there?")).await?;
        store.person(ACME, ANA).await?;
        store.care().pauses().await?;
        store.shared().take_hold("poll", "me", NOW, LEASE_MS).await.map(drop)
    };
    for _ in 0..50 {
        if back().await.is_ok() {
            break;
        }
    }
    back().await.unwrap();
    let many = (0..9).map(|_| store.messages(ACME, "c1"));
    for read in futures::future::join_all(many).await {
        assert_eq!(read.unwrap().len(), 1, "every reader is one again");
    }
    assert!(began.elapsed() < LIMIT, "it took {:?} to be back", began.elapsed());
    let lines = store.lines_after(ACME, ANA, "web", 0, 9).await.unwrap();
    let said = lines.iter().filter(|it| it.body["text"] == "are you there?").count();
    assert_eq!(said, 1);
}

#[tokio::test]
async fn whoever_asked_as_its_machine_vanished_is_told_and_the_next_one_answered() {
    let Some(base) = Base::new().await else { return };
    let (road, url) = Road::to(&base).await;
    let store = PostgresStore::open(&url, vault()).await.unwrap();
    store.accept(&arrival(ACME, ANA, "1", "hello")).await.unwrap();

    road.loses("from accounts", store.account("dana")).await;
    assert!(store.account("dana").await.unwrap().is_none(), "a reader");
    road.loses("from pauses", store.care().pauses()).await;
    assert_eq!(store.care().pauses().await.unwrap(), []);
    road.loses("insert into house", store.health().takes_writes()).await;
    store.health().takes_writes().await.unwrap();
    road.loses("from outbox", store.lease_outbox(NOW, LEASE_MS, 9)).await;
    assert_eq!(store.lease_outbox(NOW, LEASE_MS, 9).await.unwrap(), []);
    road.loses("insert into inbox", store.accept(&arrival(ACME, ANA, "2", "there?"))).await;
    let again = store.accept(&arrival(ACME, ANA, "2", "there?")).await.unwrap();
    assert!(!again.duplicate, "it was not committed");
    let lines = store.lines_after(ACME, ANA, "web", 0, 9).await.unwrap();
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn what_was_committed_and_never_answered_is_there_once() {
    let Some(base) = Base::new().await else { return };
    let (road, url) = Road::to(&base).await;
    let store = PostgresStore::open(&url, vault()).await.unwrap();
    begin(&store, ACME, ANA, "c1", "hello").await;
    let mut taken = turn(&claim_one(&store).await);
    taken.messages = vec![to(ANA, 0, 0, message("worker", "hello"))];

    road.loses("COMMIT\0", async { store.commit(vec![taken.clone()]).await.remove(0) }).await;
    let mut again = store.commit(vec![taken.clone()]).await.remove(0);
    for _ in 0..50 {
        if !matches!(again, Err(StoreError::Away(_))) {
            break;
        }
        again = store.commit(vec![taken.clone()]).await.remove(0);
    }
    assert!(matches!(again, Err(StoreError::Conflict)), "it was taken already: {again:?}");
    assert_eq!(store.messages(ACME, "c1").await.unwrap().len(), 1);
    assert_eq!(store.verify_chain(ACME, "c1").await.unwrap(), None);
}
