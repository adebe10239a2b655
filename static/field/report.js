// A household in trouble that nobody has on a list: five fields, in under a minute.
"use strict";

(function () {
  const { app, words, pack, drafts } = field;
  const { h, icon, card, button, label, message, summary } = field.draw;
  let open = null;

  async function take(id) {
    if (open && open.draft.id === id) return open;
    const draft = await drafts.open(id);
    open = draft ? { draft, faults: [], full: "" } : null;
    return open;
  }

  async function save() {
    try {
      await drafts.save(open.draft);
      open.full = "";
    } catch (error) {
      open.full = "手机空间满了，刚填的没有存下。先别关这一页。";
    }
    const note = document.getElementById("saved");
    if (note)
      note.textContent = open.full || `${words.time(open.draft.saved_at)} 已存在本机，没有信号也不会丢`;
  }

  function faultsOf(found) {
    const list = [];
    if (found.name.trim().length < 2) list.push({ id: "name", sentence: "请写户主姓名（至少 2 个字）。" });
    if (!found.place) list.push({ id: "place", sentence: "请选在哪个屯、哪个网格。" });
    if (!/^\d{1,2}$/.test(String(found.people)) || Number(found.people) < 1)
      list.push({ id: "people", sentence: "请填家里几口人，1 到 99。" });
    if (!found.difficulty) list.push({ id: "difficulty", sentence: "请选是什么困难。" });
    if (found.sentence.trim().length < 4)
      list.push({ id: "sentence", sentence: "请写一句是什么情况（至少 4 个字）。" });
    if (found.phone.trim() && !/^\+?[\d\s-]{7,20}$/.test(found.phone.trim()))
      list.push({ id: "phone", sentence: "电话写数字，例如 13800001111；没有就不填。" });
    return list;
  }

  const body = (draft) => {
    const found = draft.found;
    return {
      id: draft.id,
      sealed_at: words.stamp(),
      found_at: words.stamp(draft.started_at),
      name: found.name.trim(),
      phone: found.phone.trim(),
      place: found.place,
      address: found.address.trim(),
      people: Number(found.people),
      difficulty: found.difficulty,
      sentence: found.sentence.trim(),
      household: found.household,
      position: draft.position,
      attachments: draft.attachments,
      replaces: draft.replaces,
    };
  };

  // The household may be on this phone already: then say which, so that nobody opens it twice.
  function sameName(found) {
    const name = found.name.trim();
    return name.length < 2
      ? []
      : pack
          .now()
          .households.filter((one) => one.members.some((m) => m.name === name))
          .slice(0, 3);
  }

  app.screens.report = async (id) => {
    if (!pack.now()) return app.screens.tasks();
    if (id === "new") {
      const fresh = drafts.report(Object.keys(pack.now().grids)[0] || "");
      await drafts.save(fresh);
      history.replaceState(null, "", `#/report/${fresh.id}`);
      return app.screens.report(fresh.id);
    }
    const state = await take(id);
    if (!state)
      return {
        title: "上报困难户",
        heading: "上报困难户",
        back: "#/tasks",
        tab: "tasks",
        main: field.draw.empty("clipboard-check", "这份上报已经不在", "可能已经提交了。"),
      };
    const { draft } = state;
    const found = draft.found;
    const policy = await field.store.get("meta", "policy");
    const set = (name, value) => {
      found[name] = value;
      save();
    };
    const wrong = (name) => {
      const f = state.faults.find((one) => one.id === name);
      return f ? h("p", { class: "danger-text strong", id: `e_${name}` }, f.sentence) : null;
    };
    const input = (name, type, more) =>
      h(
        "input",
        Object.assign(
          {
            id: name,
            type,
            autocomplete: "off",
            value: String(found[name]),
            "aria-describedby": wrong(name) ? `e_${name}` : null,
            on: { input: (e) => set(name, e.target.value) },
          },
          more
        )
      );
    const suggestions = h("div", { id: "same-name" });
    const suggest = () => {
      suggestions.textContent = "";
      suggestions.append(
        ...sameName(found).map((one) =>
          h(
            "label",
            { class: "tick" },
            h("input", {
              type: "checkbox",
              checked: found.household === one.id,
              on: { change: (e) => set("household", e.target.checked ? one.id : null) },
            }),
            h("span", null, `就是本机的 ${one.head} 户（${one.tun || one.address}）`)
          )
        )
      );
    };
    const name = input("name", "text", { maxlength: "60" });
    name.addEventListener("input", suggest);
    suggest();
    const by = (step) => () => {
      const people = document.getElementById("people");
      people.value = String(Math.min(99, Math.max(1, (Number(people.value) || 0) + step)));
      set("people", people.value);
    };
    const go = (fault) => {
      const target = document.getElementById(fault.id);
      (target.matches("fieldset") ? target.querySelector("input") : target).focus();
    };
    const finish = async () => {
      state.faults = faultsOf(found);
      if (state.faults.length) {
        app.draw({ focus: false });
        return;
      }
      try {
        await field.sealing.finish(draft, "reports/", body(draft));
      } catch (error) {
        document.getElementById("finish-fault").textContent = field.store.isFull(error)
          ? "手机空间满了，没有封存。草稿还在，先到有信号处上传别的记录。"
          : "没有封存成功，草稿还在，请再点一次。";
        return;
      }
      open = null;
      app.tell("上报已封存在本机，有信号自动上传。");
      app.go("#/waiting");
      app.sync(true);
    };
    const owner = { draft, save, redraw: () => app.draw({ focus: false }) };
    return {
      title: "上报困难户",
      heading: "上报困难户",
      back: "#/tasks",
      wrong: state.faults.length > 0,
      main: [
        state.faults.length ? summary(state.faults, go, true) : null,
        draft.told && Object.keys(draft.told).length
          ? message("warning", Object.values(draft.told).join(""))
          : null,
        card(
          null,
          label("name", "户主姓名"),
          wrong("name"),
          name,
          suggestions,
          label("place", "在哪里"),
          wrong("place"),
          h(
            "select",
            { id: "place", on: { change: (e) => set("place", e.target.value) } },
            Object.keys(pack.now().grids).map((code) =>
              h("option", { value: code, selected: code === found.place }, placeName(code))
            )
          ),
          label("people", "家里几口人"),
          wrong("people"),
          h(
            "div",
            { class: "stepper" },
            h("button", { type: "button", "aria-label": "减少：家里几口人", on: { click: by(-1) } }, "−"),
            input("people", "text", { inputmode: "numeric" }),
            h("button", { type: "button", "aria-label": "增加：家里几口人", on: { click: by(1) } }, "+"),
            h("span", null, "人")
          )
        ),
        card(
          null,
          h(
            "fieldset",
            { id: "difficulty" },
            h("legend", null, "什么困难"),
            wrong("difficulty"),
            h(
              "div",
              { class: "chips" },
              pack
                .now()
                .lists.difficulties.map(([code, text]) =>
                  h(
                    "span",
                    { class: "pick" },
                    h("input", {
                      type: "radio",
                      name: "difficulty",
                      id: `difficulty-${code}`,
                      checked: found.difficulty === code,
                      on: { change: () => set("difficulty", code) },
                    }),
                    h("label", { for: `difficulty-${code}` }, text)
                  )
                )
            )
          ),
          label("sentence", "一句话说情况"),
          wrong("sentence"),
          h("textarea", {
            id: "sentence",
            rows: "3",
            maxlength: "500",
            value: found.sentence,
            on: { input: (e) => set("sentence", e.target.value) },
          })
        ),
        card(
          null,
          h(
            "details",
            { open: Boolean(wrong("phone")) },
            h("summary", null, "电话、门牌、照片（可不填）"),
            label("phone", "电话"),
            wrong("phone"),
            input("phone", "tel", { maxlength: "20" }),
            label("address", "门牌或怎么走"),
            input("address", "text", { maxlength: "120" })
          )
        ),
        field.proof.photos(owner, policy),
        field.proof.position(owner),
        h("p", { class: "danger-text strong note", role: "alert", id: "finish-fault" }),
      ],
      foot: h(
        "footer",
        { class: "foot" },
        h(
          "p",
          { id: "saved", role: "status" },
          draft.saved_at ? [icon("save"), ` ${words.time(draft.saved_at)} 已存在本机，没有信号也不会丢`] : ""
        ),
        h(
          "div",
          { class: "row" },
          button("不报了", async () => {
            await drafts.remove(draft);
            open = null;
            app.go("#/tasks");
          }),
          button("上报", finish, { class: "button button-primary", id: "finish" })
        )
      ),
    };
  };

  function placeName(code) {
    const near = pack.now().households.find((one) => one.place && one.tun && one.grid === code);
    return near ? `${near.tun} ${pack.now().grids[code]}` : pack.now().grids[code];
  }
})();
