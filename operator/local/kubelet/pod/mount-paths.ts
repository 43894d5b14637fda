/** A path in the container and its file or folder on this machine. */
export interface Mount {
  readonly path: string;
  readonly target: string;
}

/**
 * Replaces a container path in an argument or variable by the path on this machine: local mode has no mount namespaces.
 * A value is replaced if it is a mount's path or lies below it, alone or after `--flag=`. The longest mount path wins.
 */
export function localPath(value: string, mounts: readonly Mount[]): string {
  const [, flag = "", path = value] = /^(--?[\w.-]+=)(\/.*)$/s.exec(value) ?? [];
  const mount = [...mounts]
    .sort((one, other) => other.path.length - one.path.length)
    .find((mount) => path === mount.path || path.startsWith(`${mount.path}/`));
  return mount === undefined ? value : `${flag}${mount.target}${path.slice(mount.path.length)}`;
}
