//! `/chat/ws`: the live chat of one open page. It sends lines in order, each until it is
//! acknowledged, and takes what she does; the protocol stands in `docs/web-chat-protocol.md`.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tokio::time::{Instant, interval, timeout};
use tracing::{debug, warn};

use super::Web;
use super::chat::speaks;
use super::limits::{FRAME_BYTES_MAX, allows};
use super::lines::{LINES_READ, LINES_SHOWN, LineView};
use super::protocol::{Bye, FromClient, FromServer, Refusal, read};
use super::session::{self, Worker};
use crate::channels::web::WEB;
use crate::store::{EffectRef, StoreError};

/// How long "writing" is shown when nothing comes: then it would be a lie.
const TYPING_FOR: Duration = Duration::from_secs(8);
/// A look without being told: hints get lost, and other replicas write too.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Looks between two pings, so that proxies keep a quiet connection.
const LOOKS_PER_PING: u32 = 5;
/// A client that takes no frame for so long is gone.
const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// Beyond this the connection is cut at the wire; up to it an oversized frame is read and
/// answered with its own close code.
const WIRE_BYTES_MAX: usize = 8 * FRAME_BYTES_MAX;

/// The socket's door.
pub fn routes() -> Router<Web> {
    Router::new().route("/chat/ws", any(open))
}

async fn open(State(web): State<Web>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    if !is_ours(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some(token) = session::COOKIE.token(&headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let worker = match web.worker(&token).await {
        Ok(worker) => worker,
        Err(error) => return super::chat::away(error),
    };
    let upgrade = upgrade.max_message_size(WIRE_BYTES_MAX).max_frame_size(WIRE_BYTES_MAX);
    upgrade.on_upgrade(move |socket| async move {
        let Some(worker) = worker else {
            // A browser cannot read the status of a refused upgrade, so it is told here.
            end(socket, Bye::Locked).await;
            return;
        };
        if !web.seats.take(&worker.digest, web.house.clock.now()) {
            end(socket, Bye::TooMany).await;
            return;
        }
        let digest = worker.digest.clone();
        Open::new(web.clone(), worker, token, socket).run().await;
        web.seats.leave(&digest);
    })
}

/// Whether the page that asks is one of this host's: cookies come along from any page.
fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|it| it.to_str().ok());
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else {
        return false;
    };
    origin.split_once("://").is_some_and(|(_, it)| it.eq_ignore_ascii_case(host))
}

async fn end(mut socket: WebSocket, why: Bye) {
    // The other side may be gone already; there is nothing more to do for it.
    let _ = timeout(SEND_PATIENCE, async {
        socket.send(text(&FromServer::Bye { why })).await?;
        socket.send(Message::Close(None)).await
    })
    .await;
}

fn text(frame: &FromServer) -> Message {
    Message::Text(serde_json::to_string(frame).expect("frames are plain data").into())
}

/// Why a page's connection is over.
enum Over {
    /// The client went, or cannot be reached.
    Gone,
    /// We end it, and say why.
    Bye(Bye),
    /// A frame was larger than any of ours.
    TooBig,
}

impl From<StoreError> for Over {
    fn from(error: StoreError) -> Over {
        warn!("a chat page lost its store: {error}");
        Over::Bye(Bye::Later)
    }
}

/// One open page.
struct Open {
    web: Web,
    worker: Worker,
    token: String,
    socket: WebSocket,
    language: String,
    /// The last line that was sent; `None` until `hello`.
    sent: Option<i64>,
    /// Open questions that the page shows.
    open: BTreeSet<String>,
    typing_until: Option<Instant>,
}

impl Open {
    fn new(web: Web, worker: Worker, token: String, socket: WebSocket) -> Open {
        let (language, open) = ("en".to_owned(), BTreeSet::new());
        Open { web, worker, token, socket, language, sent: None, open, typing_until: None }
    }

    async fn run(mut self) {
        let over = match self.talk().await {
            Ok(()) => return,
            Err(over) => over,
        };
        match over {
            Over::Gone => {}
            Over::Bye(why) => end(self.socket, why).await,
            Over::TooBig => {
                let close = CloseFrame { code: close_code::SIZE, reason: "frame too large".into() };
                let bye = self.socket.send(Message::Close(Some(close)));
                let _ = timeout(SEND_PATIENCE, bye).await;
            }
        }
    }

    async fn talk(&mut self) -> Result<(), Over> {
        let session = &self.worker.session;
        let mut page = self.web.house.wake.listen_for(&session.payer, &session.person);
        let mut look = interval(LOOK_EVERY);
        let mut looks = 0_u32;
        let stopping = self.web.house.stopping.clone();
        loop {
            let typing_until = self.typing_until.unwrap_or_else(|| Instant::now() + LOOK_EVERY);
            tokio::select! {
                frame = self.socket.recv() => match frame {
                    None | Some(Ok(Message::Close(_))) => return Err(Over::Gone),
                    // Past the wire's limit the socket says so as an error.
                    Some(Err(error)) if is_size(&error) => return Err(Over::TooBig),
                    Some(Err(_)) => return Err(Over::Gone),
                    Some(Ok(Message::Text(text))) => self.heard(text.as_str()).await?,
                    Some(Ok(Message::Binary(bytes))) if bytes.len() > FRAME_BYTES_MAX => {
                        return Err(Over::TooBig);
                    }
                    Some(Ok(Message::Binary(_))) => self.refuse(None, Refusal::Broken).await?,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                },
                () = page.news() => self.look().await?,
                () = stopping.cancelled() => return Err(Over::Bye(Bye::Later)),
                _ = look.tick() => {
                    looks += 1;
                    self.still_here().await?;
                    if looks.is_multiple_of(LOOKS_PER_PING) {
                        self.pass(Message::Ping(Vec::new().into())).await?;
                    }
                    self.look().await?;
                }
                () = tokio::time::sleep_until(typing_until), if self.typing_until.is_some() => {
                    self.typing(false).await?;
                }
            }
        }
    }

    /// Locks a page that nobody uses, and one whose session was ended elsewhere. Frames that the
    /// page sends by itself do not count.
    async fn still_here(&mut self) -> Result<(), Over> {
        if !self.web.is_there(&self.worker).await? {
            return Err(Over::Bye(Bye::Locked));
        }
        if self.web.seats.is_idle(&self.worker.digest, self.web.house.clock.now()) {
            self.web.house.store.end_session(&self.worker.digest).await?;
            return Err(Over::Bye(Bye::Locked));
        }
        Ok(())
    }

    async fn heard(&mut self, text: &str) -> Result<(), Over> {
        if text.len() > FRAME_BYTES_MAX {
            return Err(Over::TooBig);
        }
        match read(text) {
            Err(unread) => self.refuse(unread.id, unread.why).await,
            Ok(FromClient::Hello { seen }) => self.welcome_from(seen).await,
            Ok(FromClient::Ack { seq }) => self.acknowledged(seq).await,
            Ok(FromClient::Typing) => self.used().await,
            Ok(frame) => self.does(frame).await,
        }
    }

    /// She does something herself: the session lives on, if it still does.
    async fn used(&mut self) -> Result<(), Over> {
        match self.web.worker(&self.token).await? {
            Some(worker) => {
                self.worker = worker;
                Ok(())
            }
            None => Err(Over::Bye(Bye::Locked)),
        }
    }

    async fn does(&mut self, frame: FromClient) -> Result<(), Over> {
        let id = frame.id().map(str::to_owned);
        if !allows(&self.web.says, &self.worker.digest) {
            return self.refuse(id, Refusal::TooFast).await;
        }
        self.used().await?;
        let web = self.web.clone();
        match web.act(&self.worker.session, speaks(&self.language), &frame).await {
            Err(why) => self.refuse(id, why).await,
            Ok(taken) => {
                let answered = self.send_lines().await?;
                let took = FromServer::Took { id: id.unwrap_or_default(), seq: taken.accepted.seq };
                self.tell(&took).await?;
                if let Some(question) = taken.over {
                    self.open.remove(&question);
                    return self.tell(&FromServer::Closed { question }).await;
                }
                if !answered {
                    self.typing(true).await?;
                }
                Ok(())
            }
        }
    }

    async fn refuse(&mut self, id: Option<String>, code: Refusal) -> Result<(), Over> {
        let say = code.say(speaks(&self.language));
        self.tell(&FromServer::Refused { id, code, say }).await
    }

    /// Greets, closes what the page still shows as open, and sends every line that it lacks.
    async fn welcome_from(&mut self, seen: i64) -> Result<(), Over> {
        self.greet().await?;
        let session = self.worker.session.clone();
        let back = seen.saturating_sub(LINES_SHOWN as i64).max(0);
        let (payer, person) = (&session.payer, &session.person);
        let old = self.web.house.store.lines_after(payer, person, WEB, back, LINES_READ).await?;
        for line in old.into_iter().map(LineView::of).filter(|it| it.seq <= seen) {
            match line.question {
                Some(question) if line.open => {
                    self.open.insert(question);
                }
                Some(question) => self.tell(&FromServer::Closed { question }).await?,
                None => {}
            }
        }
        self.sent = Some(seen.max(0));
        self.send_lines().await.map(|_| ())
    }

    async fn greet(&mut self) -> Result<(), Over> {
        let person = self.web.known(&self.worker).await?;
        self.language = person.language.clone();
        let demo = self.web.house.demo;
        let language = speaks(&person.language).to_owned();
        self.tell(&FromServer::Welcome { name: person.first_name, language, demo }).await
    }

    /// Looks for everything that may be new: lines, closed questions, her language.
    async fn look(&mut self) -> Result<(), Over> {
        if self.sent.is_none() {
            return Ok(());
        }
        self.send_lines().await?;
        self.send_closed().await?;
        let session = &self.worker.session;
        let person = self.web.house.store.person(&session.payer, &session.person).await?;
        if person.is_some_and(|it| it.language != self.language) {
            self.greet().await?;
        }
        Ok(())
    }

    /// Sends the lines after the last one; answers whether one was not her own.
    async fn send_lines(&mut self) -> Result<bool, Over> {
        let Some(mut sent) = self.sent else { return Ok(false) };
        let session = self.worker.session.clone();
        let mut answered = false;
        loop {
            let (payer, person) = (&session.payer, &session.person);
            let lines = self.web.house.store.lines_after(payer, person, WEB, sent, LINES_READ);
            let lines = lines.await?;
            let more = lines.len() == LINES_READ as usize;
            for line in lines.into_iter().map(LineView::of) {
                sent = line.seq;
                if let Some(question) = line.question.clone().filter(|_| line.open) {
                    self.open.insert(question);
                }
                answered |= !line.is_yours();
                if !line.is_yours() && self.typing_until.is_some() {
                    self.typing(false).await?;
                }
                self.tell(&FromServer::Line(line)).await?;
                self.sent = Some(sent);
            }
            if !more {
                return Ok(answered);
            }
        }
    }

    async fn send_closed(&mut self) -> Result<(), Over> {
        let session = self.worker.session.clone();
        for question in self.open.clone() {
            let Ok(named) = question.parse::<EffectRef>() else { continue };
            let asked =
                self.web.house.store.question(&session.payer, &named, Some(&session.person));
            if asked.await?.is_none_or(|it| it.closed.is_some()) {
                self.open.remove(&question);
                self.tell(&FromServer::Closed { question }).await?;
            }
        }
        Ok(())
    }

    /// Receipts for what is before her eyes; never for a line that this page was not sent.
    async fn acknowledged(&mut self, seq: i64) -> Result<(), Over> {
        let Some(sent) = self.sent else { return Ok(()) };
        let session = &self.worker.session;
        self.web.shown(&session.payer, &session.person, seq.min(sent)).await?;
        Ok(())
    }

    async fn typing(&mut self, on: bool) -> Result<(), Over> {
        self.typing_until = on.then(|| Instant::now() + TYPING_FOR);
        self.tell(&FromServer::Typing { on }).await
    }

    async fn tell(&mut self, frame: &FromServer) -> Result<(), Over> {
        self.pass(text(frame)).await
    }

    async fn pass(&mut self, message: Message) -> Result<(), Over> {
        match timeout(SEND_PATIENCE, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                debug!("a chat page is gone");
                Err(Over::Gone)
            }
        }
    }
}

/// Whether a read failed because the message was too large.
fn is_size(error: &axum::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(it) = source {
        if it.to_string().to_lowercase().contains("too big") || it.to_string().contains("too long")
        {
            return true;
        }
        source = it.source();
    }
    false
}
