//! Where what people do waits for the loop that carries it. While a batch is carried the next one
//! gathers: an idle house takes each arrival at once, a busy one takes more at a time, by itself.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, RwLock};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::carry;
use crate::house::House;
use crate::store::{Accepted, NewArrival, StoreError};

/// Loops that carry: as many as have work on two cores. What one person does always goes through
/// the same, so that it stays in order.
pub const LANES: usize = 2;
/// Arrivals carried at once. More would make the first wait for the last.
const BATCH_MAX: usize = 128;

struct Waiting {
    arrival: NewArrival,
    answer: oneshot::Sender<Result<Accepted, StoreError>>,
}

/// Open while the loops run.
#[derive(Default)]
pub struct Intake {
    lanes: RwLock<Vec<mpsc::UnboundedSender<Waiting>>>,
}

impl Intake {
    /// Hands an arrival to its lane; answers when it is on disk. Gives it back where no loop runs.
    pub async fn take(
        &self,
        arrival: NewArrival,
    ) -> Result<Result<Accepted, StoreError>, NewArrival> {
        let Some(lane) = self.lane(&arrival) else { return Err(arrival) };
        let (answer, answered) = oneshot::channel();
        match lane.send(Waiting { arrival, answer }) {
            Ok(()) => {}
            Err(mpsc::error::SendError(it)) => return Err(it.arrival),
        }
        let stopped = || Err(StoreError::Away("the house is stopping".into()));
        Ok(answered.await.unwrap_or_else(|_| stopped()))
    }

    fn lane(&self, arrival: &NewArrival) -> Option<mpsc::UnboundedSender<Waiting>> {
        let lanes = self.lanes.read().ok()?;
        let mut hash = DefaultHasher::new();
        (&arrival.payer, &arrival.person).hash(&mut hash);
        let count = u64::try_from(lanes.len()).ok().filter(|it| *it > 0)?;
        lanes.get(usize::try_from(hash.finish() % count).ok()?).cloned()
    }

    fn open(&self) -> Vec<mpsc::UnboundedReceiver<Waiting>> {
        let (lanes, waiting) =
            (0..std::env::var("L").ok().and_then(|it| it.parse().ok()).unwrap_or(LANES))
                .map(|_| mpsc::unbounded_channel())
                .unzip();
        if let Ok(mut open) = self.lanes.write() {
            *open = lanes;
        }
        waiting
    }

    fn close(&self) {
        if let Ok(mut open) = self.lanes.write() {
            open.clear();
        }
    }
}

/// Carries what is handed in until `shutdown`, and then whatever was handed in before it.
pub async fn run(house: &Arc<House>, shutdown: &CancellationToken) {
    let lanes = house.intake.open();
    let closing = async {
        shutdown.cancelled().await;
        house.intake.close();
    };
    // Each lane by itself, so that what they work out takes place on as many cores as there are.
    let mut carrying = JoinSet::new();
    for lane in lanes {
        carrying.spawn(carry_lane(house.clone(), lane));
    }
    let all = async {
        while let Some(ended) = carrying.join_next().await {
            if let Err(why) = ended {
                error!("a lane ended badly: {why}");
            }
        }
    };
    tokio::join!(closing, all);
}

async fn carry_lane(house: Arc<House>, mut lane: mpsc::UnboundedReceiver<Waiting>) {
    let mut batch = Vec::new();
    while lane.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let (arrivals, answers): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|it| (it.arrival, it.answer)).unzip();
        for (answer, carried) in answers.into_iter().zip(carry::carry(&house, arrivals).await) {
            // Whoever stopped waiting finds it on disk.
            let _ = answer.send(carried);
        }
    }
}
