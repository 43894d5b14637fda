import { Buffer } from "node:buffer";
import type { Socket } from "node:net";

/** Read buffer of all sockets, which read one after another: libuv reads this much at a time. */
const memory = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Makes an accepted socket read into a buffer that all sockets share, instead of allocating one for each read. `take` gets a view that
 * is valid until it returns, and returns whether to read on. This is the `onread` option of `new net.Socket()`, which Node's servers do
 * not expose; it is set where the constructor would have set it. If Node has no such place, nothing changes: data then arrives as
 * `data` events, as do bytes that were put back into the socket.
 */
export function useSharedReadBuffer(socket: Socket, take: (bytes: Buffer) => boolean): void {
  const symbols = Object.getOwnPropertySymbols(socket);
  const buffer = symbols.find(({ description }) => description === "kBuffer");
  const callback = symbols.find(({ description }) => description === "kBufferCb");
  const handle: unknown = Reflect.get(socket, "_handle");
  if (buffer === undefined || callback === undefined || !takesUserBuffer(handle)) return;
  handle.useUserBuffer(memory);
  Object.assign(socket, { [buffer]: memory, [callback]: (size: number) => take(memory.subarray(0, size)) });
}

interface Handle {
  useUserBuffer(memory: Buffer): void;
}

function takesUserBuffer(handle: unknown): handle is Handle {
  return typeof handle === "object" && handle !== null && typeof Reflect.get(handle, "useUserBuffer") === "function";
}
