//! The order of a crate's modules, as CONTRIBUTING.md has it.

/// The modules of one crate in ranks: each may only use modules of earlier ranks.
#[derive(Debug)]
pub(crate) struct Order {
    ranks: Vec<Vec<String>>,
}

impl Order {
    /// Reads the order of one folder from the block: the name of the folder, and its modules in the indented lines
    /// below it.
    pub(crate) fn read(block: &str, folder: &str) -> Self {
        let mut lines = block.lines().skip_while(|line| *line != folder);
        assert!(lines.next().is_some(), "the order has no line `{folder}`");
        let chain: Vec<&str> = lines.take_while(|line| line.starts_with(' ')).collect();
        let ranks: Vec<Vec<String>> = chain
            .join(" ")
            .split('→')
            .map(|rank| rank.split(['|', ',']).map(|name| name.trim().to_owned()).collect())
            .collect();
        let order = Self { ranks };
        let mut seen = std::collections::BTreeSet::new();
        for name in order.ranks.iter().flatten() {
            assert!(!name.is_empty(), "the order of {folder} has an empty place");
            assert!(seen.insert(name), "the order of {folder} names `{name}` twice");
        }
        order
    }

    /// Returns the rank of a module, or `None` if the order does not name it.
    pub(crate) fn rank(&self, module: &str) -> Option<usize> {
        self.ranks.iter().position(|rank| rank.iter().any(|name| name == module))
    }

    /// Returns the modules in the ranks before this one.
    pub(crate) fn before(&self, rank: usize) -> Vec<&str> {
        self.ranks[..rank].iter().flatten().map(String::as_str).collect()
    }
}

#[test]
fn ranks_are_read_over_several_lines() {
    let block = "one/src\n    a | b → c\n    → d, e → lib\ntwo/src\n    x → lib\n";
    let order = Order::read(block, "one/src");
    let ranks = ["a", "b", "c", "d", "e", "lib", "x"].map(|name| order.rank(name));
    assert_eq!(ranks, [Some(0), Some(0), Some(1), Some(2), Some(2), Some(3), None]);
    assert_eq!(order.before(2), ["a", "b", "c"]);
}

#[test]
#[should_panic(expected = "names `a` twice")]
fn a_module_has_one_place() {
    Order::read("one/src\n    a → b → a\n", "one/src");
}
