//! The code as a tree of blocks: what the decoder can settle at once, and what it must split.

/// How one block of 2^level inputs is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// Every input is known from the past.
    Known,
    /// Only the last input carries information, so that the block's output is one of two complementary words. A single input
    /// that carries information is the smallest of these.
    Either,
    /// Anything else: first half, then second half.
    Split,
}

/// The nodes of a code, `nodes[level][block]`: block b of level l holds inputs b 2^l up to (b + 1) 2^l.
pub fn nodes(frozen: &[bool]) -> Vec<Vec<Node>> {
    let levels = frozen.len().ilog2() as usize + 1;
    (0..levels).map(|level| frozen.chunks_exact(1 << level).map(node).collect()).collect()
}

fn node(frozen: &[bool]) -> Node {
    match frozen.iter().position(|frozen| !frozen) {
        None => Node::Known,
        Some(first) if first + 1 == frozen.len() => Node::Either,
        Some(_) => Node::Split,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_classed_by_their_information() {
        let all = nodes(&[true, true, true, true, true, true, true, false]);
        assert_eq!(all[3], [Node::Either]);
        assert_eq!(all[2], [Node::Known, Node::Either]);
        assert_eq!(nodes(&[true, false, true, false]).concat()[4..], [Node::Either, Node::Either, Node::Split]);
    }
}
