import { Type, type Static } from "typebox";
import { listAtomic } from "../../schema/list.ts";

const text = (description: string, maxLength = 1024) => Type.String({ description, maxLength });
const count = (description: string) => Type.Integer({ description, format: "int64", minimum: 0 });

const divergence = Type.Object(
  {
    compared: Type.Optional(count("Answers that were compared.")),
    differing: Type.Optional(count("Of these, answers beyond the tolerance.")),
    maxAbsolute: Type.Optional(text("Largest difference of two numbers, as a decimal.", 32)),
    meanAbsolute: Type.Optional(text("Mean difference of two numbers, as a decimal.", 32)),
    topOneAgreement: Type.Optional(text("Share of answers whose largest number is at the same place, in percent.", 32)),
  },
  { description: "How far the candidate's predictions are from the stable revision's." },
);

const verdict = Type.Object(
  {
    verdict: Type.Enum(["None", "Pass", "Fail"], { description: "None: too few requests for one." }),
    message: Type.Optional(text("The figures it rests on.", 2048)),
    requests: Type.Optional(count("Requests of the candidate since the step began.")),
    stableRequests: Type.Optional(count("Requests of the stable revision in the same time.")),
    divergence: Type.Optional(divergence),
    judgedAt: Type.Optional(Type.String({ description: "When.", format: "date-time" })),
  },
  { description: "The last judgement of the candidate." },
);

const finishedAnalysis = Type.Object(
  {
    revision: text("Hash of the candidate.", 63),
    step: text("The step, as step 2 of 5 (analyze 1m).", 96),
    verdict: Type.Enum(["None", "Pass"], { description: "None: a command ended it before there was one." }),
    message: Type.Optional(text("The figures it rests on.", 512)),
  },
  { description: "A step analyze that the candidate has left." },
);

const answered = Type.Object(
  {
    promote: Type.Optional(text("Value of the annotation modelwright.dev/promote.", 253)),
    promoteFull: Type.Optional(text("Value of the annotation modelwright.dev/promote-full.", 253)),
    abort: Type.Optional(text("Value of the annotation modelwright.dev/abort.", 253)),
    retry: Type.Optional(text("Value of the annotation modelwright.dev/retry.", 253)),
  },
  { description: "Commands that were carried out: an annotation acts once for each value." },
);

/** `status.rollout`: the rollout under way, or the last one's commands. */
export const rolloutStatus = Type.Object(
  {
    strategy: Type.Optional(Type.Enum(["Canary", "BlueGreen", "Recreate"], { description: "How it takes over." })),
    steps: Type.Optional(count("Number of steps.")),
    stepName: Type.Optional(text("The step, as setWeight 10, pause 5m, analyze.", 64)),
    startedAt: Type.Optional(Type.String({ description: "When the candidate was first seen.", format: "date-time" })),
    stepStartedAt: Type.Optional(
      Type.String({ description: "When the step's weight was everywhere and its time began.", format: "date-time" }),
    ),
    progressedAt: Type.Optional(
      Type.String({ description: "When it last came further; the deadline counts from here.", format: "date-time" }),
    ),
    paused: Type.Optional(Type.Boolean({ description: "It waits for a command." })),
    skipped: Type.Optional(text("Why the rest of the steps is skipped.")),
    analysis: Type.Optional(verdict),
    analyses: Type.Optional(
      listAtomic(finishedAnalysis, {
        description:
          "What the steps analyze of the newest rollout came to, the last ones; one that fails is in failedRevisions.",
        maxItems: 8,
      }),
    ),
    answered: Type.Optional(answered),
  },
  { description: "The rollout under way." },
);

/** `status.rollout`. */
export type RolloutStatus = Static<typeof rolloutStatus>;
