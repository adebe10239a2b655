// Ticking many: all of the page, and how many are ticked. Every form also works without it.
// Floor: Chromium 88.
"use strict";

(function () {
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const boxes = () => all("input[type=checkbox][data-tick]");

  function show() {
    const ticked = boxes().filter((box) => box.checked);
    boxes().forEach((box) => {
      const row = box.closest("tr");
      if (row) row.classList.toggle("ticked", box.checked);
    });
    all("[data-ticked]").forEach((place) => { place.textContent = `已勾选 ${ticked.length} 件`; });
    all("[data-tick-all]").forEach((master) => {
      master.checked = ticked.length > 0 && ticked.length === boxes().length;
    });
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) {
      boxes().forEach((box) => { box.checked = event.target.checked; });
    }
    show();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
    const chosen = document.querySelector("tr[data-row].chosen input[data-tick]");
    if (event.key === "x" && chosen && !typing && !event.ctrlKey && !/single_keys=off/.test(document.cookie)) {
      chosen.checked = !chosen.checked;
      show();
    }
  });
  document.addEventListener("DOMContentLoaded", () => {
    all("[data-tick-all]").forEach((master) => { master.closest("label").hidden = false; });
    show();
  });
})();
