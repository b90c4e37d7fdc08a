//! A file that a worker sent, for whoever has a handoff of hers before them. Each look is noted.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::queue::answer;
use super::{Desk, Failed};
use crate::desk::session::Staff;
use crate::desk::words;
use crate::media;
use crate::store::HandoffRow;
use crate::store::reach::Whose;

/// Files on one page, the latest first.
const SHOWN_MAX: u32 = 20;

/// A file on a handoff's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileView {
    /// When it came.
    pub when: String,
    /// `Picture`, `Recording`, `Paper`.
    pub what: &'static str,
    /// Where it is.
    pub href: String,
    /// Whether browsers draw it.
    pub drawn: bool,
    /// Whether browsers play it.
    pub played: bool,
}

/// `GET /desk/media/{conversation}/{key}/{id}`.
pub async fn file(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Path((conversation, key, id)): Path<(String, String, String)>,
) -> Response {
    answer(async {
        let staff = desk.who(&headers).await?;
        let row = desk.handoff(&staff, &conversation, &key).await?;
        let files = desk.house.store.files();
        let Some((kept, bytes)) = files.open(&hers(&row), &id).await? else {
            return Err(Failed::NotFound);
        };
        desk.note_read(&staff, &conversation, "file").await?;
        let name = format!("file-{}.{}", &id[..id.len().min(8)], media::ending(&kept.mime));
        let disposition = format!("attachment; filename=\"{name}\"");
        let fixed = [
            (header::CONTENT_TYPE, kept.mime),
            (header::CONTENT_DISPOSITION, disposition),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ];
        Ok((fixed, bytes).into_response())
    })
    .await
}

fn hers(row: &HandoffRow) -> Whose {
    Whose { payer: row.payer.clone(), person: row.principal.clone() }
}

impl Desk {
    /// What the worker of a handoff sent.
    pub(super) async fn files(
        &self,
        staff: &Staff,
        row: &HandoffRow,
    ) -> Result<Vec<FileView>, Failed> {
        let kept = self.house.store.files().of(&hers(row), SHOWN_MAX).await?;
        let now = self.house.clock.now();
        let view = kept.into_iter().map(|it| {
            let (what, drawn, played) = match it.mime.split('/').next() {
                // No browser but one draws what iPhones call HEIC.
                Some("image") => ("Picture", it.mime != "image/heif", false),
                Some("audio" | "video") => ("Recording", false, it.mime != "audio/amr"),
                _ => ("Paper", false, false),
            };
            let (conversation, key) = (&row.handoff.conversation, &row.handoff.key);
            FileView {
                when: words::moment(it.at, now, &staff.person.zone),
                what,
                href: format!("/desk/media/{conversation}/{key}/{}", it.id),
                drawn,
                played,
            }
        });
        Ok(view.collect())
    }
}
