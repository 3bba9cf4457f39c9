"""TRL's trainers on a folder that was published, as it is, with a tiny model."""

import json
import subprocess
import tempfile
from pathlib import Path

import common

STEPS = 3
SETTINGS = {"per_device_train_batch_size": 4, "learning_rate": 1e-2, "lr_scheduler_type": "constant", "seed": 0}


def make():
    import datasets
    import trl

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        script = common.ROOT / "tests" / "oracles" / "export_published.ts"
        told = subprocess.run(
            [common.deno(), "run", "-A", str(script), folder],
            check=True, cwd=common.ROOT, stdout=subprocess.PIPE, text=True,
        )
        model, published = Path(folder) / "hf", str(Path(folder) / "dataset")

        def load(*config):
            return datasets.load_dataset(published, *config, cache_dir=f"{folder}/cache")

        loaded = load()
        return {
            "made_with": {"trl": trl.__version__},
            "digest": json.loads(told.stdout.splitlines()[-1])["digest"],
            "rows": {
                config: {split: len(rows) for split, rows in load(config).items()}
                for config in ("default", "original")
            },
            "settings": {"steps": STEPS, **SETTINGS},
            "dpo": train(trl.DPOTrainer, trl.DPOConfig, model, loaded, f"{folder}/dpo"),
            "sft": train(trl.SFTTrainer, trl.SFTConfig, model, loaded, f"{folder}/sft"),
        }


def train(trainer_class, config_class, model, loaded, folder):
    """Losses of a few steps, and of the test split afterwards; the rows go in as they are."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    trainer = trainer_class(
        model=AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32),
        args=config_class(
            output_dir=folder, max_steps=STEPS, logging_steps=1, report_to=[], use_cpu=True, bf16=False,
            save_strategy="no", disable_tqdm=True, **SETTINGS,
        ),
        train_dataset=loaded["train"],
        eval_dataset=loaded["test"],
        processing_class=AutoTokenizer.from_pretrained(model),
    )
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return {"losses": losses, "test_loss": common.number(trainer.evaluate()["eval_loss"])}
