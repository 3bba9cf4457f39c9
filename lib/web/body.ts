/**
 * Reading what a client sent, with nothing taken on trust.
 *
 * @module
 */
import { HttpError } from "fresh";

const LARGEST_BYTES = 64 * 1024;

/**
 * The JSON object in the request's body.
 * @throws HttpError 413, 415 or 400 when it is too large, not said to be JSON, or no object
 */
export async function readJson(req: Request): Promise<Record<string, unknown>> {
  if (!/^application\/json\b/i.test(req.headers.get("Content-Type") ?? "")) {
    throw new HttpError(415, "Send JSON, with the header Content-Type: application/json.");
  }
  const text = new TextDecoder().decode(await readBytes(req, LARGEST_BYTES));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HttpError(400, "The body is not valid JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new HttpError(400, "The body has to be one JSON object.");
  }
  return value as Record<string, unknown>;
}

/**
 * The texts of a form that a page sent, files among them, by their names.
 * @param largest bytes of the whole body
 * @throws HttpError 413 or 400 when it is too large or no form
 */
export async function readForm(
  req: Request,
  largest = LARGEST_BYTES,
): Promise<Record<string, string>> {
  const bytes = await readBytes(req, largest);
  const headers = { "Content-Type": req.headers.get("Content-Type") ?? "" };
  const form = await new Response(bytes as BodyInit, { headers }).formData().catch(() => {
    throw new HttpError(400, "Send the form of the page.");
  });
  const fields: Record<string, string> = {};
  for (const [name, value] of form) {
    fields[name] = typeof value === "string" ? value : await value.text();
  }
  return fields;
}

async function readBytes(req: Request, largest: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of req.body ?? []) {
    length += chunk.length;
    if (length > largest) {
      throw new HttpError(413, `The body is larger than ${largest} bytes.`);
    }
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

/**
 * A text field.
 * @throws HttpError 400 when it is missing, no text, or longer than `longest` characters
 */
export function textField(body: Record<string, unknown>, name: string, longest: number): string {
  const value = body[name];
  if (typeof value !== "string") throw new HttpError(400, `${name} has to be a text.`);
  if (value.length > longest) {
    throw new HttpError(400, `${name} is longer than ${longest} characters.`);
  }
  return value;
}
