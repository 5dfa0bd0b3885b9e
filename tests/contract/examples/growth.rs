//! What the contract-wide tests need to know of benefits, training and goals.
use super::Room;

pub const ROOM: Room = Room { ..Room::NOTHING };
