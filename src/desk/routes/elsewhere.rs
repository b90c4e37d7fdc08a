//! From the desk to another channel: a link that is opened there proves that the address is hers.
//! What waits is announced there without names, claims or medicines.

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use super::{Answer, Desk, Failed, Fields, Outcome};
use crate::links;
use crate::store::reach::Whose;
use crate::web::pages::html;

/// `POST /desk/elsewhere`.
pub async fn go(State(desk): State<Desk>, headers: HeaderMap, Form(form): Form<Fields>) -> Answer {
    let staff = desk.who_sends(&headers, &form).await?;
    let wanted = form.get("channel").map(String::as_str).unwrap_or_default();
    let to = desk.house.links.elsewhere().iter().find(|it| it.channel == wanted);
    let to = to.ok_or(Failed::NotFound)?;
    let account = &staff.account;
    let whose = Whose { payer: account.payer.clone(), person: account.person.clone() };
    let there = links::there(&desk.house, &whose, to).await?;
    let (page, frame) = desk.frame(&staff, "Your desk", false);
    let write = there.write.map(|it| format!(" Then write there, in a direct message: {it}"));
    let said = format!(
        "Open this link where you use {}. It works once, for 15 minutes; do not pass it on. What \
         waits for you is announced there without names, claims or medicines.{}",
        to.name,
        write.unwrap_or_default()
    );
    let links = vec![
        (there.link, format!("Open {}", to.name)),
        ("/desk".to_owned(), "Back to your desk".to_owned()),
    ];
    Ok(html(StatusCode::OK, &Outcome { page, frame, good: true, said, links }))
}
