// A short spoken note, for hands that cannot type.
"use strict";

field.voice = (function () {
  const KINDS = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
  const BITS = 24000; // per second: a minute is 180 KB

  const isPossible = () => typeof MediaRecorder !== "undefined" && Boolean(navigator.mediaDevices);

  // Resolves to {stop, result}: result is a promise of bytes. Throws a sentence when refused.
  async function record({ seconds, most }) {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (refused) {
      throw new Error("没有打开麦克风。请在手机设置里允许本应用用麦克风，或者打字写在说明里。");
    }
    const type = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind)) || "";
    const recorder = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: BITS });
    const pieces = [];
    recorder.ondataavailable = (event) => pieces.push(event.data);
    const ended = new Promise((done) => {
      recorder.onstop = done;
    });
    const timer = setTimeout(stop, seconds * 1000);
    function stop() {
      clearTimeout(timer);
      if (recorder.state !== "inactive") recorder.stop();
    }
    recorder.start();
    const result = ended.then(async () => {
      stream.getTracks().forEach((track) => track.stop());
      const blob = new Blob(pieces, { type });
      if (!blob.size) throw new Error("没有录到声音，请再录一次。");
      if (blob.size > most) throw new Error("录音太大，请录短一点。");
      return blob.arrayBuffer();
    });
    return { stop, result };
  }

  async function play(bytes) {
    const player = new (window.AudioContext || window.webkitAudioContext)();
    const source = player.createBufferSource();
    source.buffer = await player.decodeAudioData(bytes.slice(0));
    source.connect(player.destination);
    source.onended = () => player.close();
    source.start();
  }

  return { isPossible, record, play };
})();
