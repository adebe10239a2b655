// The morning's data: own households and due work, replaced whole, kept sealed as one record.
"use strict";

field.pack = (function () {
  const { store, vault } = field;
  let held = null; // the opened pack, while unlocked

  const now = () => held;
  const close = () => {
    held = null;
  };

  async function open() {
    held = await vault.get("pack");
    return held;
  }

  // True when a newer pack came; the network may be gone again by now, which is no error here.
  async function fetchNewer(etag) {
    if (!vault.isOpen()) return false;
    const mark = await store.get("meta", "pack");
    if (held && mark && mark.etag && etag === mark.etag) return false;
    const headers = held && mark && mark.etag ? { "If-None-Match": mark.etag } : {};
    const answer = await field.network.call("pack/", { headers, seconds: field.network.SECONDS.pack });
    if (answer.status !== 200 || !answer.body.households || !vault.isOpen()) return false;
    const sealed = await vault.keep(answer.body);
    await store.write(["records", "meta"], (transaction) => {
      transaction.objectStore("records").put({ k: "pack", sealed });
      transaction.objectStore("meta").put({ k: "pack", etag: answer.etag });
    });
    held = answer.body;
    return true;
  }

  const household = (id) => (held ? held.households.find((h) => String(h.id) === String(id)) : null) || null;
  const item = (id) => (held ? held.items.find((i) => String(i.id) === String(id)) : null) || null;
  const itemOf = (householdId) =>
    (held ? held.items.find((i) => String(i.household) === String(householdId)) : null) || null;

  // The pause of the household's visit while it stands; it ends by itself on its day, off line too.
  function pauseOf(householdId) {
    const { pause } = household(householdId) || {};
    return pause && field.words.daysUntil(pause.until) > 0 ? pause : null;
  }

  function labelOf(list, code) {
    const found = held && held.lists && (held.lists[list] || []).find((pair) => pair[0] === code);
    return found ? found[1] : code || "";
  }

  // "没有联网 3 天" and so on count from the last contact, not from the pack.
  async function daysWithoutContact() {
    const contact = await store.get("meta", "contact");
    return contact ? Math.floor((Date.now() - contact.at) / 86400000) : 0;
  }

  return { now, close, open, fetchNewer, household, item, itemOf, pauseOf, labelOf, daysWithoutContact };
})();
