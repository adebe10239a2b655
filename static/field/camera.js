// Photos: drawn anew on a canvas, so that nothing of the camera's own data (EXIF) is left in them,
// and made small enough for a weak line.
"use strict";

field.camera = (function () {
  const TOO_BIG = "这张照片太大，手机打不开。请在相机里把分辨率调低，再拍一张。";
  const NOT_A_PHOTO = "这个文件不是照片，或者已经损坏。请重拍一张。";
  const HUGE = 24 * 1048576;

  async function bitmapOf(file) {
    const how = [{ imageOrientation: "from-image" }, undefined]; // older browsers know no such option
    for (const given of how) {
      try {
        return given ? await createImageBitmap(file, given) : await createImageBitmap(file);
      } catch (error) {
        if (!given) throw new Error(file.size > HUGE ? TOO_BIG : NOT_A_PHOTO);
      }
    }
    throw new Error(NOT_A_PHOTO);
  }

  function drawn(bitmap, edge, mark) {
    const scale = Math.min(1, edge / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const pen = canvas.getContext("2d");
    if (!pen) throw new Error(TOO_BIG);
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const size = Math.max(12, Math.round(canvas.width / 45));
    pen.fillStyle = "rgba(0, 0, 0, 0.55)";
    pen.fillRect(0, canvas.height - size * 1.8, canvas.width, size * 1.8);
    pen.fillStyle = "#fff";
    pen.font = `${size}px sans-serif`;
    pen.fillText(mark, size * 0.6, canvas.height - size * 0.6);
    return canvas;
  }

  const jpeg = (canvas, quality) =>
    new Promise((done) => {
      canvas.toBlob(done, "image/jpeg", quality);
    });

  // Bytes of a JPEG of at most `most` bytes; quality is given up first, then size.
  async function shrink(file, { edge, most, mark }) {
    const bitmap = await bitmapOf(file);
    try {
      for (let side = edge; side >= 320; side = Math.round(side * 0.75)) {
        const canvas = drawn(bitmap, side, mark);
        for (const quality of [0.8, 0.7, 0.6, 0.5, 0.4]) {
          const blob = await jpeg(canvas, quality);
          if (!blob) throw new Error(TOO_BIG);
          if (blob.size <= most) return blob.arrayBuffer();
        }
      }
      throw new Error(TOO_BIG);
    } finally {
      if (bitmap.close) bitmap.close();
    }
  }

  // A small picture without an address of its own: pages may load no blob: addresses.
  async function thumbnail(bytes, canvas) {
    const bitmap = await createImageBitmap(new Blob([bytes]));
    const side = Math.min(bitmap.width, bitmap.height);
    canvas.width = canvas.height = 220;
    canvas
      .getContext("2d")
      .drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, 220, 220);
    if (bitmap.close) bitmap.close();
  }

  return { shrink, thumbnail };
})();
