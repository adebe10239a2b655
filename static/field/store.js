// What the phone keeps, in IndexedDB. Shared by the page and the service worker.
// meta: settings without people in them. records: sealed under the unlock code (pack, drafts).
// outbox and photos: sealed for the server, so that they can be sent while the app is locked.
"use strict";

self.field = self.field || {};

field.store = (function () {
  const NAME = "yizhou-field";
  const STORES = { meta: "k", records: "k", outbox: "id", photos: "id" };
  let opening = null;

  function open() {
    if (opening) return opening;
    opening = new Promise((done, failed) => {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => {
        Object.keys(STORES).forEach((name) => {
          request.result.createObjectStore(name, { keyPath: STORES[name] });
        });
      };
      request.onsuccess = () => {
        request.result.onversionchange = () => request.result.close();
        done(request.result);
      };
      request.onerror = () => {
        opening = null;
        failed(request.error);
      };
    });
    return opening;
  }

  // act(transaction) queues requests; all of them are written, or none.
  async function write(stores, act) {
    const db = await open();
    return new Promise((done, failed) => {
      const transaction = db.transaction(stores, "readwrite", { durability: "strict" });
      transaction.oncomplete = () => done();
      transaction.onerror = () => failed(transaction.error);
      transaction.onabort = () => failed(transaction.error || new Error("aborted"));
      act(transaction);
    });
  }

  async function read(store, method, key) {
    const db = await open();
    return new Promise((done, failed) => {
      const target = db.transaction(store).objectStore(store);
      const request = key === undefined ? target[method]() : target[method](key);
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error);
    });
  }

  const get = (store, key) => read(store, "get", key);
  const all = (store) => read(store, "getAll");
  const put = (store, value) => write([store], (t) => t.objectStore(store).put(value));
  const remove = (store, key) => write([store], (t) => t.objectStore(store).delete(key));

  // Read, change and write in one transaction: two tabs or the worker cannot overwrite each other.
  // change(row) mutates and returns the row, or returns null to leave it; resolves to what was written.
  async function change(store, key, alter) {
    let written = null;
    await write([store], (transaction) => {
      const rows = transaction.objectStore(store);
      rows.get(key).onsuccess = (event) => {
        written = event.target.result ? alter(event.target.result) : null;
        if (written) rows.put(written);
      };
    });
    return written;
  }

  const isFull = (error) =>
    Boolean(error) &&
    (error.name === "QuotaExceededError" || (error.inner && error.inner.name === "QuotaExceededError"));

  return { get, all, put, remove, change, write, isFull };
})();
