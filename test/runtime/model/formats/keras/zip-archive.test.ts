import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesAt, memorySource } from "../../../../../runtime/model/formats/byte-source.ts";
import { zipArchive } from "../../../../../runtime/model/formats/keras/zip/zip-archive.ts";
import { ZipError } from "../../../../../runtime/model/formats/keras/zip/zip-directory.ts";
import { fixtureFolder } from "../../../../fixtures/archive.ts";

const limits = { maxEntryBytes: 2 ** 20, maxRatio: 100 };
const stored = readFileSync(join(fixtureFolder("hostile"), "unusual/stored.keras"));
const deflated = readFileSync(join(fixtureFolder("hostile"), "unusual/deflated.keras"));

function contents(bytes: Buffer): Readonly<Record<string, string>> {
  const archive = zipArchive(memorySource(bytes), limits);
  const entries = archive.names.map((name) => {
    const source = archive.open(name, limits.maxEntryBytes);
    return [name, bytesAt(source, 0, source.sizeBytes).toString("base64")] as const;
  });
  return Object.fromEntries(entries);
}

describe("a zip archive", () => {
  it("returns the same content stored and deflated", () => {
    expect(contents(deflated)).toEqual(contents(stored));
    expect(Object.keys(contents(stored)).sort()).toEqual(["config.json", "metadata.json", "model.weights.h5"]);
  });

  it("with any bytes changed is either refused or has the same content", () => {
    const values = Object.values(contents(deflated));
    const change = fc.tuple(fc.nat(deflated.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = Buffer.from(deflated);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          for (const content of Object.values(contents(bytes))) expect(values).toContain(content);
        } catch (thrown) {
          if (!(thrown instanceof ZipError)) throw thrown;
        }
      }),
      { numRuns: 300 },
    );
  });

  it("refuses an entry above the caller's limit", () => {
    expect(() => zipArchive(memorySource(stored), limits).open("config.json", 10)).toThrow(
      /^config\.json says it holds \d+ bytes; at most 10 are allowed$/,
    );
  });
});
