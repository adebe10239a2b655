// Calls to the server. Only our own JSON counts as being on line: the sign-in page of a public
// Wi-Fi answers 200 as well, and navigator.onLine does not know.
"use strict";

self.field = self.field || {};

field.network = (function () {
  const ROOT = "/api/field/";
  const SECONDS = { ping: 6, text: 20, pack: 60, photo: 120 }; // a photo takes 40 s at 50 kbit/s

  class Unreachable extends Error {}

  function headersFor(given) {
    return Object.assign({ "X-Field-App": "1", Accept: "application/json" }, given);
  }

  async function json(answer) {
    const type = answer.headers.get("content-type") || "";
    if (!type.includes("json")) return null;
    try {
      return await answer.json();
    } catch (broken) {
      return null;
    }
  }

  // Resolves to {status, body, etag}; throws Unreachable when nothing of ours answered in time.
  async function call(path, { method = "GET", headers = {}, body, seconds = SECONDS.text } = {}) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), seconds * 1000);
    try {
      const answer = await fetch(ROOT + path, {
        method,
        body,
        headers: headersFor(headers),
        cache: "no-store",
        credentials: "same-origin",
        redirect: "error",
        signal: abort.signal,
      });
      const empty = answer.status === 204 || answer.status === 304;
      const found = empty ? {} : await json(answer);
      if (!found) throw new Unreachable(`not our answer: ${answer.status}`);
      return { status: answer.status, body: found, etag: answer.headers.get("ETag") || "" };
    } catch (error) {
      throw error instanceof Unreachable ? error : new Unreachable(String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  const post = (path, value, more = {}) =>
    call(
      path,
      Object.assign(
        {
          method: "POST",
          body: JSON.stringify(value),
          headers: Object.assign({ "Content-Type": "application/json" }, more.headers),
        },
        more.seconds ? { seconds: more.seconds } : {}
      )
    );

  async function unsent() {
    const waiting = (await field.store.all("outbox")).filter((item) => item.state !== "done");
    const oldest = waiting.map((item) => item.at).sort()[0];
    return `unsent=${waiting.length}${oldest ? `&oldest=${encodeURIComponent(new Date(oldest).toISOString())}` : ""}`;
  }

  // {state: "on" | "off" | "out", wipe, account, pack, build}; "out" means: sign in again.
  async function ping() {
    let answer;
    try {
      answer = await call(`ping/?${await unsent()}`, { seconds: SECONDS.ping });
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      return { state: "off" };
    }
    const { status, body } = answer;
    if (status === 401 && body.code) {
      await field.store.put("meta", { k: "session", out: true });
      return { state: "out" };
    }
    if (status !== 200 || body.app !== "yizhou-field") return { state: "off" };
    await note(body);
    return {
      state: "on",
      wipe: Boolean(body.wipe),
      account: body.account.id,
      pack: body.pack,
      build: body.build,
    };
  }

  const note = (body) =>
    field.store.write(["meta"], (transaction) => {
      const meta = transaction.objectStore("meta");
      meta.put({ k: "contact", at: Date.now() });
      meta.put({ k: "session", out: false });
      if (body.key) meta.put(Object.assign({ k: "server_key" }, body.key));
    });

  return { call, post, ping, Unreachable, SECONDS };
})();
