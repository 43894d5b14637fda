import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { eventProjection } from "../../../../operator/kube/json/event-projection.ts";
import type { FieldMask } from "../../../../operator/kube/json/field-mask.ts";
import { createTemplatePacker, type TemplatePacker } from "../../../../operator/kube/store/template-packer.ts";
import { unpacked } from "../../../../operator/kube/store/packed.ts";

const keep: FieldMask = {
  metadata: { name: "interned", uid: true, labels: "interned", annotations: { note: true } },
  spec: true,
  status: { conditions: { type: "interned", status: "interned", message: true } },
};

interface Condition {
  readonly type: string;
  readonly status: string;
}

/** What is kept of an object; of its conditions only those that are not true. */
function read(json: Buffer): object {
  const object = eventProjection(keep).objects?.read(json) as { readonly status?: { readonly conditions?: unknown } }; // as written below
  const conditions = object.status?.conditions;
  return Array.isArray(conditions) ? { ...object, status: { conditions: conditions.filter(isUnmet) } } : object;
}

function isUnmet({ status }: Condition): boolean {
  return status !== "True";
}

function newTemplatePacker(): TemplatePacker<object> {
  return createTemplatePacker({ read, keep, discriminators: ["status"] });
}

/** Packs each by template; where that is impossible the object is learned from. */
function packAll(packer: TemplatePacker<object>, jsons: readonly Buffer[]): readonly unknown[] {
  return jsons.map((json) => {
    const packed = packer.pack(json);
    if (packed === undefined) packer.learn(json, read(json));
    return packed;
  });
}

const text = fc.oneof(
  fc.string(),
  fc.constantFrom("a", "b", "True", "False", 'say "x"', "\\", "é → ü", "k:{", "<slot 0>", "x".repeat(130)),
);
const number = fc.oneof(fc.integer(), fc.constantFrom<unknown>(0, -5, 1.5, 1e21, 7_306_051_200_000));
const condition = fc.record({ type: text, status: fc.constantFrom("True", "False", "Unknown"), message: text });
const name = fc.oneof(fc.constantFrom("note", "other", "__proto__"), text);
const object = fc.record(
  {
    apiVersion: fc.constant("v1"),
    metadata: fc.record(
      {
        name: text,
        uid: text,
        labels: fc.dictionary(name, text, { maxKeys: 2 }),
        annotations: fc.dictionary(name, text, { maxKeys: 2 }),
        managedFields: fc.dictionary(
          text.map((uid) => `k:{"uid":${JSON.stringify(uid)}}`),
          fc.constantFrom({}, { ".": {} }),
          { maxKeys: 2 },
        ),
      },
      { requiredKeys: ["name"] },
    ),
    spec: fc.oneof(fc.record({ port: number, url: text, is: fc.boolean() }), fc.array(number, { maxLength: 2 }), text),
    status: fc.record({ conditions: fc.array(condition, { maxLength: 2 }), phase: text }),
  },
  { requiredKeys: ["apiVersion", "metadata"] },
);

/** Objects of one structure. */
const alike = fc
  .record({
    name: text,
    uid: text,
    label: text,
    note: text,
    port: number,
    is: fc.boolean(),
    status: fc.constantFrom("True", "False", "Unknown"),
  })
  .map(({ name: own, uid, label, note, port, is, status }) => ({
    metadata: {
      name: own,
      uid,
      labels: { app: label },
      annotations: { note },
      managedFields: { [`k:{"uid":${JSON.stringify(uid)}}`]: { note } },
    },
    spec: { port, url: uid, is },
    status: { conditions: [{ type: "Ready", status, message: note }] },
  }));

describe("packing by template", () => {
  test("yields the object that is parsed from its JSON, whatever was learned before", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(object, alike), { maxLength: 30 }), fc.nat(), (objects, indent) => {
        const jsons = objects.map((one) => Buffer.from(JSON.stringify(one, undefined, indent % 5 === 0 ? 1 : 0)));
        const packed = packAll(newTemplatePacker(), [...jsons, ...jsons]);
        const made = packed.map((one) => one && JSON.stringify(unpacked(one)));
        const want = [...jsons, ...jsons].map((json, index) => packed[index] && JSON.stringify(read(json)));
        expect(made).toEqual(want);
      }),
    );
  });

  /** A pod as an API server writes it, with managed fields. */
  const pod = (name: string, port: number, status = "False") =>
    Buffer.from(
      JSON.stringify({
        kind: "Pod",
        metadata: { name, labels: { app: "x" }, managedFields: [{ [`k:{"uid":"${name}"}`]: { ".": {} } }] },
        spec: { port, args: ["serve"] },
        status: { conditions: [{ type: "Ready", status, message: `says "${name}"` }] },
      }),
    );

  test("stores only the values that differ between similar objects", () => {
    const jsons = [pod("a", 1), pod("b", 20), pod("é", -300)];
    const [first, second, third] = packAll(newTemplatePacker(), jsons);
    expect([first, second, Array.isArray(third) && third.slice(1)]).toEqual([
      undefined,
      undefined,
      ["é", -300, 'says "é"'],
    ]);
  });

  test("never treats values that decide what is kept as an object's own", () => {
    const packer = newTemplatePacker();
    packAll(packer, [pod("a", 1), pod("b", 2), pod("c", 3, "Unknown")]);
    const [met] = packAll(packer, [pod("d", 4, "True")]);
    expect(met).toBe(undefined);
  });

  test("does not assume anything about members whose names vary", () => {
    const packer = newTemplatePacker();
    const noted = (note: string): Buffer => Buffer.from(`{"metadata":{"name":"a","annotations":{"${note}":"x"}}}`);
    const [, , third] = packAll(packer, ["one", "two", "note"].map(noted));
    expect(third).toBe(undefined);
  });

  test("does not pack truncated JSON, or JSON followed by more", () => {
    const packer = newTemplatePacker();
    packAll(packer, [pod("a", 1), pod("b", 2)]);
    const json = pod("c", 3);
    const others = [json.subarray(0, -1), Buffer.concat([json, Buffer.from(" ")]), json.subarray(0, 40), Buffer.of()];
    expect(others.map((other) => packer.pack(other))).toEqual(others.map(() => undefined));
    expect(packer.pack(json)).not.toBe(undefined);
  });
});
