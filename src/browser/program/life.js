// The beginning of every worker's source text: holds the lock with the worker's name for as long as it lives, so that the
// page notices its death, and reports that it is alive. Without locks it reports nothing; if the browser denies them
// together with all storage, it reports without one.
if (self.isSecureContext && self.navigator.locks) {
  const alive = () => self.postMessage(['alive']);
  self.navigator.locks
    .request(self.name, () => {
      alive();
      return new Promise(() => {});
    })
    .catch(alive);
}
