//! A small ordered map for the store in memory. The page contains this store, and a `BTreeMap` for each of its tables
//! would take more code than the rest of the store.

/// Rows in the order of their keys.
#[derive(Clone, Debug)]
pub(super) struct Table<V> {
    rows: Vec<(String, Box<V>)>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

impl<V> Table<V> {
    fn place(&self, key: &str) -> Result<usize, usize> {
        self.rows.binary_search_by(|(known, _)| known.as_str().cmp(key))
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn contains(&self, key: &str) -> bool {
        self.place(key).is_ok()
    }

    pub(super) fn get(&self, key: &str) -> Option<&V> {
        self.place(key).ok().map(|at| &*self.rows[at].1)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.place(key).ok().map(|at| &mut *self.rows[at].1)
    }

    /// Sets the value at a key.
    pub(super) fn insert(&mut self, key: &str, value: V) {
        match self.place(key) {
            Ok(at) => *self.rows[at].1 = value,
            Err(at) => self.rows.insert(at, (key.to_owned(), Box::new(value))),
        }
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<V> {
        self.place(key).ok().map(|at| *self.rows.remove(at).1)
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&V) -> bool) {
        self.rows.retain(|(_, value)| keep(value));
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &V)> {
        self.rows.iter().map(|(key, value)| (key.as_str(), &**value))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.iter().map(|(_, value)| &**value)
    }
}
