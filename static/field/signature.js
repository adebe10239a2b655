// A pad to sign on with the finger. Resolves to PNG bytes, or null when given up.
"use strict";

field.signature = (function () {
  const { h, button } = field.draw;

  function ask() {
    return new Promise((done) => {
      const canvas = h("canvas", {
        class: "pad",
        width: "640",
        height: "320",
        role: "img",
        "aria-label": "签字板，用手指写",
      });
      const note = h("p", { class: "danger-text strong", role: "alert" });
      const pen = canvas.getContext("2d");
      let strokes = 0;
      let down = false;
      const finish = (bytes) => {
        dialog.remove();
        done(bytes);
      };

      function clear() {
        pen.fillStyle = "#fff";
        pen.fillRect(0, 0, canvas.width, canvas.height);
        strokes = 0;
      }
      function at(event) {
        const box = canvas.getBoundingClientRect();
        return [
          ((event.clientX - box.left) * canvas.width) / box.width,
          ((event.clientY - box.top) * canvas.height) / box.height,
        ];
      }
      canvas.addEventListener("pointerdown", (event) => {
        down = true;
        canvas.setPointerCapture(event.pointerId);
        pen.beginPath();
        pen.moveTo(...at(event));
      });
      canvas.addEventListener("pointermove", (event) => {
        if (!down) return;
        pen.lineTo(...at(event));
        pen.lineWidth = 5;
        pen.lineCap = pen.lineJoin = "round";
        pen.strokeStyle = "#141d2b";
        pen.stroke();
        strokes += 1;
      });
      ["pointerup", "pointercancel"].forEach((name) =>
        canvas.addEventListener(name, () => {
          down = false;
        })
      );

      function use() {
        if (strokes < 5) {
          note.textContent = "还没有签字。请用手指在白框里写名字。";
          return;
        }
        canvas.toBlob(async (blob) => finish(await blob.arrayBuffer()), "image/png");
      }

      const dialog = h(
        "div",
        { class: "cover", role: "dialog", "aria-modal": "true", "aria-labelledby": "pad-title" },
        h(
          "div",
          { class: "card" },
          h("h2", { id: "pad-title", tabindex: "-1" }, "请农户签字"),
          canvas,
          note,
          h(
            "div",
            { class: "row" },
            button("不签了", () => finish(null)),
            button("重写", clear),
            button("用这个签字", use, { class: "button button-primary" })
          )
        )
      );
      dialog.addEventListener("keydown", (event) => {
        if (event.key === "Escape") finish(null);
      });
      document.body.append(dialog);
      clear();
      dialog.querySelector("h2").focus();
    });
  }

  return { ask };
})();
