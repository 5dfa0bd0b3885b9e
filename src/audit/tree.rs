//! Merkle trees after RFC 6962 §2.1: roots, inclusion proofs (§2.1.1) and consistency proofs (§2.1.2), from the hashes of
//! complete subtrees. Nothing here knows what the leaves are.
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// A SHA-256.
pub type Hash = [u8; 32];

/// A complete subtree: over the leaves from `index << level`, as many as `1 << level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    pub level: u8,
    pub index: u64,
}

/// Leaves that follow each other: where they start, and how many. The start is a multiple of the width's power of two, as
/// in every range that RFC 6962 speaks of.
type Range = (u64, u64);

/// The hash of a leaf (RFC 6962 §2.1).
#[must_use]
pub fn leaf(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

fn join(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The largest power of two below `width`, where RFC 6962 splits a tree.
fn split(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

/// The complete subtrees that a range consists of, from left to right, the largest first.
fn complete((start, width): Range) -> impl Iterator<Item = Node> {
    let mut at = start;
    (0..u64::BITS).rev().filter(move |bit| width >> bit & 1 == 1).map(move |bit| {
        let node = Node { level: bit.to_le_bytes()[0], index: at >> bit };
        at += 1 << bit;
        node
    })
}

/// The complete subtrees that a tree of this size consists of.
pub fn peaks(size: u64) -> impl Iterator<Item = Node> {
    complete((0, size))
}

/// The ranges whose roots are the audit path of a leaf, from the leaf upwards (RFC 6962 §2.1.1).
fn inclusion(index: u64, size: u64) -> Vec<Range> {
    let (mut start, mut width, mut path) = (0, size, Vec::new());
    while width > 1 {
        let left = split(width);
        if index < start + left {
            path.push((start + left, width - left));
            width = left;
        } else {
            path.push((start, left));
            (start, width) = (start + left, width - left);
        }
    }
    path.reverse();
    path
}

/// The ranges whose roots prove that a tree begins with an older one (RFC 6962 §2.1.2).
fn consistency(older: u64, newer: u64) -> Vec<Range> {
    let (mut start, mut within, mut width, mut whole, mut path) = (0, older, newer, true, Vec::new());
    while within != width {
        let left = split(width);
        if within <= left {
            path.push((start + left, width - left));
            width = left;
        } else {
            path.push((start, left));
            (start, within, width, whole) = (start + left, within - left, width - left, false);
        }
    }
    if !whole {
        path.push((start, width));
    }
    path.reverse();
    path
}

/// Complete subtrees whose hashes are at hand.
#[derive(Default)]
pub struct Known(HashMap<Node, Hash>);

impl Known {
    #[must_use]
    pub fn new(nodes: impl IntoIterator<Item = (Node, Hash)>) -> Self {
        Self(nodes.into_iter().collect())
    }

    /// The root over a range; none where a subtree of it is not at hand.
    fn root(&self, range: Range) -> Option<Hash> {
        let hashes: Option<Vec<&Hash>> = complete(range).map(|node| self.0.get(&node)).collect();
        hashes?.into_iter().copied().rev().reduce(|right, left| join(&left, &right))
    }

    /// The audit path of a leaf (RFC 6962 §2.1.1).
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        inclusion(index, size).into_iter().map(|range| self.root(range)).collect()
    }

    /// The proof that the newer tree begins with the older (RFC 6962 §2.1.2).
    #[must_use]
    pub fn consistency(&self, older: u64, newer: u64) -> Option<Vec<Hash>> {
        consistency(older, newer).into_iter().map(|range| self.root(range)).collect()
    }
}

/// The subtrees that a consistency proof is made of.
#[must_use]
pub fn needed_for_consistency(older: u64, newer: u64) -> Vec<Node> {
    consistency(older, newer).into_iter().flat_map(complete).collect()
}

/// The right edge of a tree: what is needed to go on, and no more.
#[derive(Clone, Default)]
pub struct Edge {
    size: u64,
    peaks: Vec<(u8, Hash)>,
}

impl Edge {
    /// The edge of a tree of this size, its peaks from left to right.
    #[must_use]
    pub fn of(size: u64, hashes: impl IntoIterator<Item = Hash>) -> Self {
        Self { size, peaks: peaks(size).map(|node| node.level).zip(hashes).collect() }
    }

    /// Adds a leaf; every subtree that it completes is told, itself first.
    pub fn append(&mut self, leaf: Hash, mut completed: impl FnMut(Node, Hash)) {
        let (mut level, mut hash) = (0, leaf);
        completed(Node { level, index: self.size }, hash);
        while let Some((_, left)) = self.peaks.pop_if(|(height, _)| *height == level) {
            (level, hash) = (level + 1, join(&left, &hash));
            completed(Node { level, index: self.size >> level }, hash);
        }
        self.peaks.push((level, hash));
        self.size += 1;
    }

    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree; that of an empty one is the hash of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        let hashes = self.peaks.iter().rev().map(|(_, hash)| *hash);
        hashes.reduce(|right, left| join(&left, &right)).unwrap_or_else(|| Sha256::digest([]).into())
    }
}

#[cfg(test)]
mod tests {
    use super::{Edge, Hash, Known, Node, join, leaf, needed_for_consistency, split};

    /// As RFC 6962 §2.1 writes it down.
    fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [one] => *one,
            more => {
                let (left, right) = more.split_at(usize::try_from(split(more.len() as u64)).unwrap());
                join(&root(left), &root(right))
            }
        }
    }

    /// As RFC 6962 §2.1.1 writes it down.
    fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let middle = usize::try_from(split(leaves.len() as u64)).unwrap();
        let (left, right) = leaves.split_at(middle);
        let (mut below, beside) = if index < middle {
            (path(index, left), root(right))
        } else {
            (path(index - middle, right), root(left))
        };
        below.push(beside);
        below
    }

    /// As RFC 6962 §2.1.2 writes it down.
    fn proof(older: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        if older == leaves.len() {
            return if whole { Vec::new() } else { vec![root(leaves)] };
        }
        let middle = usize::try_from(split(leaves.len() as u64)).unwrap();
        let (left, right) = leaves.split_at(middle);
        let (mut below, beside) = if older <= middle {
            (proof(older, left, whole), root(right))
        } else {
            (proof(older - middle, right, false), root(left))
        };
        below.push(beside);
        below
    }

    #[test]
    fn every_proof_in_every_tree_up_to_seventy_leaves_is_that_of_the_rfc() {
        let leaves: Vec<Hash> = (0..70_u8).map(|each| leaf(&[each])).collect();
        let mut nodes: Vec<(Node, Hash)> = Vec::new();
        let mut edge = Edge::default();
        for size in 1..=leaves.len() {
            edge.append(leaves[size - 1], |node, hash| nodes.push((node, hash)));
            assert_eq!(edge.root(), root(&leaves[..size]));
            let known = Known::new(nodes.clone());
            let again = Edge::of(size as u64, super::peaks(size as u64).map(|node| known.0[&node]));
            assert_eq!((again.root(), again.size()), (edge.root(), size as u64));
            for index in 0..size {
                assert_eq!(
                    known.inclusion(index as u64, size as u64),
                    Some(path(index, &leaves[..size])),
                    "{index} of {size}"
                );
            }
            for older in 1..=size {
                let needed = needed_for_consistency(older as u64, size as u64);
                let few = Known::new(needed.iter().map(|node| (*node, known.0[node])));
                assert_eq!(
                    few.consistency(older as u64, size as u64),
                    Some(proof(older, &leaves[..size], true)),
                    "{older} of {size}"
                );
            }
        }
        // One node for each leaf, and one less, or fewer, above.
        assert!(nodes.len() < 2 * leaves.len());
    }
}
