import type { Frame } from "./frame-reader.ts";
import { ConnectionError, errorCodes, maxWindowBytes, settingIds } from "../wire.ts";

/** The peer's settings, as far as they are used. */
export interface PeerSettings {
  readonly headerTableBytes?: number;
  readonly maxConcurrentStreams?: number;
  readonly initialWindowBytes?: number;
}

const settingBytes = 6;

/** Parses a SETTINGS frame. Throws ConnectionError. */
export function peerSettings({ bytes, start, end }: Frame): PeerSettings {
  if ((end - start) % settingBytes !== 0)
    throw new ConnectionError(errorCodes.frameSizeError, "a SETTINGS frame ends within a setting");
  const settings: { -readonly [Name in keyof PeerSettings]: PeerSettings[Name] } = {};
  for (let at = start; at < end; at += settingBytes) {
    const id = bytes.readUInt16BE(at);
    const value = bytes.readUInt32BE(at + 2);
    check(id, value);
    if (id === settingIds.headerTableBytes) settings.headerTableBytes = value;
    else if (id === settingIds.maxConcurrentStreams) settings.maxConcurrentStreams = value;
    else if (id === settingIds.initialWindowBytes) settings.initialWindowBytes = value;
  }
  return settings;
}

function check(id: number, value: number): void {
  if (id === settingIds.enablePush && value > 1) {
    throw new ConnectionError(errorCodes.protocolError, `SETTINGS_ENABLE_PUSH is ${value}; must be 0 or 1`);
  }
  if (id === settingIds.initialWindowBytes && value > maxWindowBytes) {
    throw new ConnectionError(errorCodes.flowControlError, `SETTINGS_INITIAL_WINDOW_SIZE is ${value}`);
  }
  if (id === settingIds.maxFrameBytes && (value < 2 ** 14 || value >= 2 ** 24)) {
    throw new ConnectionError(errorCodes.protocolError, `SETTINGS_MAX_FRAME_SIZE is ${value}`);
  }
}
