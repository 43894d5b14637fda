import { memoryOf } from "./interned.ts";

let count = 0;

/** A pure function of an object that nobody changes; of an interned one it is worked out once. */
export function remembered<In extends object, Out>(work: (value: In) => Out): (value: In) => Out {
  const withWhere = rememberedWith((value: In, _where: undefined) => work(value));
  return (value) => withWhere(value, undefined);
}

/** The same for a function of an object and something else, of which the last one is remembered. */
export function rememberedWith<In extends object, Where, Out>(
  work: (value: In, where: Where) => Out,
): (value: In, where: Where) => Out {
  const number = count++;
  return (value, where) => {
    const memory = memoryOf(value);
    if (memory === undefined) return work(value, where);
    const known = memory.results[number];
    if (known !== undefined && known.where === where) return known.result as Out; // of the same function
    const result = work(value, where);
    memory.results[number] = { where, result };
    return result;
  };
}

/** A pure function of something of which there are few, that live long. */
export function rememberedOfFew<In extends object, Out>(work: (value: In) => Out): (value: In) => Out {
  const known = new WeakMap<In, { readonly result: Out }>();
  return (value) => {
    const found = known.get(value) ?? { result: work(value) };
    known.set(value, found);
    return found.result;
  };
}

/** A pure function of a text or number, worked out once for each while there are not too many of them. */
export function rememberedText<In extends string | number, Out>(work: (text: In) => Out): (text: In) => Out {
  const known = new Map<In, { readonly result: Out }>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found.result;
    if (known.size >= 1_000) known.clear();
    const result = work(text);
    known.set(text, { result });
    return result;
  };
}
