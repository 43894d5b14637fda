import {
  type Code,
  type Variable,
  block,
  f64,
  f64Type,
  i32,
  i32Type,
  i64,
  i64Type,
  leaveIf,
  loop,
  sequence,
  v128,
  v128Type,
  variable,
  when,
} from "./assembly.ts";
import { type DigitVectors, eightDigits, setDigitVectors, sixteenDigits } from "./digits.ts";
import type { ModuleText } from "./module.ts";
import { narrowing } from "./narrowing.ts";
import { nearestDouble } from "./nearest-double.ts";
import { marginBytes, placeNumbers, places } from "./places.ts";
import { maxPower, minPower } from "./powers-of-five.ts";

const eightZeros = 0x3030303030303030n;
const maxSafe = 2n ** 53n - 1n;
const [minus, plus, point, comma, blank, lowerE] = [0x2d, 0x2b, 0x2e, 0x2c, 0x20, 0x65];

/** What the parts of the program share. */
interface Scan {
  readonly at: Variable;
  readonly last: Variable;
  /** Where the number begins. */
  readonly start: Variable;
  readonly isNegative: Variable;
  readonly byte: Variable;
  /** Not zero when the number has a fraction or an exponent; in between the begin of that. */
  readonly first: Variable;
  /** The number is `digits / 10^scale`. */
  readonly scale: Variable;
  readonly count: Variable;
  readonly digits: Variable;
  readonly word: Variable;
  readonly others: Variable;
  readonly value: Variable;
  /** Where the next value goes. */
  readonly next: Variable;
  readonly isInexact: Variable;
  /** Sixteen bytes of a fraction. */
  readonly vector: Variable;
  readonly vectors: DigitVectors;
}

/**
 * The module: see `narrowing`, and `scan`. `scan(at, last, next)` reads numbers with a comma behind each, the first at `at`, as long as they begin before
 * `last` and have room in the place that `next` lies in, and gives the place of the first that it leaves to others: longer ones, larger ones, those with blanks or a bracket
 * behind them. What may be foreseen is a branch, so that no number waits for the one before it.
 */
export function scanModule(): ModuleText {
  const [at, last, next] = variables(0, 3);
  const [start, isNegative, byte, first, scale, count, isInexact] = variables(3, 7);
  const [digits, word, others, value] = variables(10, 4);
  const number = { start, isNegative, byte, first, scale, count, digits, word, others, value, isInexact };
  const [vector, zeros, nines, tens, hundreds, tenThousands] = variables(20, 6);
  const vectors = { zeros, nines, tens, hundreds, tenThousands };
  const scan = { at, last, next, ...number, vector, vectors };
  const [shift, upper, lower, more, top, mantissa] = variables(14, 6);
  const exactly = { whole: digits, power: count, result: value, shift, upper, lower, more, top, mantissa };
  const body = sequence(
    setDigitVectors(vectors),
    block(
      loop(
        start.set(at.value),
        leaveIf(1, i32.atLeastS(at.value, last.value)),
        isNegative.set(i32.equal(i32.load8u(at.value), i32.const(minus))),
        when(isNegative.value, step(scan)),
        wholePart(scan, 1),
        scale.set(i32.const(0)),
        first.set(i32.const(0)),
        when(i32.equal(byte.value, i32.const(point)), fraction(scan, 2)),
        when(
          i32.differs(byte.value, i32.const(comma)),
          sequence(
            leaveIf(2, i32.differs(i32.or(byte.value, i32.const(0x20)), i32.const(lowerE))),
            powerOfTen(scan, 2),
            leaveIf(2, i32.differs(byte.value, i32.const(comma))),
          ),
        ),
        step(scan),
        valueOf(scan, nearestDouble(exactly, places.fives), 1),
        when(isNegative.value, negative(scan)),
        f64.store(next.value, value.value),
        next.set(i32.add(next.value, i32.const(8))),
        when(i32.equal(i32.load8u(at.value), i32.const(blank)), step(scan)),
        leaveIf(0, i32.and(next.value, i32.const(8 * placeNumbers - 1))),
        start.set(at.value),
      ),
    ),
    i32.store(i32.const(places.results), next.value),
    i32.store(i32.const(places.results + 4), isInexact.value),
    start.value,
  );
  const numbers = [...repeated(i32Type, 7), ...repeated(i64Type, 3), f64Type, ...repeated(i64Type, 6)] as const;
  const locals = [...numbers, ...repeated(v128Type, 6)] as const;
  const scanning = { parameters: repeated(i32Type, 3), result: i32Type, locals, body } as const;
  return { memoryPages: 3, functions: { scan: scanning, narrow: narrowing(places.floats) } };
}

function repeated<const Item>(item: Item, count: number): readonly Item[] {
  return Array.from({ length: count }, () => item);
}

function variables<Count extends number>(from: number, count: Count): VariableList<Count> {
  return Array.from({ length: count }, (_, i) => variable(from + i)) as unknown as VariableList<Count>; // so many
}

/** So many variables. */
type VariableList<Count extends number, List extends readonly Variable[] = []> = List["length"] extends Count
  ? List
  : VariableList<Count, [...List, Variable]>;

function step({ at }: Scan, by = 1): Code {
  return at.set(i32.add(at.value, i32.const(by)));
}

function read({ at, byte }: Scan): Code {
  return byte.set(i32.load8u(at.value));
}

function digit({ byte }: Scan): Code {
  return i32.sub(byte.value, i32.const(0x30));
}

function isOther(scan: Scan): Code {
  return i32.greaterU(digit(scan), i32.const(9));
}

/** From here on `depth` is that of the block around all, seen from where a part stands: it is left when others must read the number. */
function wholePart(scan: Scan, depth: number): Code {
  const { at, start, digits } = scan;
  return sequence(
    read(scan),
    leaveIf(depth, isOther(scan)),
    digits.set(i64.extendU(digit(scan))),
    step(scan),
    read(scan),
    when(
      i32.isZero(isOther(scan)),
      sequence(
        leaveIf(depth + 1, i64.isZero(digits.value)),
        loop(
          digits.set(i64.add(i64.mul(digits.value, i64.const(10n)), i64.extendU(digit(scan)))),
          step(scan),
          leaveIf(depth + 2, i32.greaterU(i32.sub(at.value, start.value), i32.const(18))),
          read(scan),
          leaveIf(0, i32.isZero(isOther(scan))),
        ),
      ),
    ),
  );
}

/** Up to sixteen digits cost the same, however many of them there are. */
function fraction(scan: Scan, depth: number): Code {
  const { at, first, scale, count, digits, word, vector, isInexact, vectors } = scan;
  const tooMany = i64.atLeastU(digits.value, power(places.wholePowers, i32.sub(i32.const(19), count.value)));
  return sequence(
    step(scan),
    first.set(at.value),
    vector.set(v128.subBytes(v128.load(at.value), vectors.zeros.value)),
    count.set(i32.ctz(i32.xor(v128.atMostBits(vector.value, vectors.nines.value), i32.const(-1)))),
    leaveIf(depth, i32.isZero(count.value)),
    when(i64.atLeastU(digits.value, i64.const(1000n)), leaveIf(depth + 1, tooMany)),
    word.set(sixteenDigits(v128.swizzle(vector.value, v128.load(count.value, places.shifts)), vectors)),
    digits.set(
      i64.add(
        i64.mul(digits.value, power(places.wholePowers, count.value)),
        i64.add(
          i64.mul(i64.and(word.value, i64.const(0xffffffffn)), i64.const(10n ** 8n)),
          i64.shrU(word.value, i64.const(32n)),
        ),
      ),
    ),
    at.set(i32.add(at.value, count.value)),
    when(i32.equal(count.value, i32.const(16)), moreDigits(scan, depth + 1)),
    scale.set(i32.sub(at.value, first.value)),
    isInexact.set(i32.const(1)),
    read(scan),
  );
}

/** Up to seven further digits, without a branch: JavaScript and Python print fifteen to eighteen as it comes. */
function moreDigits({ at, count, digits, word, others }: Scan, depth: number): Code {
  const tooMany = i64.atLeastU(digits.value, power(places.wholePowers, i32.sub(i32.const(19), count.value)));
  const shift = i64.extendU(i32.sub(i32.const(56), i32.shl(count.value, i32.const(3))));
  return sequence(
    word.set(i64.xor(i64.load(at.value), i64.const(eightZeros))),
    others.set(
      i64.and(i64.or(word.value, i64.add(word.value, i64.const(0x7676767676767676n))), i64.const(0x8080808080808080n)),
    ),
    leaveIf(depth, i64.isZero(others.value)),
    count.set(i32.wrap(i64.shrU(i64.ctz(others.value), i64.const(3n)))),
    leaveIf(depth, tooMany),
    word.set(i64.shl(i64.shl(word.value, shift), i64.const(8n))),
    digits.set(i64.add(i64.mul(digits.value, power(places.wholePowers, count.value)), eightDigits(word))),
    at.set(i32.add(at.value, count.value)),
  );
}

function powerOfTen(scan: Scan, depth: number): Code {
  const { at, start, byte, first, scale, count: exponent, isInexact } = scan;
  const isSign = (code: number): Code => i32.equal(byte.value, i32.const(code));
  return sequence(
    step(scan),
    read(scan),
    first.set(isSign(minus)),
    when(i32.or(isSign(minus), isSign(plus)), sequence(step(scan), read(scan))),
    leaveIf(depth, isOther(scan)),
    exponent.set(i32.const(0)),
    loop(
      exponent.set(i32.add(i32.mul(exponent.value, i32.const(10)), digit(scan))),
      leaveIf(depth + 1, i32.greaterU(exponent.value, i32.const(999))),
      step(scan),
      // Zeros may go on and on; what is behind the window is no text.
      leaveIf(depth + 1, i32.greaterU(i32.sub(at.value, start.value), i32.const(marginBytes - 1))),
      read(scan),
      leaveIf(0, i32.isZero(isOther(scan))),
    ),
    when(first.value, exponent.set(i32.sub(i32.const(0), exponent.value))),
    scale.set(i32.sub(scale.value, exponent.value)),
    isInexact.set(i32.const(1)),
    first.set(i32.const(1)),
  );
}

/**
 * Up to 2^53 one exact power of ten gives the nearest double (Clinger, "How to read floating point numbers accurately", 1990). That would
 * do for up to 22 digits behind the point, but of sixteen it is anybody's guess whether they are below 2^53.
 */
function valueOf({ digits, scale, first, count, value }: Scan, nearest: Code, depth: number): Code {
  const isSafe = i32.isZero(i64.greaterU(digits.value, i64.const(maxSafe)));
  const isWithin = (low: number, high: number): Code =>
    i32.and(i32.greaterS(scale.value, i32.const(low - 1)), i32.lessS(scale.value, i32.const(high + 1)));
  const negated = i32.sub(i32.const(0), scale.value);
  return when(
    i32.and(isSafe, i32.lessU(scale.value, i32.const(16))),
    value.set(f64.div(f64.convert(digits.value), exactPower(scale.value))),
    sequence(
      leaveIf(depth + 1, i32.isZero(first.value)),
      when(
        i32.and(isSafe, isWithin(-22, -1)),
        value.set(f64.mul(f64.convert(digits.value), exactPower(negated))),
        when(
          i64.isZero(digits.value),
          value.set(f64.zero()),
          sequence(leaveIf(depth + 3, i32.isZero(isWithin(-maxPower, -minPower))), count.set(negated), nearest),
        ),
      ),
    ),
  );
}

/** A whole number has no negative zero. */
function negative({ first, value }: Scan): Code {
  return when(first.value, value.set(f64.neg(value.value)), value.set(f64.sub(f64.zero(), value.value)));
}

function power(table: number, of: Code): Code {
  return i64.load(i32.shl(of, i32.const(3)), table);
}

function exactPower(of: Code): Code {
  return f64.load(i32.shl(of, i32.const(3)), places.exactPowers);
}
