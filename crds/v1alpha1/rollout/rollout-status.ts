import { Type, type Static } from "typebox";
import { listAtomic } from "../../schema/list.ts";

const text = (description: string, maxLength = 1024) => Type.String({ description, maxLength });
const count = (description: string) => Type.Integer({ description, format: "int64", minimum: 0 });

const divergence = Type.Object(
  {
    compared: Type.Optional(count("Responses that were compared.")),
    differing: Type.Optional(count("Of these, responses beyond the tolerance.")),
    maxAbsolute: Type.Optional(text("Largest difference of two numbers, a decimal.", 32)),
    meanAbsolute: Type.Optional(text("Mean difference of two numbers, a decimal.", 32)),
    topOneAgreement: Type.Optional(text("Percentage of responses whose largest number is at the same index.", 32)),
  },
  { description: "How far the candidate's predictions are from the stable revision's." },
);

const verdict = Type.Object(
  {
    verdict: Type.Enum(["None", "Pass", "Fail"], { description: "None: too few requests for a verdict." }),
    message: Type.Optional(text("The figures it rests on.", 2048)),
    requests: Type.Optional(count("Requests to the candidate since the step began.")),
    stableRequests: Type.Optional(count("Requests to the stable revision in the same time.")),
    divergence: Type.Optional(divergence),
    judgedAt: Type.Optional(Type.String({ description: "Time of the judgement.", format: "date-time" })),
  },
  { description: "The latest judgement of the candidate." },
);

const finishedAnalysis = Type.Object(
  {
    revision: text("Hash of the candidate.", 63),
    step: text("The step, such as step 2 of 5 (analyze 1m).", 96),
    verdict: Type.Enum(["None", "Pass"], { description: "None: a command ended the step before there was a verdict." }),
    message: Type.Optional(text("The figures it rests on.", 512)),
  },
  { description: "An analyze step that the candidate has completed." },
);

const answered = Type.Object(
  {
    promote: Type.Optional(text("Value of the annotation modelwright.dev/promote.", 253)),
    promoteFull: Type.Optional(text("Value of the annotation modelwright.dev/promote-full.", 253)),
    abort: Type.Optional(text("Value of the annotation modelwright.dev/abort.", 253)),
    retry: Type.Optional(text("Value of the annotation modelwright.dev/retry.", 253)),
  },
  { description: "Commands that were carried out: an annotation acts once per value." },
);

/** `status.rollout`: the current rollout, or the commands of the last one. */
export const rolloutStatus = Type.Object(
  {
    strategy: Type.Optional(
      Type.Enum(["Canary", "BlueGreen", "Recreate"], { description: "How the candidate takes over." }),
    ),
    steps: Type.Optional(count("Number of steps.")),
    stepName: Type.Optional(text("The step, such as setWeight 10, pause 5m or analyze.", 64)),
    startedAt: Type.Optional(Type.String({ description: "When the candidate was first seen.", format: "date-time" })),
    stepStartedAt: Type.Optional(
      Type.String({ description: "When all gateways had the step's weight and its time began.", format: "date-time" }),
    ),
    progressedAt: Type.Optional(
      Type.String({ description: "When it last made progress; the deadline counts from here.", format: "date-time" }),
    ),
    paused: Type.Optional(Type.Boolean({ description: "True while it waits for a command." })),
    skipped: Type.Optional(text("Why the remaining steps are skipped.")),
    analysis: Type.Optional(verdict),
    analyses: Type.Optional(
      listAtomic(finishedAnalysis, {
        description: "Results of the last analyze steps of the newest rollout; a failed one is in failedRevisions.",
        maxItems: 8,
      }),
    ),
    answered: Type.Optional(answered),
  },
  { description: "The rollout under way." },
);

/** `status.rollout`. */
export type RolloutStatus = Static<typeof rolloutStatus>;
