/**
 * What a page shows, kept up to date.
 *
 * @module
 */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/**
 * Asks again and again while the page is in view.
 *
 * @param ask what there is now; null where nothing has changed
 * @param pause milliseconds until the next question; null when there is nothing more to expect
 */
export function usePolled<T>(
  initial: T,
  ask: (current: T) => Promise<T | null>,
  pause: (current: T) => number | null,
): { value: Signal<T>; error: Signal<string | null> } {
  const value = useSignal(initial);
  const error = useSignal<string | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false, gone = false;
    const wait = () => {
      clearTimeout(timer);
      const milliseconds = pause(value.value);
      if (milliseconds !== null && !gone) timer = setTimeout(look, milliseconds);
    };
    const look = async () => {
      if (asking || gone || document.hidden) return;
      asking = true;
      try {
        value.value = await ask(value.value) ?? value.value;
        error.value = null;
      } catch (failure) {
        error.value = (failure as Error).message;
      } finally {
        asking = false;
        wait();
      }
    };
    const onVisible = () => {
      if (!document.hidden && pause(value.value) !== null) look();
    };
    document.addEventListener("visibilitychange", onVisible);
    wait();
    return () => {
      gone = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, []);
  return { value, error };
}
