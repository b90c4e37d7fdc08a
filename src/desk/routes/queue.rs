//! The queue page, the piece of it that scripts fetch again, the news that tells them when, and
//! the command box.

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt as _};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::{Answer, Desk, Failed, Fields, Frame, outcome, status_of};
use super::{Outcome, forms::Became, login::EMERGENCY, step_up::as_typed};
use crate::channels::Incoming;
use crate::desk::commands::{self, Act, Seen};
use crate::desk::look;
use crate::desk::queue::{self, Item, Row, Waiting};
use crate::desk::session::{IDLE_MS, Staff};
use crate::desk::words;
use crate::links::Elsewhere;
use crate::signin::Local;
use crate::store::{EffectRef, QuestionRow};
use crate::wake::News;
use crate::web::pages::{Page, html};

/// A sign of life, so that proxies do not close a quiet stream.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(3);

#[derive(Template)]
#[template(path = "desk_queue.html")]
struct QueuePage {
    page: Page,
    frame: Frame,
    /// What is not sent now, and why.
    paused: Vec<String>,
    rows: Vec<Row>,
    tokens: String,
    /// Since when this page is right.
    at: String,
    /// What the last command was answered with.
    answer: Option<String>,
    searched: Option<&'static str>,
    elsewhere: Vec<Elsewhere>,
    command: String,
}

#[derive(Template)]
#[template(path = "desk_queue_rows.html")]
struct QueueRows {
    paused: Vec<String>,
    rows: Vec<Row>,
    tokens: String,
    at: String,
}

/// How long it is shown that somebody came in by an emergency account.
const EMERGENCY_SHOWN_MS: i64 = 24 * 60 * 60 * 1_000;
/// How many of them are shown; the audit has all.
const EMERGENCIES_MAX: u32 = 3;

/// What waits for somebody.
pub(super) struct Queue {
    pub(super) items: Vec<Item>,
    pub(super) rows: Vec<Row>,
    paused: Vec<String>,
}

impl Queue {
    /// A card of it.
    fn card(&self, question: &EffectRef) -> Option<&QuestionRow> {
        self.items.iter().find_map(|it| match &it.waiting {
            Waiting::Card(row) if row.question == *question => Some(row.as_ref()),
            _ => None,
        })
    }
}

impl Desk {
    /// What waits for somebody, what is due first first.
    pub(super) async fn queue(&self, staff: &Staff) -> Result<Queue, Failed> {
        let (store, payer) = (&self.house.store, &staff.account.payer);
        let items = look::items(&self.house, &staff.whose(), &staff.desks()).await?;
        let now = self.house.clock.now();
        let rows = queue::rows(&items, now, &staff.person.zone);
        let pauses = self.house.pauses.now(store.as_ref()).await?;
        let ours = pauses.iter().filter(|it| it.of.payer.as_ref().is_none_or(|it| it == payer));
        let mut paused: Vec<_> =
            ours.map(|it| words::paused(it, now, &staff.person.zone)).collect();
        paused.extend(self.emergencies(staff).await?);
        Ok(Queue { items, rows, paused })
    }

    /// Who came in by the emergency way lately, where passwords are for emergencies.
    async fn emergencies(&self, staff: &Staff) -> Result<Vec<String>, Failed> {
        if self.house.sign_in.ways().local != Local::Emergency {
            return Ok(Vec::new());
        }
        let (store, payer) = (&self.house.store, &staff.account.payer);
        let now = self.house.clock.now();
        let since = now.plus_ms(-EMERGENCY_SHOWN_MS);
        let mut said = Vec::new();
        for (who, at) in store.entry().lately(payer, EMERGENCY, since, EMERGENCIES_MAX).await? {
            let person = store.person(payer, &who).await?;
            let name = person.map_or_else(|| "Somebody".to_owned(), |it| it.name);
            let when = words::moment(at, now, &staff.person.zone);
            said.push(format!("{name} came in by an emergency account, {when}."));
        }
        Ok(said)
    }

    fn queue_page(&self, staff: &Staff, queue: Queue, answer: Option<String>) -> QueuePage {
        let now = self.house.clock.now();
        let (page, frame) = self.frame(staff, "Your desk", true);
        QueuePage {
            page,
            frame,
            paused: queue.paused,
            tokens: tokens(&queue.rows),
            rows: queue.rows,
            at: words::moment(now, now, &staff.person.zone),
            answer,
            searched: None,
            elsewhere: self.house.links.elsewhere().to_vec(),
            command: String::new(),
        }
    }

    /// The queue page with a word about a search that found nothing.
    pub(super) async fn nothing_found(&self, staff: &Staff) -> Answer {
        let queue = self.queue(staff).await?;
        let mut page = self.queue_page(staff, queue, None);
        page.searched = Some(
            "Nothing was found under this number that is yours to read. Check the number: it \
             must be whole.",
        );
        Ok(html(StatusCode::OK, &page))
    }

    /// The card of the same conversation that is open for this person now, if there is one.
    pub(super) async fn open_card(
        &self,
        staff: &Staff,
        conversation: &str,
    ) -> Result<Option<QuestionRow>, Failed> {
        let cards = self.house.store.cards(&staff.account.payer, &staff.account.person).await?;
        Ok(cards.into_iter().find(|it| it.question.conversation == conversation))
    }
}

fn tokens(rows: &[Row]) -> String {
    rows.iter().map(|it| it.token.as_str()).collect::<Vec<_>>().join(" ")
}

/// `GET /desk`.
pub async fn page(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    answer(async {
        let staff = desk.who(&headers).await?;
        let queue = desk.queue(&staff).await?;
        Ok(html(StatusCode::OK, &desk.queue_page(&staff, queue, None)))
    })
    .await
}

/// `GET /desk/queue`: the rows alone, for a page that refreshes itself.
pub async fn fragment(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let staff = match desk.who_by_itself(&headers).await {
        Ok(staff) => staff,
        // A script must see that the session is over, not a login page in the queue's place.
        Err(Failed::LoggedOut) => return StatusCode::UNAUTHORIZED.into_response(),
        Err(failed) => return failed.into_response(),
    };
    answer(async {
        let Queue { rows, paused, .. } = desk.queue(&staff).await?;
        let now = desk.house.clock.now();
        let at = words::moment(now, now, &staff.person.zone);
        Ok(html(StatusCode::OK, &QueueRows { paused, tokens: tokens(&rows), rows, at }))
    })
    .await
}

/// `GET /desk/events`: says "look" when something changed for this person, and nothing else.
pub async fn events(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let staff = match desk.who_by_itself(&headers).await {
        Ok(staff) => staff,
        Err(Failed::LoggedOut) => return StatusCode::UNAUTHORIZED.into_response(),
        Err(failed) => return failed.into_response(),
    };
    // A page that nobody touches is told to lock when its session is.
    let quiet_ms = desk.house.clock.now().0 - staff.session.last_seen.0;
    let left = u64::try_from((IDLE_MS - quiet_ms).max(0)).unwrap_or(0);
    let until = tokio::time::Instant::now() + Duration::from_millis(left);
    let news = desk.house.wake.listen();
    let stream = looks(news, staff.account.payer, staff.account.person, until);
    // The browser comes back to whoever serves next.
    let stream = stream.take_until(desk.house.stopping.clone().cancelled_owned());
    Sse::new(stream).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
}

fn looks(
    news: broadcast::Receiver<News>,
    payer: String,
    person: String,
    until: tokio::time::Instant,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let begun = Event::default().event("look").retry(RETRY).data("begun");
    let first = stream::once(async move { Ok(begun) });
    let rest = stream::unfold(Some((news, payer, person)), move |open| async move {
        let (mut news, payer, person) = open?;
        loop {
            match tokio::time::timeout_at(until, news.recv()).await {
                Err(_) => {
                    let idle = Event::default().event("idle").data("idle");
                    return Some((Ok(idle), None));
                }
                Ok(Err(RecvError::Closed)) => return None,
                Ok(Ok(it)) if !concerns(&it, &payer, &person) => {}
                // Who fell behind looks anew, like everybody else.
                Ok(Ok(_) | Err(RecvError::Lagged(_))) => {
                    let look = Event::default().event("look").data("news");
                    return Some((Ok(look), Some((news, payer, person))));
                }
            }
        }
    });
    first.chain(rest)
}

/// Whether news is for this person: never another payer's.
fn concerns(news: &News, payer: &str, person: &str) -> bool {
    let theirs = news.payer == payer && news.person.as_deref().is_none_or(|it| it == person);
    theirs || news.is_of_all()
}

/// `POST /desk/command`.
pub async fn command(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Form(form): Form<Fields>,
) -> Response {
    answer(async {
        let staff = desk.who_sends(&headers, &form).await?;
        let line = form.get("command").map_or("", String::as_str);
        let shown: Vec<String> =
            form.get("shown").map_or("", |it| it).split_whitespace().map(str::to_owned).collect();
        let queue = desk.queue(&staff).await?;
        let seen = Seen {
            shown: &shown,
            items: &queue.items,
            rows: &queue.rows,
            zone: &staff.person.zone,
            now: desk.house.clock.now(),
        };
        let act = match commands::parse(line) {
            Some(command) => commands::act(&command, seen),
            None => Act::Say(format!("That is no command here.\n{}", commands::help_text())),
        };
        match act {
            Act::Say(text) => {
                let mut page = desk.queue_page(&staff, queue, Some(text));
                // A command that was not carried out stays, to be mended.
                if !matches!(commands::parse(line), Some(commands::Command::Queue)) {
                    page.command = line.to_owned();
                }
                Ok(html(StatusCode::OK, &page))
            }
            Act::Send { incoming, did } => {
                if let Incoming::Tap { question, choice, with } = &incoming
                    && let Some(row) = queue.card(question)
                    && desk.needs_step_up(&staff, row)
                {
                    return desk.step_up(&staff, row, choice, &as_typed(with)).await;
                }
                let became = desk.hand_in(&staff, &form, incoming).await?;
                let said = desk.said(&staff, &became, &did, &|key| words::titled(key));
                let status = status_of(became.verdict());
                let good = status == StatusCode::OK;
                let links = vec![("/desk".to_owned(), "Back to the queue".to_owned())];
                let (page, frame) = desk.frame(&staff, "What happened", false);
                Ok(outcome(status, &Outcome { page, frame, good, said, links }))
            }
        }
    })
    .await
}

impl Desk {
    /// What became of an act, in plain words.
    pub(super) fn said(
        &self,
        staff: &Staff,
        became: &Became,
        did: &str,
        label: &dyn Fn(&str) -> String,
    ) -> String {
        let now = self.house.clock.now();
        match became {
            Became::Verdict(it) => words::verdict(it, did, label, now, &staff.person.zone),
            Became::Kept => format!("{did}. It is done."),
            Became::Waiting => format!(
                "{did}. It is safely kept, and takes longer than usual. Look again in a minute; \
                 do not send it twice."
            ),
        }
    }
}

/// Runs a door and words its failure.
pub(super) async fn answer(door: impl Future<Output = Answer>) -> Response {
    door.await.unwrap_or_else(IntoResponse::into_response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_10_news_of_another_payer_or_person_never_concerns_a_page() {
        let news = |payer: &str, person: Option<&str>| News {
            payer: payer.into(),
            person: person.map(str::to_owned),
        };
        assert!(concerns(&news("a", Some("dana")), "a", "dana"));
        assert!(concerns(&news("a", None), "a", "dana"));
        assert!(!concerns(&news("a", Some("sam")), "a", "dana"));
        assert!(!concerns(&news("b", Some("dana")), "a", "dana"));
        assert!(!concerns(&news("b", None), "a", "dana"));
    }
}
