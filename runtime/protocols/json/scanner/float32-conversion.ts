import { type Code, block, i32, i32Type, branch, branchIf, loop, sequence, v128, local } from "./instructions.ts";
import type { FunctionDefinition } from "./module.ts";

/** Byte indices that select the lower halves of two vectors. */
const lowerHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/**
 * The function `toFloat32(from, count)`: converts `count` doubles at the address `from`, and up to three after them, to float32 and
 * stores those from the address `destination` on.
 */
export function float32Conversion(destination: number): FunctionDefinition {
  const [from, count, done] = [local(0), local(1), local(2)];
  const two = (offset: number): Code =>
    v128.demote(v128.load(i32.add(from.value, i32.shl(done.value, i32.const(3))), offset));
  const body = sequence(
    block(
      loop(
        branchIf(1, i32.atLeastS(done.value, count.value)),
        v128.store(i32.shl(done.value, i32.const(2)), v128.shuffle(two(0), two(16), lowerHalves), destination),
        done.set(i32.add(done.value, i32.const(4))),
        branch(0),
      ),
    ),
    done.value,
  );
  return { parameters: [i32Type, i32Type], result: i32Type, locals: [i32Type], body };
}
