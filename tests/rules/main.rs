//! The rules that the runtime follows, each through the whole house: a database in a folder of
//! its own, a clock moved by hand, the shipped flows, and a claim system that does as it is told.
#![expect(clippy::unwrap_used, reason = "tests")]

mod acting;
mod always;
mod calls;
mod chat;
mod consent;
mod decisions;
mod delivered;
mod disclosed;
mod dispatch;
mod doors;
mod elsewhere;
mod enrolled;
mod fault;
mod focus;
mod gate;
mod hold;
mod invited;
mod labels;
mod logs;
mod order;
mod parties;
mod posted;
mod reload;
mod staff;
mod support;
mod time;
mod versions;
