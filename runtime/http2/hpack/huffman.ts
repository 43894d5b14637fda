/**
 * Code length in bits of each byte and, last, of the end mark, one base-36 digit each: RFC 7541 appendix B, whose codes are
 * ordered by length and then by byte.
 */
const lengths =
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f56565666577666567655677" +
  "777fbedskmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqn" +
  "qrqqrrrrrsrrrrrqu";

const endMark = 256;
/** A transition for a half byte that no code contains. */
const broken = 0xffff;
/** Added to the byte that a transition decodes, so that 0 means none. */
const emits = 0x100;

/** Decodes half a byte at a time. A state is a node of the code tree: the bits since the last whole code. */
interface Machine {
  /** By state * 16 + half byte: the next state, or `broken`. */
  readonly next: Uint16Array;
  /** By the same: the decoded byte + `emits`, or 0. */
  readonly emitted: Uint16Array;
  /** States in which a text may end: at most 7 one bits since the last code (RFC 7541 §5.2). */
  readonly isEnd: Uint8Array;
}

/** Decodes a Huffman-coded text; undefined when it is malformed. No code is shorter than five bits. */
export function huffmanDecoded(bytes: Uint8Array, start: number, end: number): string | undefined {
  const { next, emitted, isEnd } = machine();
  let state = 0;
  let text = "";
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i] ?? 0;
    for (let shift = 4; shift >= 0; shift -= 4) {
      const at = state * 16 + ((byte >> shift) & 15);
      state = next[at] ?? broken;
      if (state === broken) return undefined;
      const out = emitted[at] ?? 0;
      if (out !== 0) text += String.fromCharCode(out - emits);
    }
  }
  return isEnd[state] === 1 ? text : undefined;
}

let known: Machine | undefined;

/** Built for the first text: it takes 20 KB, which many programs never need. */
function machine(): Machine {
  known ??= machineOf(codeTree());
  return known;
}

/** A node's two children: positive numbers are nodes, others symbols as -1 - symbol. */
type Tree = (readonly [number, number])[];

function codeTree(): Tree {
  const bits = Array.from(lengths, (digit) => Number.parseInt(digit, 36));
  const symbols = bits.map((_, symbol) => symbol);
  symbols.sort((a, b) => (bits[a] ?? 0) - (bits[b] ?? 0) || a - b);
  const tree: [number, number][] = [[0, 0]];
  let code = 0;
  let length = 0;
  for (const symbol of symbols) {
    const own = bits[symbol] ?? 0;
    code *= 2 ** (own - length);
    length = own;
    let node = 0;
    for (let bit = own - 1; bit >= 0; bit -= 1) {
      const side = Math.floor(code / 2 ** bit) % 2 === 0 ? 0 : 1;
      const children = tree[node];
      if (children === undefined) break;
      if (bit === 0) children[side] = -1 - symbol;
      else if (children[side] === 0) children[side] = tree.push([0, 0]) - 1;
      node = children[side];
    }
    code += 1;
  }
  return tree;
}

function machineOf(tree: Tree): Machine {
  const next = new Uint16Array(tree.length * 16).fill(broken);
  const emitted = new Uint16Array(tree.length * 16);
  for (let at = 0; at < next.length; at += 1) {
    let node = at >> 4;
    for (let bit = 3; bit >= 0; bit -= 1) {
      const [zero, one] = tree[node] ?? [0, 0];
      node = ((at >> bit) & 1) === 0 ? zero : one;
      if (node === -1 - endMark) break;
      if (node < 0) {
        emitted[at] = -1 - node + emits;
        node = 0;
      }
    }
    if (node >= 0) next[at] = node;
  }
  return { next, emitted, isEnd: endStates(tree) };
}

/** The root, and the nodes that up to seven one bits lead to from there. */
function endStates(tree: Tree): Uint8Array {
  const isEnd = new Uint8Array(tree.length);
  let node = 0;
  for (let ones = 0; ones <= 7; ones += 1) {
    isEnd[node] = 1;
    node = tree[node]?.[1] ?? 0;
  }
  return isEnd;
}
