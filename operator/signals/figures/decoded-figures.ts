import type {
  GatewayFigures,
  MirrorFigures,
  ModelFigures,
  RevisionFigures,
} from "../../../runtime/contract/figures.ts";
import { latencyBuckets } from "../../../runtime/contract/figures.ts";
import { type Members, membersOf } from "../members.ts";

/** What a gateway answered, checked: throws an Error that names the first member that is not what the contract says. */
export function decodedFigures(text: string): GatewayFigures {
  const answer = membersOf(JSON.parse(text));
  return {
    gateway: answer.text("gateway"),
    run: answer.text("run"),
    cursor: answer.number("cursor"),
    elapsedMs: answer.number("elapsedMs"),
    models: answer.each("models", decodedModel),
  };
}

function decodedModel(model: Members): ModelFigures {
  return {
    arrivals: model.number("arrivals"),
    refused: model.number("refused"),
    abandoned: model.number("abandoned"),
    queued: model.number("queued"),
    oldestWaitMs: model.number("oldestWaitMs"),
    revisions: model.each("revisions", decodedRevision),
  };
}

function decodedRevision(revision: Members): RevisionFigures {
  const failed = revision.member("failed");
  const mirrored = revision.optional("mirrored");
  return {
    completed: revision.number("completed"),
    failed: {
      status: failed.number("status"),
      connection: failed.number("connection"),
      timeout: failed.number("timeout"),
    },
    rejected: revision.number("rejected"),
    inFlight: revision.number("inFlight"),
    serviceMs: revision.number("serviceMs"),
    latency: revision.numbers("latency", latencyBuckets),
    ...(mirrored === undefined ? {} : { mirrored: decodedMirror(mirrored) }),
  };
}

function decodedMirror(mirrored: Members): MirrorFigures {
  return {
    sent: mirrored.number("sent"),
    failed: mirrored.number("failed"),
    compared: mirrored.number("compared"),
    differing: mirrored.number("differing"),
    maxAbsolute: mirrored.number("maxAbsolute"),
    sumAbsolute: mirrored.number("sumAbsolute"),
    numbers: mirrored.number("numbers"),
    ranked: mirrored.number("ranked"),
    agreeing: mirrored.number("agreeing"),
  };
}
