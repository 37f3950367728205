// The line to the simulator: an event with each change; lost, it says so and comes back.

import { byId } from "./dom.js";

export function listen(onChange) {
  const say = (state, words) => {
    const box = byId("live");
    if (box.dataset.state === state) return;
    box.dataset.state = state;
    box.textContent = words;
  };
  let source;
  const open = () => {
    source = new EventSource("/_simulator/events");
    source.addEventListener("open", () => { say("live", "live"); onChange(); });
    source.addEventListener("world", onChange);
    source.addEventListener("error", () => {
      say("lost", "connection lost, trying again");
      // A browser gives up after an answer that is no stream.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
    });
  };
  open();
  window.addEventListener("pagehide", () => source.close());
}
