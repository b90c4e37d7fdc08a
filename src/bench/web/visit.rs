//! Visitors: a worker's page and an adjuster's, each a web socket that speaks as
//! `docs/web-chat-protocol.md` says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::bench::load::{ACTS, Act, PATIENCE, Run};
use crate::bench::world::{self, PAYER};
use crate::clock::{Clock, System};
use crate::web::invite;

/// An open page.
pub(super) struct Page {
    socket: WebSocketStream<TcpStream>,
    person: String,
    acts: u64,
}

/// What a page is told, as far as these visitors read.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Told {
    Line {
        seq: i64,
        from: String,
        #[serde(default)]
        question: Option<String>,
        #[serde(default)]
        open: bool,
    },
    Took {
        id: String,
    },
    Refused {
        code: String,
    },
    Bye {
        why: String,
    },
    #[serde(other)]
    Else,
}

/// Lets these people in by links, and opens a page for each.
pub(super) async fn enter(at: SocketAddr, people: Vec<String>) -> anyhow::Result<Vec<Page>> {
    let known = people.clone();
    let cookies = tokio::task::spawn_blocking(move || {
        let agent = ureq::Agent::config_builder().max_redirects(0).build().new_agent();
        known.iter().map(|it| cookie(&agent, at, it)).collect::<anyhow::Result<Vec<_>>>()
    });
    let mut pages = Vec::new();
    for (person, cookie) in people.into_iter().zip(cookies.await??) {
        pages.push(Page::open(at, person, &cookie).await?);
    }
    Ok(pages)
}

fn cookie(agent: &ureq::Agent, at: SocketAddr, person: &str) -> anyhow::Result<String> {
    let base = format!("http://{at}");
    let link = invite::link(&world::vault(), System.now(), PAYER, person, &base);
    let (_, token) = link.split_once("invite=").context("a link")?;
    let answer = agent.post(format!("{base}/chat/enter")).send_form([("invite", token)])?;
    let cookie = answer.headers().get("set-cookie").context("the door is closed")?.to_str()?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

impl Page {
    async fn open(at: SocketAddr, person: String, cookie: &str) -> anyhow::Result<Page> {
        let mut request = format!("ws://{at}/chat/ws").into_client_request()?;
        request.headers_mut().insert("cookie", cookie.parse()?);
        request.headers_mut().insert("origin", format!("http://{at}").parse()?);
        let stream = TcpStream::connect(at).await?;
        stream.set_nodelay(true)?;
        let mut page = Page { socket: client_async(request, stream).await?.0, person, acts: 0 };
        page.say(json!({ "type": "hello", "seen": 0 })).await?;
        Ok(page)
    }

    async fn say(&mut self, frame: Value) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::text(frame.to_string())).await?)
    }

    /// Sends something that will be told taken; answers under which name.
    async fn act(&mut self, mut frame: Value) -> anyhow::Result<String> {
        self.acts += 1;
        let id = format!("{}-{}", self.person, self.acts);
        frame["id"] = json!(id);
        self.say(frame).await?;
        Ok(id)
    }

    async fn tap(&mut self, question: &str, choice: &str) -> anyhow::Result<String> {
        self.act(json!({ "type": "tap", "question": question, "choice": choice })).await
    }

    /// The next thing that matters. What is shown is acknowledged at once.
    async fn next(&mut self) -> anyhow::Result<Told> {
        loop {
            let frame = self.socket.next().await.context("the page was closed")??;
            let Message::Text(text) = frame else { continue };
            match serde_json::from_str(&text)? {
                Told::Refused { code } => bail!("{}: refused: {code}", self.person),
                Told::Bye { why } => bail!("{}: sent away: {why}", self.person),
                Told::Else => {}
                told => {
                    if let Told::Line { seq, .. } = &told {
                        self.say(json!({ "type": "ack", "seq": seq })).await?;
                    }
                    return Ok(told);
                }
            }
        }
    }

    /// A worker's visit: her six messages again and again; answers how long each took.
    pub(super) async fn ask(mut self, run: Arc<Run>) -> anyhow::Result<Vec<Duration>> {
        let (mut took, mut question) = (Vec::new(), None);
        loop {
            for (nth, act) in ACTS.iter().enumerate() {
                let due = match act {
                    Act::Decides(_) => continue,
                    Act::Says(_) | Act::Taps(_) => run.due().await,
                };
                if run.is_over() {
                    return Ok(took);
                }
                let id = match act {
                    Act::Says(words) => self.act(json!({ "type": "say", "words": words })).await?,
                    Act::Taps(choice) | Act::Decides(choice) => {
                        let question: Option<String> = question.take();
                        self.tap(&question.context("there is no question")?, choice).await?
                    }
                };
                let asks = nth + 1 < ACTS.len();
                let answering = self.answered(&id, asks, due, &run);
                let patience = (Instant::now() + PATIENCE).min(run.long_over());
                let (lasted, asked) =
                    match tokio::time::timeout_at(patience.into(), answering).await {
                        Err(_) if run.is_over() => return Ok(took),
                        other => other
                            .with_context(|| format!("in vain after message {}", nth + 1))??,
                    };
                took.push(lasted);
                question = asked;
            }
        }
    }

    /// Waits until it was taken, and for what comes back: the next question, or last words.
    async fn answered(
        &mut self,
        sent: &str,
        asks: bool,
        due: Instant,
        run: &Run,
    ) -> anyhow::Result<(Duration, Option<String>)> {
        let (mut taken, mut asked, mut answered) = (None, None, false);
        loop {
            match self.next().await? {
                Told::Took { id } if id == sent => {
                    taken = Some(due.elapsed());
                    run.took_one();
                }
                Told::Line { from, question, open, .. } if from != "you" => {
                    if question.is_some() && open {
                        asked = question;
                    }
                    answered = asked.is_some() || !asks;
                }
                _ => {}
            }
            if let (Some(taken), true) = (taken, answered) {
                return Ok((taken, asked));
            }
        }
    }

    /// An adjuster's visit: she approves whatever comes; answers how long each approval took.
    pub(super) async fn decide(mut self, run: Arc<Run>) -> anyhow::Result<Vec<Duration>> {
        let (mut took, mut sent) = (Vec::new(), BTreeMap::new());
        // A little longer than the others: somebody may still wait for her.
        while let Ok(told) = tokio::time::timeout_at(run.long_over().into(), self.next()).await {
            match told? {
                Told::Line { from, question: Some(question), open: true, .. } if from != "you" => {
                    let began = Instant::now();
                    sent.insert(self.tap(&question, "approve").await?, began);
                }
                Told::Took { id } => {
                    let began = sent.remove(&id).context("it took what was not sent")?;
                    took.push(began.elapsed());
                    run.took_one();
                }
                _ => {}
            }
        }
        Ok(took)
    }
}
