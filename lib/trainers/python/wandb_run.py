"""One offline run of Weights & Biases. Stdin: a line that says which one, then a line of metrics each, as JSON."""

import json
import sys

import wandb

start = json.loads(sys.stdin.readline())
run = wandb.init(
    mode="offline",
    dir=start["dir"],
    id=start["id"],
    name=start["name"],
    project=start["project"],
    entity=start["entity"],
    config=start["config"],
    settings=wandb.Settings(console="off", disable_code=True, disable_git=True, x_disable_stats=True),
)
for line in sys.stdin:
    metrics = json.loads(line)
    run.log({k: v for k, v in metrics.items() if isinstance(v, (int, float))}, step=metrics["examples"])
run.finish()
