/** Position in a text, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Syntax tree of a text, independent of the message type. */
export type Tree = ObjectTree | ListTree | ScalarTree;

/** A message: its fields in the order of the text; repeated fields occur several times. */
export interface ObjectTree {
  readonly kind: "object";
  readonly members: readonly Member[];
  readonly at: Position;
}

/** A field with its value. */
export interface Member {
  readonly name: string;
  readonly value: Tree;
  readonly at: Position;
}

/** A repeated field in brackets. */
export interface ListTree {
  readonly kind: "list";
  readonly items: readonly Tree[];
  readonly at: Position;
}

/** A quoted string, or a word: a number, a boolean or the name of an enumeration's value. */
export interface ScalarTree {
  readonly kind: "string" | "word";
  readonly text: string;
  readonly at: Position;
}

/** A syntax or type error in a text. The caller adds the file name. */
export class TextError extends Error {
  readonly at: Position;

  constructor(reason: string, at: Position) {
    super(reason);
    this.name = "TextError";
    this.at = at;
  }
}

/** Maximum nesting depth, as on the wire. */
export const maxTextDepth = 100;

/** A cursor over a text that tracks its position. */
export class TextReader {
  readonly #text: string;
  #offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get at(): Position {
    return { line: this.#line, column: this.#offset - this.#lineStart + 1 };
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#text.length;
  }

  /** The next character; empty at the end. */
  get next(): string {
    return this.#text.charAt(this.#offset);
  }

  /** Consumes what the sticky pattern matches at the cursor. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) return undefined;
    this.#advance(found);
    return found;
  }

  /** Consumes one of these characters, or throws that `expected` was expected. */
  expect(characters: string, expected: string): string {
    const { next } = this;
    if (next === "" || !characters.includes(next)) throw this.refusal(expected);
    this.#advance(next);
    return next;
  }

  refusal(expected: string): TextError {
    const found = this.isAtEnd ? "the text ends" : `found ${JSON.stringify(this.next)}`;
    return new TextError(`${found}; expected ${expected}`, this.at);
  }

  #advance(text: string): void {
    for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) {
      this.#line++;
      this.#lineStart = this.#offset + i + 1;
    }
    this.#offset += text.length;
  }
}
