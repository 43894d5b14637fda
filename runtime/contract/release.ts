/** Name and version of every program of this release. The version is package.json's. */
export const release = { name: "modelwright", version: "0.1.0" } as const;
