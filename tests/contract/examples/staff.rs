//! What the contract-wide tests need to know of staff.
use super::Room;

pub const ROOM: Room = Room { ..Room::NOTHING };
