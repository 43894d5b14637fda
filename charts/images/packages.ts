import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
}

type Lock = ReadonlyMap<string, LockedPackage>;

/** What no program reads at run time: maps, types, documentation. Licences stay. */
const unread = /\.(?:map|d\.[cm]?ts|ts|tsbuildinfo|md|markdown)$/i;
const typesOnly = /(?:^|\/)node_modules\/@types\//;

/** Folders of addons that are built for several machines, such as onnxruntime-node's `bin/napi-v6/linux/x64`. */
const builtFor = /\/napi-v\d+\/(\w+)\/(\w+)\//;

/** Packages that ship the same code for several loaders: what Node loads of them. */
const loaded: Readonly<Record<string, RegExp>> = {
  "@tensorflow/tfjs-core": /^dist\/tf-core\.node\.js$/,
  "@tensorflow/tfjs-layers": /^dist\/tf-layers\.node\.js$/,
  "@tensorflow/tfjs-backend-cpu": /^dist\/tf-backend-cpu\.node\.js$/,
  "@tensorflow/tfjs-backend-wasm":
    /^dist\/(?:tf-backend-wasm\.node\.js|tfjs-backend-wasm(?:-simd|-threaded-simd)?\.wasm)$/,
};
/** What other runtimes than Node load of a package that serves both. */
const forOthers = /\/node_modules\/bare-[a-z]+\/prebuilds\//;
const always = /^(?:package\.json|licen[cs]e.*|notice.*)$/i;

/**
 * Paths, relative to `root`, of the files that the packages and all they depend on need at run time, as
 * package-lock.json places them.
 */
export function packageFiles(root: string, names: readonly string[]): readonly string[] {
  const lock = lockOf(root);
  const found = new Set<string>();
  const queue = names.map((name) => placeOf(lock, name, ""));
  for (let place = queue.pop(); place !== undefined; place = queue.pop()) {
    if (found.has(place) || typesOnly.test(place)) continue;
    found.add(place);
    const from = place;
    queue.push(...Object.keys(lock.get(place)?.dependencies ?? {}).map((name) => placeOf(lock, name, from)));
  }
  return [...found].flatMap((place) => filesOf(root, place)).toSorted();
}

function lockOf(root: string): Lock {
  // Written by npm; lockfileVersion 3 has this member.
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, LockedPackage>;
  };
  return new Map(Object.entries(lock.packages));
}

/** Where Node finds a package from another one's place: in its own node_modules, then in those around it. */
function placeOf(lock: Lock, name: string, from: string): string {
  const place = `${from === "" ? "" : `${from}/`}node_modules/${name}`;
  if (lock.has(place)) return place;
  if (from === "")
    throw new Error(`${name} is imported and not in package-lock.json; must be a dependency of package.json`);
  return placeOf(lock, name, from.slice(0, Math.max(0, from.lastIndexOf("node_modules/") - 1)));
}

function filesOf(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    // Packages inside are places of their own.
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesOf(root, path);
    return entry.isFile() && !unread.test(entry.name) && isForThisMachine(path) && isLoaded(path) ? [path] : [];
  });
}

function isLoaded(path: string): boolean {
  const [, name = "", inside = ""] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)$/.exec(path) ?? [];
  return !forOthers.test(`/${path}`) && (loaded[name]?.test(inside) !== false || always.test(inside));
}

/** Images are made for the kind of machine that makes them: they get its Node. */
function isForThisMachine(path: string): boolean {
  const [, platform, architecture] = builtFor.exec(path) ?? [];
  return platform === undefined || (platform === process.platform && architecture === process.arch);
}
