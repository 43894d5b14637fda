/** Where something stands in a text, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What a text says before it is known which message it is. */
export type Tree = ObjectTree | ListTree | ScalarTree;

/** A message: its fields in the order of the text, a name as often as it comes. */
export interface ObjectTree {
  readonly kind: "object";
  readonly members: readonly Member[];
  readonly at: Position;
}

/** A field and its value. */
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

/** A string is quoted in the text; a word is a number, a truth value or the name of an enumeration's value. */
export interface ScalarTree {
  readonly kind: "string" | "word";
  readonly text: string;
  readonly at: Position;
}

/** A text that is not the message that it should be. The caller knows the file and says so. */
export class TextError extends Error {
  readonly at: Position;

  constructor(reason: string, at: Position) {
    super(reason);
    this.name = "TextError";
    this.at = at;
  }
}

/** Deeper nesting is refused, as on the wire. */
export const maxTextDepth = 100;

/** Walks through a text and knows where it is. */
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

  /** Takes what the sticky pattern matches here. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) return undefined;
    this.#advance(found);
    return found;
  }

  /** Takes one of these characters, or says that `expected` was wanted. */
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
