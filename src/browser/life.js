// The beginning of the text that every worker is made from: holds the lock of the worker's name for as long as it lives, by
// which the page notices its death, and reports that it is alive. Without locks it reports nothing; if the browser denies
// them together with all storage, it is alive without one.
if (self.isSecureContext && self.navigator.locks) {
  const alive = () => self.postMessage(['"alive"']);
  self.navigator.locks
    .request(self.name, () => {
      alive();
      return new Promise(() => {});
    })
    .catch(alive);
}
