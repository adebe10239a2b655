// From a finished draft to a sealed item in the outbox, in one transaction: everything or nothing.
"use strict";

field.sealing = (function () {
  const { store, vault, seal } = field;

  async function serverKey() {
    const key = await store.get("meta", "server_key");
    if (!key) throw new Error("no key of the server");
    return key;
  }

  // body: what the server reads. A replaced item leaves the outbox in the same breath.
  async function finish(draft, path, body) {
    await field.drafts.settled();
    const server = await serverKey();
    const owner = await store.get("meta", "owner");
    const raw = seal.random(32);
    const item = {
      id: draft.id,
      path,
      account: owner.id,
      at: Date.now(),
      state: "waiting",
      receipt: "",
      result: "",
      tries: 0,
      next: 0,
      problem: "",
      answer: null,
      clashes: 0,
      photos: draft.attachments.length,
      kid: server.kid,
      key: await seal.wrapFor(server.spki, raw),
      body: await seal.closeJson(await seal.contentKey(raw), body, draft.id),
      own: await vault.keepRaw(raw),
      copy: await vault.keep(draft),
    };
    const photos = [];
    for (const attachment of draft.attachments) {
      const photo = await store.get("photos", attachment.id);
      if (photo) photos.push(await addressed(photo, draft.id, server));
    }
    await store.write(["outbox", "photos", "records"], (transaction) => {
      const outbox = transaction.objectStore("outbox");
      outbox.put(item);
      photos.forEach((photo) => transaction.objectStore("photos").put(photo));
      transaction.objectStore("records").delete(field.drafts.PREFIX + draft.id);
      if (draft.replaces) outbox.delete(draft.replaces);
    });
    return item;
  }

  async function addressed(photo, visit, server) {
    const raw = await vault.showRaw(photo.own);
    return Object.assign(photo, {
      visit,
      state: "waiting",
      kid: server.kid,
      key: await seal.wrapFor(server.spki, raw),
    });
  }

  // A photo, signature or voice note of a draft: sealed the moment it is made.
  async function attach(bytes, about) {
    const id = seal.uuid();
    const raw = seal.random(32);
    await store.put("photos", {
      id,
      visit: null,
      state: "waiting",
      size: bytes.byteLength,
      own: await vault.keepRaw(raw),
      bytes: await seal.close(await seal.contentKey(raw), bytes, id),
      kid: "",
      key: "",
      answer: null,
    });
    return Object.assign({ id, size: bytes.byteLength, sha256: await seal.sha256(bytes) }, about);
  }

  async function bytesOf(id) {
    const photo = await store.get("photos", id);
    if (!photo || !photo.own) return null;
    return seal.open(await seal.contentKey(await vault.showRaw(photo.own)), photo.bytes, id);
  }

  // The server has a new key: wrap the same content keys for it. A second refusal of the same
  // key is no matter of keys, so the worker is told.
  async function reseal() {
    const server = await serverKey();
    const items = (await store.all("outbox")).filter((item) => item.state === "reseal" && item.own);
    for (const item of items) {
      if (item.resealed === server.kid) {
        await field.outbox.set(item.id, { state: "refused", problem: "cannot_open" });
        continue;
      }
      const key = await seal.wrapFor(server.spki, await vault.showRaw(item.own));
      const photos = (await store.all("photos")).filter((p) => p.visit === item.id && p.own);
      for (const photo of photos) await store.put("photos", await addressed(photo, item.id, server));
      await field.outbox.set(item.id, {
        state: "waiting",
        kid: server.kid,
        key,
        resealed: server.kid,
        next: 0,
        problem: "",
      });
    }
    return items.length;
  }

  return { finish, attach, bytesOf, reseal };
})();
