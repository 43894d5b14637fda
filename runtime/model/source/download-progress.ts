import type { Clock } from "../../base/clock.ts";

/** The progress of a download. */
export interface DownloadProgress {
  readonly bytes: number;
  readonly totalBytes: number | undefined;
}

/** Reports progress at most every `everyMs`, in one line: `12.3 MB of 45.6 MB, 10.2 MB/s, 3 s left`. */
export function progressReporter(
  clock: Clock,
  report: (line: string, progress: DownloadProgress) => void,
  everyMs = 2_000,
): (progress: DownloadProgress) => void {
  const start = clock.monotonic();
  let last = start;
  return (progress) => {
    const now = clock.monotonic();
    if (now - last < everyMs) return;
    last = now;
    report(progressLine(progress, now - start), progress);
  };
}

/** The progress line of a download after `elapsedMs`. */
export function progressLine({ bytes, totalBytes }: DownloadProgress, elapsedMs: number): string {
  const perSecond = elapsedMs > 0 ? (bytes * 1000) / elapsedMs : 0;
  const rate = `${megabytes(perSecond)}/s`;
  if (totalBytes === undefined) return `${megabytes(bytes)}, ${rate}`;
  const left = perSecond > 0 ? `, ${Math.ceil((totalBytes - bytes) / perSecond)} s left` : "";
  return `${megabytes(bytes)} of ${megabytes(totalBytes)}, ${rate}${left}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
