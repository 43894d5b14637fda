import type { Http2Stream } from "./stream.ts";

/** The open streams of a connection, in the order of their numbers, in which they were opened. */
export interface OpenStreams {
  readonly size: number;
  readonly get: (id: number) => Http2Stream | undefined;
  /** Its number is to be higher than that of all before. */
  readonly add: (stream: Http2Stream) => void;
  readonly delete: (id: number) => void;
  /** Those that are open now, whatever becomes of them meanwhile. */
  readonly all: () => readonly Http2Stream[];
}

/**
 * None is open yet. A `Map` would cost a call through a gateway a fifth of its processor time: V8 links each table that a Map has
 * outgrown to the next one, so that one of them which has become old keeps all later ones, and the streams in them, until the next
 * full collection.
 */
export function openStreams(): OpenStreams {
  const list: Http2Stream[] = [];
  /** Where the first one is whose number is not lower. */
  const placeOf = (id: number): number => {
    let from = 0;
    let to = list.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((list[middle]?.id ?? 0) < id) from = middle + 1;
      else to = middle;
    }
    return from;
  };
  return {
    get size() {
      return list.length;
    },
    get: (id) => {
      const stream = list[placeOf(id)];
      return stream?.id === id ? stream : undefined;
    },
    add: (stream) => void list.push(stream),
    delete: (id) => {
      const place = placeOf(id);
      if (list[place]?.id === id) list.splice(place, 1);
    },
    all: () => list.slice(),
  };
}
