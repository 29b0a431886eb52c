// The beginning of every worker's source text: holds the lock with the worker's name for as long as it lives, so that
// whoever it serves notices its death. `held` resolves once it holds the lock, which the end of the text reports; there is
// none without locks. If the browser denies them together with all storage, it resolves without one.
const held =
  self.isSecureContext && self.navigator.locks
    ? new Promise((resolve) => {
        const hold = () => {
          resolve();
          return new Promise(() => {});
        };
        self.navigator.locks.request(self.name, hold).catch(resolve);
      })
    : undefined;
