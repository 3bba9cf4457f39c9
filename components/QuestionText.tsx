import type { ShownQuestion } from "@/lib/labels/item.ts";

/** A question as labelers read it. */
export function QuestionText({ question, html }: {
  question: ShownQuestion;
  /** Description, examples and constraints, made on the server. */
  html: string;
}) {
  const { number, title, difficulty, topics } = question;
  return (
    <article class="question">
      <h1>
        <span class="number">{number}.</span> {title}
      </h1>
      <p class="tags">
        <span class={`badge ${difficulty}`}>{difficulty}</span>
        {topics.slice(0, 4).map((topic) => <span class="tag" key={topic}>{topic}</span>)}
      </p>
      <div
        class="description"
        tabIndex={0}
        role="region"
        aria-label="Question"
        dangerouslySetInnerHTML={{ __html: html }}
      />
    </article>
  );
}
