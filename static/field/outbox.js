// Sends what is sealed: text first, then photo by photo. Runs in the page and in the service
// worker; it never needs the unlock code. One run at a time over all tabs.
//
// item: {id, path, kid, key, body, own, copy, account, at, state, receipt, result, tries, next,
//        problem, photos, answer}
//   state   waiting -> done; refused (the worker must act); reseal (the page must wrap the key anew)
//   answer  what the server said, sealed for this phone's own key: only the unlocked app reads it
"use strict";

self.field = self.field || {};

field.outbox = (function () {
  const { store, seal } = field;
  const FIRST = 2000;
  const LONGEST = 15 * 60 * 1000;
  const WAIT_A_LITTLE = [408, 425, 429];

  const backOff = (tries) =>
    Math.min(LONGEST, FIRST * 2 ** Math.min(tries, 20)) * (0.7 + Math.random() * 0.6);

  async function sealedAnswer(body) {
    const inbox = await store.get("meta", "inbox");
    if (!inbox) return null; // wiped meanwhile: the server keeps what it said
    const raw = seal.random(32);
    return {
      key: await seal.wrapFor(inbox.spki, raw),
      body: await seal.closeJson(await seal.contentKey(raw), body),
    };
  }

  const set = (id, changes) => store.change("outbox", id, (item) => Object.assign(item, changes));

  const later = (item, problem) =>
    set(item.id, {
      tries: item.tries + 1,
      next: Date.now() + Math.min(LONGEST, backOff(item.tries)),
      problem,
    });

  // ---- one item; returns "sent", "later" or "stop" ----

  async function sendText(item) {
    const answer = await field.network.post(
      item.path,
      {
        id: item.id,
        kid: item.kid,
        key: item.key,
        body: seal.base64(item.body),
      },
      { headers: { "X-Phone-Now": new Date().toISOString() } }
    );
    const { status, body } = answer;
    if ((status === 200 || status === 201) && body.receipt) {
      const sealed = await sealedAnswer(body);
      return set(item.id, {
        receipt: body.receipt,
        result: body.state,
        answer: sealed,
        problem: "",
        tries: 0,
        next: 0,
        clashes: (body.clashes || []).length,
        sent_at: Date.now(),
      });
    }
    if (status === 401) throw new SignedOut();
    if (status === 400 && (body.code === "old_key" || body.code === "cannot_open")) {
      await set(item.id, { state: "reseal", problem: body.code });
      return null;
    }
    if (status < 500 && status !== 403 && !WAIT_A_LITTLE.includes(status)) {
      const sealed = await sealedAnswer(body);
      await set(item.id, { state: "refused", problem: body.code || `http_${status}`, answer: sealed });
      return null;
    }
    await later(item, status === 403 ? "forbidden" : "server");
    return null;
  }

  class SignedOut extends Error {}

  const photosOf = async (id) =>
    (await store.all("photos")).filter((p) => p.visit === id && p.state === "waiting");

  async function sendPhoto(item, photo) {
    const { status, body } = await field.network.call(`photos/${photo.id}/`, {
      method: "PUT",
      body: photo.bytes,
      seconds: field.network.SECONDS.photo,
      headers: {
        "Content-Type": "application/octet-stream",
        "X-Visit": item.id,
        "X-Kid": photo.kid,
        "X-Key": photo.key,
        "X-Content-SHA256": await seal.sha256(photo.bytes),
        "X-Phone-Now": new Date().toISOString(),
      },
    });
    if (status === 200 || status === 201) {
      await store.remove("photos", photo.id);
      field.news.tell("outbox", item.id);
      return "sent";
    }
    if (status === 401) throw new SignedOut();
    if (status === 404) {
      // the text must go first after all
      await set(item.id, { receipt: "" });
      return later(item, "no_visit");
    }
    if (status === 413 || status === 422) {
      const sealed = await sealedAnswer(body);
      await store.change("photos", photo.id, (row) =>
        Object.assign(row, { state: "refused", answer: sealed })
      );
      return "refused";
    }
    if (status === 400 && (body.code === "old_key" || body.code === "cannot_open")) {
      await set(item.id, { state: "reseal", problem: body.code });
      return null;
    }
    return later(item, "server");
  }

  async function send(item) {
    field.news.tell("sending", item.id);
    const texted = item.receipt ? item : await sendText(item);
    if (!texted) return;
    for (const photo of await photosOf(item.id)) {
      const went = await sendPhoto(texted, photo);
      if (went !== "sent" && went !== "refused") return;
    }
    const left = (await store.all("photos")).filter((p) => p.visit === item.id);
    await set(
      item.id,
      left.length
        ? { state: "refused", problem: "photos" }
        : { state: "done", body: null, own: null, key: "", problem: "", next: 0, done_at: Date.now() }
    );
  }

  // ---- the queue ----

  async function pass(line, force) {
    const items = (await store.all("outbox")).filter((item) => item.state === "waiting");
    for (const item of items.sort((a, b) => a.at - b.at)) {
      if (item.account !== line.account || (!force && item.next > Date.now())) continue;
      try {
        await send(item);
      } catch (error) {
        if (error instanceof SignedOut) {
          await store.put("meta", { k: "session", out: true });
          return "out";
        }
        if (!(error instanceof field.network.Unreachable)) throw error;
        await later(await store.get("outbox", item.id), "unreachable");
        if ((await field.network.ping()).state !== "on") return "off";
      } finally {
        field.news.tell("outbox", item.id);
      }
    }
    return "on";
  }

  // Forgets what arrived before today; the day's receipts stay for the worker to see.
  async function tidy() {
    const today = new Date().setHours(0, 0, 0, 0);
    const old = (await store.all("outbox")).filter(
      (i) => i.state === "done" && i.done_at < today && !i.clashes
    );
    if (old.length)
      await store.write(["outbox"], (t) => old.forEach((i) => t.objectStore("outbox").delete(i.id)));
  }

  // Signing out reaches the server only when nothing of the worker's waits on this phone.
  async function leave(line) {
    const leaving = await store.get("meta", "leaving");
    const waiting = (await store.all("outbox")).some(
      (i) => i.state === "waiting" && i.account === line.account
    );
    if (!leaving || waiting) return;
    const { status } = await field.network.call("signout/", { method: "POST" }).catch(() => ({ status: 0 }));
    if (status === 204 || status === 401) await store.remove("meta", "leaving");
  }

  async function run(force) {
    const line = await field.network.ping();
    if (line.state !== "on") return line;
    if (line.wipe) await field.wipe.readable("remote");
    line.state = await pass(line, force);
    if (line.wipe) await field.network.call("wiped/", { method: "POST" }).catch(() => null);
    if (line.state === "on") await leave(line);
    await tidy();
    return line;
  }

  const alone = (act) =>
    self.navigator.locks
      ? self.navigator.locks.request("yizhou-field-outbox", { ifAvailable: true }, (lock) =>
          lock ? act() : { state: "busy" }
        )
      : act();

  let running = null;
  let again = false;

  // Asking during a run is remembered: a tap on the button is never swallowed.
  function drain(force = false) {
    if (running) {
      again = again || force;
      return running;
    }
    running = (async () => {
      try {
        let line;
        do {
          const forced = force || again;
          again = false;
          line = await alone(() => run(forced));
        } while (again);
        return line;
      } finally {
        running = null;
        field.news.tell("drained");
      }
    })();
    return running;
  }

  return { drain, backOff, set };
})();
