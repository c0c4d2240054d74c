"""Refuse sound that is shorter than a window."""

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            sound = pb_utils.get_input_tensor_by_name(request, "SOUND").as_numpy()
            if sound.size < 400:
                error = pb_utils.TritonError(f"{sound.size} samples are less than a window of 400")
                answers.append(pb_utils.InferenceResponse(error=error))
                continue
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("LENGTH", np.array([sound.size], np.int32))]))
        return answers
