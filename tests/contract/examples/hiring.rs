//! What the contract-wide tests need to know of hiring.
use super::Room;

pub const ROOM: Room = Room { ..Room::NOTHING };
