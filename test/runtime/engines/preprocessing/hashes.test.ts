import { describe, expect, it } from "vitest";
import { farmHash } from "../../../../runtime/engines/preprocessing/hashes/farm-hash.ts";
import { sipHash } from "../../../../runtime/engines/preprocessing/hashes/sip-hash.ts";

/** Strings with TensorFlow 2.21's `to_hash_bucket_fast` and `to_hash_bucket_strong` (key 123, 456) into 2^62 buckets. */
const recorded: readonly (readonly [string, bigint, bigint])[] = [
  ["", 1936946117179621455n, 887865449656487406n],
  ["c", 2207072410288225064n, 312300712485997472n],
  ["Yb9", 3517866236852475144n, 281224403901343542n],
  ["b9a00", 2446186652121080345n, 2361066732640630761n],
  ["0X0a X99", 1880483548058017121n, 843864223358839216n],
  ["Z9a9aYééé0cc ", 3718951761558855652n, 592306691556133888n],
  [" 09Z0Za  ééZ9éaX", 3710589131110782537n, 282720146250638765n],
  ["c écb Yabba9aYXYb", 4172333408550958822n, 599760231334311502n],
  ["Zbéé0bé XébYZYé b9YbaYaéa", 4259803048107037499n, 1575815692310280390n],
  ["0ccY0Xéa90Z0 c a bYbYbcéb9X000cZ9", 86221667319947731n, 2492325002241620546n],
  ["bX YYX0ccYX0 éa é c0YY9YY9X9Zé9XZcécé9 ca Z cXZé99", 2243159547985675245n, 835086866193819897n],
  ["bcY0éZXac éZYY00 9bX0XéaéXXX00XécYZaY99ccaZ0 Z 9ZébéY Y0aYb9b Xé", 837506042070001203n, 493365272575375144n],
  ["Y0ZXabé   ccYabXaa0abaaa ZZaéa X9XYYé  YXcX0aX 9aZZ0baéc bcXXcYba", 1983626264990731038n, 4251525997268736846n],
  ["éZéb9Z0bYbZacZXZYYY90aYcYab00éXYZé9éYéYcZcZb0Z éX09c9XaXbba  9é9Z cé9", 2350703006325509790n, 4206051682794843515n],
  [
    "éa 9c ZéaZbXb0caZccYa9a9bé0b9 é bc 0é 0X 09Z9bbXééZbbZbXbéba 0XbY9éaé0 Y0aéaYé99XYZ99 aY c99YéécZ 00 é09XYabc9bZYY Ycb c9a99éZ Zc",
    3546804287099104980n,
    594809318379819738n,
  ],
  [
    " 9éZZcZ XZéXXXYY ZYéa9YXcXcbY0Xcc ébZ0Xca9X0bYXY 9ZbbbXb 9 9aéc90 bXaXYX éYYYZYYaaa9aXbZ9YbXbXaXcééa9a X9c aXcbacZéb  YX0a YZY 00   9Ybc9é0céX a aZcXZ0a0é9 bac 0 0 YéaXXY0Y aéYX   cXbX9ca0Yacbaé09cXé9b0XbcZ 99 Z0éX9Y0Z0éX0ébcéZba0é9a9bX9Z bZaYé éZcéc0Y9X90a YbYYaébZ cXYbc9Z099bé9ébaaaYaYYc 9éZa9ZXXZ",
    1413075096707925401n,
    2819518794729644389n,
  ],
];
const buckets = 2n ** 62n;

describe("hashes equal TensorFlow's", () => {
  it.each(recorded)("of %j", (text, fast, strong) => {
    const bytes = Buffer.from(text);
    const hashes = [farmHash(bytes) % buckets, sipHash(bytes, [123n, 456n]) % buckets];
    expect(hashes).toEqual([fast, strong]);
  });
});
