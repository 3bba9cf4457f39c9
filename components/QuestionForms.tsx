const EXAMPLE = JSON.stringify({
  title: "Sum of squares",
  description: "Return the sum of the squares of the numbers.",
  entry_point: "sum_of_squares",
  tests: [{ input: "([1, 2],)", expected: "5" }],
});

/** A form for one question, and one for many. `fields`: what was sent and could not be taken. */
export function QuestionForms({ fields }: { fields: Record<string, string> }) {
  return (
    <>
      <h2>One question</h2>
      <form method="post" class="form">
        <label>
          Title
          <input name="title" required maxLength={200} value={fields.title} />
        </label>
        <label>
          Description (Markdown)
          <textarea name="description" required rows={6} value={fields.description} />
        </label>
        <label>
          Examples (Markdown, an empty line between two)
          <textarea name="examples" rows={4} value={fields.examples} />
        </label>
        <label>
          Constraints (Markdown)
          <textarea name="constraints" rows={2} value={fields.constraints} />
        </label>
        <label>
          Name of the function
          <input
            name="entry_point"
            class="code-text"
            required
            maxLength={100}
            value={fields.entry_point}
            placeholder="sum_of_squares"
          />
        </label>
        <label>
          Code that the answer starts from
          <textarea
            name="starter_code"
            class="code-text"
            rows={3}
            value={fields.starter_code}
            placeholder="def sum_of_squares(numbers: list[int]) -> int:
    ..."
          />
        </label>
        <label>
          {"Tests: arguments => value in Python, one a line; without them there are no verdicts"}
          <textarea
            name="tests"
            class="code-text"
            rows={4}
            value={fields.tests}
            placeholder="[1, 2, 3] => 14"
          />
        </label>
        <label>
          Difficulty
          <select name="difficulty">
            {["unknown", "easy", "medium", "hard"].map((name) => (
              <option key={name} selected={name === fields.difficulty}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          Topics, commas between them
          <input name="topics" maxLength={500} value={fields.topics} />
        </label>
        <label>
          Licence
          <input name="licence" maxLength={100} value={fields.licence} placeholder="Apache-2.0" />
        </label>
        <label>
          May its text be published?
          <select name="redistributable">
            <option value="no">no</option>
            <option value="yes" selected={fields.redistributable === "yes"}>yes</option>
          </select>
        </label>
        <button type="submit" class="primary">Add the question</button>
      </form>
      <h2>Many questions</h2>
      <form method="post" class="form" enctype="multipart/form-data">
        <p class="muted">
          One JSON object a line with <code>title</code>, <code>description</code> and{" "}
          <code>entry_point</code>, and where known <code>starter_code</code>,{" "}
          <code>difficulty</code>, <code>topics</code>, <code>examples</code>,{" "}
          <code>constraints</code>, <code>licence</code>, <code>redistributable</code> and{" "}
          <code>tests</code>. A question with the title of an own one replaces it. All lines are
          taken or none.
        </p>
        <label>
          Lines of JSON
          <textarea
            name="lines"
            class="code-text"
            rows={6}
            value={fields.lines}
            placeholder={EXAMPLE}
          />
        </label>
        <label>
          Or a file
          <input type="file" name="file" accept=".jsonl,.ndjson,.json" />
        </label>
        <button type="submit">Add the questions</button>
      </form>
    </>
  );
}
