"""What became of TorchServe's settings and of its handler, in words."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.convert.handlers import BUILT_IN
from triton_kit.convert.report import Item, carried, changed, left
from triton_kit.convert.torchserve_settings import DEFAULT_DELAY, Settings


def settings_items(settings: Settings, size: int, *, keep: bool) -> Iterator[Item]:
    """Each setting: where it is now, or why it is nowhere."""
    yield from _batching(settings, size)
    yield from _workers(settings)
    yield from _device(settings)
    if "responseTimeout" in settings.values:
        said = "a model may take its time: give requests a timeout, or a queue policy to dynamic_batching"
        yield left(f"responseTimeout {settings.values['responseTimeout'][0]}", said)
    for name in settings.rest:
        if keep:
            yield carried(name, "settings.json, where the handler reads it as before")
        else:
            yield left(name, "no setting of Triton's")


def _batching(settings: Settings, size: int) -> Iterator[Item]:
    asked = settings.number("batchSize")
    if asked is not None:
        what = f"batchSize {asked} ({settings.origin('batchSize')})"
        if asked == size:
            yield carried(what, f"max_batch_size: {size}")
        else:
            yield changed(what, f"max_batch_size: {size}, as asked for")
    elif size == 1:
        yield carried("batches of 1, the default", "max_batch_size: 1; --max-batch-size allows more")
    delay = settings.number("maxBatchDelay")
    if size > 1:
        what = f"maxBatchDelay {delay} ms" if delay is not None else f"the delay of {DEFAULT_DELAY} ms, the default"
        micros = (DEFAULT_DELAY if delay is None else delay) * 1000
        yield carried(what, f"dynamic_batching max_queue_delay_microseconds: {micros}")
    elif delay is not None:
        yield left(f"maxBatchDelay {delay} ms", "batches of one wait for nobody")


def _workers(settings: Settings) -> Iterator[Item]:
    least, most = settings.number("minWorkers"), settings.number("maxWorkers")
    if least:
        yield carried(f"minWorkers {least}", f"instance_group count: {least}")
    elif least == 0:
        yield changed("minWorkers 0", "one instance: a loaded model has at least that")
    if most and most != least:
        yield left(f"maxWorkers {most}", "the number of instances is fixed; --instances of tk add, or count, sets it")


def _device(settings: Settings) -> Iterator[Item]:
    if "deviceType" in settings.values:
        what = f"deviceType {settings.values['deviceType'][0]}"
        if settings.kind:
            yield carried(what, f"instance_group kind KIND_{settings.kind.upper()}")
        else:
            yield left(what, "Triton's instances run on CPUs and on NVIDIA's GPUs")
    if "deviceIds" in settings.values:
        what = f"deviceIds {settings.values['deviceIds'][0]}"
        if settings.gpus:
            yield carried(what, f"instance_group gpus: {settings.gpus}")
        else:
            yield left(what, "GPUs are named where deviceType is gpu, by their numbers")


def handler_items(handler: str, *, keep: bool) -> Iterator[Item]:
    """What a handler does around the model, and who does it now."""
    if keep:
        said = 'input "body", output "response", both strings: a JSON body is parsed with the parameter content_type'
        yield changed("requests over HTTP", said)
        return
    built_in = BUILT_IN.get(handler)
    if built_in is None:
        if handler:
            said = "the model is served alone: what it does before and after is the client's; --keep-handler keeps it"
            yield left(f"the handler {handler}", said)
        return
    yield left(f"the handler {handler}", "Triton serves the model alone; a model in Python before it can do the rest")
    yield left("before the model", built_in.before)
    yield left("after the model", built_in.after)
