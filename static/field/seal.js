// The only place that knows ciphers. AES-256-GCM for content, RSA-OAEP-SHA256 for the keys of
// envelopes. A phone without SM algorithms in WebCrypto could get them by replacing this file.
"use strict";

self.field = self.field || {};

field.seal = (function () {
  const AES = "AES-GCM";
  const RSA = { name: "RSA-OAEP", hash: "SHA-256" };
  const IV = 12;
  const utf8 = (text) => new TextEncoder().encode(text);

  const random = (length) => crypto.getRandomValues(new Uint8Array(length));
  const hex = (bytes) => Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, "0")).join("");
  const sha256 = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));

  // Browsers before 92 have no crypto call for this.
  function uuid() {
    const bytes = random(16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  function base64(bytes) {
    const all = new Uint8Array(bytes);
    let text = "";
    for (let at = 0; at < all.length; at += 8192) {
      text += String.fromCharCode.apply(null, all.subarray(at, at + 8192));
    }
    return btoa(text);
  }

  const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

  // ---- content: iv followed by ciphertext ----

  function terms(iv, associated) {
    const given = { name: AES, iv };
    if (associated) given.additionalData = utf8(associated);
    return given;
  }

  async function close(key, bytes, associated) {
    const iv = random(IV);
    const text = new Uint8Array(await crypto.subtle.encrypt(terms(iv, associated), key, bytes));
    const sealed = new Uint8Array(IV + text.length);
    sealed.set(iv);
    sealed.set(text, IV);
    return sealed.buffer;
  }

  const open = (key, sealed, associated) =>
    crypto.subtle.decrypt(terms(new Uint8Array(sealed, 0, IV), associated), key, new Uint8Array(sealed, IV));

  const closeJson = (key, value, associated) => close(key, utf8(JSON.stringify(value)), associated);
  const openJson = async (key, sealed, associated) =>
    JSON.parse(new TextDecoder().decode(await open(key, sealed, associated)));

  const contentKey = (raw) => crypto.subtle.importKey("raw", raw, AES, false, ["encrypt", "decrypt"]);

  // ---- envelopes: a fresh content key, wrapped for whoever holds the private key ----

  async function wrapFor(spki, raw) {
    const key = await crypto.subtle.importKey("spki", fromBase64(spki), RSA, false, ["encrypt"]);
    return base64(await crypto.subtle.encrypt(RSA, key, raw));
  }

  async function unwrapWith(privateKey, wrapped) {
    return contentKey(await crypto.subtle.decrypt(RSA, privateKey, fromBase64(wrapped)));
  }

  // ---- the unlock code ----

  async function keyOfPin(pin, salt, rounds) {
    const base = await crypto.subtle.importKey("raw", utf8(pin), "PBKDF2", false, ["deriveKey"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds };
    return crypto.subtle.deriveKey(how, base, { name: AES, length: 256 }, false, ["encrypt", "decrypt"]);
  }

  function newPair() {
    const how = Object.assign({ modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }, RSA);
    return crypto.subtle.generateKey(how, true, ["encrypt", "decrypt"]);
  }

  const exportKey = (format, key) => crypto.subtle.exportKey(format, key);
  const privateKey = (bytes) => crypto.subtle.importKey("pkcs8", bytes, RSA, false, ["decrypt"]);

  return {
    random,
    uuid,
    sha256,
    base64,
    fromBase64,
    close,
    open,
    closeJson,
    openJson,
    contentKey,
    wrapFor,
    unwrapWith,
    keyOfPin,
    newPair,
    exportKey,
    privateKey,
  };
})();
