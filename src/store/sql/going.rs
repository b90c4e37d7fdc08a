//! A transaction under way. Where scripts go as one text ([`db::ONE_TEXT`]) its beginning goes with its
//! first script and its end with its last, so that neither costs a message of its own.

use super::script::{Answers, Script};
use super::writer::Kept;
use super::{BEGIN, Connection, Tx, db};
use crate::store::StoreError;

use sqlx::Connection as _;

/// Dropped before it is committed, it changes nothing. The driver does that for its own; for one by
/// text [`Kept`] remembers it, and rolls it back before it is used again.
pub(super) enum Going<'k> {
    /// The driver begins and ends it.
    Driven(Tx<'k>),
    /// Its scripts do.
    ByText(&'k mut Kept),
}

impl<'k> Going<'k> {
    /// Nothing is asked before [`Going::run`]: a transaction by text begins there.
    pub(super) async fn begin(kept: &'k mut Kept) -> Result<Going<'k>, StoreError> {
        if db::ONE_TEXT {
            return Ok(Going::ByText(kept));
        }
        Ok(Going::Driven(kept.connection().begin_with(BEGIN).await?))
    }

    /// Runs a script in it; the first begins it.
    pub(super) async fn run(&mut self, mut script: Script) -> Result<Answers, StoreError> {
        if let Going::ByText(kept) = self
            && !kept.amid
        {
            kept.amid = true;
            script.first(BEGIN);
        }
        script.run(self).await
    }

    /// Runs a last script and ends it.
    pub(super) async fn commit(mut self, mut script: Script) -> Result<Answers, StoreError> {
        if let Going::ByText(_) = self {
            script.plain(&[], "commit");
        }
        let answers = self.run(script).await?;
        match self {
            Going::Driven(tx) => tx.commit().await?,
            Going::ByText(kept) => kept.amid = false,
        }
        Ok(answers)
    }
}

/// For what is asked in the middle of it, after its first script.
impl std::ops::Deref for Going<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match self {
            Going::Driven(tx) => tx,
            Going::ByText(kept) => kept,
        }
    }
}

impl std::ops::DerefMut for Going<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        match self {
            Going::Driven(tx) => tx,
            Going::ByText(kept) => kept,
        }
    }
}
