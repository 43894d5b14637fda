/**
 * Numbers of the walks that are run: of 200 plain and 400 rollout walks, those with the best coverage for their cost, as
 * printed by `walk-selection.ts`. Without faults they cover 679 transitions between situations; the first walks of each kind
 * cover 344 with as many requests.
 */
export const selectedWalks: readonly number[] = [
  176, 17, 34, 67, 84, 101, 102, 39, 136, 121, 138, 107, 156, 173, 174, 191, 96, 161, 50, 179, 36, 85, 198, 7, 56, 9,
  106, 75, 12, 61, 126, 159, 144, 49, 130, 51, 116, 133, 134, 103, 24, 57, 42, 171, 124, 157, 30, 175, 80, 81, 178, 147,
  164, 53, 70, 55, 152, 89, 74, 27, 140, 77, 14, 95, 100, 309, 386, 223, 352, 349, 454, 79, 216, 125, 394, 127, 408,
  109, 410, 395, 316, 157, 238, 151, 412, 405, 462, 115, 92, 425, 118, 383, 404, 337, 406, 187, 280, 237, 422, 307, 388,
  69, 362, 167, 228, 221, 438, 143, 164, 233, 366, 75, 152, 321, 334, 259, 344, 165, 398, 71, 244, 357, 114, 443, 456,
  89, 306, 91,
];
