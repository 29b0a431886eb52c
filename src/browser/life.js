// Begins the text that every worker is made from: takes the lock of the worker's name for as long as it lives, by which the
// page sees its death, and says so. Nothing is taken where there are no locks.
if (self.isSecureContext && self.navigator.locks) {
  self.navigator.locks.request(self.name, () => {
    self.postMessage(['"alive"']);
    return new Promise(() => {});
  });
}
