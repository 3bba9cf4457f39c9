"""Executes one notebook headless with a real Jupyter kernel. Started by run.ts, not by hand.

Reads one JSON line from standard input:
  {"notebook": PATH, "output": PATH | null, "parameters": {NAME: VALUE}, "timeout_seconds": N}
and then waits for more: when standard input closes, whoever started this is gone and the kernel is stopped.

Writes JSON lines to standard output:
  {"event": "start", "cells": N}
  {"event": "cell", "cell": n, "seconds": s}                      after each code cell
  {"event": "done", "seconds": s}
  {"event": "failed", "reason": "error" | "rejection" | "timeout" | "died" | "lost" | "kernel",
   "cell": n, "source": first line, "message": text, "traceback": text}
Cells are counted as a reader counts them: code cells of the notebook as it is on disk, from 1.

The Deno kernel may report a cell idle before its last output is out, an unawaited rejection fails no cell,
and what is published before the client has subscribed is dropped. So: iopub is warmed up before the first
cell, and after each cell a second request prints a token on every channel; all that arrives before the tokens
belongs to the cell, and rejections seen since the last cell travel with the token.
"""

import json
import os
import queue
import re
import signal
import sys
import threading
import time
import uuid

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, CellTimeoutError, DeadKernelError

SETTLE_SECONDS = 0.05  # how long iopub stays quiet after the tokens before a cell counts as complete
DRAIN_SECONDS = 30  # how long the tokens may take
START_ATTEMPTS = 3  # how often a kernel is started that dies before it is there

# Runs once in the kernel. Without it the kernel swallows what is thrown outside the cell's own promise.
WATCH = """
globalThis[Symbol.for("codepref.notebook.lost")] = [];
{
  const keep = (event, value) => {
    event.preventDefault();
    globalThis[Symbol.for("codepref.notebook.lost")].push(String(value?.stack ?? value));
  };
  globalThis.addEventListener("unhandledrejection", (event) => keep(event, event.reason));
  globalThis.addEventListener("error", (event) => keep(event, event.error));
}
"""

# Timers, then the two channels. `console` may have been replaced by a cell, Deno.stdout may not reach iopub.
SENTINEL = """
await new Promise((resolve) => setTimeout(resolve, WAIT));
console.error("TOKEN");
console.log("TOKEN" + JSON.stringify(globalThis[Symbol.for("codepref.notebook.lost")].splice(0)));
undefined
"""


def emit(**event):
    print(json.dumps(event), flush=True)


class LostOutput(Exception):
    """The kernel went silent before the cell's output was complete."""


class LostError(Exception):
    """Something was thrown outside the cell's own promise."""


class Client(NotebookClient):
    """nbclient, but a cell's output is complete when its tokens have arrived."""

    async def async_start_new_kernel_client(self, **kwargs):
        kc = await super().async_start_new_kernel_client(**kwargs)
        for _ in range(40):
            kc.execute(WATCH, store_history=False)
            try:
                await kc.get_iopub_msg(timeout=0.25)
                break
            except queue.Empty:
                continue
        else:
            raise LostOutput("the kernel publishes nothing")
        await self._quiet(0.2)
        return kc

    async def _quiet(self, seconds):
        """Reads iopub until nothing has come for so long; returns what came."""
        messages = []
        while True:
            try:
                messages.append(await self.kc.get_iopub_msg(timeout=seconds))
            except queue.Empty:
                return messages

    async def async_execute_cell(self, cell, cell_index, **kwargs):
        if cell.cell_type != "code" or not cell.source.strip():
            return cell
        try:
            await super().async_execute_cell(cell, cell_index, **kwargs)
        except CellExecutionError:
            await self._drain(cell, cell_index)
            raise
        is_last = not any(c.cell_type == "code" and c.source.strip() for c in self.nb.cells[cell_index + 1:])
        lost = await self._drain(cell, cell_index, wait_milliseconds=250 if is_last else 0)
        if lost:
            raise LostError("\n".join(lost))
        return cell

    async def _drain(self, cell, cell_index, wait_milliseconds=0):
        """Adds to the cell what arrives until its tokens do; returns what was thrown outside its promise."""
        count = cell.execution_count
        token = f"<{uuid.uuid4()}>"
        code = SENTINEL.replace("TOKEN", token).replace("WAIT", str(wait_milliseconds))
        request = self.kc.execute(code, store_history=False)
        seen, idle, deadline = set(), False, time.monotonic() + DRAIN_SECONDS
        while len(seen) < 2 or not idle:
            try:
                message = await self.kc.get_iopub_msg(timeout=1)
            except queue.Empty:
                await self._async_check_alive()
                if time.monotonic() >= deadline:
                    raise LostOutput("the output of this cell did not arrive in full") from None
                continue
            content = message["content"]
            if message["msg_type"] == "stream" and token in content["text"]:
                seen.add(content["name"])
            idle = self._take(message, cell, cell_index, request) or idle
        for message in await self._quiet(SETTLE_SECONDS):
            self._take(message, cell, cell_index, request)
        cell.execution_count = count
        return strip_token(cell, token)

    def _take(self, message, cell, cell_index, request):
        """Appends a message's output to the cell; true when it says that the token request is done."""
        mine = message["parent_header"].get("msg_id") == request
        if mine and message["msg_type"] in ("execute_result", "error"):
            return False  # of the token request itself
        try:
            self.process_message(message, cell, cell_index)
        except CellExecutionComplete:
            return mine
        return False


def strip_token(cell, token):
    """Joins neighbouring stream outputs, takes the token's lines out, and returns what travelled with them."""
    outputs, lost = [], []
    for output in cell.outputs:
        if outputs and output.output_type == outputs[-1].output_type == "stream" and output.name == outputs[-1].name:
            outputs[-1].text += output.text
        else:
            outputs.append(output)
    for output in outputs:
        if output.output_type != "stream" or token not in output.text:
            continue
        for found in re.findall(re.escape(token) + r"(.*)\n", output.text):
            lost += json.loads(found) if found else []
        output.text = re.sub(re.escape(token) + r".*\n", "", output.text)
    cell.outputs = [o for o in outputs if o.output_type != "stream" or o.text]
    return lost


def inject(notebook, parameters):
    """Puts a cell that assigns the parameters after the cell tagged `parameters`, as papermill does."""
    notebook.cells = [c for c in notebook.cells if "injected-parameters" not in c.metadata.get("tags", [])]
    if not parameters:
        return
    place = next(i for i, c in enumerate(notebook.cells) if "parameters" in c.metadata.get("tags", []))
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)};" for name, value in parameters.items()]
    # The last expression keeps the kernel from showing the last value.
    cell = nbformat.v4.new_code_cell("// Parameters\n" + "\n".join(lines) + "\nvoid 0;")
    cell.metadata["tags"] = ["injected-parameters"]
    notebook.cells.insert(place + 1, cell)


def numbered(notebook):
    """Index of each code cell → its number for a reader; the injected cell bears the one before it."""
    numbers, number = {}, 0
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            number += "injected-parameters" not in cell.metadata.get("tags", [])
            numbers[index] = number
    return numbers


def save(notebook, path):
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            nbformat.write(notebook, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def describe(error):
    """What failed, as the fields of a `failed` event."""
    if isinstance(error, CellExecutionError):
        return {"reason": "error", "message": plain(f"{error.ename}: {error.evalue}"), "traceback": plain(error.traceback)}
    if isinstance(error, LostError):
        trace = plain(str(error))
        return {"reason": "rejection", "message": trace.splitlines()[0], "traceback": trace}
    if isinstance(error, CellTimeoutError):
        return {"reason": "timeout", "message": "took longer than allowed", "traceback": ""}
    if isinstance(error, DeadKernelError):
        return {"reason": "died", "message": "the kernel stopped", "traceback": ""}
    if isinstance(error, LostOutput):
        return {"reason": "lost", "message": str(error), "traceback": ""}
    return {"reason": "kernel", "message": f"{type(error).__name__}: {error}", "traceback": ""}


def stop_with_parent():
    """Ends this process, and the kernel with it, when standard input closes."""

    def watch():
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def main():
    job = json.loads(sys.stdin.readline())
    stop_with_parent()
    os.environ["NO_COLOR"] = "1"  # outputs are read by people and compared by tests
    began, at = time.monotonic(), {"index": -1, "began": time.monotonic()}
    notebook = nbformat.read(job["notebook"], as_version=4)
    inject(notebook, job["parameters"])
    numbers = numbered(notebook)
    emit(event="start", cells=max(numbers.values(), default=0))

    def starting(cell, cell_index):
        at.update(index=cell_index, began=time.monotonic())

    def executed(cell, cell_index, execute_reply):
        emit(event="cell", cell=numbers[cell_index], seconds=round(time.monotonic() - at["began"], 3))

    failure = None
    for attempt in range(START_ATTEMPTS):
        client = Client(
            notebook,
            timeout=job["timeout_seconds"],
            record_timing=False,
            on_cell_start=starting,
            on_cell_executed=executed,
            resources={"metadata": {"path": os.path.dirname(os.path.abspath(job["notebook"]))}},
        )
        try:
            client.execute()
        except Exception as error:  # every failure is reported to run.ts, which knows how to say it
            # Jupyter picks the kernel's ports, another program may take one before the kernel does.
            if at["index"] == -1 and attempt + 1 < START_ATTEMPTS and "Kernel died before replying" in str(error):
                continue
            index = at["index"]
            source = notebook.cells[index].source.strip().splitlines() if index in numbers else []
            failure = {"cell": numbers.get(index, 0), "source": source[0] if source else "", **describe(error)}
        break
    if job["output"] and (failure is None or not same_file(job["output"], job["notebook"])):
        save(notebook, job["output"])
    if failure is None:
        emit(event="done", seconds=round(time.monotonic() - began, 3))
    else:
        emit(event="failed", **failure)
        sys.exit(1)


def same_file(a, b):
    return os.path.exists(a) and os.path.samefile(a, b)


if __name__ == "__main__":
    main()
