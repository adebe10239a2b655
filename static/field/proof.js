// Photos by slot, signature, spoken note and position of a draft. All optional: evidence, never a score.
"use strict";

field.proof = (function () {
  const { h, icon, card, button } = field.draw;
  const SLOTS = [
    ["house", "房屋正面"],
    ["inside", "屋内"],
    ["water", "饮水"],
    ["bill", "票据"],
    ["other", "其他"],
  ];
  const slotName = (code) => (SLOTS.find((s) => s[0] === code) || ["", "照片"])[1];
  let take = null; // the recording under way

  // owner: {draft, save(), redraw()}
  function photos(owner, policy) {
    const { draft } = owner;
    const fault = h("p", { class: "danger-text strong", role: "alert", id: "photo-fault" });
    const taken = draft.attachments.filter((a) => a.kind === "photo");
    const free = SLOTS.filter(([code]) => code === "other" || !taken.some((a) => a.slot === code));
    const tiles = taken.map((a) => tile(a, owner));
    if (taken.length < policy.photos_most) {
      free.forEach(([code, name]) =>
        tiles.push(
          h(
            "span",
            { class: "shot" },
            h("input", {
              type: "file",
              accept: "image/*",
              capture: "environment",
              id: `photo-${code}`,
              class: "unseen",
              "data-slot": code,
              on: {
                click: () => owner.save(),
                change: (event) => add(event.target, code, owner, policy, fault),
              },
            }),
            h("label", { for: `photo-${code}` }, icon("camera"), `拍${name}`)
          )
        )
      );
    }
    return card(
      { id: "photos", "aria-label": "现场照片" },
      h("h2", null, "现场照片"),
      h(
        "p",
        { class: "small muted" },
        `可不拍。自动压缩、打水印，每张不超过 ${Math.round(policy.photo_bytes / 1000)} KB。`
      ),
      fault,
      h("div", { class: "shots" }, tiles)
    );
  }

  function tile(attachment, owner) {
    const canvas = h("canvas", { role: "img", "aria-label": `${slotName(attachment.slot)}照片` });
    field.sealing
      .bytesOf(attachment.id)
      .then((bytes) => (bytes ? field.camera.thumbnail(bytes, canvas) : null))
      .catch(() => null);
    return h(
      "span",
      { class: "shot", "data-taken": true },
      canvas,
      h("span", { class: "shot-name" }, slotName(attachment.slot)),
      h("span", { class: "shot-sign" }, icon("check")),
      h(
        "button",
        {
          type: "button",
          "aria-label": `删去${slotName(attachment.slot)}照片`,
          class: "shot-drop",
          on: { click: () => drop(attachment, owner) },
        },
        icon("x")
      )
    );
  }

  async function add(input, slot, owner, policy, fault) {
    const file = input.files[0];
    input.value = "";
    if (!file) return;
    fault.textContent = "正在压缩照片…";
    try {
      const now = new Date();
      const at = owner.draft.position ? `  ${owner.draft.position.lat},${owner.draft.position.lon}` : "";
      const bytes = await field.camera.shrink(file, {
        edge: policy.photo_edge,
        most: policy.photo_bytes,
        mark: `${field.words.day(now)} ${field.words.time(now)}${at}`,
      });
      await keep(owner, bytes, { kind: "photo", slot });
    } catch (error) {
      fault.textContent = field.store.isFull(error)
        ? "手机空间满了，这张没有存下。先到有信号处上传，再回来拍。"
        : error.message;
    }
  }

  async function keep(owner, bytes, about) {
    const entry = await field.sealing.attach(bytes, Object.assign({ taken_at: field.words.stamp() }, about));
    owner.draft.attachments = owner.draft.attachments.concat(entry);
    await owner.save();
    owner.redraw();
  }

  async function drop(attachment, owner) {
    owner.draft.attachments = owner.draft.attachments.filter((a) => a.id !== attachment.id);
    await owner.save();
    await field.store.remove("photos", attachment.id);
    owner.redraw();
  }

  function signature(owner) {
    const signed = owner.draft.attachments.find((a) => a.kind === "signature");
    const canvas = signed ? h("canvas", { class: "signed", role: "img", "aria-label": "签字" }) : null;
    if (signed)
      field.sealing
        .bytesOf(signed.id)
        .then((bytes) => createImageBitmap(new Blob([bytes])))
        .then((bitmap) => {
          canvas.width = bitmap.width;
          canvas.height = bitmap.height;
          canvas.getContext("2d").drawImage(bitmap, 0, 0);
        })
        .catch(() => null);
    const ask = async () => {
      const bytes = await field.signature.ask();
      if (!bytes || !field.vault.isOpen()) return;
      if (signed) await drop(signed, Object.assign({}, owner, { redraw: () => null }));
      await keep(owner, bytes, { kind: "signature", slot: "" });
    };
    return card(
      { id: "signature", "aria-label": "农户签字" },
      h("h2", null, "农户签字"),
      h("p", { class: "small muted" }, "可不签。老人不会写字的，在情况说明里写一句。"),
      canvas,
      button([icon("pen-line"), signed ? "重新签字" : "请农户签字"], ask, {
        class: "button button-wide",
        id: "sign",
      })
    );
  }

  function voice(owner, policy) {
    if (!field.voice.isPossible()) return null;
    const said = owner.draft.attachments.find((a) => a.kind === "voice");
    const fault = h("p", { class: "danger-text strong", role: "alert" });
    const start = async () => {
      try {
        take = await field.voice.record({ seconds: policy.voice_seconds, most: policy.voice_bytes });
        owner.redraw();
        const bytes = await take.result;
        take = null;
        if (field.vault.isOpen()) await keep(owner, bytes, { kind: "voice", slot: "" });
      } catch (error) {
        take = null;
        owner.redraw();
        fault.textContent = error.message;
      }
    };
    const act = take
      ? button([icon("mic"), "正在录，点这里停"], () => take.stop(), {
          class: "button button-primary button-wide",
        })
      : said
        ? [
            button([icon("play"), "听一遍"], async () =>
              field.voice.play(await field.sealing.bytesOf(said.id))
            ),
            button("删去", () => drop(said, owner)),
          ]
        : button([icon("mic"), "录音"], start, { class: "button button-wide" });
    return card(
      { "aria-label": "语音说明" },
      h("h2", null, "语音说明"),
      h("p", { class: "small muted" }, `不方便打字时说一段，最长 ${policy.voice_seconds} 秒。可不录。`),
      fault,
      h("div", { class: "row" }, act)
    );
  }

  function position(owner) {
    const { draft } = owner;
    const fault = h("p", { class: "small", role: "status" });
    const find = async () => {
      fault.textContent = "正在定位，最多 30 秒…";
      try {
        draft.position = await field.position.find();
        await owner.save();
        owner.redraw();
      } catch (error) {
        fault.textContent = error.message;
      }
    };
    return card(
      { id: "position", "aria-label": "位置" },
      h(
        "div",
        { class: "row" },
        icon("map-pin"),
        h(
          "div",
          { class: "grow" },
          draft.position
            ? h("b", { class: "good-text" }, `已定位，误差 ${draft.position.accuracy_m} 米`)
            : h("b", null, "位置"),
          h(
            "div",
            { class: "small muted" },
            draft.position ? `${field.words.when(draft.position.at)}` : "可不定位。"
          ),
          fault
        ),
        button(draft.position ? "重新定位" : "定位", find)
      )
    );
  }

  return { photos, signature, voice, position, slotName };
})();
