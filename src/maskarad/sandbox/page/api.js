/** The sandbox's human side over HTTP: one function a call, errors as sentences. */

/** What the sandbox refused, in a sentence that can be shown as it is. */
export class Refusal extends Error {}

async function call(method, path, body) {
  const request = { method };
  if (body instanceof Blob) request.body = body;
  else if (body !== undefined) {
    request.headers = { "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(`/sandbox${path}`, request);
  } catch {
    throw new Refusal("The sandbox is not answering. Is it still running?");
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(answer?.error ?? `The sandbox answered ${response.status}.`);
  return answer;
}

const chatPath = (key, rest = "") => `/chats/${encodeURIComponent(key)}${rest}`;

export const sandbox = {
  users: () => call("GET", "/users"),
  makeUser: (user) => call("POST", "/users", user),
  bots: () => call("GET", "/bots"),
  makeBot: (bot) => call("POST", "/bots", bot),
  changeBot: (id, changes) => call("PATCH", `/bots/${id}`, changes),
  makeGroup: (group) => call("POST", "/groups", group),
  chats: (userId) => call("GET", `/chats?for=${userId}`),
  chat: (key) => call("GET", chatPath(key)),
  join: (key, user, by) => call("POST", chatPath(key, "/join"), { user, by }),
  leave: (key, user, by) => call("POST", chatPath(key, "/leave"), { user, by }),
  role: (key, user, status) => call("POST", chatPath(key, "/role"), { user, status }),
  say: (key, message) => call("POST", chatPath(key, "/messages"), message),
  sendFile: (key, { file, ...about }) => call("POST", chatPath(key, `/files?${new URLSearchParams(about)}`), file),
  fileAddress: (id) => `/sandbox/files/${encodeURIComponent(id)}`,
  edit: (key, messageId, from, text) => call("PATCH", chatPath(key, `/messages/${messageId}`), { from, text }),
  remove: (key, messageId) => call("DELETE", chatPath(key, `/messages/${messageId}`)),
  press: (key, messageId, from, data) =>
    call("POST", chatPath(key, `/messages/${messageId}/press`), { from, data, wait: 20 }),
  react: (key, messageId, from, emoji) => call("POST", chatPath(key, `/messages/${messageId}/react`), { from, emoji }),
};
