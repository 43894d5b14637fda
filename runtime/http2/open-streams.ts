import type { Http2Stream } from "./stream.ts";

/**
 * The open streams of a connection, in the order of their numbers, in which they were opened. A `Map` would cost a call through a
 * gateway a fifth of its processor time: V8 links each table that a Map has outgrown to the next one, so that one of them which
 * has become old keeps all later ones, and the streams in them, until the next full collection.
 */
export class OpenStreams {
  readonly #list: Http2Stream[] = [];

  get size(): number {
    return this.#list.length;
  }

  get(id: number): Http2Stream | undefined {
    const stream = this.#list[this.#place(id)];
    return stream?.id === id ? stream : undefined;
  }

  /** Its number is to be higher than that of all before. */
  add(stream: Http2Stream): void {
    this.#list.push(stream);
  }

  delete(id: number): void {
    const place = this.#place(id);
    if (this.#list[place]?.id === id) this.#list.splice(place, 1);
  }

  /** Those that are open now, whatever becomes of them meanwhile. */
  all(): readonly Http2Stream[] {
    return this.#list.slice();
  }

  /** Where the first one is whose number is not lower. */
  #place(id: number): number {
    let from = 0;
    let to = this.#list.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#list[middle]?.id ?? 0) < id) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
