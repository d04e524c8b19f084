// The official JavaScript client, as the tests handle it from Python: every event is kept until a test asks for it.

import { io } from "/socket.io.esm.min.js";

const PATIENCE_MS = 5_000;
const sockets = {};

// Bytes travel between Python and the page as {bytes: <base64>}.
const fromPython = (value) => {
  if (Array.isArray(value)) return value.map(fromPython);
  if (value === null || typeof value !== "object") return value;
  if ("bytes" in value) return Uint8Array.from(atob(value.bytes), (letter) => letter.charCodeAt(0));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fromPython(each)]));
};

const toPython = (value) => {
  if (Array.isArray(value)) return value.map(toPython);
  if (value instanceof ArrayBuffer) {
    return { bytes: btoa(Array.from(new Uint8Array(value), (byte) => String.fromCharCode(byte)).join("")) };
  }
  if (value === null || value === undefined || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toPython(each)]));
};

class Ear {
  constructor(socket) {
    this.socket = socket;
    this.heard = [];
    this.waiting = [];
    socket.on("connect", () => this.note("(connect)", [socket.id]));
    socket.on("disconnect", (reason) => this.note("(disconnect)", [reason]));
    socket.on("connect_error", (error) => this.note("(refused)", [{ message: error.message, data: error.data }]));
    socket.onAny((name, ...values) => {
      const answer = typeof values.at(-1) === "function" ? values.pop() : null;
      this.note(name, values);
      if (answer && !["ignore me", "late"].includes(name)) answer(...values);
    });
  }

  note(name, values) {
    this.heard.push([name, values]);
    this.waiting.splice(0).forEach((look) => look());
  }

  async next(name) {
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline) {
      const at = this.heard.findIndex(([each]) => each === name);
      if (at >= 0) return toPython(this.heard.splice(at, 1)[0][1]);
      await new Promise((resolve) => {
        this.waiting.push(resolve);
        setTimeout(resolve, deadline - Date.now());
      });
    }
    throw new Error(`no ${name}, but ${JSON.stringify(this.heard)}`);
  }
}

window.client = {
  open: (url, namespaces, options) => {
    for (const namespace of namespaces) sockets[namespace] = new Ear(io(url + namespace, options));
  },
  next: (namespace, name) => sockets[namespace].next(name),
  nextValues: async (name, count) => {
    const values = [];
    while (values.length < count) values.push((await sockets["/game"].next(name))[0]);
    return values;
  },
  emit: (namespace, name, values) => void sockets[namespace].socket.emit(name, ...fromPython(values)),
  call: async (namespace, name, values, timeoutMs) => {
    try {
      return toPython(await sockets[namespace].socket.timeout(timeoutMs).emitWithAck(name, ...fromPython(values)));
    } catch {
      return "(timeout)";
    }
  },
  leave: () => Object.values(sockets).forEach(({ socket }) => socket.disconnect()),
  transport: () => Object.values(sockets)[0].socket.io.engine.transport.name,
  socket: (namespace) => sockets[namespace].socket,
};
