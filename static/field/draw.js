// Small parts of screens. Text goes in as text, never as markup.
"use strict";

field.draw = (function () {
  // h("p", {class: "small", on: {click}}, "text", child, [children], null)
  function h(tag, given, ...children) {
    const node = document.createElement(tag);
    Object.keys(given || {}).forEach((name) => {
      const value = given[name];
      if (value === null || value === undefined || value === false) return;
      if (name === "on") Object.keys(value).forEach((event) => node.addEventListener(event, value[event]));
      else if (name === "value" || name === "checked") node[name] = value;
      else node.setAttribute(name, value === true ? "" : value);
    });
    add(node, children);
    return node;
  }

  function add(node, children) {
    children.forEach((child) => {
      if (Array.isArray(child)) add(node, child);
      else if (child !== null && child !== undefined && child !== false && child !== "") node.append(child);
    });
  }

  // The shell carries the drawings once.
  const icon = (name) => document.querySelector(`#icons [data-icon="${name}"] svg`).cloneNode(true);

  function severity(value) {
    const [tone, character, spoken] = field.words.severity(value);
    return h(
      "span",
      { class: `severity${tone ? ` severity-${tone}` : ""}`, role: "img", "aria-label": spoken },
      character
    );
  }

  function due(text) {
    const [urgency, words] = field.words.due(text);
    return h("span", { class: `due due-${urgency}` }, words);
  }

  // How long is left of a visit; a clock that stands still counts nothing.
  function deadline(item) {
    if (!field.pack.pauseOf(item.household)) return due(item.due_on);
    return h("span", { class: "due due-later" }, icon("circle-pause"), "计时暂停");
  }

  const button = (label, act, more) =>
    h("button", Object.assign({ type: "button", class: "button", on: { click: act } }, more), label);
  const link = (href, more, ...children) => h("a", Object.assign({ href }, more), ...children);
  const card = (more, ...children) => h("section", Object.assign({ class: "card" }, more), ...children);
  const message = (tone, ...children) =>
    h("div", { class: `message${tone ? ` message-${tone}` : ""}` }, ...children);

  function empty(sign, title, text) {
    return h("div", { class: "empty" }, icon(sign), h("h2", null, title), text ? h("p", null, text) : null);
  }

  // The list of what is missing, leading to each place. `loud` takes the focus: after a press.
  function summary(faults, go, loud) {
    const box = h(
      "div",
      { class: "error-summary", role: loud ? "alert" : null, tabindex: "-1" },
      h("h2", null, `还有 ${faults.length} 处要处理`),
      h(
        "ul",
        null,
        faults.map((fault) =>
          h(
            "li",
            null,
            h(
              "a",
              {
                href: location.hash,
                on: {
                  click: (event) => {
                    event.preventDefault();
                    go(fault);
                  },
                },
              },
              fault.sentence
            )
          )
        )
      )
    );
    if (loud)
      setTimeout(() => {
        window.scrollTo(0, 0);
        box.focus({ preventScroll: true });
      }, 0);
    return box;
  }

  const label = (id, text, ...small) =>
    h(
      "label",
      { class: "label", for: id },
      text,
      small.filter(Boolean).map((s) => h("small", null, s))
    );

  return { h, icon, severity, due, deadline, button, link, card, message, empty, summary, label };
})();
