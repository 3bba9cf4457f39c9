import { OPTION_KEYS } from "@/lib/publish/option-keys.ts";

interface Key {
  type: "string" | "number" | "integer" | "boolean" | "list";
  help: string;
  default?: string | number | boolean | readonly string[];
  choices?: readonly string[];
  min?: number;
  max?: number;
}

const KEYS: [string, Key][] = Object.entries(OPTION_KEYS);

/** A field for each setting that decides what is published, named as on the command line. */
export function OptionFields() {
  return (
    <>
      {KEYS.map(([name, key]) => (
        <label key={name} class={key.type === "boolean" ? "check" : undefined}>
          <span>
            <code>{name}</code> {key.help}
          </span>
          <Field name={name} {...key} />
        </label>
      ))}
    </>
  );
}

function Field({ name, type, choices, min, max, default: first }: Key & { name: string }) {
  if (choices) {
    return (
      <select name={name}>
        {choices.map((choice) => (
          <option key={choice} selected={choice === first}>{choice}</option>
        ))}
      </select>
    );
  }
  switch (type) {
    case "boolean":
      return <input type="checkbox" name={name} defaultChecked={first === true} />;
    case "integer":
    case "number":
      return (
        <input
          type="number"
          name={name}
          defaultValue={String(first)}
          min={min}
          max={max}
          step={type === "integer" ? 1 : "any"}
          required
        />
      );
    case "list":
      return <input name={name} placeholder="one, and another" autocomplete="off" />;
    case "string":
      return <input name={name} autocomplete="off" />;
  }
}

/** What the fields say, as the API takes it. */
export function optionsIn(form: FormData): Record<string, unknown> {
  return Object.fromEntries(KEYS.map(([name, { type }]) => {
    const text = String(form.get(name) ?? "").trim();
    switch (type) {
      case "boolean":
        return [name, form.has(name)];
      case "integer":
      case "number":
        return [name, Number(text)];
      case "list":
        return [name, text.split(",").map((item) => item.trim()).filter((item) => item !== "")];
      case "string":
        return [name, text === "" ? null : text];
    }
  }));
}
