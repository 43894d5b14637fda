import { type Code, block, i32, i32Type, leave, leaveIf, loop, sequence, v128, variable } from "./assembly.ts";
import type { FunctionText } from "./module.ts";

/** Of two vectors the bytes of their lower halves. */
const lowerHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** `narrow(from, count)` makes so many doubles, and up to three behind them, float32: those begin at `place`. */
export function narrowing(place: number): FunctionText {
  const [from, count, done] = [variable(0), variable(1), variable(2)];
  const two = (offset: number): Code =>
    v128.demote(v128.load(i32.add(from.value, i32.shl(done.value, i32.const(3))), offset));
  const body = sequence(
    block(
      loop(
        leaveIf(1, i32.atLeastS(done.value, count.value)),
        v128.store(i32.shl(done.value, i32.const(2)), v128.shuffle(two(0), two(16), lowerHalves), place),
        done.set(i32.add(done.value, i32.const(4))),
        leave(0),
      ),
    ),
    done.value,
  );
  return { parameters: [i32Type, i32Type], result: i32Type, locals: [i32Type], body };
}
