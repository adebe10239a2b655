// Keeps the shell of one build, all of it or nothing, and sends sealed work while the app is shut.
// /api is never kept: data lies sealed in IndexedDB.
"use strict";
{% load static %}{% autoescape off %}
importScripts(
  "{% static 'field/store.js' %}", "{% static 'field/seal.js' %}", "{% static 'field/wipe.js' %}",
  "{% static 'field/network.js' %}", "{% static 'field/outbox.js' %}"
);

const SHELL = "/field/";
const KEPT = "yizhou-field-{{ build }}";
const FILES = [SHELL, "/field/app.webmanifest",{% for file in files %} "{{ file }}",{% endfor %}];
{% endautoescape %}
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) =>
    cache.addAll(FILES.map((address) => new Request(address, { cache: "reload" })))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("yizhou-field-") && name !== KEPT).map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

// The page says so when no form is open.
self.addEventListener("message", (event) => {
  if (event.data === "activate") self.skipWaiting();
});

// What is kept comes from the phone first: a stalled line never shows a white page.
self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  const wanted = event.request.mode === "navigate" ? SHELL : address.pathname;
  if (!FILES.includes(wanted)) return;
  event.respondWith(caches.open(KEPT).then((cache) => cache.match(wanted)).then((found) => found || fetch(event.request)));
});

self.addEventListener("sync", (event) => {
  if (event.tag !== "outbox") return;
  event.waitUntil(field.outbox.drain(true).then((line) => {
    if (line.state === "off") throw new Error("no line yet"); // the browser tries again later
  }));
});
