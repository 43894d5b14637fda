import { faultCatalogue } from "./fault.ts";

/** Errors in the options and arguments of a program. */
export const faults = faultCatalogue<{
  OptionInvalid: { option: string; value: string; expected: string };
  OptionMissing: { option: string; expected: string };
  UsageWrong: { reason: string; usage: string };
}>({
  OptionInvalid: {
    message: ({ option, value, expected }) => `${option} is ${value}; must be ${expected}`,
    retry: "never",
    level: "error",
  },
  OptionMissing: {
    message: ({ option, expected }) => `${option} is missing; must be ${expected}`,
    retry: "never",
    level: "error",
  },
  UsageWrong: {
    message: ({ reason }) => reason,
    hint: ({ usage }) => `usage: ${usage}`,
    retry: "never",
    level: "error",
  },
});
