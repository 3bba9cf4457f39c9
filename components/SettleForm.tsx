import type { OpinionsOfPair } from "@/lib/labels/opinions.ts";

const ANSWERS = [
  ["version1", "Version 1 is better"],
  ["version2", "Version 2 is better"],
  ["same", "They are the same"],
  ["both_bad", "Both are bad"],
] as const;

/** The gold answer of a pair, for an admin to give, change or take back. */
export function SettleForm(
  { gold, longestNote }: { gold: OpinionsOfPair["gold"]; longestNote: number },
) {
  return (
    <form method="post" class="form">
      <fieldset>
        <legend>The right answer</legend>
        {[...ANSWERS, ...(gold ? [["open", "None: leave it to the votes"]] : [])].map((
          [value, text],
        ) => (
          <label class="check" key={value}>
            <input
              type="radio"
              name="preference"
              value={value}
              required
              checked={gold?.preference === value}
            />
            <span>{text}</span>
          </label>
        ))}
      </fieldset>
      <label>
        Why (optional; labelers are shown it only where the pair becomes a practice pair)
        <textarea name="note" rows={3} maxLength={longestNote} value={gold?.note ?? ""} />
      </label>
      <p class="muted">
        The answer decides what is published, whatever the votes. The pair becomes a gold pair:
        others are shown it, and everybody's votes on it are compared with the answer.
      </p>
      <button type="submit" class="primary">Settle</button>
    </form>
  );
}
