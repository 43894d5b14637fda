/** What every program of this release calls itself. The version is that of package.json. */
export const release = { name: "modelwright", version: "0.1.0" } as const;
