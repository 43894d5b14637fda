import * as fc from "fast-check";
import { expect, test } from "vitest";

import { apply } from "../../../../operator/local/api-server/ownership/apply.ts";
import {
  difference,
  emptySet,
  equalSets,
  fieldsV1,
  intersection,
  isEmpty,
  pathsOf,
  printedPath,
  setOfFieldsV1,
  union,
} from "../../../../operator/local/api-server/ownership/field-set.ts";
import type { FieldOwners } from "../../../../operator/local/api-server/ownership/field-owners.ts";
import { ownedFields } from "../../../../operator/local/api-server/ownership/owned-fields.ts";
import { schemaNode } from "../../../../operator/local/api-server/schema/schema-node.ts";
import { equalJson, type JsonObject } from "../../../../operator/local/api-server/values/json.ts";

const node = schemaNode({
  type: "object",
  properties: {
    replicas: { type: "integer" },
    labels: { type: "object", additionalProperties: { type: "string" } },
    args: { type: "array", items: { type: "string" } },
    tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
    ports: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port"],
      items: { type: "object", properties: { port: { type: "integer" }, name: { type: "string" } } },
    },
  },
});

const unique = <Item>(items: fc.Arbitrary<Item>, key: (item: Item) => unknown) =>
  fc.uniqueArray(items, { maxLength: 3, selector: key });

const configuration = fc.record(
  {
    replicas: fc.integer({ min: 0, max: 3 }),
    labels: fc.dictionary(fc.constantFrom("a", "b", "c"), fc.constantFrom("x", "y")),
    args: fc.array(fc.constantFrom("x", "y"), { maxLength: 2 }),
    tags: unique(fc.constantFrom("s", "t", "u"), (tag) => tag),
    ports: unique(
      fc.record({ port: fc.integer({ min: 1, max: 3 }), name: fc.constantFrom("n", "m") }),
      ({ port }) => port,
    ),
  },
  { requiredKeys: [] },
);

interface State {
  readonly object: JsonObject;
  readonly managers: FieldOwners;
}

const start: State = { object: {}, managers: new Map() };

const applied = ({ object, managers }: State, name: string, wanted: JsonObject): State =>
  apply({
    live: object,
    configuration: wanted,
    node,
    managers,
    writer: { name, apiVersion: "v1", subresource: "", time: "2030-01-01T00:00:00Z", ignored: emptySet },
    force: true,
  });

const plain = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject; // just written as JSON

test("a field set survives a round trip through FieldsV1", () => {
  fc.assert(
    fc.property(configuration, (value) => {
      const set = ownedFields(plain(value), node);
      expect(equalSets(setOfFieldsV1(fieldsV1(set)), set)).toBe(true);
    }),
  );
});

test("union, intersection and difference of field sets are consistent", () => {
  fc.assert(
    fc.property(configuration, configuration, (one, other) => {
      const [left, right] = [ownedFields(plain(one), node), ownedFields(plain(other), node)];
      const both = intersection(left, right);
      expect(equalSets(union(difference(left, right), both), left)).toBe(true);
      expect(isEmpty(intersection(difference(left, right), right))).toBe(true);
    }),
  );
});

test("applying the same again changes nothing", () => {
  fc.assert(
    fc.property(configuration, configuration, (one, other) => {
      const before = applied(applied(start, "one", plain(one)), "two", plain(other));
      const after = applied(before, "two", plain(other));
      expect(after.object).toBe(before.object);
    }),
  );
});

test("a field that a manager stops applying is removed unless another manager applied it", () => {
  fc.assert(
    fc.property(configuration, configuration, (one, other) => {
      const both = applied(applied(start, "one", plain(one)), "two", plain(other));
      const without = applied(both, "one", {});
      const alone = applied(applied(start, "two", plain(other)), "one", {});
      expect(pathsOf(ownedFields(without.object, node)).map(printedPath).sort()).toEqual(
        pathsOf(ownedFields(alone.object, node)).map(printedPath).sort(),
      );
    }),
  );
});

test("what the last manager applied is in the object", () => {
  fc.assert(
    fc.property(configuration, configuration, (one, other) => {
      const { object } = applied(applied(start, "one", plain(one)), "two", plain(other));
      for (const key of ["replicas", "args"]) {
        const want = plain(other)[key];
        if (want !== undefined) expect(equalJson(object[key], want)).toBe(true);
      }
    }),
  );
});

test("applied list items keep the applied order, other items keep their position", () => {
  const names = (...ports: number[]) => ({ ports: ports.map((port) => ({ port })) });
  const live = applied(start, "one", names(1, 2, 3));
  const { object } = applied(live, "two", names(3, 4, 1));
  expect(object).toEqual(names(2, 3, 4, 1));
});
