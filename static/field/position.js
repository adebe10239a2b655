// Where the visit was, when the worker wants to say so: WGS-84 as measured, with its accuracy.
"use strict";

field.position = (function () {
  const REFUSED = "没有允许定位。不定位也能完成走访。";
  const FAILED = "没有定到位。山里信号弱是常事，不定位也能完成走访。";

  function find() {
    return new Promise((done, failed) => {
      if (!navigator.geolocation) {
        failed(new Error(FAILED));
        return;
      }
      navigator.geolocation.getCurrentPosition(
        (found) =>
          done({
            lat: Number(found.coords.latitude.toFixed(6)),
            lon: Number(found.coords.longitude.toFixed(6)),
            accuracy_m: Math.round(found.coords.accuracy),
            at: field.words.stamp(found.timestamp),
          }),
        (error) => failed(new Error(error.code === 1 ? REFUSED : FAILED)),
        { enableHighAccuracy: true, timeout: 30000, maximumAge: 60000 }
      );
    });
  }

  return { find };
})();
