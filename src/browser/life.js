// Begins the text that every worker is made from: takes the lock of the worker's name for as long as it lives, by which the
// page sees its death, and says that it is alive. Without locks, nothing is said; where the browser denies them, with all
// else that a site may keep, it is alive without one.
if (self.isSecureContext && self.navigator.locks) {
  const alive = () => self.postMessage(['"alive"']);
  self.navigator.locks
    .request(self.name, () => {
      alive();
      return new Promise(() => {});
    })
    .catch(alive);
}
