import { Buffer } from "node:buffer";
import type { Socket } from "node:net";

/** What the sockets read into, one after the other: libuv asks for so much at a time. */
const memory = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Has an accepted socket read into memory that all of them share, instead of memory of its own for each read; `take` gets a view that
 * holds until it returns, and says whether to read on. That is the option `onread` of `new net.Socket()`, which Node's servers do not
 * pass on: it is switched on where the constructor would have put it. Where a Node has no such place nothing changes, and what is
 * read comes as the event `data`, as do bytes that were put back into the socket.
 */
export function shareReads(socket: Socket, take: (bytes: Buffer) => boolean): void {
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
