//! What the contract-wide tests need to know of pay.
use super::Room;

pub const ROOM: Room = Room { ..Room::NOTHING };
