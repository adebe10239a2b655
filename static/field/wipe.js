// Everything readable goes; what is sealed for the server stays until it is sent.
"use strict";

self.field = self.field || {};

field.wipe = (function () {
  const KEPT = ["install", "server_key", "contact", "session", "prefs", "owner", "leaving", "wiped"];

  // why: "pins", "days", "remote", "signout" or "account"; the sign-in page tells it.
  async function readable(why) {
    await field.store.write(["meta", "records", "outbox", "photos"], (transaction) => {
      transaction.objectStore("records").clear();
      keepOnly(transaction.objectStore("meta"), KEPT);
      transaction.objectStore("meta").put({ k: "wiped", why, at: Date.now() });
      forget(transaction.objectStore("outbox"), (item) => item.state === "done");
      forget(transaction.objectStore("photos"), (photo) => !photo.visit);
    });
    field.news.tell("wiped");
  }

  function keepOnly(rows, kept) {
    rows.getAllKeys().onsuccess = (event) => {
      event.target.result.filter((key) => !kept.includes(key)).forEach((key) => rows.delete(key));
    };
  }

  function forget(rows, isGone) {
    rows.getAll().onsuccess = (event) =>
      event.target.result.forEach((row) => {
        if (isGone(row)) {
          rows.delete(row.id);
          return;
        }
        row.own = row.copy = row.answer = null;
        rows.put(row);
      });
  }

  // Phones that met no server for policy.offline_days forget; the date of the last contact decides.
  async function whenTooLong() {
    const [contact, policy, lock] = await Promise.all(
      ["contact", "policy", "lock"].map((key) => field.store.get("meta", key))
    );
    if (!contact || !policy || !lock) return false;
    if (Date.now() - contact.at < policy.offline_days * 86400000) return false;
    await readable("days");
    return true;
  }

  return { readable, whenTooLong };
})();

// Tabs and the worker tell each other what changed, never what it says.
field.news = (function () {
  const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("yizhou-field");
  const ears = [];
  const hear = (message) => ears.forEach((ear) => ear(message));
  if (channel) channel.onmessage = (event) => hear(event.data);
  return {
    tell(what, id) {
      const message = { what, id };
      if (channel) channel.postMessage(message);
      hear(message);
    },
    listen(ear) {
      ears.push(ear);
    },
  };
})();
