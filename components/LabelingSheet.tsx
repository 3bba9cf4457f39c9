import type { Signal } from "@preact/signals";
import { HelpSheet } from "@/components/HelpSheet.tsx";
import { HistorySheet } from "@/components/HistorySheet.tsx";
import { SettingsSheet } from "@/components/SettingsSheet.tsx";
import { SkipSheet } from "@/components/SkipSheet.tsx";
import { TodaySheet } from "@/components/TodaySheet.tsx";
import type { Labeling } from "@/lib/web/labeling/session.ts";

/** The sheets that the labeling page can open. */
export type SheetName = "help" | "history" | "settings" | "skip" | "today";

/** The sheet that is open, if one is. */
export function LabelingSheet({ sheet, labeling }: {
  sheet: Signal<SheetName | null>;
  labeling: Labeling;
}) {
  const close = () => sheet.value = null;
  const waiting = labeling.outbox.value.state.value.waiting.length;
  switch (sheet.value) {
    case "help":
      return <HelpSheet key="help" onClose={close} onSettings={() => sheet.value = "settings"} />;
    case "settings":
      return <SettingsSheet key="settings" onClose={close} />;
    case "history": {
      const open = (pair: string, showing: number) => {
        close();
        labeling.show({ pair, showing });
      };
      return <HistorySheet key="history" waiting={waiting} onOpen={open} onClose={close} />;
    }
    case "today":
      return <TodaySheet key="today" waiting={waiting} onClose={close} />;
    case "skip": {
      const skip = (reason: string | null) => {
        close();
        labeling.skip(reason);
      };
      return <SkipSheet key="skip" onSkip={skip} onClose={close} />;
    }
  }
  return null;
}
