import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { ActionButton } from "@/components/Key.tsx";
import { Criteria } from "@/components/Criteria.tsx";
import { DecisionBar } from "@/components/DecisionBar.tsx";
import { LabelingSheet, type SheetName } from "@/components/LabelingSheet.tsx";
import { NoPair } from "@/components/NoPair.tsx";
import { type PaneContent, Panes } from "@/components/Panes.tsx";
import { TestResult } from "@/components/TestResult.tsx";
import { ToolBar } from "@/components/ToolBar.tsx";
import type { CriterionVerdict, SideVerdict } from "@/lib/labels/showing.ts";
import { escapeHtml } from "@/lib/web/escape.ts";
import { fetchCode } from "@/lib/web/client.ts";
import { isComposing, isTyping } from "@/lib/web/keys.ts";
import { type Action, actionOf } from "@/lib/web/labeling/key-map.ts";
import { applySettings } from "@/lib/web/labeling/apply-settings.ts";
import { making } from "@/lib/web/labeling/pair-making.ts";
import { Labeling } from "@/lib/web/labeling/session.ts";
import { changeSettings, loadSettings, settings } from "@/lib/web/labeling/settings.ts";
import { TestRuns } from "@/lib/web/labeling/test-runs.ts";
import { openShelf } from "@/lib/web/labeling/shelf.ts";
import type { Criterion } from "@/lib/web/labeling/verdicts.ts";
import type { ShownItem } from "@/lib/web/shown.ts";
import { visibleText } from "@/lib/web/visible.ts";

/** What the side bar does. */
const SIDE_BAR: readonly Action[] = ["jump", "generate", "save"];
const SIGNS_OF_LIFE = ["keydown", "pointermove", "pointerdown", "scroll", "visibilitychange"];

/** The two solutions, also while they are written, and the decision about them. */
export function Workbench({ current, labeler, generates }: {
  current: Signal<ShownItem>;
  labeler: string;
  /** Whether this labeler may have solutions written. */
  generates: boolean;
}) {
  const item = current.value;
  const labeling = useMemo(() => new Labeling(current, labeler), []);
  const tests = useMemo(() => new TestRuns(), []);
  const writing = making.writing.value;
  const sheet = useSignal<SheetName | null>(null);
  const busy = labeling.busy.value || writing !== null;
  const outbox = labeling.outbox.value;

  const decide = async (preference: SideVerdict) => {
    if (busy) return;
    await labeling.decide(preference);
    if (settings.value.advance) await labeling.next();
  };
  const regenerate = (side: "a" | "b") => {
    const { pair, decision } = current.value;
    if (busy || !generates || pair === null || decision) return;
    void making.make(current, { keep: side === "a" ? "b" : "a" });
  };
  const skip = () => {
    if (!busy && current.value.draft) labeling.next();
    else if (!busy && current.value.pair !== null && !current.value.decision) sheet.value = "skip";
  };

  const runTests = (name: "a" | "b") => {
    if (busy) return;
    // What somebody asks to be shown counts as looked at.
    labeling.revealTests();
    void tests.run(name);
  };

  const runBoth = () => {
    runTests("a");
    runTests("b");
  };

  const act = (action: Action) => {
    const [group, verdict] = action.split(".");
    if (group === "preference") return void decide(verdict as SideVerdict);
    if (group === "regenerate") return regenerate(verdict as "a" | "b");
    if (verdict !== undefined) {
      return labeling.setCriterion(group as Criterion, verdict as CriterionVerdict);
    }
    switch (action) {
      case "next":
        return void labeling.next();
      case "undo":
        return void labeling.undo();
      case "skip":
        return skip();
      case "note":
        return document.getElementById("note")?.focus();
      case "diff":
        return changeSettings({ diff: !settings.value.diff });
      case "tests":
        return runBoth();
      case "history":
      case "today":
      case "settings":
      case "help":
        sheet.value = action;
    }
  };

  // Always the newest closure, so that the listener below needs to be added only once.
  const onKey = useRef<(event: KeyboardEvent) => void>(() => {});
  onKey.current = (event) => {
    if (event.key === "Escape" && !isComposing(event) && sheet.value === null) {
      making.cancel();
      (document.activeElement as HTMLElement | null)?.blur();
    }
    // A sheet that is about to open has the keys already.
    const action = isTyping(event) || sheet.value !== null
      ? undefined
      : actionOf(settings.value.keys, event);
    if (action === undefined || SIDE_BAR.includes(action)) return;
    event.preventDefault();
    act(action);
  };

  useEffect(() => {
    loadSettings();
    const unsubscribe = settings.subscribe(applySettings);
    openShelf(labeler).then((shelf) => labeling.start(shelf));
    const listener = (event: KeyboardEvent) => onKey.current(event);
    const touch = () => labeling.touch();
    const online = () => void labeling.again();
    addEventListener("keydown", listener);
    addEventListener("online", online);
    for (const sign of SIGNS_OF_LIFE) {
      addEventListener(sign, touch, { capture: true, passive: true });
    }
    return () => {
      unsubscribe();
      labeling.close();
      removeEventListener("keydown", listener);
      removeEventListener("online", online);
      for (const sign of SIGNS_OF_LIFE) removeEventListener(sign, touch, { capture: true });
    };
  }, []);

  useEffect(() => {
    labeling.begin();
    tests.begin(item.pair);
    // A page that is opened again shows the same.
    const { pair, question } = current.value;
    const query = pair ? `?pair=${pair}` : question ? `?question=${question.slug}` : "";
    history.replaceState(null, "", `/${query}`);
    for (const pane of document.querySelectorAll(".code")) pane.scrollTo(0, 0);
  }, [item.pair, item.showing, item.question?.slug]);

  const side = (name: "a" | "b"): PaneContent => {
    const written = writing?.sides[name];
    return written === undefined ? shownSide(name) : {
      html: escapeHtml(visibleText(written)),
      code: written,
      isWritten: true,
    };
  };
  const shownSide = (name: "a" | "b"): PaneContent => ({
    html: item.html[name],
    code: item[name]?.isCut
      ? () => fetchCode(item.pair!, item.showing, name)
      : item[name]?.code ?? "",
    model: item.decision?.models[name],
    verdict: item.decision?.preference === name ? "Preferred" : undefined,
    tools: item.pair !== null && (
      <>
        {generates && !item.decision && (
          <ActionButton
            action={`regenerate.${name}`}
            class="quiet"
            disabled={busy}
            onClick={() => regenerate(name)}
          >
            Regenerate
          </ActionButton>
        )}
        <button
          type="button"
          class="quiet"
          data-run-tests={name}
          disabled={busy || tests.states.value[name].kind === "running"}
          onClick={() => runTests(name)}
        >
          Run tests
        </button>
      </>
    ),
    below: <TestResult state={tests.states.value[name]} />,
  });
  return (
    <main class="workbench" aria-busy={busy}>
      <ToolBar
        testable={!busy && item.pair !== null}
        onOpen={(name) => sheet.value = name}
        onTests={runBoth}
      />
      {item.pair === null && !writing
        ? <NoPair item={item} generates={generates} />
        : <Panes a={side("a")} b={side("b")} diff={settings.value.diff && !writing} />}
      {item.pair !== null && (
        <Criteria
          draft={labeling.draft.value}
          disabled={busy}
          onVerdict={(criterion, verdict) => labeling.setCriterion(criterion, verdict)}
          onNote={(note) => labeling.setNote(note)}
        />
      )}
      <DecisionBar
        item={item}
        save={labeling.save.value}
        outbox={outbox.state.value}
        trouble={labeling.trouble.value}
        disabled={busy}
        onDecide={decide}
        onSkip={skip}
        onUndo={() => labeling.undo()}
        onNext={() => labeling.next()}
        onAgain={() => labeling.again()}
        onRetry={(id) => outbox.retry(id)}
        onDiscard={(id) => outbox.discard(id)}
      />
      <LabelingSheet sheet={sheet} labeling={labeling} />
    </main>
  );
}
