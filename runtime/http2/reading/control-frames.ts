import type { Http2Connection } from "../connection.ts";
import { ConnectionError, errorCodes, flags, frameTypes } from "../wire.ts";
import type { Frame } from "./frame-reader.ts";
import { peerSettings } from "./peer-settings.ts";

/** Does what a frame that belongs to no request asks for; those of unknown types ask for nothing. Throws ConnectionError. */
export function controlled(frame: Frame, connection: Http2Connection): void {
  const { type, stream, bytes, start, end } = frame;
  if (type === frameTypes.priority) {
    prioritized(frame);
    return;
  }
  const isKnown = type === frameTypes.settings || type === frameTypes.ping || type === frameTypes.goaway;
  if (isKnown && stream !== 0) throw wrong("a frame of the connection names a stream");
  if (type === frameTypes.settings) settled(frame, connection);
  else if (type === frameTypes.ping) pinged(frame, connection);
  else if (type === frameTypes.goaway) {
    if (end - start < 8) throw new ConnectionError(errorCodes.frameSizeError, "a GOAWAY frame has less than 8 bytes");
    connection.left(bytes.readUInt32BE(start) & 0x7fff_ffff);
  }
}

/** Throws ConnectionError when a frame has not as many bytes as those of its type have. */
export function checkSize({ type, start, end }: Frame, sizeBytes: number): void {
  if (end - start === sizeBytes) return;
  const told = `a frame of type ${type} has ${end - start} bytes; must have ${sizeBytes}`;
  throw new ConnectionError(errorCodes.frameSizeError, told);
}

/** Nobody is served before others here: the frame is only checked (RFC 9113 §5.3.2). */
function prioritized(frame: Frame): void {
  if (frame.stream === 0) throw wrong("PRIORITY of no stream");
  checkSize(frame, 5);
  const parent = frame.bytes.readUInt32BE(frame.start) & 0x7fff_ffff;
  if (parent === frame.stream) throw wrong("a stream depends on itself");
}

function settled(frame: Frame, connection: Http2Connection): void {
  const isConfirmation = (frame.flags & flags.ack) !== 0;
  if (isConfirmation) checkSize(frame, 0);
  else connection.settle(peerSettings(frame));
}

function pinged(frame: Frame, connection: Http2Connection): void {
  checkSize(frame, 8);
  const { bytes, start, end } = frame;
  if ((frame.flags & flags.ack) !== 0) connection.pinged(bytes.readUInt32BE(start + 4));
  else connection.writer.pong(bytes, start, end);
}

function wrong(message: string): ConnectionError {
  return new ConnectionError(errorCodes.protocolError, message);
}
