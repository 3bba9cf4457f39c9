/** The address of a run's page; below it are `report` and, under `/api`, the run as JSON. */
export const runAddress = ({ dir, name }: { dir: number; name: string }): string =>
  `/runs/${dir}/${encodeURIComponent(name)}`;
