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
  leave,
  leaveIf,
  loop,
  sequence,
  variable,
  when,
} from "./assembly.ts";
import type { ModuleText, ValueType } from "./module.ts";
import { narrowing } from "./narrowing.ts";
import { nearestDouble } from "./nearest-double.ts";
import { maxPower, minPower } from "./powers-of-five.ts";

/** Where the program finds what it reads and puts what it has read: offsets in its memory. */
export const places = {
  /** 10^0 to 10^19 as whole numbers. */
  wholePowers: 0,
  /** Two numbers of 32 bits: the end of the values; whether one of them was not written as a whole number. */
  results: 192,
  /** 10^0 to 10^22 as doubles. */
  exactPowers: 256,
  /** See `powersOfFive`. */
  fives: 512,
  /** Numbers that were read. */
  values: 4096,
  /** The text. */
  text: 4096 + 8 * 4096,
} as const;

/** Longest text that is scanned at once; longer ones come piece by piece. */
export const maxTextBytes = 64 * 1024;
/** No number that is read here is longer: where fewer bytes are left of a text, none begins. */
export const marginBytes = 80;

const zeros = 0x3030303030303030n;
/** The longest fraction that is read, zeros at its begin included. */
const maxScale = 32;
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
}

/**
 * The module: see `narrowing`, and `scan`. `scan(at, last)` reads numbers with a comma behind each, the first at `at`, as long as they begin before `last` and
 * have room, and gives the place of the first that it leaves to others: longer ones, larger ones, those with blanks or a bracket
 * behind them. What may be foreseen is a branch, so that no number waits for the one before it.
 */
export function scanModule(): ModuleText {
  const [at, last, start, isNegative, byte, first, scale, count, next, isInexact] = variables(0, 10);
  const [digits, word, others, value] = variables(10, 4);
  const scan = { at, last, start, isNegative, byte, first, scale, count, digits, word, others, value, next, isInexact };
  const [shift, upper, lower, more, top, mantissa, exponent] = variables(14, 7);
  const exactly = { whole: digits, power: count, result: value, shift, upper, lower, more, top, mantissa, exponent };
  const body = sequence(
    next.set(i32.const(places.values)),
    block(
      loop(
        start.set(at.value),
        leaveIf(1, i32.atLeastS(at.value, last.value)),
        leaveIf(1, i32.atLeastS(next.value, i32.const(places.text))),
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
        leave(0),
      ),
    ),
    i32.store(i32.const(places.results), next.value),
    i32.store(i32.const(places.results + 4), isInexact.value),
    start.value,
  );
  const locals = [...repeated(i32Type, 8), ...repeated(i64Type, 3), f64Type, ...repeated(i64Type, 6), i32Type] as const;
  const scanning = { parameters: [i32Type, i32Type], result: i32Type, locals, body } as const;
  return { memoryPages: 2, functions: { scan: scanning, narrow: narrowing(places.values) } };
}

function repeated<Type extends ValueType>(type: Type, count: number): readonly Type[] {
  return Array.from({ length: count }, () => type);
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

/** Eight digits at a time (Lemire, "Quickly parsing eight digits", 2018). */
function fraction(scan: Scan, depth: number): Code {
  const { at, first, scale, count, digits, word, others, isInexact } = scan;
  const isLong = i64.atLeastU(digits.value, i64.const(10n ** 11n));
  const tooMany = i64.atLeastU(digits.value, power(places.wholePowers, i32.sub(i32.const(19), count.value)));
  return sequence(
    step(scan),
    first.set(at.value),
    loop(
      word.set(i64.xor(i64.load(at.value), i64.const(zeros))),
      others.set(
        i64.and(
          i64.or(word.value, i64.add(word.value, i64.const(0x7676767676767676n))),
          i64.const(0x8080808080808080n),
        ),
      ),
      when(
        i64.isZero(others.value),
        sequence(
          leaveIf(depth + 2, isLong),
          digits.set(i64.add(i64.mul(digits.value, i64.const(10n ** 8n)), eightDigits(word))),
          step(scan, 8),
          leaveIf(depth + 2, i32.greaterU(i32.sub(at.value, first.value), i32.const(maxScale))),
          leave(1),
        ),
      ),
    ),
    count.set(i32.wrap(i64.shrU(i64.ctz(others.value), i64.const(3n)))),
    when(
      count.value,
      sequence(
        when(isLong, leaveIf(depth + 2, tooMany)),
        // The ninth or seventeenth of float32 and float64 in full stands alone.
        when(
          i32.equal(count.value, i32.const(1)),
          digits.set(i64.add(i64.mul(digits.value, i64.const(10n)), i64.and(word.value, i64.const(0xffn)))),
          sequence(
            word.set(i64.shl(word.value, i64.extendU(i32.sub(i32.const(64), i32.shl(count.value, i32.const(3)))))),
            digits.set(i64.add(i64.mul(digits.value, power(places.wholePowers, count.value)), eightDigits(word))),
          ),
        ),
        at.set(i32.add(at.value, count.value)),
      ),
    ),
    scale.set(i32.sub(at.value, first.value)),
    leaveIf(depth, i32.isZero(scale.value)),
    isInexact.set(i32.const(1)),
    read(scan),
  );
}

/** The number that eight digits make, each less its zero, the first in the lowest byte. Uses the variable up. */
function eightDigits(word: Variable): Code {
  const everyFourth = i64.const(0x000000ff000000ffn);
  const pairs = i64.add(i64.mul(word.value, i64.const(10n)), i64.shrU(word.value, i64.const(8n)));
  const lower = i64.mul(i64.and(word.tee(pairs), everyFourth), i64.const(100n + (1_000_000n << 32n)));
  const upper = i64.mul(i64.and(i64.shrU(word.value, i64.const(16n)), everyFourth), i64.const(1n + (10_000n << 32n)));
  return i64.shrU(i64.add(lower, upper), i64.const(32n));
}

function powerOfTen(scan: Scan, depth: number): Code {
  const { byte, first, scale, count: exponent, isInexact } = scan;
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
      read(scan),
      leaveIf(0, i32.isZero(isOther(scan))),
    ),
    when(first.value, exponent.set(i32.sub(i32.const(0), exponent.value))),
    scale.set(i32.sub(scale.value, exponent.value)),
    isInexact.set(i32.const(1)),
    first.set(i32.const(1)),
  );
}

/** Up to 2^53 one exact power of ten gives the nearest double (Clinger, "How to read floating point numbers accurately", 1990). */
function valueOf({ digits, scale, first, count, value }: Scan, nearest: Code, depth: number): Code {
  const isSafe = i32.isZero(i64.greaterU(digits.value, i64.const(maxSafe)));
  const isWithin = (low: number, high: number): Code =>
    i32.and(i32.greaterS(scale.value, i32.const(low - 1)), i32.lessS(scale.value, i32.const(high + 1)));
  const negated = i32.sub(i32.const(0), scale.value);
  return when(
    i32.and(isSafe, i32.lessU(scale.value, i32.const(23))),
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
