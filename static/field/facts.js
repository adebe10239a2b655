// Registered facts a worker may put right at the door: address, phone, labour, health.
// An edit carries the value the phone showed, so that two people's changes never overwrite each other.
"use strict";

field.facts = (function () {
  const { pack } = field;
  const { h, button, icon, card } = field.draw;

  // [{name, label, seen, shown, edit}] of one household.
  function of(household) {
    const own = (field, label, seen) => ({
      name: `household_${field}`,
      label,
      seen,
      shown: seen,
      edit: { household: household.id, field, seen, base_version: household.version },
    });
    const found = [
      own("address", "住址", household.address || ""),
      own("phone", "电话", household.phone || ""),
    ];
    household.members.forEach((m) => {
      const person = (field, label, seen, shown) => ({
        name: `${m.id}_${field}`,
        label: `${m.name}：${label}`,
        seen,
        shown,
        edit: { person: m.id, field, seen, base_version: m.version },
      });
      found.push(
        person("labour", "劳动能力", m.labour || "", pack.labelOf("labour", m.labour)),
        person("health", "健康状况", m.health || "", pack.labelOf("health", m.health)),
        person("phone", "电话", m.phone_tail || "", m.phone_tail ? `尾号 ${m.phone_tail}` : "")
      );
    });
    return found;
  }

  const shownValue = (fact, value) => pack.labelOf(fact.edit.field, value);

  // owner: {draft, faults, save(), redraw()}; open: a Set of names being edited
  function section(household, owner, open) {
    const rows = of(household).map((fact) =>
      open.has(fact.name) || owner.faults[`edit_${fact.name}`]
        ? editor(fact, owner, open)
        : line(fact, owner, open)
    );
    const changed = Object.keys(owner.draft.edits).length;
    return card(
      { "aria-label": "登记的资料" },
      h(
        "details",
        { open: changed > 0 || open.size > 0 },
        h("summary", null, h("b", null, "登记的资料有错？"), changed ? ` 已改 ${changed} 处` : ""),
        h("dl", { class: "answers" }, rows)
      )
    );
  }

  function line(fact, owner, open) {
    const edit = owner.draft.edits[fact.name];
    return h(
      "div",
      null,
      h("dt", null, fact.label),
      h(
        "dd",
        { class: "grow" },
        edit ? shownValue(fact, edit.value) || edit.value : fact.shown || "没有登记",
        edit ? [" ", h("span", { class: "tag tag-changed" }, icon("pencil"), "已改")] : null
      ),
      h(
        "dd",
        null,
        h(
          "button",
          {
            type: "button",
            class: "edit",
            "aria-label": `改：${fact.label}`,
            on: {
              click: () => {
                open.add(fact.name);
                owner.redraw(`#edit_${fact.name}`);
              },
            },
          },
          "改"
        )
      )
    );
  }

  function editor(fact, owner, open) {
    const edit = owner.draft.edits[fact.name];
    const id = `edit_${fact.name}`;
    const fault = owner.faults[id];
    const choices = (pack.now().lists || {})[fact.edit.field];
    const set = (value) => {
      if (value.trim() === fact.seen) delete owner.draft.edits[fact.name];
      else owner.draft.edits[fact.name] = Object.assign({ value }, fact.edit);
      owner.save();
    };
    const now = edit ? edit.value : fact.edit.field === "phone" && fact.edit.person ? "" : fact.seen;
    const input = choices
      ? h(
          "select",
          { id, on: { change: (e) => set(e.target.value) } },
          now ? null : h("option", { value: "" }, "请选择"),
          choices.map(([code, words]) => h("option", { value: code, selected: code === now }, words))
        )
      : h("input", {
          id,
          type: fact.edit.field === "phone" ? "tel" : "text",
          autocomplete: "off",
          maxlength: "120",
          value: now,
          on: { input: (e) => set(e.target.value) },
        });
    return h(
      "div",
      { class: "editor" },
      h("dt", null, h("label", { for: id }, fact.label)),
      h(
        "dd",
        { class: "grow" },
        fault ? h("p", { class: "danger-text strong" }, fault) : null,
        input,
        h(
          "div",
          { class: "row gap" },
          button("好", () => {
            open.delete(fact.name);
            delete owner.faults[id];
            if (owner.draft.edits[fact.name] && !owner.draft.edits[fact.name].value.trim())
              delete owner.draft.edits[fact.name];
            owner.save();
            owner.redraw();
          }),
          button("不改了", () => {
            open.delete(fact.name);
            delete owner.faults[id];
            delete owner.draft.edits[fact.name];
            owner.save();
            owner.redraw();
          })
        )
      )
    );
  }

  // For the check page and the outbox: [label, new value in words, old value in words].
  function changes(household, draft) {
    return of(household)
      .filter((fact) => draft.edits[fact.name])
      .map((fact) => [
        fact.label,
        shownValue(fact, draft.edits[fact.name].value) || draft.edits[fact.name].value,
        fact.shown,
      ]);
  }

  return { section, changes };
})();
