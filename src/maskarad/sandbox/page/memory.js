/** What this browser remembers: who the person is (each tab its own, a new tab the last chosen) and what was read. */

const WHO = "maskarad.who";
const readKey = (me) => `maskarad.read.${me}`;

export function recallWho() {
  return Number(sessionStorage.getItem(WHO) ?? localStorage.getItem(WHO)) || null;
}

export function rememberWho(id) {
  sessionStorage.setItem(WHO, String(id));
  localStorage.setItem(WHO, String(id));
}

function readMarks(me) {
  try {
    return JSON.parse(localStorage.getItem(readKey(me))) ?? {};
  } catch {
    return {};
  }
}

/** The last message id that `me` has seen in the chat, 0 for none. */
export const readUpTo = (me, key) => readMarks(me)[key] ?? 0;

export function markRead(me, key, messageId) {
  const marks = readMarks(me);
  if (marks[key] === messageId) return;
  localStorage.setItem(readKey(me), JSON.stringify({ ...marks, [key]: messageId }));
}
