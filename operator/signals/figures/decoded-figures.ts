import type {
  GatewayFigures,
  MirrorFigures,
  ModelFigures,
  RevisionFigures,
} from "../../../runtime/contract/figures.ts";
import { latencyBuckets } from "../../../runtime/contract/figures.ts";

/** What a gateway answered, checked: throws an Error that names the first member that is not what the contract says. */
export function decodedFigures(text: string): GatewayFigures {
  const answer = new Members(JSON.parse(text), "");
  return {
    gateway: answer.text("gateway"),
    run: answer.text("run"),
    cursor: answer.number("cursor"),
    elapsedMs: answer.number("elapsedMs"),
    models: answer.each("models", decodedModel),
  };
}

function decodedModel(model: Members): ModelFigures {
  return {
    arrivals: model.number("arrivals"),
    refused: model.number("refused"),
    abandoned: model.number("abandoned"),
    queued: model.number("queued"),
    oldestWaitMs: model.number("oldestWaitMs"),
    revisions: model.each("revisions", decodedRevision),
  };
}

function decodedRevision(revision: Members): RevisionFigures {
  const failed = revision.member("failed");
  const mirrored = revision.optional("mirrored");
  return {
    completed: revision.number("completed"),
    failed: {
      status: failed.number("status"),
      connection: failed.number("connection"),
      timeout: failed.number("timeout"),
    },
    rejected: revision.number("rejected"),
    inFlight: revision.number("inFlight"),
    serviceMs: revision.number("serviceMs"),
    latency: revision.numbers("latency", latencyBuckets),
    ...(mirrored === undefined ? {} : { mirrored: decodedMirror(mirrored) }),
  };
}

function decodedMirror(mirrored: Members): MirrorFigures {
  return {
    sent: mirrored.number("sent"),
    failed: mirrored.number("failed"),
    compared: mirrored.number("compared"),
    differing: mirrored.number("differing"),
    maxAbsolute: mirrored.number("maxAbsolute"),
    sumAbsolute: mirrored.number("sumAbsolute"),
    numbers: mirrored.number("numbers"),
    ranked: mirrored.number("ranked"),
    agreeing: mirrored.number("agreeing"),
  };
}

/** Reads the members of an object that came from outside. Holds where it is, for the error. */
class Members {
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new Error(`${path === "" ? "the answer" : path} is no object`);
    this.#members = new Map(Object.entries(value));
    this.#path = path;
  }

  text(name: string): string {
    const value = this.#members.get(name);
    if (typeof value !== "string") throw new Error(`${this.#at(name)} is no text`);
    return value;
  }

  number(name: string): number {
    return counted(this.#members.get(name), this.#at(name));
  }

  numbers(name: string, most: number): readonly number[] {
    const value = this.#members.get(name);
    if (!Array.isArray(value) || value.length > most) throw new Error(`${this.#at(name)} is no list of up to ${most}`);
    return value.map((one: unknown) => counted(one, this.#at(name)));
  }

  member(name: string): Members {
    return new Members(this.#members.get(name), this.#at(name));
  }

  optional(name: string): Members | undefined {
    return this.#members.get(name) === undefined ? undefined : this.member(name);
  }

  each<T>(name: string, decoded: (members: Members) => T): Readonly<Record<string, T>> {
    const inner = this.member(name);
    return Object.fromEntries([...inner.#members.keys()].map((key) => [key, decoded(inner.member(key))]));
  }

  #at(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }
}

function counted(value: unknown, path: string): number {
  if (typeof value !== "number" || !(value >= 0 && value < Infinity)) throw new Error(`${path} is no count`);
  return value;
}
