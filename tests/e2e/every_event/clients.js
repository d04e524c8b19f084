import { Manager } from "/rest/static/vendor/socket.io.esm.min.js";

const NAMESPACES = ["matchmaking", "lobby", "chat", "social"];
const clients = new Map();

/** Connects in all namespaces. What the server tells goes to `window.told`, as the JSON of [id, namespace, name, data, meta]. */
export async function connect(id, url, token, name) {
  const manager = new Manager(url, { transports: ["websocket"], reconnection: false });
  const auth = { token, client: { name, protocol: 1 } };
  const sockets = Object.fromEntries(NAMESPACES.map((namespace) => [namespace, manager.socket(`/${namespace}`, { auth })]));
  clients.set(id, sockets);
  await Promise.all(Object.entries(sockets).map(([namespace, socket]) => new Promise((resolve, reject) => {
    socket.onAny((event, data, meta) => window.told(JSON.stringify([id, namespace, event, data, meta])));
    socket.once("hello", resolve);
    socket.once("connect_error", reject);
  })));
}

/** Emits an event; the envelope of its ack. */
export function call(id, namespace, event, payload, timeoutMs) {
  return clients.get(id)[namespace].timeout(timeoutMs).emitWithAck(event, payload);
}

/** Says goodbye. */
export function close(id) {
  for (const socket of Object.values(clients.get(id))) socket.disconnect();
}
