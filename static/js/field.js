// The grid worker's phone: the line indicator, counting buttons, and a warning before answers are lost.
// Every page also works without it.
"use strict";

(function () {
  const one = (selector) => document.querySelector(selector);

  function showLine() {
    const net = one("#net");
    if (net) net.hidden = navigator.onLine;
  }

  function count(button) {
    const input = button.parentElement.querySelector("input");
    const step = Number(button.dataset.by);
    const floor = input.min === "" ? -Infinity : Number(input.min);
    const roof = input.max === "" ? Infinity : Number(input.max);
    input.value = String(Math.min(Math.max(Number(input.value || 0) + step, floor), roof));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  let answered = false;

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-by]");
    if (button) count(button);
  });
  document.addEventListener("input", (event) => {
    if (event.target.closest("form[data-keep]")) answered = true;
  });
  document.addEventListener("submit", (event) => {
    answered = false;
    // A slow line must not send the same visit twice; the form's one-time id is the second guard.
    const button = event.submitter || event.target.querySelector("[type=submit]");
    if (button) setTimeout(() => { button.disabled = true; button.textContent = "正在提交…"; }, 0);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
  window.addEventListener("beforeunload", (event) => {
    if (!answered) return;
    event.preventDefault();
    event.returnValue = "";
  });
  window.addEventListener("online", showLine);
  window.addEventListener("offline", showLine);
  document.addEventListener("DOMContentLoaded", () => {
    showLine();
    document.querySelectorAll("button[data-by]").forEach((button) => { button.hidden = false; });
    const summary = one("[data-focus]");
    if (summary) summary.focus();
  });
})();
