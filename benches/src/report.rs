//! Collects the rows, and prints them as a table that a README can take as it is.

use std::collections::BTreeMap;

use crate::measure::{self, Cost};

/// Takes rows as they are measured; the arguments of the program choose which.
pub(crate) struct Report {
    wanted: Vec<String>,
    costs: BTreeMap<&'static str, Cost>,
}

impl Report {
    pub(crate) fn new(wanted: Vec<String>) -> Self {
        println!("| ns a warm call | one thread | two threads | ratio | allocations |");
        println!("|---|---:|---:|---:|---:|");
        Self { wanted, costs: BTreeMap::new() }
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|wanted| name.contains(wanted.as_str()))
    }

    /// Measures a row, and prints it.
    pub(crate) fn row<S>(
        &mut self,
        name: &'static str,
        set_up: impl Fn() -> S + Sync,
        call: impl Fn(&mut S) + Sync,
    ) {
        if !self.wants(name) {
            return;
        }
        let cost = measure::cost(set_up, call);
        println!(
            "| {name} | {:.1} | {:.1} | {:.2} | {:.0} |",
            cost.one,
            cost.two,
            cost.two / cost.one,
            cost.allocations
        );
        self.costs.insert(name, cost);
    }

    pub(crate) fn cost(&self, name: &str) -> Option<Cost> {
        self.costs.get(name).copied()
    }

    /// Returns the lowest cost of the rows that begin so, one thread and two each on its own.
    pub(crate) fn best(&self, prefix: &str) -> Option<Cost> {
        self.costs
            .iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .map(|(_, cost)| *cost)
            .reduce(|best, cost| Cost {
                one: best.one.min(cost.one),
                two: best.two.min(cost.two),
                allocations: best.allocations.min(cost.allocations),
            })
    }
}
