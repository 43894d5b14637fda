import { faults as modelFaults } from "../../faults.ts";
import { faults } from "../faults.ts";
import { judged } from "./store-call.ts";
import type { OpenOptions, Setback, SourceResponse, Store, StoredFile } from "./store.ts";

/** Who asks the Hugging Face Hub, and where. */
export interface HuggingFaceTerms {
  readonly token: string | undefined;
  /** Another hub that speaks its protocol. */
  readonly endpoint: string | undefined;
}

const tokenMark = "hf_";

interface Repository {
  readonly repo: string;
  readonly revision: string;
  /** Names, or patterns with `*`, of the files wanted; none: all. */
  readonly wanted: readonly string[];
}

/** Files of a model repository: `hf://OWNER/NAME@REVISION?file=model.onnx`. */
export function huggingFaceStore(text: string, terms: HuggingFaceTerms): Store {
  const repository = repositoryOf(text);
  const { repo, revision, wanted } = repository;
  const shown = `hf://${repo}@${revision}`;
  if (terms.token?.startsWith(tokenMark) === false) {
    throw faults.CredentialsInvalid({
      variable: "HF_TOKEN",
      expected: `a token of the Hub, which begins with ${tokenMark}`,
    });
  }
  return {
    shown,
    isFolder: true,
    files: async () => {
      const { listFiles } = await import("@huggingface/hub");
      const commit = (await commitOf(repository, terms)) ?? revision;
      const files: StoredFile[] = [];
      for await (const { type, path, size } of listFiles({ repo, revision: commit, recursive: true, ...hub(terms) })) {
        const isWanted = type === "file" && (wanted.length === 0 || wanted.some((pattern) => matches(pattern, path)));
        if (!isWanted) continue;
        const open = (options: OpenOptions): Promise<SourceResponse | Setback> =>
          opening({ repo, commit, shown: `${shown}/${path}` }, { path, size }, { ...terms, ...options });
        files.push({ path, shown: `${shown}/${path}`, sizeBytes: size, open });
      }
      if (files.length === 0) throw modelFaults.ModelNotFound({ place: shown, found: wanted });
      return files;
    },
  };
}

function repositoryOf(text: string): Repository {
  const [, repo, revision = "main", query = ""] =
    /^hf:\/\/([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?(?:\?(.*))?$/.exec(text) ?? [];
  if (repo === undefined) {
    throw faults.SourceUrlInvalid({ reason: "it has no repository", expected: "hf://OWNER/NAME@REVISION" });
  }
  return { repo, revision, wanted: new URLSearchParams(query).getAll("file") };
}

/**
 * The commit that a branch or tag is at: whoever pushes meanwhile changes no file of a model that is half fetched. `undefined` where
 * the hub does not tell; why it does not, the list of files says better.
 */
async function commitOf({ repo, revision }: Repository, terms: HuggingFaceTerms): Promise<string | undefined> {
  const { modelInfo } = await import("@huggingface/hub");
  const asked = modelInfo({ name: repo, revision, additionalFields: ["sha"], ...hub(terms) });
  return await asked.then(
    ({ sha }) => (sha === "" ? undefined : sha),
    () => undefined,
  );
}

function hub({ token, endpoint }: HuggingFaceTerms): { accessToken?: string; hubUrl?: string } {
  return {
    ...(token === undefined ? {} : { accessToken: token }),
    ...(endpoint === undefined ? {} : { hubUrl: endpoint }),
  };
}

function matches(pattern: string, path: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".*")}$`).test(path);
}

interface PinnedFile {
  readonly repo: string;
  readonly commit: string;
  readonly shown: string;
}

/** A commit's file never changes: the part that is missing may be asked for at any time. */
function opening(
  { repo, commit, shown }: PinnedFile,
  { path, size }: { readonly path: string; readonly size: number },
  { resume, ...terms }: OpenOptions & HuggingFaceTerms,
): Promise<SourceResponse | Setback> {
  return judged(shown, async () => {
    const { downloadFile } = await import("@huggingface/hub");
    const blob = await downloadFile({ repo, revision: commit, path, ...hub(terms) });
    if (blob === null) throw modelFaults.ModelNotFound({ place: shown });
    const body = blob.slice(resume.offset).stream();
    return { body, start: resume.offset, totalBytes: size, tag: commit };
  });
}
