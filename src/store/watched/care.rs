//! What operators write, under the same watch.

use async_trait::async_trait;
use mendline_engine::time::Timestamp;

use super::{Watch, Watched, read, write};
use crate::store::care::{Allowance, Care, LegalHold, Pause, PauseRef, Waiting};
use crate::store::{EffectRef, MessageRef, Store as _, StoreError};

#[async_trait]
impl<W: Watch> Care for Watched<W> {
    async fn pause(&self, pause: &Pause) -> Result<(), StoreError> {
        let pausing = async {
            self.inner.care().pause(pause).await?;
            self.watch.paused(pause);
            Ok(())
        };
        self.around(write("pause"), pausing).await
    }

    async fn pauses(&self) -> Result<Vec<Pause>, StoreError> {
        let reading = async {
            let mut pauses = self.inner.care().pauses().await?;
            self.watch.read_pauses(&mut pauses);
            Ok(pauses)
        };
        self.around(read("pauses"), reading).await
    }

    async fn resume(&self, of: &PauseRef, now: Timestamp) -> Result<u32, StoreError> {
        let resuming = async {
            let released = self.inner.care().resume(of, now).await?;
            self.watch.resumed(of);
            Ok(released)
        };
        self.around(write("resume"), resuming).await
    }

    async fn park(
        &self,
        key: &MessageRef,
        under: &PauseRef,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(became) = self.watch.parks(key, under) {
            return self.settle_message(key, became, now).await;
        }
        self.around(write("park"), self.inner.care().park(key, under, now)).await
    }

    async fn parked(&self, under: &PauseRef, limit: u32) -> Result<Vec<MessageRef>, StoreError> {
        self.around(read("parked"), self.inner.care().parked(under, limit)).await
    }

    async fn waiting(&self) -> Result<Vec<Waiting>, StoreError> {
        self.around(read("waiting"), self.inner.care().waiting()).await
    }

    async fn allow(&self, it: &Allowance<'_>) -> Result<bool, StoreError> {
        if let Some(answer) = self.watch.asks(it) {
            return Ok(answer);
        }
        let allowing = async {
            let granted = self.inner.care().allow(it).await?;
            if granted {
                self.watch.allowed(it);
            }
            Ok(granted)
        };
        self.around(write("allow"), allowing).await
    }

    async fn release_messages(&self, keys: &[MessageRef]) -> Result<(), StoreError> {
        self.around(write("release_messages"), self.inner.care().release_messages(keys)).await
    }

    async fn release_calls(&self, keys: &[(String, EffectRef)]) -> Result<(), StoreError> {
        self.around(write("release_calls"), self.inner.care().release_calls(keys)).await
    }

    async fn hold(&self, hold: &LegalHold) -> Result<(), StoreError> {
        self.around(write("hold"), self.inner.care().hold(hold)).await
    }

    async fn lift(&self, payer: &str, person: &str) -> Result<bool, StoreError> {
        self.around(write("lift"), self.inner.care().lift(payer, person)).await
    }

    async fn holds(&self, payer: Option<&str>) -> Result<Vec<LegalHold>, StoreError> {
        self.around(read("holds"), self.inner.care().holds(payer)).await
    }

    async fn quiet_since(
        &self,
        payer: &str,
        before: Timestamp,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let looking = self.inner.care().quiet_since(payer, before, after, limit);
        self.around(read("quiet_since"), looking).await
    }
}
