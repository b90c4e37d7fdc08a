//! One answer a key: how a write is done at most once.

use mendline_plugin::{ActionError, Call};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError};

/// A write that has begun.
pub(crate) enum Begun<T> {
    /// This key was answered before: here is that answer again.
    Before(Result<T, ActionError>),
    /// It is new.
    New(Attempt),
}

/// An open write. Dropped unfinished, it changes nothing.
pub(crate) struct Attempt {
    /// The transaction that the whole write happens in.
    pub tx: Transaction<'static, Sqlite>,
    payer: String,
    key: String,
    act: String,
}

/// The two final outcomes, as kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Done(Value),
    Refused { code: String, message: String },
}

impl Store {
    /// Begins a write under the call's key. `act` says in one line what is to be done: the same
    /// key with another act is a mistake of the caller, not a repetition.
    pub(crate) async fn begin<T: DeserializeOwned>(
        &self,
        call: &Call,
        act: String,
    ) -> Result<Begun<T>, ActionError> {
        self.seed(call.now_ms).await?;
        let mut tx = self.write.begin_with("BEGIN IMMEDIATE").await.map_err(StoreError::from)?;
        let before: Option<(String, String)> =
            sqlx::query_as("SELECT act, answer FROM answers WHERE payer = ?1 AND key = ?2")
                .bind(&call.payer)
                .bind(&call.key)
                .fetch_optional(&mut *tx)
                .await
                .map_err(StoreError::from)?;
        match before {
            None => Ok(Begun::New(Attempt {
                tx,
                payer: call.payer.clone(),
                key: call.key.clone(),
                act,
            })),
            Some((acted, _)) if acted != act => {
                Err(ActionError::Input("this key was used for another act".into()))
            }
            Some((_, answer)) => Ok(Begun::Before(read(&answer)?)),
        }
    }
}

impl Attempt {
    /// Keeps the answer and commits it with what was done. An attempt that gave neither of the
    /// two final outcomes leaves nothing, so that the same key may try again.
    pub(crate) async fn finish<T: Serialize>(
        mut self,
        result: Result<T, ActionError>,
    ) -> Result<T, ActionError> {
        let answer = match &result {
            Ok(done) => Answer::Done(serde_json::to_value(done).expect("outputs are plain data")),
            Err(ActionError::Refused { code, message }) => {
                Answer::Refused { code: code.clone(), message: message.clone() }
            }
            Err(ActionError::Input(_) | ActionError::Unavailable(_) | ActionError::Unknown(_)) => {
                return result;
            }
        };
        sqlx::query("INSERT INTO answers (payer, key, act, answer) VALUES (?1, ?2, ?3, ?4)")
            .bind(&self.payer)
            .bind(&self.key)
            .bind(&self.act)
            .bind(serde_json::to_string(&answer).expect("answers are plain data"))
            .execute(&mut *self.tx)
            .await
            .map_err(StoreError::from)?;
        self.tx.commit().await.map_err(|error| ActionError::Unknown(error.to_string()))?;
        result
    }
}

fn read<T: DeserializeOwned>(answer: &str) -> Result<Result<T, ActionError>, StoreError> {
    let corrupt = |_| StoreError::Corrupt("answer");
    Ok(match serde_json::from_str(answer).map_err(corrupt)? {
        Answer::Done(done) => Ok(serde_json::from_value(done).map_err(corrupt)?),
        Answer::Refused { code, message } => Err(ActionError::Refused { code, message }),
    })
}
