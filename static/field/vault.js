// The unlock code and the key behind it. The key lives in memory only and goes after a few idle
// minutes; a try is counted before it is made, so that killing the app does not reset the count.
"use strict";

field.vault = (function () {
  const { store, seal } = field;
  const ROUNDS = 310000;
  const EASY = "01234567890 09876543210";
  let key = null; // of everything readable on this phone
  let inbox = null; // private half of the key that answers are sealed for

  const isOpen = () => Boolean(key);

  // What is wrong with a new code, or nothing.
  function weakness(pin, digits) {
    if (!new RegExp(`^[0-9]{${digits}}$`).test(pin)) return `开锁码是 ${digits} 位数字。`;
    if (/^(\d)\1*$/.test(pin) || EASY.includes(pin))
      return "这个开锁码太容易猜，请换一个，不要连号或同一个数字。";
    return "";
  }

  async function setPin(pin) {
    const salt = seal.random(16);
    const raw = seal.random(32);
    const pair = await seal.newPair();
    const fresh = await seal.contentKey(raw);
    const lock = {
      k: "lock",
      salt,
      rounds: ROUNDS,
      tries: 0,
      wrapped: await seal.close(await seal.keyOfPin(pin, salt, ROUNDS), raw),
    };
    raw.fill(0);
    const secret = await seal.exportKey("pkcs8", pair.privateKey);
    const own = {
      k: "inbox",
      spki: seal.base64(await seal.exportKey("spki", pair.publicKey)),
      sealed: await seal.close(fresh, secret),
    };
    await store.write(["meta"], (transaction) => {
      transaction.objectStore("meta").put(lock);
      transaction.objectStore("meta").put(own);
      transaction.objectStore("meta").delete("wiped");
    });
    key = fresh;
    inbox = await seal.privateKey(secret);
  }

  // Resolves to {open: true}, {open: false, left: tries} or {open: false, wiped: true}.
  async function unlock(pin) {
    const policy = await store.get("meta", "policy");
    const lock = await store.change("meta", "lock", (row) => Object.assign(row, { tries: row.tries + 1 }));
    if (!lock) return { open: false, wiped: true };
    if (lock.tries <= policy.pin_tries && (await tryOut(pin, lock))) {
      await store.change("meta", "lock", (row) => Object.assign(row, { tries: 0 }));
      return { open: true };
    }
    if (lock.tries >= policy.pin_tries) {
      await field.wipe.readable("pins");
      return { open: false, wiped: true };
    }
    return { open: false, left: policy.pin_tries - lock.tries };
  }

  async function tryOut(pin, lock) {
    let raw;
    try {
      raw = await seal.open(await seal.keyOfPin(pin, lock.salt, lock.rounds), lock.wrapped);
    } catch (wrong) {
      return false;
    }
    const found = await seal.contentKey(raw);
    const own = await store.get("meta", "inbox");
    inbox = await seal.privateKey(await seal.open(found, own.sealed));
    key = found;
    return true;
  }

  function lock() {
    key = inbox = null;
  }

  // ---- what only the open app may do ----

  const keep = (value) => seal.closeJson(key, value);
  const show = (sealed) => seal.openJson(key, sealed);

  async function put(name, value) {
    await store.put("records", { k: name, sealed: await keep(value) });
  }

  async function get(name) {
    const row = await store.get("records", name);
    return row ? show(row.sealed) : null;
  }

  const keepRaw = (raw) => seal.close(key, raw);
  const showRaw = async (sealed) => new Uint8Array(await seal.open(key, sealed));

  // An answer the server gave while the app may have been locked.
  async function answer(sealed) {
    if (!sealed) return null;
    try {
      return await seal.openJson(await seal.unwrapWith(inbox, sealed.key), sealed.body);
    } catch (foreign) {
      return null; // sealed for the key before the last wipe
    }
  }

  return { isOpen, weakness, setPin, unlock, lock, keep, show, put, get, keepRaw, showRaw, answer };
})();
