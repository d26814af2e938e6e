/**
 * The floor: what loopback and the runtime allow to a server that does nothing. It is the loop of the
 * real one around sockets of the same kind, in a process of its own, until its standard input ends.
 */
import { findListener, tuneSocket } from "../../../ffi/socket.ts";
import { READABLE } from "../../../ffi/poller.ts";
import { Loop } from "../../../lib/shard/loop.ts";
import { Portal } from "../../../lib/shard/portal.ts";
import { print } from "../options.ts";
import { FloorConnection } from "./floor_connection.ts";

function serve(): void {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  const fd = findListener({ hostname, port });
  if (fd === undefined) throw new Error("Cannot find the descriptor of the listener");
  const loop = new Loop(() => {}, (error) => {
    throw error;
  });
  new Portal(loop, fd, (socket) => {
    tuneSocket(socket);
    new FloorConnection(loop, socket);
  }, print);
  loop.watch(0, READABLE, { ready: () => loop.stop() });
  print(`listening on 127.0.0.1:${port}`);
  loop.run();
}

serve();
Deno.exit(0); // the listener would keep the process
