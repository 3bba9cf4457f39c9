"""What PEFT and transformers compute from the adapters that are saved here, on the small models of every family."""

import json
import subprocess
import tempfile
from pathlib import Path

import common

# Of each position's logits; there are 64.
COLUMNS = list(range(0, 64, 4))


def make():
    import peft
    import torch
    from transformers import AutoModelForCausalLM

    families = json.loads((common.GOLDENS / "families.json").read_text(encoding="utf-8"))
    models = {}
    with tempfile.TemporaryDirectory() as folder:
        script = common.ROOT / "tests" / "oracles" / "export_adapters.ts"
        subprocess.run([common.deno(), "run", "-A", str(script), folder], check=True, cwd=common.ROOT)
        for name, golden in families["models"].items():
            at = Path(folder) / name
            base = AutoModelForCausalLM.from_pretrained(at, dtype=torch.float32, attn_implementation="eager")
            model = peft.PeftModel.from_pretrained(base, at / "adapter").eval()
            with torch.no_grad():
                logits = model(torch.tensor([golden["ids"]])).logits[0]
            assert not torch.allclose(logits[:, 0], torch.tensor(golden["logits"])[:, 0], atol=1e-3), name
            models[name] = {
                "logsumexp": [common.number(x) for x in logits.logsumexp(-1)],
                "at_columns": [[common.number(x) for x in row[COLUMNS]] for row in logits],
            }
    return {"made_with": {"peft": peft.__version__, "torch": torch.__version__}, "columns": COLUMNS, "models": models}
