"""What transformers computes from an exported model: from the folder, and from the GGUF file."""

import subprocess
import tempfile
from pathlib import Path

import common
from oracle_logits import COLUMNS

TEXT = 'def fibonacci(n):\n    """Return the n-th Fibonacci number, 12 or é."""\n    '


def make():
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with tempfile.TemporaryDirectory() as folder:
        script = common.ROOT / "tests" / "oracles" / "export_tiny.ts"
        subprocess.run([common.deno(), "run", "-A", str(script), folder], check=True, cwd=common.ROOT)
        hf = Path(folder) / "hf"
        ids = common.encode(AutoTokenizer.from_pretrained(hf), TEXT)

        def logits(*args, **kwargs):
            model = AutoModelForCausalLM.from_pretrained(
                *args, dtype=torch.float32, attn_implementation="eager", **kwargs
            ).eval()
            with torch.no_grad():
                rows = model(torch.tensor([ids])).logits[0]
            return {
                "argmax": rows.argmax(-1).tolist(),
                "logsumexp": [common.number(x) for x in rows.logsumexp(-1)],
                "at_columns": [[common.number(x) for x in row[COLUMNS]] for row in rows],
            }

        return {
            "made_with": {"torch": torch.__version__},
            "text": TEXT,
            "ids": ids,
            "columns": COLUMNS,
            "folder": logits(hf),
            "gguf": logits(folder, gguf_file="tiny.gguf"),
        }
