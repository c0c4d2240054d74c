"""Count to COUNT, a response for each number, with so many words; FAULT says what goes wrong, and at which number."""

import os
import threading
import time

import numpy as np
import triton_python_backend_utils as pb_utils


def given(request, name, usual):
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return usual if tensor is None else tensor.as_numpy().ravel()[0]


class TritonPythonModel:
    def execute(self, requests):
        for request in requests:
            asked = (
                int(given(request, "COUNT", 0)),
                float(given(request, "PAUSE", 0.0)),
                given(request, "FAULT", b"").decode(),
            )
            threading.Thread(target=self.count, args=(request.get_response_sender(), *asked), daemon=True).start()

    def count(self, sender, count, pause, fault):
        kind, _, where = fault.partition(":")
        for number in range(1, count + 1):
            time.sleep(pause)
            if where == str(number):
                if kind == "die":
                    os.kill(os.getppid(), 9)
                if kind == "stub":
                    os._exit(1)
                if kind == "error":
                    sender.send(pb_utils.InferenceResponse(error=pb_utils.TritonError(f"number {number} is missing")))
                    continue
            word = "\a" if kind == "bell" else f"{number}é "
            words = np.array([word.encode()] * number, dtype=np.object_)
            sender.send(
                pb_utils.InferenceResponse(
                    [pb_utils.Tensor("NUMBER", np.array([number], np.int32)), pb_utils.Tensor("WORDS", words)]
                )
            )
        if kind != "hang":
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
