//! The engine: the flow language and its checker, the turn, the screen, render, business time.
//!
//! ```text
//! parse → surface::Flow → lower → core::Program        (load, once)
//! turn(program, state, event, env) → Turn { state, effects }
//! screen(message, …) → Verdict      render(message, language, …) → words and buttons
//! ```
//!
//! Nothing in this crate reads a clock, opens a socket, draws a random number, logs or
//! awaits. Everything it needs is an argument, everything it wants is a return value.

pub mod catalog;
pub mod check;
pub mod clearance;
pub mod condition;
pub mod consent;
pub mod core;
pub mod duration;
pub mod effect;
pub mod env;
pub mod event;
pub mod label;
pub mod listen;
pub mod load;
pub mod lower;
pub mod message;
pub mod parse;
pub mod phrases;
pub mod render;
pub mod report;
pub mod rules;
pub mod scope;
pub mod screen;
pub mod state;
pub mod surface;
pub mod template;
pub mod text;
pub mod time;
pub mod turn;
pub mod types;
pub mod yaml;
