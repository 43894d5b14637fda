import type { Http2Connection } from "../connection.ts";
import { ConnectionError, errorCodes, flags, frameTypes } from "../wire.ts";
import type { Frame } from "./frame-reader.ts";
import { peerSettings } from "./peer-settings.ts";

/** Processes a frame of the connection; frames of unknown types are ignored. Throws ConnectionError. */
export function applyControlFrame(frame: Frame, connection: Http2Connection): void {
  const { type, stream, bytes, start, end } = frame;
  if (type === frameTypes.priority) {
    checkPriority(frame);
    return;
  }
  const isKnown = type === frameTypes.settings || type === frameTypes.ping || type === frameTypes.goaway;
  if (isKnown && stream !== 0) throw protocolError("a connection frame names a stream");
  if (type === frameTypes.settings) applySettings(frame, connection);
  else if (type === frameTypes.ping) applyPing(frame, connection);
  else if (type === frameTypes.goaway) {
    if (end - start < 8) throw new ConnectionError(errorCodes.frameSizeError, "a GOAWAY frame has less than 8 bytes");
    connection.goawayReceived(bytes.readUInt32BE(start) & 0x7fff_ffff);
  }
}

/** Throws ConnectionError when a frame does not have the size that its type requires. */
export function checkSize({ type, start, end }: Frame, sizeBytes: number): void {
  if (end - start === sizeBytes) return;
  const message = `a frame of type ${type} has ${end - start} bytes; must have ${sizeBytes}`;
  throw new ConnectionError(errorCodes.frameSizeError, message);
}

/** Priorities are not implemented: the frame is only validated (RFC 9113 §5.3.2). */
function checkPriority(frame: Frame): void {
  if (frame.stream === 0) throw protocolError("a PRIORITY frame is on stream 0");
  checkSize(frame, 5);
  const parent = frame.bytes.readUInt32BE(frame.start) & 0x7fff_ffff;
  if (parent === frame.stream) throw protocolError("a stream depends on itself");
}

function applySettings(frame: Frame, connection: Http2Connection): void {
  const isAck = (frame.flags & flags.ack) !== 0;
  if (isAck) checkSize(frame, 0);
  else connection.applySettings(peerSettings(frame));
}

function applyPing(frame: Frame, connection: Http2Connection): void {
  checkSize(frame, 8);
  const { bytes, start, end } = frame;
  if ((frame.flags & flags.ack) !== 0) connection.pingAnswered(bytes.readUInt32BE(start + 4));
  else connection.writer.pong(bytes, start, end);
}

function protocolError(message: string): ConnectionError {
  return new ConnectionError(errorCodes.protocolError, message);
}
