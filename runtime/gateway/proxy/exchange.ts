import { Buffer } from "node:buffer";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import { faults } from "../faults.ts";
import type { Copies } from "../mirror/copies.ts";
import type { Copy } from "../mirror/copy.ts";
import { type Failure, Passage, type PassageParts, type Traveller } from "../passage/passage.ts";
import type { Target } from "../routing/choice.ts";
import type { Receiver, UpstreamConnection } from "../upstream/connection.ts";
import type { Connections } from "../upstream/connections.ts";
import type { ResponseHead } from "../upstream/response-head.ts";
import { allowedMs } from "./allowed-time.ts";
import type { Asked } from "./asked.ts";
import { repeatableBytes } from "./body.ts";
import { RequestBody } from "./request-body.ts";
import type { Client } from "./client.ts";
import { toldHeaders } from "./told-headers.ts";

/** What every exchange through this gateway shares. */
export interface ExchangeParts extends PassageParts {
  readonly connections: Connections;
  readonly copies: Copies;
  readonly log: Log;
}

interface Begun {
  readonly head: ResponseHead;
  readonly target: Target;
  readonly chunks: Buffer[];
}

/** One request over HTTP/1.1, or over what looks like it, on its way to a pod and back: a passage's traveller. */
export class Exchange implements Traveller, Receiver {
  readonly #client: Client;
  readonly #asked: Asked;
  readonly #parts: ExchangeParts;
  readonly #passage: Passage;
  readonly #body: RequestBody;
  /** Told to the client. */
  #status = 0;
  /** An answer of which the client has nothing yet. */
  #begun: Begun | undefined;
  #target: Target | undefined;
  #connection: UpstreamConnection | undefined;
  #isCopied = false;
  #copy: Copy | undefined;

  constructor(client: Client, asked: Asked, parts: ExchangeParts) {
    this.#client = client;
    this.#asked = asked;
    this.#parts = parts;
    const { live, wish } = asked;
    const timeoutMs = Math.min(live.route.timeoutMs, allowedMs(client.headers) ?? Infinity);
    const limitBytes = live.route.bodyBytes;
    const tooLarge = (sizeBytes: number): void => this.#passage.refuse(faults.BodyTooLarge({ sizeBytes, limitBytes }));
    const tooMany = (): void => this.#passage.refuse(faults.BodiesTooMany({}));
    this.#body = new RequestBody({ client, limitBytes, room: parts.room, tooLarge, tooMany });
    this.#passage = new Passage({ live, wish, sizeBytes: client.sizeBytes, timeoutMs }, this, parts);
  }

  start(): void {
    this.#client.whenGone((fault) => this.#gone(fault));
    const { sizeBytes } = this.#client;
    const limitBytes = this.#asked.live.route.bodyBytes;
    if (sizeBytes > limitBytes) this.#passage.refuse(faults.BodyTooLarge({ sizeBytes, limitBytes }));
    else if (this.#body.enter()) this.#passage.start();
    else this.#passage.refuse(faults.BodiesTooMany({}));
  }

  go(): void {
    this.#body.whenReady(() => {
      if (!this.#passage.isOver) this.#send();
    });
  }

  stop(fault: Fault): number {
    this.#giveUp();
    this.#body.release();
    this.#copy?.clientEnd(false);
    this.#parts.log.debug("request refused", { code: fault.code, message: fault.message });
    return this.#client.refuse(fault);
  }

  onReady(): void {
    if (this.#connection !== undefined) this.#body.stream(this.#connection);
  }

  onHead(head: ResponseHead): void {
    const { status } = head;
    const target = this.#target;
    if (target === undefined) return;
    const isLeaving = (status === 503 || status === 502) && target.pod.isLeaving && this.#body.isRepeatable;
    const isLoading = head.isNotReady && !this.#asked.isOwnVersion;
    if (isLeaving || isLoading) {
      this.#giveUp();
      this.#fail({ cause: new Error(isLoading ? "it loads its model" : "it is terminating"), isLoading });
      return;
    }
    if (isKept(head)) this.#begun = { head, target, chunks: [] };
    else this.#begin(head, target);
  }

  onData(chunk: Buffer): boolean {
    if (this.#begun !== undefined) {
      this.#begun.chunks.push(chunk);
      return true;
    }
    this.#copy?.clientChunk(chunk);
    if (this.#client.write(chunk)) return true;
    this.#client.whenDrained(() => this.#connection?.resume());
    return false;
  }

  onEnd(chunk: Buffer | undefined): void {
    this.#connection = undefined;
    this.#body.release();
    const last = this.#begun === undefined ? chunk : this.#whole(this.#begun, chunk);
    if (last !== undefined) this.#copy?.clientChunk(last);
    this.#client.end(last);
    this.#copy?.clientEnd(true);
    this.#passage.answered(this.#status);
  }

  onDrain(): void {
    this.#body.drained();
  }

  onFailed(cause: Error, isUnreached: boolean): void {
    this.#connection = undefined;
    this.#begun = undefined;
    this.#fail({ cause, isUnreached });
  }

  #begin(head: ResponseHead, { revision }: Target): void {
    this.#body.forget();
    this.#copy?.clientHead(head);
    this.#status = head.status;
    this.#client.begin(head.status, toldHeaders(head, revision.hash));
  }

  /** Begins an answer that was kept, and puts its body together. */
  #whole({ head, target, chunks }: Begun, last: Buffer | undefined): Buffer | undefined {
    this.#begun = undefined;
    this.#begin(head, target);
    if (last === undefined || chunks.length === 0) return last;
    return Buffer.concat([...chunks, last]);
  }

  #send(): void {
    const target = this.#passage.target();
    if (target === undefined) return;
    this.#target = target;
    try {
      const client = this.#client;
      const { kind, whole } = this.#body;
      const sizeBytes = whole?.length ?? client.sizeBytes;
      const head = client.requestHead(this.#asked.path, kind, sizeBytes);
      // In one piece, so that they go out in one packet.
      const bytes = whole === undefined ? head : Buffer.concat([head, whole]);
      const isWhole = kind === "none" || kind === "kept";
      this.#connection = this.#parts.connections.connection(target.pod, isWhole);
      this.#connection.send(bytes, { isWhole, isHead: client.method === "HEAD" }, this);
      if (kind === "kept" && !this.#isCopied) this.#mirror(target, bytes);
    } catch (thrown) {
      this.#passage.refuse(Fault.from(thrown));
    }
  }

  /** A request that names its revision means no other. */
  #mirror({ revision }: Target, bytes: Buffer): void {
    this.#isCopied = true;
    const { live, wish } = this.#asked;
    if (wish.revision === undefined) this.#copy = this.#parts.copies.copied(live, revision, bytes);
  }

  #fail(how: Pick<Failure, "cause"> & Partial<Failure>): void {
    this.#body.detach();
    const mayRepeat = this.#body.isRepeatable && !this.#client.hasAnswer;
    this.#passage.failed({ isUnreached: false, ...how, mayRepeat });
  }

  /** The pod's answer is not wanted any more. */
  #giveUp(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  #gone(fault: Fault | undefined): void {
    if (this.#passage.isOver) return;
    if (fault !== undefined) {
      this.#passage.refuse(fault);
      return;
    }
    this.#giveUp();
    this.#body.release();
    this.#copy?.clientEnd(false);
    this.#passage.abort();
  }
}

/** Small answers are passed on whole: a pod that dies in the middle of one has given none, and another may. */
function isKept({ framing }: ResponseHead): boolean {
  return typeof framing === "number" && framing > 0 && framing <= repeatableBytes;
}
