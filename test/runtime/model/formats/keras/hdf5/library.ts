import { type Attribute, type Dataset, type Entity, File, type Group, ready } from "h5wasm";

/** A file as read by the HDF5 library: names in groups, numbers of datasets and strings of attributes, by path. */
export interface LibraryView {
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly datasets: ReadonlyMap<string, { readonly shape: readonly number[]; readonly floats: Float32Array }>;
  /** By path and name; `undefined` for attributes of other types. */
  readonly strings: ReadonlyMap<string, readonly string[] | undefined>;
  /** Links, and datasets without numbers. */
  readonly others: readonly string[];
}

let opened = 0;

/** Reads a whole file with the HDF5 library (h5wasm), which does not support 16-bit numbers. */
export async function libraryView(bytes: Uint8Array): Promise<LibraryView> {
  const { FS } = await ready;
  const place = `/${opened++}.h5`;
  FS.writeFile(place, bytes);
  const file = new File(place, "r");
  const view = {
    groups: new Map<string, readonly string[]>(),
    datasets: new Map<string, { shape: readonly number[]; floats: Float32Array }>(),
    strings: new Map<string, readonly string[] | undefined>(),
    others: new Array<string>(),
  };
  const addAttributes = (path: string, attributes: Record<string, Attribute>): void => {
    for (const [name, attribute] of Object.entries(attributes))
      view.strings.set(`${path} ${name}`, stringsOf(attribute));
  };
  const addGroup = (path: string, group: Group): void => {
    view.groups.set(path, group.keys().toSorted());
    addAttributes(path, group.attrs);
    for (const name of group.keys())
      add(`${path}/${name}`, file.get_link(`${path}/${name}`) === null ? group.get(name) : null);
  };
  const add = (path: string, entity: Entity | null): void => {
    if (isGroup(entity)) return addGroup(path, entity);
    const numbers = isDataset(entity) ? numbersOf(entity) : undefined;
    if (numbers === undefined) view.others.push(path);
    else view.datasets.set(path, numbers);
    if (isDataset(entity)) addAttributes(path, entity.attrs);
  };
  addGroup("", file);
  file.close();
  FS.unlink(place);
  return view;
}

function isGroup(entity: Entity | null): entity is Group {
  return entity !== null && "keys" in entity;
}

function isDataset(entity: Entity | null): entity is Dataset {
  return entity !== null && "filters" in entity;
}

function stringsOf({ metadata, shape, value }: Attribute): readonly string[] | undefined {
  if (metadata.type !== 3 || shape === null) return undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map(String);
}

function numbersOf(dataset: Dataset): { shape: readonly number[]; floats: Float32Array } | undefined {
  const { metadata, shape } = dataset;
  const isHalf = metadata.type === 1 && metadata.size === 2;
  const isUnknown = dataset.filters.some(({ id }) => id > 3);
  if (metadata.type > 1 || isHalf || isUnknown || shape === null) return undefined;
  const { value } = dataset;
  const numbers: Iterable<unknown> = ArrayBuffer.isView(value) && "length" in value ? value : [value];
  return { shape, floats: Float32Array.from(numbers, Number) };
}
