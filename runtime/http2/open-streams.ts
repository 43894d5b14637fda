import type { Http2Stream } from "./stream.ts";

/** The open streams of a connection, in the order of their ids, which is the order of opening. */
export interface OpenStreams {
  readonly size: number;
  readonly get: (id: number) => Http2Stream | undefined;
  /** The id must be higher than all ids added before. */
  readonly add: (stream: Http2Stream) => void;
  readonly delete: (id: number) => void;
  /** A copy of the list: streams may be added and deleted meanwhile. */
  readonly all: () => readonly Http2Stream[];
}

/**
 * A sorted list instead of a `Map`, which would cost a call through a gateway a fifth of its processor time: V8 links each outgrown
 * table of a Map to its successor, so that one table in the old generation keeps all later ones, with the streams in them, until
 * the next full collection.
 */
export function openStreams(): OpenStreams {
  const list: Http2Stream[] = [];
  /** Index of the first stream whose id is not lower. */
  const indexOf = (id: number): number => {
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
      const stream = list[indexOf(id)];
      return stream?.id === id ? stream : undefined;
    },
    add: (stream) => void list.push(stream),
    delete: (id) => {
      const index = indexOf(id);
      if (list[index]?.id === id) list.splice(index, 1);
    },
    all: () => list.slice(),
  };
}
