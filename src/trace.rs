//! One trace from arrival to receipt, for whoever looks why somebody waited: what came in, its
//! person turn, its turn, each call and each send that it led to, and the receipt. Off unless an
//! endpoint is configured.
//!
//! A trace is named after its arrival: by a keyed index of (payer, source, id), so that a doubled
//! arrival and a crash in between continue the same one and nobody outside can tell whose it is.
//! What a turn sends remembers the turn's span on its row ([`Context`]), so that a restart in
//! between loses nothing. It refuses whatever is private: an attribute is one of the words of
//! [`Span`], never a person, an address or something that was said. It never holds the house up:
//! spans go to a queue of bounded length, and a collector that is away loses them.

mod export;
pub mod thread;

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::vault::Vault;
use export::Exporter;

/// Traces of one house.
#[derive(Default)]
pub struct Trace {
    exporter: OnceLock<Exporter>,
}

/// A span's place: its trace and its own name. Written as a W3C `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    trace: u128,
    span: u64,
}

/// What one span says. Each word is ours, the catalog's or a flow's.
#[derive(Clone, Debug, Default)]
pub struct Span {
    /// The payer.
    pub payer: String,
    /// The conversation's id, which names nobody.
    pub conversation: Option<String>,
    /// The flow.
    pub flow: Option<String>,
    /// The source or channel.
    pub channel: Option<String>,
    /// The action of a call.
    pub action: Option<String>,
    /// What became of it.
    pub result: Option<&'static str>,
    /// Which attempt this is, from 1.
    pub attempt: Option<u32>,
}

impl Trace {
    /// Sends spans to this OTLP endpoint over HTTP from now on: `http://127.0.0.1:4318`.
    pub fn begin(&self, endpoint: &str) -> anyhow::Result<()> {
        let exporter = Exporter::to(endpoint)?;
        // A second endpoint is not taken.
        let _ = self.exporter.set(exporter);
        Ok(())
    }

    /// Whether anybody looks.
    pub fn is_on(&self) -> bool {
        self.exporter.get().is_some()
    }

    /// The place of an arrival: the root of its trace. `None` if nobody looks.
    pub fn arrival(&self, vault: &Vault, payer: &str, source: &str, id: &str) -> Option<Context> {
        self.is_on().then(|| {
            let index = vault.index(payer, "token", &format!("{source}/{id}"));
            let digest = Sha256::digest(format!("trace/{index}"));
            let (trace, rest) = digest.split_first_chunk().expect("32 bytes begin with 16");
            let (span, _) = rest.split_first_chunk().expect("16 bytes begin with 8");
            Context { trace: u128::from_be_bytes(*trace), span: u64::from_be_bytes(*span) }
        })
    }

    /// Says that something took place from `began` until now.
    pub fn took(&self, name: &'static str, at: Placed, began: SystemTime, span: Span) {
        if let Some(exporter) = self.exporter.get() {
            exporter.send(name, at, began, span);
        }
    }

    /// Sends what is left. Waits a few seconds for a collector that is slow.
    pub fn end(&self) {
        if let Some(exporter) = self.exporter.get() {
            exporter.flush();
        }
    }
}

/// A span with its parent.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    own: Context,
    parent: Option<u64>,
}

impl Context {
    /// The root of its trace.
    pub fn root(self) -> Placed {
        Placed { own: self, parent: None }
    }

    /// The span of this name under this one. The same name gives the same span, so that whoever
    /// comes after a crash says the same.
    pub fn under(self, name: &str) -> Placed {
        let mut digest = Sha256::new();
        digest.update(self.span.to_be_bytes());
        digest.update(name);
        let digest = digest.finalize();
        let (span, _) = digest.split_first_chunk().expect("32 bytes begin with 8");
        let own = Context { trace: self.trace, span: u64::from_be_bytes(*span) };
        Placed { own, parent: Some(self.span) }
    }
}

impl Placed {
    /// Where it is, for what it leads to.
    pub fn context(self) -> Context {
        self.own
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-01", self.trace, self.span)
    }
}

impl FromStr for Context {
    type Err = ();

    fn from_str(text: &str) -> Result<Context, ()> {
        let mut parts = text.split('-').skip(1);
        let (trace, span) = parts.next().zip(parts.next()).ok_or(())?;
        let trace = u128::from_str_radix(trace, 16).map_err(|_| ())?;
        Ok(Context { trace, span: u64::from_str_radix(span, 16).map_err(|_| ())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on() -> Trace {
        let trace = Trace::default();
        // Nobody listens there, and nothing is sent.
        trace.begin("http://127.0.0.1:9").unwrap();
        trace
    }

    #[test]
    fn nobody_looks_unless_told_to() {
        let vault = Vault::from_key([7; 32]);
        assert_eq!(Trace::default().arrival(&vault, "acme", "web", "1"), None);
        assert!(on().arrival(&vault, "acme", "web", "1").is_some());
    }

    #[test]
    fn an_arrival_names_its_trace_wherever_it_is_seen_again() {
        let vault = Vault::from_key([7; 32]);
        let of = |payer, source, id| on().arrival(&vault, payer, source, id).unwrap();
        let it = of("acme", "web", "1");
        assert_eq!(it, of("acme", "web", "1"));
        for other in [of("birch", "web", "1"), of("acme", "desk", "1"), of("acme", "web", "2")] {
            assert_ne!(it.trace, other.trace);
        }
        let elsewhere = on().arrival(&Vault::from_key([8; 32]), "acme", "web", "1").unwrap();
        assert_ne!(it.trace, elsewhere.trace, "without the key nobody can guess it");
    }

    #[test]
    fn a_place_survives_being_written_down() {
        let it = Context { trace: 5, span: 0xabc };
        assert_eq!(it.to_string(), "00-00000000000000000000000000000005-0000000000000abc-01");
        assert_eq!(it.to_string().parse(), Ok(it));
        let child = it.under("turn 3");
        assert_eq!((child.parent, child.own.trace), (Some(it.span), it.trace));
        assert_eq!(child.own, it.under("turn 3").own);
        assert_ne!(child.own, it.under("turn 4").own);
        for wrong in ["", "00", "00-x-y-01", "00-5"] {
            assert_eq!(wrong.parse::<Context>(), Err(()));
        }
    }

    #[test]
    fn an_endpoint_that_is_none_is_refused_by_name() {
        let error = Trace::default().begin("collector").unwrap_err();
        assert!(format!("{error:#}").contains("collector"), "{error:#}");
    }
}
