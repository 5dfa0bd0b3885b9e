//! What the contract-wide tests need to know of working time.
use super::Room;

pub const ROOM: Room = Room { ..Room::NOTHING };
