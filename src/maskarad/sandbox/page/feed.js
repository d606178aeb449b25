/**
 * The live feed: `/sandbox/events` as long as the page stands. After every (re)connection `onopen` is called, so that
 * the page reads everything anew: what happened while it was cut off is in that answer, what comes later in events.
 */

const KINDS = [
  "message",
  "edited",
  "deleted",
  "reaction",
  "typing",
  "callback_answer",
  "membership",
  "chat",
  "bot",
  "user",
];
/** A number beyond the end means "from now on". */
const FROM_NOW = Number.MAX_SAFE_INTEGER;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8000;

export function follow({ onopen, onevent, oncut }) {
  let pause = FIRST_PAUSE_MS;

  function connect() {
    const source = new EventSource(`/sandbox/events?after=${FROM_NOW}`);
    source.onopen = () => {
      pause = FIRST_PAUSE_MS;
      onopen();
    };
    source.onerror = () => {
      source.close();
      oncut();
      setTimeout(connect, pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    };
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => onevent(kind, JSON.parse(event.data)));
    }
  }

  connect();
}
