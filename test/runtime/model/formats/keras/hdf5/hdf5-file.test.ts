import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesAt, memorySource } from "../../../../../../runtime/model/formats/byte-source.ts";
import { Hdf5Error } from "../../../../../../runtime/model/formats/keras/hdf5/hdf5-error.ts";
import { hdf5File } from "../../../../../../runtime/model/formats/keras/hdf5/hdf5-file.ts";
import { zipArchive } from "../../../../../../runtime/model/formats/keras/zip/zip-archive.ts";
import { fixtureFolder } from "../../../../../fixtures/archive.ts";
import { libraryView } from "./library.ts";

const fixtures = join(import.meta.dirname, "../../../../../fixtures");
const limits = { maxEntryBytes: 2 ** 24, maxRatio: 1000 };

interface Sample {
  readonly title: string;
  readonly bytes: Buffer;
}

/** The HDF5 files in a file: itself, the one in a `.keras` archive, or all files of a zip archive. */
function samplesIn(title: string, bytes: Buffer): readonly Sample[] {
  if (title.endsWith(".h5")) return [{ title, bytes }];
  const archive = zipArchive(memorySource(bytes), limits);
  const inner = archive.names.filter((name) => /\.(?:h5|keras)$/.test(name));
  return inner.flatMap((name) => {
    const entry = archive.open(name, limits.maxEntryBytes);
    return samplesIn(`${title}: ${name}`, bytesAt(entry, 0, entry.sizeBytes));
  });
}

function samplesOf(folder: string, paths: readonly string[]): readonly Sample[] {
  return paths.flatMap((path) => samplesIn(path, readFileSync(join(folder, path))));
}

const models = fixtureFolder("keras-models");
const modelFiles = readdirSync(models, { recursive: true, encoding: "utf8" }).filter((path) =>
  /\.(?:h5|keras)$/.test(path),
);
const layers = ["keras2-h5", "keras3-h5", "keras3-keras"].map((name) => `keras-layers/${name}.zip`);
const samples = [...samplesOf(models, modelFiles), ...samplesOf(fixtures, ["keras-further-layers.zip", ...layers])];
const ofEveryAge = samplesOf(fixtures, ["hdf5-files.zip"]);

async function expectAsLibrary({ bytes }: Sample): Promise<void> {
  const want = await libraryView(bytes);
  const file = hdf5File(memorySource(bytes));
  const groups = [...want.groups.keys()].map((path) => [path, file.childNames(path).toSorted()] as const);
  const datasets = [...want.datasets.keys()].map((path) => {
    const { shape, floats } = file.dataset(path);
    return [path, { shape, floats: floats() }] as const;
  });
  const strings = [...want.strings.keys()].map((key) => {
    const space = key.indexOf(" ");
    return [key, file.strings(key.slice(0, space), key.slice(space + 1))] as const;
  });
  expect(new Map(groups)).toEqual(want.groups);
  expect(new Map(datasets)).toEqual(want.datasets);
  expect(new Map(strings)).toEqual(want.strings);
}

describe("an HDF5 file", () => {
  it("has the same names, numbers and strings as with the HDF5 library, for each Keras file", async () => {
    expect(samples.length).toBeGreaterThan(300);
    for (const sample of samples) await expectAsLibrary(sample);
  });

  it.each(ofEveryAge)("is read the same with any library version: $title", async (sample) => {
    await expectAsLibrary(sample);
    const file = hdf5File(memorySource(sample.bytes));
    const halves = file.dataset("/types/f2").floats();
    expect(halves).toEqual(file.dataset("/types/f4").floats());
    expect(file.dataset("/types/>f2").floats()).toEqual(halves);
  });

  it.each([
    ["/soft", "it is a soft link; links are not followed"],
    ["/soft/x", "it is a soft link; links are not followed"],
    ["/external", "it is a link to another file; links are not followed"],
    ["/types/bool", "its elements are not numbers of at most 64 bits"],
    ["/types/complex", "its elements are not numbers of at most 64 bits"],
    ["/types/other", "it is missing"],
    ["/types", "it is not a dataset"],
  ])("says of %s that %s", (path, message) => {
    for (const { bytes } of ofEveryAge) expect(() => hdf5File(memorySource(bytes)).dataset(path)).toThrow(message);
  });

  it("is refused with the filter of a dataset that is not supported", () => {
    const [sample] = ofEveryAge.filter(({ title }) => title.endsWith("earliest.h5"));
    const file = hdf5File(memorySource(sample?.bytes ?? Buffer.alloc(0)));
    expect(() => file.dataset("/chunks/lzf")).toThrow("it is compressed by filter 32000; must be gzip");
  });

  it("is refused when it is truncated at any position", () => {
    for (const { bytes } of ofEveryAge) {
      for (let size = 0; size < bytes.length; size += 4001) {
        expect(() => hdf5File(memorySource(bytes.subarray(0, size)))).toThrow(
          size === 0 ? "it does not have the HDF5 signature" : "its structure is broken or it is cut short",
        );
      }
    }
  });

  it("with any bytes changed is either read or refused with an Hdf5Error", () => {
    const change = fc.record({ at: fc.nat(), mark: fc.constantFrom(...marks), beyond: fc.nat(60), byte: fc.nat(255) });
    fc.assert(
      fc.property(
        fc.constantFrom(...ofEveryAge),
        fc.array(change, { minLength: 1, maxLength: 20 }),
        ({ bytes }, changes) => {
          const changed = Buffer.from(bytes);
          for (const { at, mark, beyond, byte } of changes) {
            changed[changed.indexOf(mark, at % changed.length) + beyond] = byte;
          }
          for (const thrown of faultsOf(changed)) expect(thrown).toBeInstanceOf(Hdf5Error);
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** Signatures of structures. */
const marks = ["FRHP", "FHIB", "BTHD", "BTIN", "BTLF", "OHDR", "OCHK", "FAHD", "FADB", "TREE", "SNOD", "HEAP", "GCOL"];

/** All errors that are thrown while a whole file is read. */
function faultsOf(bytes: Buffer): readonly unknown[] {
  const faults: unknown[] = [];
  const attempt = (look: () => void): void => {
    try {
      look();
    } catch (thrown) {
      faults.push(thrown);
    }
  };
  attempt(() => {
    const file = hdf5File(memorySource(bytes));
    const lookAt = (path: string): void => {
      for (const name of ["names", "long names", "large"]) attempt(() => file.strings(path, name));
      for (const name of file.childNames(path).slice(0, 30)) {
        const child = `${path}/${name}`;
        attempt(() => (file.isGroup(child) && child.length < 50 ? lookAt(child) : file.dataset(child).floats()));
      }
    };
    lookAt("");
  });
  return faults;
}
