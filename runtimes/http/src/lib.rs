//! What the servers in Rust have in common: each of the contract's rules that is the same for all of them.
//!
//! A request's way through the modules: socket, framing → steering → body, raw → answer. What a function is, how it runs and
//! how long a connection may take over what, each server knows by itself.

pub mod answer;
mod authorise;
pub mod body;
pub mod contract;
pub mod framing;
pub mod ids;
pub mod logs;
pub mod raw;
pub mod settings;
pub mod socket;
pub mod steering;
