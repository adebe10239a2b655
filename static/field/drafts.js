// Visits and reports being filled: sealed at every input, several at once, found again after a crash.
"use strict";

field.drafts = (function () {
  const { store, vault, seal } = field;
  const PREFIX = "draft:";
  let writing = null; // the save under way
  let dirty = null; // the draft to save after it

  async function all() {
    const rows = (await store.all("records")).filter((row) => row.k.startsWith(PREFIX));
    return Promise.all(rows.map((row) => vault.show(row.sealed)));
  }

  const open = (id) => vault.get(PREFIX + id);

  async function ofHousehold(id) {
    const found = (await all()).filter((d) => d.kind === "visit" && String(d.household) === String(id));
    return found.sort((a, b) => (a.saved_at < b.saved_at ? 1 : -1))[0] || null;
  }

  function blank(kind, more) {
    return Object.assign(
      {
        id: seal.uuid(),
        kind,
        started_at: new Date().toISOString(),
        saved_at: "",
        step: 0,
        answers: {},
        note: "",
        position: null,
        attachments: [],
        confirmed: false,
        replaces: null,
        corrects: null,
        correction_reason: "",
      },
      more
    );
  }

  function visit(household, item) {
    return blank("visit", {
      household: household.id,
      item: item ? item.id : null,
      purposes: item ? item.purposes : [],
      severity: item ? item.severity : "",
      name: household.head,
      reached: 0,
      steps: 0,
      mode: "in_person",
      visited_on: "",
      reports: {},
      edits: {},
    });
  }

  const report = (place) =>
    blank("report", {
      found: {
        name: "",
        phone: "",
        place,
        address: "",
        people: 1,
        difficulty: "",
        sentence: "",
        household: null,
      },
    });

  // Again as a draft, to be sent under a new id: what the office sent back, or a correction.
  function again(copy, link) {
    const kept = link.corrects ? [] : copy.attachments;
    return Object.assign(
      {},
      copy,
      { id: seal.uuid(), step: 0, confirmed: false, replaces: null, corrects: null, attachments: kept },
      link
    );
  }

  // Saves come one after the other and the newest wins; resolves to the time saved, or throws.
  function save(draft) {
    dirty = draft;
    if (!writing) {
      writing = (async () => {
        try {
          while (dirty) {
            const next = dirty;
            dirty = null;
            next.saved_at = new Date().toISOString();
            if (vault.isOpen()) await vault.put(PREFIX + next.id, next);
          }
        } finally {
          writing = null;
        }
      })();
    }
    return writing.then(() => draft.saved_at);
  }

  // One window at a time: two of them would overwrite each other. Resolves to a function that
  // lets go, or to null when another window has it.
  function hold(id) {
    if (!navigator.locks) return Promise.resolve(() => null);
    return new Promise((done) => {
      navigator.locks.request(`yizhou-draft-${id}`, { ifAvailable: true }, (lock) => {
        if (!lock) {
          done(null);
          return null;
        }
        return new Promise((release) => done(release));
      });
    });
  }

  const settled = () => writing || Promise.resolve();

  async function remove(draft) {
    await settled().catch(() => null);
    await store.write(["records", "photos"], (transaction) => {
      transaction.objectStore("records").delete(PREFIX + draft.id);
      draft.attachments.forEach((a) => transaction.objectStore("photos").delete(a.id));
    });
  }

  return { PREFIX, all, open, ofHousehold, visit, report, again, save, hold, settled, remove };
})();
