//! Taps on the shoulder between the loops and the doors. Only a hint: whoever is not tapped
//! finds the work by looking, a little later.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, broadcast, watch};

/// Hints to the loops, and news for open pages.
pub struct Wake {
    work: [Notify; LOOPS],
    news: broadcast::Sender<News>,
    /// Pages of one person each: a thousand of them do not wake up for one another.
    pages: Pages,
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

/// The loops, by what they take further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    /// Arrivals, events, timers.
    Turns,
    /// Calls to plugins.
    Calls,
    /// Messages.
    Sends,
}

type Pages = Arc<Mutex<HashMap<(String, String), watch::Sender<()>>>>;

/// A page that listens for what is new for one person. Several news are one to it.
pub struct Page {
    whose: (String, String),
    told: watch::Receiver<()>,
    pages: Pages,
}

impl Page {
    /// Waits for news.
    pub async fn news(&mut self) {
        if self.told.changed().await.is_err() {
            // Nobody tells any more: the house is gone, and the page with it.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.get(&self.whose).is_some_and(|it| it.receiver_count() <= 1) {
            pages.remove(&self.whose);
        }
    }
}

/// Loops that wait for hints, each with its own permit, so that none misses one while it works.
const LOOPS: usize = 3;

/// News that a slow page may fall behind before it must look for itself. A page that misses
/// some reads everything again, so this only bounds memory.
const NEWS_BEHIND_MAX: usize = 256;

impl Default for Wake {
    fn default() -> Wake {
        Wake {
            work: std::array::from_fn(|_| Notify::new()),
            news: broadcast::channel(NEWS_BEHIND_MAX).0,
            pages: Pages::default(),
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

    /// There is work for these loops, and for no other.
    pub fn work_for(&self, loops: &[Loop]) {
        loops.iter().for_each(|it| self.work[*it as usize].notify_one());
        if !loops.is_empty() {
            self.worked.notify_one();
        }
    }

    /// Another server says that there is work.
    pub fn work_here(&self) {
        self.work.iter().for_each(Notify::notify_one);
    }

    /// Waits until there may be work that another server could help with.
    pub async fn wait_for_worked(&self) {
        self.worked.notified().await;
    }

    /// Waits, as this loop, until there may be work.
    pub async fn wait_for_work(&self, of: Loop) {
        self.work[of as usize].notified().await;
    }

    /// Tells open pages, here and at other servers.
    pub fn tell(&self, news: News) {
        // Nobody listening is the usual case, and no error.
        let _ = self.told.send(news.clone());
        self.tell_here(news);
    }

    /// Tells open pages what another server said.
    pub fn tell_here(&self, news: News) {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        match &news.person {
            _ if news.is_of_all() => pages.values().for_each(|it| it.send_replace(())),
            Some(person) => {
                if let Some(page) = pages.get(&(news.payer.clone(), person.clone())) {
                    page.send_replace(());
                }
            }
            None => {}
        }
        drop(pages);
        let _ = self.news.send(news);
    }

    /// Listens for what is new for one person.
    pub fn listen_for(&self, payer: &str, person: &str) -> Page {
        let whose = (payer.to_owned(), person.to_owned());
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let told = pages.entry(whose.clone()).or_insert_with(|| watch::channel(()).0).subscribe();
        Page { whose, told, pages: self.pages.clone() }
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
