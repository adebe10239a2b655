// Desktop pages: keyboard, the lost-connection banner, large type. Every page also works without it.
// Floor: Chromium 88, so no .at(), structuredClone or class static blocks.
"use strict";

(function () {
  const one = (selector, within) => (within || document).querySelector(selector);
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));
  const YEAR_SECONDS = 31536000;

  // ---- large type: the server keeps the cookie; no page is left, so nothing typed is lost ----

  function switchType(button) {
    const form = button.form;
    fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" })
      .then(() => {
        const big = document.documentElement.classList.toggle("big");
        button.setAttribute("aria-pressed", String(big));
      })
      .catch(lineFailed);
  }

  // ---- banner: an expired session or a dead line must never look like a saved form ----

  function warn(sentence, link) {
    const banner = one("#connection");
    banner.textContent = sentence;
    if (link) {
      const anchor = document.createElement("a");
      anchor.href = link.url;
      anchor.target = "_blank";
      anchor.rel = "noopener";
      anchor.textContent = link.words;
      banner.append(" ", anchor);
    }
    banner.hidden = false;
  }

  function answerFailed(event) {
    const status = event.detail.xhr.status;
    if (status === 401) {
      warn("登录已过期，没有保存。填写的内容还在本页，", { url: "/signin/", words: "在新窗口登录后回来重试" });
    } else if (status === 403) {
      warn("您现在的岗位不能做这一步，没有保存。岗位刚调整过的，请退出后重新登录。");
    } else {
      warn("没有办成，填写的内容还在本页。请过一分钟再试。");
    }
  }

  function lineFailed() {
    warn("连不上服务器，没有保存。填写的内容还在本页，请检查网络后重试。");
  }

  // ---- the list: one chosen row ----

  const rows = () => all("tr[data-row]");
  const chosenRow = () => one("tr[data-row].chosen");

  function choose(row) {
    all("tr[data-row].chosen").forEach((other) => {
      other.classList.remove("chosen");
      other.removeAttribute("aria-current");
    });
    row.classList.add("chosen");
    row.setAttribute("aria-current", "true");
    row.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    const list = rows();
    if (!list.length) return;
    const at = list.indexOf(chosenRow());
    const next = list[Math.min(Math.max(at + step, 0), list.length - 1)];
    if (next === list[at]) return;
    choose(next);
    const preview = one("[data-preview]", next);
    if (preview) preview.click();
  }

  function openChosen() {
    const link = chosenRow() && one("[data-open]");
    if (link) link.click();
  }

  // ---- keyboard: off inside inputs, and single keys can be switched off (WCAG 2.1.4) ----

  const typing = (target) => Boolean(target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]"));
  const singleKeys = () => !/(^|; )single_keys=off/.test(document.cookie);

  function rememberKeys(on) {
    document.cookie = `single_keys=${on ? "on" : "off"}; path=/; max-age=${YEAR_SECONDS}; SameSite=Lax`;
  }

  function decide(position) {
    const choices = all("[data-decision] input[type=radio]");
    const choice = choices[position];
    if (!choice) return;
    choice.checked = true;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    choice.focus();
  }

  // The form one is writing in; else the one form of the page that is in sight.
  function sendMainForm(target) {
    const shown = all("form[data-main]").filter((form) => form.offsetParent !== null);
    const form = target.closest("form[data-main]") || shown[0];
    const button = form && one("[type=submit]", form);
    if (button) button.click();
  }

  function openKeys() {
    const dialog = one("#keys");
    if (dialog && dialog.showModal && !dialog.open) dialog.showModal();
  }

  function leave() {
    all("details.menu[open]").forEach((menu) => { menu.open = false; });
    const close = one("#menu:target .close-menu");
    if (close) close.click();
  }

  // ---- the menu: which headings the person opened or folded; the server draws them so ----

  function rememberFold(group) {
    const kept = (document.cookie.match(/(?:^|; )menu_folds=([a-z01.]*)/) || ["", ""])[1];
    const marks = kept.split(".").filter((mark) => mark && mark.slice(0, -1) !== group.dataset.group);
    marks.push(group.dataset.group + (group.open ? "0" : "1")); // the click has not turned it yet
    document.cookie = `menu_folds=${marks.join(".")}; path=/; max-age=${YEAR_SECONDS}; SameSite=Lax`;
  }

  function pressed(event) {
    if (event.isComposing || event.altKey || event.metaKey) return;
    if (event.ctrlKey) {
      if (event.key === "Enter") { event.preventDefault(); sendMainForm(event.target); }
      return;
    }
    if (event.key === "Escape") {
      if (typing(event.target)) event.target.blur(); else leave();
      return;
    }
    if (typing(event.target) || !singleKeys() || one("dialog[open]")) return;
    const acts = {
      j: () => move(1),
      k: () => move(-1),
      "/": () => { const box = one("#search") || one("[data-search]"); if (box) box.focus(); },
      "?": openKeys,
    };
    const key = event.key.toLowerCase();
    if (acts[key]) {
      event.preventDefault();
      acts[key]();
    } else if (/^[1-9]$/.test(key)) {
      decide(Number(key) - 1);
    } else if (key === "enter" && event.target === document.body) {
      openChosen();
    }
  }

  // ---- wiring ----

  function wire(within) {
    all("[data-decision] .choice kbd", within).forEach((key, position) => {
      key.textContent = String(position + 1);
      key.hidden = false;
    });
  }

  document.addEventListener("keydown", pressed);
  document.addEventListener("click", (event) => {
    const bigType = event.target.closest("#big-type");
    if (bigType) {
      event.preventDefault();
      switchType(bigType);
    }
    if (event.target.closest("[data-open-keys]")) openKeys();
    const heading = event.target.closest(".side summary");
    if (heading) rememberFold(heading.parentElement);
    if (event.target.closest("[data-print]")) window.print();
    const preview = event.target.closest("[data-preview]");
    if (preview) choose(preview.closest("tr[data-row]"));
    all("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("select[data-auto]")) event.target.form.requestSubmit();
    if (event.target.matches("#keys-on")) rememberKeys(event.target.checked);
  });
  document.addEventListener("htmx:responseError", answerFailed);
  document.addEventListener("htmx:sendError", lineFailed);
  document.addEventListener("htmx:timeout", lineFailed);
  document.addEventListener("htmx:beforeRequest", () => { one("#connection").hidden = true; });
  document.addEventListener("htmx:afterSettle", (event) => wire(event.target));
  document.addEventListener("DOMContentLoaded", () => {
    all("[data-open-keys], [data-print]").forEach((button) => { button.hidden = false; });
    one("#keys-on").checked = singleKeys();
    const summary = one("[data-focus]");
    if (summary) summary.focus();
    wire(document);
  });
})();
