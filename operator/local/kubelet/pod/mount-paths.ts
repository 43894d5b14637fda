/** A path inside the container and the file or folder of this machine that it stands for. */
export interface Mount {
  readonly path: string;
  readonly target: string;
}

/**
 * There is no mount name space in local mode, so paths are replaced where a program is told about them: a value that is
 * a mount's path or lies under it, alone or after `--flag=`. The longest mount wins.
 */
export function localPath(value: string, mounts: readonly Mount[]): string {
  const [, flag = "", path = value] = /^(--?[\w.-]+=)(\/.*)$/s.exec(value) ?? [];
  const mount = [...mounts]
    .sort((one, other) => other.path.length - one.path.length)
    .find((mount) => path === mount.path || path.startsWith(`${mount.path}/`));
  return mount === undefined ? value : `${flag}${mount.target}${path.slice(mount.path.length)}`;
}
