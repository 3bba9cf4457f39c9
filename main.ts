/**
 * The web app. Its settings come as services, so that one process may hold several apps, as tests do.
 *
 * @module
 */
import { App, csrf, staticFiles } from "fresh";
import { Document } from "@/components/Document.tsx";
import {
  authenticate,
  explainErrors,
  knownHost,
  plainPath,
  secureHeaders,
  withServices,
} from "@/lib/web/guard.tsx";
import type { Services, State } from "@/lib/web/state.ts";

/** Builds the app. */
export function buildApp(services: Services): App<State> {
  return new App<State>()
    .appWrapper(Document)
    .use(withServices(services), secureHeaders, explainErrors, knownHost, plainPath)
    .use(staticFiles(), csrf(), authenticate)
    .fsRoutes();
}
