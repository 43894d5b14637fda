import { describe, expect, it } from "vitest";
import { Fault } from "../../../runtime/base/fault.ts";
import { type Signature, defaultSignature } from "../../../runtime/dataplane/signature.ts";
import type { LoadedModel } from "../../../runtime/engines/engine.ts";
import {
  difference,
  furtherLayerFixtures,
  layerFixtures,
  separatelyRounded,
  modelFixtures,
  type RefusedFixture,
  tensorsFor,
} from "./fixtures.ts";

function defaultOf({ signatures }: LoadedModel): Signature {
  return signatures.get(defaultSignature) ?? { inputs: [], outputs: [] };
}

/** Known differences of an engine. */
export interface EngineLimits {
  readonly withoutFusedMultiplyAdd?: boolean;
  /** Cases that only this engine refuses, by their name in fixtures/make-keras-layers.py. */
  readonly refuses?: Readonly<Record<string, Pick<RefusedFixture, "code" | "names">>>;
  /** Code of the fault for each model of fixtures/make-further-keras-layers.py; absent: the engine runs them all. */
  readonly refusesFurther?: string;
}

/**
 * The conformance suite of engines: every model file must compute the same as the library that wrote it, or be refused
 * by name.
 */
export function engineConformance(
  engine: string,
  load: (path: string) => Promise<LoadedModel>,
  { withoutFusedMultiplyAdd = false, refuses = {}, refusesFurther }: EngineLimits = {},
): void {
  const layers = layerFixtures();
  const refusalOf = ({ title }: { title: string }): Pick<RefusedFixture, "code" | "names"> | undefined =>
    refuses[title.slice(0, title.indexOf(" ("))];
  const { plain, further } = furtherLayerFixtures();
  const everywhere = [...layers.served, ...plain];
  const served = [
    ...everywhere.filter((fixture) => refusalOf(fixture) === undefined),
    ...(refusesFurther === undefined ? further : []),
  ];
  const refused = [
    ...layers.refused,
    ...everywhere.flatMap(({ title, path }): readonly RefusedFixture[] => {
      const refusal = refusalOf({ title });
      return refusal === undefined ? [] : [{ title, path, ...refusal }];
    }),
    ...further.flatMap(({ title, path }) =>
      refusesFurther === undefined ? [] : [{ title, path, code: refusesFurther, names: [] }],
    ),
  ];

  describe(`${engine} computes the same as Keras`, () => {
    it.each([...modelFixtures(), ...served])("for $title", async (fixture) => {
      const model = await load(fixture.path);
      try {
        const outputs = await model.infer(tensorsFor(defaultOf(model), fixture.inputs), defaultSignature);
        expect(outputs.map(({ shape }) => shape)).toEqual(fixture.outputs.map(({ shape }) => shape));
        const excesses = fixture.outputs.map((want, i) => {
          const got = outputs[i];
          return got === undefined
            ? Number.POSITIVE_INFINITY
            : difference(got, withoutFusedMultiplyAdd ? separatelyRounded(fixture, want) : want, fixture.tolerance)
                .excess;
        });
        expect(excesses).toEqual(fixture.outputs.map(() => 0));
        if (fixture.names !== undefined) {
          const { inputs, outputs } = defaultOf(model);
          const names = { inputs: inputs.map(({ name }) => name), outputs: outputs.map(({ name }) => name) };
          expect(names).toEqual(fixture.names);
        }
      } finally {
        model.unload();
      }
    });

    const oneInput = modelFixtures().slice(0, 4);
    it.each(oneInput)("and computes single rows the same as one batch, for $title", async (fixture) => {
      const model = await load(fixture.path);
      const [input] = tensorsFor(defaultOf(model), fixture.inputs);
      if (input?.dtype !== "float32") throw new Error("this test is for one float input");
      const [rows = 0, columns = 0] = input.shape;
      const whole = (await model.infer([input], defaultSignature))[0]?.data;
      const single: number[] = [];
      for (let row = 0; row < rows; row++) {
        const data = input.data.slice(row * columns, (row + 1) * columns);
        const [output] = await model.infer([{ dtype: "float32", shape: [1, columns], data }], defaultSignature);
        single.push(...Array.from(output?.data ?? [], Number));
      }
      model.unload();
      expect(single.map((value) => value.toFixed(5))).toEqual(
        Array.from(whole ?? [], Number).map((value) => value.toFixed(5)),
      );
    });
  });

  describe(`${engine} refuses by name`, () => {
    it.each(refused)("$title", async ({ path, code, names }: RefusedFixture) => {
      const fault = await load(path).then(
        () => undefined,
        (thrown: unknown) => Fault.from(thrown),
      );
      expect(fault?.code).toBe(code);
      for (const name of names) expect(fault?.message).toContain(name);
    });
  });
}
