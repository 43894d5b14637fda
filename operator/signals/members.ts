/** Reads the members of an object that came from outside; holds where it is, for the errors that name what is not as expected. */
export class Members {
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

  /** A count: neither negative nor infinite. */
  number(name: string): number {
    return counted(this.#members.get(name), this.#at(name));
  }

  /** Counts. */
  numbers(name: string, most: number): readonly number[] {
    return this.list(name, most).map((one) => counted(one, this.#at(name)));
  }

  list(name: string, most: number): readonly unknown[] {
    const value = this.#members.get(name);
    if (!Array.isArray(value) || value.length > most) throw new Error(`${this.#at(name)} is no list of up to ${most}`);
    return value;
  }

  objects<T>(name: string, most: number, decoded: (members: Members) => T): readonly T[] {
    return this.list(name, most).map((one, index) => decoded(new Members(one, `${this.#at(name)}[${index}]`)));
  }

  has(name: string): boolean {
    return this.#members.get(name) !== undefined;
  }

  member(name: string): Members {
    return new Members(this.#members.get(name), this.#at(name));
  }

  optional(name: string): Members | undefined {
    return this.has(name) ? this.member(name) : undefined;
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
