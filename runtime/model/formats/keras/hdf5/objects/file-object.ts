import type { FileBytes } from "../bytes/file-bytes.ts";
import { type Attribute, objectAttributes } from "./attributes.ts";
import { groupLinks, type Link } from "./group-links.ts";
import { messageTypes, type ObjectHeader, objectHeader } from "./object-header.ts";

/** A group, a dataset or a named type. Its links and attributes are read on first use. */
export interface FileObject {
  readonly header: ObjectHeader;
  readonly isGroup: boolean;
  /** Empty unless it is a group. */
  readonly links: () => ReadonlyMap<string, Link>;
  readonly attributes: () => ReadonlyMap<string, Attribute>;
}

const groupMessages = [messageTypes.symbolTable, messageTypes.linkInfo, messageTypes.link];

/** The object whose header is at an address. Throws an Hdf5Error, as its members do. */
export function fileObject(file: FileBytes, address: number): FileObject {
  const header = objectHeader(file, address);
  const isGroup = groupMessages.some(header.has);
  let links: ReadonlyMap<string, Link> | undefined;
  let attributes: ReadonlyMap<string, Attribute> | undefined;
  return {
    header,
    isGroup,
    links: () => (links ??= isGroup ? groupLinks(file, header) : new Map()),
    attributes: () => (attributes ??= objectAttributes(file, header)),
  };
}
