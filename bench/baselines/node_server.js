// The baseline to beat: the official Socket.IO server, as its documentation sets it up, without authentication, limits
// or metrics. It relays `msg` to the room named in `auth.room` and acks `echo`.
//
//     node node_server.js PORT [REDIS_URL]      with a URL it uses the official Redis adapter

const http = require("node:http");
const { Server } = require("socket.io");

const NAMESPACES = ["/bench", "/matchmaking", "/lobby", "/chat", "/social"];

async function redisAdapter(url) {
  const { createAdapter } = require("@socket.io/redis-adapter");
  const { createClient } = require("@redis/client");
  const publisher = createClient({ url });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  return createAdapter(publisher, subscriber);
}

function serve(namespace) {
  namespace.on("connection", (socket) => {
    const { room } = socket.handshake.auth;
    if (room) socket.join(room);
    socket.on("msg", (data) => namespace.to(room).emit("msg", data));
    socket.on("echo", (data, ack) => ack(data));
  });
}

async function main(port, redisUrl) {
  const server = http.createServer();
  const io = new Server(server, redisUrl ? { adapter: await redisAdapter(redisUrl) } : {});
  NAMESPACES.forEach((name) => serve(io.of(name)));
  server.listen({ port, host: "127.0.0.1", backlog: 4096 });
}

main(Number(process.argv[2]), process.argv[3]);
