//! Taps on the shoulder between the loops and the doors. Only a hint: whoever is not tapped
//! finds the work by looking, a little later.

use tokio::sync::{Notify, broadcast};

/// Hints to the loops, and news for open pages.
pub struct Wake {
    work: [Notify; LOOPS],
    news: broadcast::Sender<News>,
    /// What was told here, for those who call it to other servers.
    told: broadcast::Sender<News>,
    /// There may be work for others, too.
    worked: Notify,
}

/// Something changed for a person: new lines, a card, a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The payer.
    pub payer: String,
    /// The person; `None` for everyone at the payer's desks.
    pub person: Option<String>,
}

impl News {
    /// Nobody knows what changed: every open page looks.
    pub fn of_all() -> News {
        News { payer: String::new(), person: None }
    }

    /// Whether every open page looks.
    pub fn is_of_all(&self) -> bool {
        self.payer.is_empty()
    }
}

/// Loops that wait for hints, each with its own permit, so that none misses one while it works.
pub const LOOPS: usize = 3;

/// News that a slow page may fall behind before it must look for itself. A page that misses
/// some reads everything again, so this only bounds memory.
const NEWS_BEHIND_MAX: usize = 256;

impl Default for Wake {
    fn default() -> Wake {
        Wake {
            work: std::array::from_fn(|_| Notify::new()),
            news: broadcast::channel(NEWS_BEHIND_MAX).0,
            told: broadcast::channel(NEWS_BEHIND_MAX).0,
            worked: Notify::new(),
        }
    }
}

impl Wake {
    /// There is work for the loops.
    pub fn work(&self) {
        self.work_here();
        self.worked.notify_one();
    }

    /// Another server says that there is work.
    pub fn work_here(&self) {
        self.work.iter().for_each(Notify::notify_one);
    }

    /// Waits until there may be work that another server could help with.
    pub async fn wait_for_worked(&self) {
        self.worked.notified().await;
    }

    /// Waits, as the loop of this number, until there may be work.
    pub async fn wait_for_work(&self, number: usize) {
        self.work[number % LOOPS].notified().await;
    }

    /// Tells open pages, here and at other servers.
    pub fn tell(&self, news: News) {
        // Nobody listening is the usual case, and no error.
        let _ = self.told.send(news.clone());
        self.tell_here(news);
    }

    /// Tells open pages what another server said.
    pub fn tell_here(&self, news: News) {
        let _ = self.news.send(news);
    }

    /// Listens for what is told here.
    pub fn listen_for_others(&self) -> broadcast::Receiver<News> {
        self.told.subscribe()
    }

    /// Listens for news.
    pub fn listen(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }
}
