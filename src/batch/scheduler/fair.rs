//! Fair share: which batch starts next, by stride scheduling (Waldspurger and Weihl, 1995).
//!
//! Strides run over the three weight classes, each weighing as much as its batches together; within a class, the batch
//! that has waited longest is next. Every batch gets the same share as with a stride of its own, and also a bound that
//! strides per batch would not give: there, one HIGH among a hundred LOW may wait for all hundred at once.
//! Here, between two starts of a batch of weight w, its class (n batches) makes n starts, and each other class j at
//! most n·Wⱼ/(n·w) + 1: at most W/w + 1 others in total. When a batch leaves, W changes, and the new bound applies from
//! then on.

use crate::batch::records::Priority;

/// A batch with something to start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contender<'a> {
    pub id: &'a str,
    pub priority: Priority,
    /// Number of its last start; a smaller number is longer ago.
    pub last_start: u64,
    /// Whether it may start now; a batch at its own limit still counts for the shares.
    pub eligible: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Class {
    /// The class with the smallest is next; each start adds 1 ÷ weight.
    pass: f64,
    /// Total weight of its contenders at the last choice.
    weight: u32,
    eligible: bool,
}

/// The strides of the classes.
#[derive(Clone, Debug, Default)]
pub(super) struct FairShare {
    classes: [Class; 3],
    /// The pass of the last start.
    now: f64,
}

const fn class_of(priority: Priority) -> usize {
    match priority {
        Priority::High => 0,
        Priority::Normal => 1,
        Priority::Low => 2,
    }
}

impl FairShare {
    /// The batch that starts next, if one may.
    pub(super) fn choose<'a>(&mut self, contenders: impl Iterator<Item = Contender<'a>>) -> Option<&'a str> {
        let mut weights = [0; 3];
        let mut next: [Option<Contender<'a>>; 3] = [None; 3];
        for contender in contenders {
            let class = class_of(contender.priority);
            weights[class] += contender.priority.weight();
            let longest =
                next[class].is_none_or(|best| (contender.last_start, contender.id) < (best.last_start, best.id));
            if contender.eligible && longest {
                next[class] = Some(contender);
            }
        }
        for ((class, weight), next) in self.classes.iter_mut().zip(weights).zip(&next) {
            // The remainder of a stride shrinks when the weight grows. When the weight falls it stays: no batch that
            // has waited waits longer because others left.
            let left = (class.pass - self.now).max(0.0);
            let scale = if class.weight > 0 && weight > class.weight {
                f64::from(class.weight) / f64::from(weight)
            } else {
                1.0
            };
            class.pass = self.now + left * scale;
            class.weight = weight;
            class.eligible = next.is_some();
        }
        (0..3)
            .filter(|class| next[*class].is_some())
            .min_by(|a, b| self.classes[*a].pass.total_cmp(&self.classes[*b].pass))
            .and_then(|class| next[class])
            .map(|contender| contender.id)
    }

    /// A batch of this class has started an execution, right after it was chosen.
    pub(super) fn started(&mut self, priority: Priority) {
        let chosen = class_of(priority);
        self.now = self.classes[chosen].pass;
        self.classes[chosen].pass += 1.0 / f64::from(self.classes[chosen].weight.max(1));
        // A class that could not start earns no credit.
        for class in self.classes.iter_mut().filter(|class| !class.eligible) {
            class.pass = class.pass.max(self.now);
        }
    }
}
