"""Answer with the total of the sequence so far."""

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        self.totals = {}

    def execute(self, requests):
        answers = []
        for request in requests:
            value, start, number = (
                pb_utils.get_input_tensor_by_name(request, name).as_numpy().ravel()[0]
                for name in ("IN", "START", "CORRID")
            )
            self.totals[number] = int(value) + (0 if start else self.totals.get(number, 0))
            total = np.array([[self.totals[number]]], np.int32)
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("TOTAL", total)]))
        return answers
