"""Trains with TRL on a CPU as `deno task bench train` asks, and tells each step as a line of JSON on stdout.

Usage: trl_train.py SETTINGS.json

The lines: {"event": "tokens", ...} what was made of the texts, {"event": "precomputed", "seconds": s},
{"event": "step", "step": n, "seconds": s, "tokens": n, "loss": x} per update, {"event": "done"}.
A step's seconds are those since the last step's end: data, reference, optimiser and logging included.
"""

import hashlib
import json
import os
import sys
import time

settings = json.load(open(sys.argv[1]))
# Before torch is imported: OpenMP reads it then.
os.environ["OMP_NUM_THREADS"] = str(settings["threads"])

import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from torch.utils.data import SequentialSampler  # noqa: E402
from transformers import TrainerCallback  # noqa: E402
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer  # noqa: E402

torch.set_num_threads(settings["threads"])
# What the libraries print goes elsewhere: stdout carries our lines alone.
told, sys.stdout = sys.stdout, sys.stderr
sft = settings["loss"] == "sft"


def tell(event, **values):
    print(json.dumps({"event": event, **values}), file=told, flush=True)


class Steps(TrainerCallback):
    """Tells each update; the clock runs from the end of the last one."""

    def __init__(self):
        self.since = None
        self.tokens = 0
        self.seen = None

    def on_train_begin(self, args, state, control, **kwargs):
        self.since = time.perf_counter()

    def on_log(self, args, state, control, logs=None, **kwargs):
        # Comes after the step's end, with its loss; the last one sums the run up and is no step's.
        if logs and "loss" in logs and self.seen != state.global_step:
            self.seen = state.global_step
            now = time.perf_counter()
            tell("step", step=state.global_step, seconds=now - self.since, tokens=self.tokens, loss=float(logs["loss"]))
            self.since = now
            self.tokens = 0


steps = Steps()


def counting(trainer):
    class Counting(trainer):
        def _get_train_sampler(self, *args, **kwargs):
            return SequentialSampler(self.train_dataset)

        def training_step(self, model, inputs, *args, **kwargs):
            steps.tokens += int(inputs["attention_mask"].sum())
            return super().training_step(model, inputs, *args, **kwargs)

        def _precompute_ref_logps(self, dataset, *args, **kwargs):
            start = time.perf_counter()
            result = super()._precompute_ref_logps(dataset, *args, **kwargs)
            tell("precomputed", seconds=time.perf_counter() - start, pairs=len(dataset))
            return result

    return Counting


def read(path):
    with open(path) as file:
        rows = [json.loads(line) for line in file]
    if sft:
        rows = [{"prompt": row["prompt"], "completion": row["chosen"]} for row in rows]
    return Dataset.from_list(rows)


peft_config = None
if settings["lora"]:
    from peft import LoraConfig

    lora = settings["lora"]
    peft_config = LoraConfig(
        task_type="CAUSAL_LM",
        r=lora["r"],
        lora_alpha=lora["alpha"],
        lora_dropout=lora["dropout"],
        target_modules=lora["targets"],
    )

evaluated = settings["eval_data"] is not None
common = dict(
    output_dir=settings["out"],
    per_device_train_batch_size=settings["batch_size"],
    per_device_eval_batch_size=settings["eval_batch_size"],
    num_train_epochs=1,
    learning_rate=settings["lr"],
    lr_scheduler_type="constant",
    weight_decay=0.01,
    max_grad_norm=settings["max_grad_norm"],
    max_length=settings["max_length"],
    bf16=settings["bf16"],
    use_cpu=True,
    gradient_checkpointing=False,
    dataloader_drop_last=True,
    logging_strategy="steps",
    logging_steps=1,
    report_to=[],
    save_strategy="epoch" if settings["save"] else "no",
    eval_strategy="epoch" if evaluated else "no",
    eval_on_start=evaluated,
    disable_tqdm=True,
    model_init_kwargs={"dtype": "float32"},
    seed=0,
)
if sft:
    trainer_class, args = SFTTrainer, SFTConfig(**common)
else:
    trainer_class = DPOTrainer
    args = DPOConfig(beta=settings["beta"], precompute_ref_log_probs=settings["precompute_reference"], **common)

trainer = counting(trainer_class)(
    model=settings["model"],
    args=args,
    train_dataset=read(settings["data"]),
    eval_dataset=read(settings["eval_data"]) if evaluated else None,
    callbacks=[steps],
    peft_config=peft_config,
)


def sequences(row):
    if sft:
        return [row["input_ids"][: settings["max_length"]]]
    return [(row["prompt_ids"] + row[side])[: settings["max_length"]] for side in ("chosen_ids", "rejected_ids")]


ids = [sequences(row) for row in trainer.train_dataset]
tell(
    "tokens",
    examples=len(ids),
    tokens=sum(len(sequence) for row in ids for sequence in row),
    digest=hashlib.sha256(json.dumps(ids, separators=(",", ":")).encode()).hexdigest(),
    parameters=sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
    dtype=str(next(trainer.model.parameters()).dtype),
    optimizer=str(args.optim),
)
trainer.train()
tell("done")
