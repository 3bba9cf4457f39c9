import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ActionButton } from "@/components/Key.tsx";
import { Navigation } from "@/components/Navigation.tsx";
import { Panes } from "@/components/Panes.tsx";
import { QuestionText } from "@/components/QuestionText.tsx";
import type { Feedback } from "@/lib/labels/practice.ts";
import type { SideVerdict } from "@/lib/labels/showing.ts";
import type { Role } from "@/lib/web/accounts.ts";
import { fetchPractice, sendPractice, skipPractice } from "@/lib/web/client.ts";
import { isTyping } from "@/lib/web/keys.ts";
import { applySettings } from "@/lib/web/labeling/apply-settings.ts";
import { actionOf } from "@/lib/web/labeling/key-map.ts";
import { changeSettings, loadSettings, settings } from "@/lib/web/labeling/settings.ts";
import { PREFERENCES } from "@/lib/web/labeling/verdicts.ts";
import type { ShownPractice } from "@/lib/web/shown.ts";

/** Pairs whose answers are explained, for who labels for the first time. */
export function Practice(
  { initial, labeler, role }: { initial: ShownPractice; labeler: string; role?: Role },
) {
  const state = useSignal(initial);
  const said = useSignal<{ preference: SideVerdict; feedback: Feedback } | null>(null);
  const busy = useSignal(true);
  const problem = useSignal<string | null>(null);
  const { next, done, total, right } = state.value;

  const work = async (what: () => Promise<void>) => {
    if (busy.value) return;
    busy.value = true;
    problem.value = null;
    try {
      await what();
    } catch (error) {
      problem.value = (error as Error).message;
    } finally {
      busy.value = false;
    }
  };
  const answer = (preference: SideVerdict) =>
    work(async () => {
      if (!next || said.value) return;
      said.value = { preference, feedback: await sendPractice(next.pair, preference) };
    });
  const goOn = () =>
    work(async () => {
      if (!said.value) return;
      state.value = await fetchPractice();
      said.value = null;
    });
  const leave = () =>
    work(async () => {
      if (state.value.next) await skipPractice();
      location.assign("/");
    });

  // Always the newest closure, so that the listener below needs to be added only once.
  const onKey = useRef<(event: KeyboardEvent) => void>(() => {});
  onKey.current = (event) => {
    const action = isTyping(event) ? undefined : actionOf(settings.value.keys, event);
    if (action?.startsWith("preference.")) answer(action.split(".")[1] as SideVerdict);
    else if (action === "next") next ? goOn() : leave();
    else if (action === "skip") leave();
    else if (action === "diff") changeSettings({ diff: !settings.value.diff });
    else return;
    event.preventDefault();
  };
  useEffect(() => {
    loadSettings();
    const unsubscribe = settings.subscribe(applySettings);
    const listener = (event: KeyboardEvent) => onKey.current(event);
    addEventListener("keydown", listener);
    busy.value = false;
    return () => {
      unsubscribe();
      removeEventListener("keydown", listener);
    };
  }, []);

  const feedback = said.value?.feedback;
  const side = (name: "a" | "b") => ({
    html: next!.html[name],
    code: next![name].code,
    verdict: feedback?.preference === name ? "Better" : undefined,
  });
  return (
    <div class="app">
      <aside class="sidebar">
        <header>
          <p class="brand">codepref</p>
          <p class="labeler" title="Your name">{labeler}</p>
        </header>
        <Navigation role={role} />
        <div class="progress">
          <progress max={Math.max(1, total)} value={done} aria-label="Practice pairs answered" />
          <p>
            <strong>Practice</strong>: {Math.min(done + 1, total)} of{" "}
            {total}. Each answer is explained, and none of them counts.
          </p>
        </div>
        {next && <QuestionText question={next.question} html={next.html.question} />}
      </aside>
      <main class="workbench" aria-busy={busy.value}>
        {next
          ? <Panes a={side("a")} b={side("b")} diff={settings.value.diff} />
          : (
            <div class="empty">
              <h2>Practice is over</h2>
              <p>
                {total > 0
                  ? `You said what we would have said on ${right} of ${total} pairs.`
                  : "There are no practice pairs here."} From here on your answers count.
              </p>
            </div>
          )}
        {said.value && (
          <section
            class={said.value.feedback.right ? "feedback right" : "feedback"}
            role="status"
            data-right={said.value.feedback.right}
          >
            <h2>
              {said.value.feedback.right
                ? "That is right."
                : `We would say: ${wordsFor(said.value.feedback.preference)}.`}
            </h2>
            <p>{said.value.feedback.reason}</p>
          </section>
        )}
        <footer class="decision">
          <p class="status" role="status">
            {!next ? "" : said.value ? "" : "Which solution is better?"}
          </p>
          {problem.value && <p class="status failed" role="alert">{problem.value}</p>}
          <div class="choices" role="group" aria-label="Which solution is better overall?">
            {next && PREFERENCES.map(({ verdict, text, rest }) => (
              <ActionButton
                key={verdict}
                action={`preference.${verdict}`}
                data-choice={verdict}
                aria-pressed={said.value?.preference === verdict}
                disabled={busy.value || said.value !== null}
                onClick={() => answer(verdict)}
              >
                <span>
                  {text}
                  {rest && <span class="rest">{rest}</span>}
                </span>
              </ActionButton>
            ))}
            {said.value && (
              <ActionButton action="next" class="primary" disabled={busy.value} onClick={goOn}>
                Next
              </ActionButton>
            )}
            {next
              ? (
                <ActionButton action="skip" disabled={busy.value} onClick={leave}>
                  Skip practice
                </ActionButton>
              )
              : (
                <ActionButton action="next" class="primary" disabled={busy.value} onClick={leave}>
                  Start labeling
                </ActionButton>
              )}
          </div>
        </footer>
      </main>
    </div>
  );
}

function wordsFor(preference: SideVerdict): string {
  const { text, rest } = PREFERENCES.find(({ verdict }) => verdict === preference)!;
  return `${text}${rest}`.toLowerCase();
}
